#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# A host that goes wrong under the daemon: its clock, its interfaces, its network namespace.

load lib/e2e

setup_file() { world_with_database max_connections=40; }
teardown_file() { world_destroy; }
teardown() {
	stop_process tracer KILL
	end_test
	rm -rf "$PIN_DIR"
	[ ! -e "/run/netns/$OTHER_NS" ] || ip netns delete "$OTHER_NS"
	as_server ip link show dev "$WORLD_INTERFACE" >/dev/null || net_connect
}
setup() { OTHER_NS=sw-$WORLD_ID-other; }

# configure [LINES]: with further lines on top; for spillwayd_run. Nobody comes to those that can be paused.
configure() {
	spillwayd_configure <<-YAML
		${1:-}
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 2}
		    lanes: [direct, refuse]
		    classes:
		      - {name: default, rate: 100/s}
		  - {name: for_an_hour, listen: [":5433"], direct: {address: "127.0.0.1:5432"}, lanes: [direct, queue, refuse]}
		  - {name: for_seconds, listen: [":5434"], direct: {address: "127.0.0.1:5432"}, lanes: [direct, queue, refuse]}
	YAML
}

# paused NAME: where status says whether the service is.
paused() { printf '.services[] | select(.name == "%s") | .queue.paused' "$1"; }

assert_goes_on() {
	printf 'select 42;\n' >"$WORLD/hold-$1.fifo"
	wait_until "the session $1 is answered" grep -qx 42 "$WORLD/log/hold-$1"
}

# What a flood left in the kernel counts at attach like all that is there.
nobody_is_half_open() { WAIT_SECONDS=20 eventually_status "$USED" 0; }

# --- clocks ----------------------------------------------------------------------------------------

# In a time namespace of its own, where CLOCK_MONOTONIC is what it will be here in some weeks.
WEEKS=1800000
run_weeks_ahead() {
	spawn spillwayd nsenter --net="/run/netns/$SERVER_NS" unshare --time --monotonic "$WEEKS" \
		"$BUILD/spillwayd" --foreground --config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"
	wait_until "spillwayd knows of its databases or is gone" spillwayd_knows_or_is_gone
	[ "$(readlink "/proc/$(pid_of spillwayd)/ns/time")" != "$(readlink /proc/self/ns/time)" ]
}

health() { as_server curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9432/healthz; }

# A rate is of the last second.
has_a_rate_when_it_comes() {
	lane_is "$1" direct && [ "$(sw sources --json | jq '.sources[0].rate > 0')" = true ]
}

@test "a daemon whose clock is weeks ahead of the kernel's sees every time as it is" {
	configure $'on_daemon_loss: closed\nhandshake_timeout: 1s'
	run_weeks_ahead
	assert_equal "health" 200 "$(health)"
	hold one 10.77.1.1
	assert_equal "age of a flow below a minute" true "$(sw flows --json | jq '.flows[0].age_s < 60')"
	assert_equal "age of the daemon below a minute" true "$(status_value '.daemon.uptime_s < 60')"
	assert_equal "age of the heartbeat below a second" true "$(status_value '.daemon.heartbeat_age_s < 1')"
	wait_until "one that has just come has a rate" has_a_rate_when_it_comes 10.77.1.1
	assert_equal "what is explained" direct "$(sw explain 10.77.1.2 --service main --json | jq -r .lane)"
	as_server ip route replace 10.79.0.0/24 via "$GATEWAY_IPV4"
	as_client python3 "$BATS_TEST_DIRNAME/lib/syn_flood.py" "$SERVER_IPV4" 5432 10.79.0 1
	wait_until "a handshake that nobody finishes is given up" status_is '.services[0].counters.expired' 1
	assert_lane 10.77.1.3 direct
}

@test "a rule or a pause that is to end is as long in force with a daemon that has another clock" {
	configure
	run_weeks_ahead
	sw deny 10.77.3.0/24 --for 1h
	sw pause for_an_hour --for 1h
	sw deny 10.77.4.0/24 --for 3s
	sw pause for_seconds --for 3s
	stop_process spillwayd KILL
	spillwayd_run
	wait_until "the one rule has ended" lane_is 10.77.4.1 direct
	assert_equal "whether one who is denied by the other gets in" no "$(is_in "$(lane_of 10.77.3.1)")"
	eventually_status "$(paused for_seconds)" false
	assert_status "$(paused for_an_hour)" true
}

# The wall clock that the daemon reads is ahead by the seconds in this file.
run_with_a_clock_to_jump() {
	spawn spillwayd nsenter --net="/run/netns/$SERVER_NS" \
		env LD_PRELOAD="$BUILD/world/jump_clock.so" JUMP_CLOCK="$WORLD/ahead" \
		"$BUILD/spillwayd" --foreground --config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"
	wait_until "spillwayd knows of its databases or is gone" spillwayd_knows_or_is_gone
}

year_of_the_log() { tail -n 1 "$WORLD/log/spillwayd" | grep -Eo '[0-9]{4}-' | head -n 1 | tr -d -; }

# jumps SECONDS: and the next line of the log shows it.
jumps() {
	local before
	before=$(year_of_the_log)
	printf '%s\n' "$1" >"$WORLD/ahead"
	sw reload
	[ "$(year_of_the_log)" != "$before" ]
}

nothing_has_ended() {
	assert_equal "health" 200 "$(health)" &&
		assert_status "$USED" 1 &&
		assert_equal "age of a flow below some minutes" true "$(sw flows --json | jq '.flows[0].age_s >= 0 and .flows[0].age_s < 300')" &&
		assert_equal "age of the daemon below some minutes" true "$(status_value '.daemon.uptime_s >= 0 and .daemon.uptime_s < 300')" &&
		assert_equal "age of the heartbeat below a second" true "$(status_value '.daemon.heartbeat_age_s < 1')" &&
		assert_equal "whether one who is denied for an hour gets in" no "$(is_in "$(lane_of 10.77.3.1)")" &&
		assert_status "$(paused for_an_hour)" true &&
		assert_lane 10.77.1.3 direct
}

@test "a wall clock that jumps by years, and back, ends nothing, ages nothing and prolongs nothing" {
	configure $'on_daemon_loss: closed\nlog: {format: json}'
	rm -f "$WORLD/ahead"
	run_with_a_clock_to_jump
	nobody_is_half_open
	hold one 10.77.1.1
	sw deny 10.77.3.0/24 --for 1h
	sw pause for_an_hour --for 1h
	jumps 300000000
	nothing_has_ended
	sw deny 10.77.4.0/24 --for 3s
	sw pause for_seconds --for 3s
	jumps -300000000
	nothing_has_ended
	wait_until "the rule of three seconds has ended" lane_is 10.77.4.1 direct
	eventually_status "$(paused for_seconds)" false
	assert_equal "adopted or released" "0 0" "$(sw status --reconcile --json | jq -r '.reconcile | "\(.adopted) \(.released)"')"
}

# --- sockets ---------------------------------------------------------------------------------------

# Whatever the daemon asks netlink for is answered by an error.
netlink_fails() {
	local pid
	pid=$(pid_of spillwayd)
	spawn tracer strace -qq -o "$WORLD/trace" -e trace=recvmsg -e inject=recvmsg:error=ENOBUFS -p "$pid"
	wait_until "the daemon is traced" grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$pid/status"
}

@test "a kernel that does not tell of its sockets is told of, and nothing changes until it does" {
	configure
	spillwayd_run
	nobody_is_half_open
	hold one 10.77.1.1
	netlink_fails
	fails_with 1 "comparing flows with the kernel's sockets: No buffer space" sw status --reconcile
	assert_goes_on one
	assert_status "$USED" 1
	hold two 10.77.1.2
	assert_lane 10.77.1.9 refused
	stop_process tracer INT
	assert_equal "reconcile" "0 0 0" \
		"$(sw status --reconcile --json | jq -r '.reconcile | "\(.adopted) \(.confirmed) \(.released)"')"
	assert_status "$USED" 2
	assert_status '.services[0].counters.drift' 0
}

# --- interfaces ------------------------------------------------------------------------------------

@test "an interface that is taken away is said to be gone, and is guarded again when it is back" {
	configure
	spillwayd_run
	nobody_is_half_open
	hold one 10.77.1.1
	as_server ip link delete "$WORLD_INTERFACE"
	wait_until "the daemon says so" grep -q "interface $WORLD_INTERFACE: there is none" "$WORLD/log/spillwayd"
	assert_status '.interfaces[0].attached' false
	assert_equal "health" 503 "$(health)"
	assert_status "$USED" 1
	net_connect
	wait_until "it is guarded" status_is '.interfaces[0].attached' true
	assert_goes_on one
	assert_status "$USED" 1
	hold two 10.77.1.2
	assert_lane 10.77.1.9 refused
	release_all
	eventually_status "$USED" 0
	assert_status '.services[0].counters.drift' 0
}

# --- network namespaces ----------------------------------------------------------------------------

# A host beside this one, whose interface has the same number; a daemon has guarded it, and was killed.
a_daemon_was_in_another_namespace() {
	local number
	number=$(as_server ip -j link show dev "$WORLD_INTERFACE" | jq '.[0].ifindex')
	ip netns add "$OTHER_NS"
	local SERVER_NS=$OTHER_NS
	as_server ip link set lo up
	as_server ip link add "$WORLD_INTERFACE" index "$number" type veth peer name peer
	spillwayd_run
	stop_process spillwayd KILL
	rm -f "$WORLD/log/spillwayd"
}

assert_starts_anew() {
	spillwayd_run
	nobody_is_half_open
	assert_matches "log" 'of another network namespace: counting anew' "$(cat "$WORLD/log/spillwayd")"
	assert_status '.interfaces[0].attached' true
	hold_many 1 2
	assert_lane 10.77.1.9 refused
	assert_status "$USED" 2
	assert_equal "generations" 1 "$(find "$PIN_DIR" -name 'gen_*' | wc -l)"
	release_all
	spillwayd_stop
	assert_equal "pins" "" "$(find "$PIN_DIR" 2>/dev/null)"
}

@test "pins of a daemon in another network namespace are told, and this one is guarded anew" {
	configure
	a_daemon_was_in_another_namespace
	assert_starts_anew
}

@test "pins of a daemon whose network namespace is gone are told, and this one is guarded anew" {
	configure
	a_daemon_was_in_another_namespace
	ip netns delete "$OTHER_NS"
	assert_starts_anew
}
