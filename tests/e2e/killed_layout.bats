#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# A daemon of another layout than the last, killed between any two steps of its start: the count stays right.

load lib/e2e
load lib/killed

another_layout_has_left() {
	BUILD="$BUILD/other-layout" spillwayd_run
	hold_many 1 2
	sw handover
	wait_until "the daemon is gone" process_is_gone spillwayd
}

the_gate_goes_on_by_one_count() { a_gate_answers 10.77.1.9 && the_next_start_counts_right; }

@test "killed at any step of taking over from another layout: the count stays right" {
	configure
	kill_at_each_step another_layout_has_left the_gate_goes_on_by_one_count
}
