#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native generic tc
# What start, stop, crash and detach leave behind.

load lib/e2e

setup_file() { world_with_database max_connections=40; }
teardown_file() { world_destroy; }
teardown() { end_test; }

configure() {
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 2}
		    lanes: [direct, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

# The server's interface as an operator would look at it.
traces_on_interface() {
	as_server ip -d link show dev "$WORLD_INTERFACE" | grep -o 'prog/xdp.*'
	as_server tc qdisc show dev "$WORLD_INTERFACE" | grep clsact
	as_server tc filter show dev "$WORLD_INTERFACE" ingress
	as_server tc filter show dev "$WORLD_INTERFACE" egress
}

# Programs hold their maps: these are what the daemon's pins or process have in the kernel.
programs_of_spillway() {
	bpftool -j prog show | jq -r '.[] | select(.name // "" | test("^sw_|gate|steer|life")) | .id'
}

nothing_is_left() {
	[ -z "$(traces_on_interface)" ] && [ ! -e "$PIN_DIR" ]
}

@test "while it runs, the interface carries it in the mode asked for" {
	configure
	assert_status '.interfaces[0].name' "$WORLD_INTERFACE"
	assert_status '.interfaces[0].mode' "$SPILLWAY_ATTACH"
	local link
	link=$(as_server ip -d link show dev "$WORLD_INTERFACE")
	case $SPILLWAY_ATTACH in
	native) assert_matches "interface" ' xdp ' "$link" ;;
	generic) assert_matches "interface" ' xdpgeneric ' "$link" ;;
	tc) assert_equal "XDP programs on the interface" 0 "$(grep -c prog/xdp <<<"$link" || true)" ;;
	esac
	[ -d "$PIN_DIR" ]
}

@test "a stop leaves no program, no qdisc and no pin, and those inside go on" {
	local before
	before=$(programs_of_spillway | sort)
	configure
	[ "$(programs_of_spillway | sort)" != "$before" ]
	hold inside 10.77.1.1
	spillwayd_stop
	nothing_is_left || {
		traces_on_interface >&2
		find "$PIN_DIR" >&2
		return 1
	}
	programs_are_as_before() { [ "$(programs_of_spillway | sort)" = "$before" ]; }
	wait_until "the kernel holds no program of it any more" programs_are_as_before
	printf 'select 42;\n' >"$WORLD/hold-inside.fifo"
	wait_until "the session inside is answered" grep -qx 42 "$WORLD/log/hold-inside"
	assert_equal "the next client's address" 10.77.1.2 "$(psql_from 10.77.1.2 -c "$WHERE_AM_I")"
}

@test "a stop leaves a qdisc that was there before it" {
	as_server tc qdisc add dev "$WORLD_INTERFACE" clsact
	configure
	spillwayd_stop
	local left
	left=$(as_server tc qdisc show dev "$WORLD_INTERFACE")
	as_server tc qdisc delete dev "$WORLD_INTERFACE" clsact
	assert_matches "qdiscs after the stop" clsact "$left"
}

@test "detach takes an interface out, attach puts it back" {
	configure
	hold_many 1 2
	assert_lane 10.77.1.9 refused
	sw detach "$WORLD_INTERFACE"
	assert_equal "traces on the interface" "" "$(traces_on_interface)"
	assert_lane 10.77.1.9 direct
	sw attach "$WORLD_INTERFACE" --mode "$SPILLWAY_ATTACH"
	assert_status '.interfaces[0].mode' "$SPILLWAY_ATTACH"
	assert_lane 10.77.1.9 refused
}

@test "limits and slots outlive a killed daemon, and its successor takes them over" {
	configure
	hold_many 1 2
	stop_process spillwayd KILL
	assert_lane 10.77.1.9 refused
	release 1-1
	lane_is_direct() { [ "$(lane_of 10.77.1.9)" = direct ]; }
	wait_until "the freed slot is the next client's" lane_is_direct
	spillwayd_run
	eventually_status "$USED" 1
	release 1-2
	eventually_status "$USED" 0
}

@test "connections that were there before it started take their slots" {
	hold early 10.77.1.1
	configure
	eventually_status "$USED" 1
	release early
	eventually_status "$USED" 0
}

@test "interrupted storms leave no slot behind" {
	configure
	hold_many 1 2
	kill -KILL "$(pid_of hold-1-1)" "$(pid_of hold-1-2)"
	eventually_status "$USED" 0
}
