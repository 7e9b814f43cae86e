#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# A daemon that is killed while it changes what is guarded, or takes everything off: the next one counts right, and
# nobody under another's name.

load lib/e2e
load lib/killed

setup_file() {
	world_with_database max_connections=40
	net_add_second
	# Says nothing, and goes when its client does.
	spawn listener nsenter --net="/run/netns/$SERVER_NS" python3 -c 'import asyncio
async def serve(reader, writer):
    await reader.read()
    writer.close()
async def main():
    server = await asyncio.start_server(serve, port=5433)
    async with await asyncio.start_server(serve, port=5434):
        await server.serve_forever()
asyncio.run(main())'
	wait_until "somebody listens" is_listened
}
is_listened() { [ -n "$(as_server ss -Htln "sport = :5434")" ]; }
teardown_file() { world_destroy; }
teardown() {
	stop_process traced KILL
	stop_process tracer KILL
	end_test
	[ ! -e "$PIN_DIR" ] || { spillwayd_run && spillwayd_stop; } || true
	rm -rf "$PIN_DIR"
}

configure_before() {
	spillwayd_configure <<-YAML
		services:
		  - {name: gone, listen: [":5433"], budget: {mode: fixed, direct: 5}, lanes: [direct, refuse]}
		  - {name: main, listen: [":5432"], budget: {mode: fixed, direct: 2}, lanes: [direct, refuse]}
	YAML
}

# One service less, one more at a port where somebody is inside already, and a class.
configure_after() {
	spillwayd_configure <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 2}
		    lanes: [direct, refuse]
		    classes:
		      - {name: some, sources: [10.77.9.0/24, 10.77.8.0/24]}
		  - {name: fresh, listen: [":5434"], protocol: tcp, budget: {mode: fixed, direct: 1}, lanes: [direct, refuse]}
	YAML
}

# hold_at PORT: somebody inside who says nothing.
hold_at() {
	spawn "hold-at-$1" nsenter --net="/run/netns/$CLIENT_NS" \
		bash -c "exec 3<>/dev/tcp/$SERVER_IPV4/$1 && echo in && exec sleep infinity"
	wait_until "somebody is in at $1" grep -qx in "$WORLD/log/hold-at-$1"
}

gets_in_at() { as_client timeout 2 bash -c "exec 3<>/dev/tcp/$SERVER_IPV4/$1" 2>/dev/null; }

run_before() {
	configure_before
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 spillwayd_run
	hold_many 1 2
	hold_at 5433
	hold_at 5434
	configure_after
}

run_after() {
	configure_after
	hold_at 5433
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 spillwayd_run
	hold_many 1 2
	hold_at 5434
}

left_before() {
	run_before
	stop_process spillwayd KILL
}

is_reloaded() { grep -q 'spillwayd: reloaded' "$WORLD/log/spillwayd"; }
is_stopped() { process_is_gone spillwayd; }

is_guarded_5434() {
	bpftool --json map dump pinned "$PIN_DIR/current/map_services" | grep -q '"0x15","0x3a"'
}

# Two inside main, whose budget is two, one inside fresh, if that is guarded yet, whose budget is one.
nobody_else_gets_in() {
	assert_lane 10.77.1.9 refused || return
	if is_guarded_5434 && gets_in_at 5434; then
		printf 'there was no room for another one at port 5434\n' >&2
		return 1
	fi
}

flows() { sw flows --json | jq -r '[.flows[] | "\(.destination_port) \(.service)"] | sort | join(", ")'; }
nobody_is_counted() { [ "$(flows)" = "" ]; }

# the_next_counts FLOWS: each under its own service; a service that is gone has no name.
the_next_counts() {
	rm -f "$WORLD/log/spillwayd"
	spillwayd_run &&
		assert_equal "who counts where" "$1" "$(flows)" &&
		assert_status '[.services[] | "\(.name) \(.budget.used) \(.budget.overcommitted) \(.counters.drift)"] | join(", ")' \
			'main 2 0 0, fresh 1 0 0' &&
		is_guarded_5434 && nobody_else_gets_in &&
		release_all &&
		wait_until "nobody is counted" nobody_is_counted &&
		assert_status '[.services[].budget.used] | add' 0 &&
		spillwayd_stop &&
		assert_nothing_is_left
}

the_change_counts_right() {
	nobody_else_gets_in && the_next_counts "5432 main, 5432 main, 5433 null, 5434 fresh"
}

# The gate may be off by then.
the_next_start_counts_right() { the_next_counts "5432 main, 5432 main, 5434 fresh"; }

@test "killed at any step of taking over with other services: everybody counts, and under his own" {
	kill_at_each_step left_before the_change_counts_right "$MAP_STEPS" "$LEAST_CHANGES" "$MOST_CHANGES"
}

@test "killed at any step of a reload with other services: everybody counts, and under his own" {
	kill_at_steps_of HUP is_reloaded run_before the_change_counts_right "$MAP_STEPS" "$LEAST_CHANGES" "$MOST_CHANGES"
}

class_of() { sw flows --json | jq -r --arg source "$1" '.flows[] | select(.source == $source) | .class'; }

# Whichever class it was when it came, the next daemon knows it by its name.
who_comes_then_is_known() {
	release 1-2
	wait_until "a slot is free" lane_is 10.77.1.9 direct
	hold some 10.77.8.1
	spillwayd_run &&
		assert_matches "its class" '^(some|default)$' "$(class_of 10.77.8.1)" &&
		release_all &&
		wait_until "nobody is counted" nobody_is_counted &&
		spillwayd_stop &&
		assert_nothing_is_left
}

@test "killed at any step of a reload with another class: the next daemon knows who came in by it meanwhile" {
	kill_at_steps_of HUP is_reloaded run_before who_comes_then_is_known '^rename|BPF_MAP_UPDATE_ELEM' \
		$((LEAST_CHANGES / 2)) "$MOST_CHANGES"
}

@test "killed at any step of a stop: the next daemon counts everybody" {
	kill_at_steps_of TERM is_stopped run_after the_next_start_counts_right "$PIN_STEPS" $((LEAST_STEPS / 2)) 8
}
