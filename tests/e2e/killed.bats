#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# A daemon that is killed between any two steps of its start leaves the old or the new state, whole.

load lib/e2e
load lib/killed

setup_file() {
	world_with_database max_connections=40
	net_add_second
}
teardown_file() { world_destroy; }
teardown() {
	end_test
	[ ! -e "$PIN_DIR" ] || { spillwayd_run && spillwayd_stop; } || true
	rm -rf "$PIN_DIR"
}

# configure [INTERFACE]...
configure() {
	local name interfaces=()
	for name in "${@:-$WORLD_INTERFACE}"; do
		interfaces+=("{name: $name, mode: $SPILLWAY_ATTACH},")
	done
	spillwayd_configure <<-YAML
		interfaces: [${interfaces[*]}]
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 2}
		    lanes: [direct, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

nothing() { :; }

# Whatever there was of a gate, the next daemon makes it whole, counts right, and leaves nothing.
the_next_start_is_whole() {
	spillwayd_run &&
		assert_status '.interfaces[0].attached' true &&
		assert_lane 10.77.1.9 direct &&
		eventually_status "$USED" 0 &&
		spillwayd_stop &&
		assert_nothing_is_left
}

a_stranger_has_a_qdisc() {
	[ -n "$(as_server tc qdisc show dev "$WORLD_INTERFACE" clsact)" ] ||
		as_server tc qdisc add dev "$WORLD_INTERFACE" clsact
}

the_stranger_keeps_his_qdisc() {
	spillwayd_run &&
		assert_lane 10.77.1.9 direct &&
		spillwayd_stop &&
		assert_equal "pins" "" "$(find "$PIN_DIR" 2>/dev/null)" &&
		assert_matches "qdisc" clsact "$(as_server tc qdisc show dev "$WORLD_INTERFACE" clsact)" &&
		assert_equal "filters" "" "$(as_server tc filter show dev "$WORLD_INTERFACE" ingress)"
}

a_daemon_has_left() {
	spillwayd_run
	hold_many 1 2
	sw handover
	wait_until "the daemon is gone" process_is_gone spillwayd
}

another_layout_has_left() {
	BUILD="$BUILD/other-layout" spillwayd_run
	hold_many 1 2
	sw handover
	wait_until "the daemon is gone" process_is_gone spillwayd
}

another_layout_has_left_two_interfaces() {
	BUILD="$BUILD/other-layout" spillwayd_run
	hold one 10.77.1.1
	hold two 10.87.1.1
	sw handover
	wait_until "the daemon is gone" process_is_gone spillwayd
}

# Two are inside and the budget is two: nobody else gets in, now or with the next daemon.
the_count_is_right() {
	assert_lane 10.77.1.9 refused &&
		spillwayd_run &&
		assert_status "$USED" 2 &&
		assert_lane 10.77.1.9 refused &&
		assert_status '.services[0].budget.overcommitted' 0 &&
		release_all &&
		eventually_status "$USED" 0 &&
		spillwayd_stop &&
		assert_nothing_is_left
}

the_count_is_right_at_both() {
	assert_lane 10.87.1.9 refused && the_count_is_right
}

@test "killed at any step of the first start" {
	configure
	kill_at_each_step nothing the_next_start_is_whole
}

@test "killed at any step of the first start on an interface with a stranger's qdisc: it is never taken for ours" {
	configure
	kill_at_each_step a_stranger_has_a_qdisc the_stranger_keeps_his_qdisc '^mkdir|^rmdir|BPF_LINK_|RTM_' 3
	as_server tc qdisc delete dev "$WORLD_INTERFACE" clsact
}

@test "killed at any step of taking over: the count stays right, before and after the next start" {
	configure
	kill_at_each_step a_daemon_has_left the_count_is_right
}

@test "killed at any step of taking over from another layout: the count stays right" {
	configure
	kill_at_each_step another_layout_has_left the_count_is_right
}

@test "killed at any step of taking over two interfaces from another layout: they share one count" {
	configure "$WORLD_INTERFACE" "$WORLD_SECOND_INTERFACE"
	kill_at_each_step another_layout_has_left_two_interfaces the_count_is_right_at_both \
		'^rename|^symlink|BPF_LINK_|RTM_' 6
}
