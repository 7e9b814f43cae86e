#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# A daemon that is killed between any two steps of its start leaves the old or the new state, whole.

load lib/e2e
load lib/killed

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

@test "killed at any step of the first start" {
	configure
	kill_at_each_step nothing the_next_start_is_whole
}

@test "killed at any step of the first start on an interface with a stranger's qdisc: it is never taken for ours" {
	configure
	kill_at_each_step a_stranger_has_a_qdisc the_stranger_keeps_his_qdisc '^mkdir|^rmdir|BPF_LINK_|RTM_(NEW|DEL)(TFILTER|QDISC)' 3
	as_server tc qdisc delete dev "$WORLD_INTERFACE" clsact
}

@test "killed at any step of taking over: the count stays right, before and after the next start" {
	configure
	kill_at_each_step a_daemon_has_left the_count_is_right
}
