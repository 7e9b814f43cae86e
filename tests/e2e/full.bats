#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# Tables of the kernel that have no room left: who cannot be counted does not get in.

load lib/e2e

setup_file() { world_with_database max_connections=40; }
teardown_file() { world_destroy; }
teardown() { end_test; }

configure() {
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 5}
		    pooler: {address: "127.0.0.1:6432", max_connections: 100}
		    lanes: [direct, pooler, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

fill() { python3 "$BATS_TEST_DIRNAME/lib/fill_map.py" "$PIN_DIR/current/map_$1" fill; }
empty() { python3 "$BATS_TEST_DIRNAME/lib/fill_map.py" "$PIN_DIR/current/map_$1" empty; }

counter() { status_value ".services[0].counters.$1"; }

# The daemon looks every ten seconds.
assert_warned_once() {
	WAIT_SECONDS=15 wait_until "the log says so" warnings_are 1
	assert_matches "log" "a table of the kernel is full: $1 connections were turned away" "$(cat "$WORLD/log/spillwayd")"
}

warnings_are() { [ "$(grep -c 'a table of the kernel is full' "$WORLD/log/spillwayd")" -eq "$1" ]; }

# The session from before.
assert_goes_on() {
	printf 'select 42;\n' >"$WORLD/hold-1-1.fifo"
	wait_until "it is answered" grep -qx 42 "$WORLD/log/hold-1-1"
}

are_all_counted() { status_is "$USED" "$(as_server ss -Htn state established "sport = :5432" | wc -l)"; }

# All that are in are counted, and who was before never noticed.
assert_whole() {
	assert_goes_on
	wait_until "all that are in count" are_all_counted
	assert_equal "reconcile" "0 0 0" \
		"$(sw status --reconcile --json | jq -r '.reconcile | "\(.adopted) \(.confirmed) \(.released)"')"
	assert_status '.services[0].counters.drift' 0
}

# The one that there is.
lose_flow() {
	local pin=$PIN_DIR/current/map_flows key
	eventually_status "$USED" 1
	mapfile -t key < <(bpftool --json map dump pinned "$pin" | jq -r '.[].key[]')
	bpftool map delete pinned "$pin" key "${key[@]}"
}

@test "no room for flows: a newcomer hears the last lane's answer, and the log says so, once a minute" {
	configure
	hold_many 1 1
	fill flows
	assert_lane 10.77.1.2 refused
	assert_lane 10.77.1.3 refused
	assert_equal "SYNs turned away" 2 "$(counter flows_full)"
	assert_warned_once 2
	assert_lane 10.77.1.4 refused
	assert_whole
	empty flows
	assert_lane 10.77.1.2 direct
	# The look after this one, of which a flow that is missed tells.
	lose_flow
	WAIT_SECONDS=15 eventually_status '.services[0].counters.drift' 1
	warnings_are 1
}

@test "whom full tables turned away while there was no daemon the next one tells of, and nobody twice" {
	configure
	hold_many 1 1
	fill flows
	assert_lane 10.77.1.2 refused
	assert_warned_once 1
	stop_process spillwayd KILL
	rm -f "$WORLD/log/spillwayd"
	assert_lane 10.77.1.3 refused
	assert_lane 10.77.1.4 refused
	spillwayd_run
	assert_warned_once 2
	empty flows
	assert_whole
}

@test "no room for sources: who is known gets in, who is not hears the last lane's answer" {
	configure
	hold_many 1 1
	fill source_live
	assert_lane 10.77.1.2 refused
	assert_equal "SYNs turned away" 1 "$(counter sources_full)"
	assert_warned_once 1
	assert_lane 10.77.1.1 direct
	assert_whole
	empty source_live
	assert_lane 10.77.1.2 direct
	release_all
	eventually_status "$USED" 0
}

@test "no room for one who is in already: it goes on, the log says so, and it counts once there is room" {
	configure
	hold_many 1 1
	lose_flow
	# The place that this made is taken, too.
	fill flows
	assert_equal "sockets that stay without a flow" 1 "$(sw status --reconcile --json | jq .reconcile.no_room)"
	WAIT_SECONDS=15 wait_until "the log says so" \
		grep -q 'is full: 1 connections that are open cannot be counted' "$WORLD/log/spillwayd"
	empty flows
	assert_equal "adopted" 1 "$(sw status --reconcile --json | jq .reconcile.adopted)"
	assert_goes_on
}
