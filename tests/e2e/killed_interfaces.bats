#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# A daemon of another layout than the last, killed on its way from interface to interface: they share one count.

load lib/e2e
load lib/killed

configure_for() {
	configure "$WORLD_INTERFACE" "$WORLD_SECOND_INTERFACE"
	sed -i "s/direct: 2/direct: $1/" "$WORLD/spillway.yaml"
}

another_layout_has_left_two_interfaces() {
	BUILD="$BUILD/other-layout" spillwayd_run
	hold one 10.77.1.1
	hold two 10.87.1.1
	sw handover
	wait_until "the daemon is gone" process_is_gone spillwayd
}

the_count_is_right_at_both() {
	nobody_gets_in_by 10.87.1.9 && nobody_gets_in_by 10.77.1.9 && the_next_start_counts_right
}

both_gates_answer() {
	a_gate_answers 10.87.1.9 && a_gate_answers 10.77.1.9 && the_next_start_counts_right
}

# tries NAME ADDRESS: to get in and stay; adds to those who did.
tries() { if PGCONNECT_TIMEOUT=2 hold "$@"; then more=$((more + 1)); fi; }

# Two are inside and the budget is three, so there is room for one: by one interface or the other, not by both.
one_more_at_most_gets_in() {
	local more=0
	tries three 10.77.1.8
	tries four 10.87.1.8
	[ "$more" -le 1 ] || {
		printf 'both got in: each by another count\n' >&2
		return 1
	}
	spillwayd_run &&
		assert_status "$USED" "$((2 + more))" &&
		assert_status '.services[0].budget.overcommitted' 0 &&
		release_all &&
		eventually_status "$USED" 0 &&
		assert_lane 10.77.1.9 direct && assert_lane 10.87.1.9 direct &&
		spillwayd_stop &&
		assert_nothing_is_left
}

@test "killed at any step of taking over two interfaces from another layout: they share one count" {
	configure_for 2
	kill_at_each_step another_layout_has_left_two_interfaces the_count_is_right_at_both \
		'^rename|^symlink|BPF_LINK_|RTM_(NEW|DEL)(TFILTER|QDISC)' 5 8
}

@test "killed at any step of that while there is room for one: both interfaces together let in no more" {
	configure_for 3
	kill_at_each_step another_layout_has_left_two_interfaces one_more_at_most_gets_in \
		'^rename|^symlink|BPF_LINK_|RTM_(NEW|DEL)(TFILTER|QDISC)' 5 8
}

# What takes the place of the last gate is tidied up after: where a gate in TC may have been, or what steered before it.
@test "killed right after the last of both has changed over: neither keeps newcomers out for ever" {
	configure_for 2
	kill_at_each_step another_layout_has_left_two_interfaces both_gates_answer 'RTM_DELTFILTER' 1 last
}
