#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# A daemon of another layout than the last, killed on its way from interface to interface: they share one count.

load lib/e2e
load lib/killed

another_layout_has_left_two_interfaces() {
	BUILD="$BUILD/other-layout" spillwayd_run
	hold one 10.77.1.1
	hold two 10.87.1.1
	sw handover
	wait_until "the daemon is gone" process_is_gone spillwayd
}

the_count_is_right_at_both() {
	assert_lane 10.87.1.9 refused && the_count_is_right
}

@test "killed at any step of taking over two interfaces from another layout: they share one count" {
	configure "$WORLD_INTERFACE" "$WORLD_SECOND_INTERFACE"
	kill_at_each_step another_layout_has_left_two_interfaces the_count_is_right_at_both \
		'^rename|^symlink|BPF_LINK_|RTM_' 6
}
