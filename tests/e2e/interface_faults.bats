#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# A change of interfaces that fails, whichever step it fails at: who had a gate never stood without it.

load lib/e2e
load lib/killed

# configure_one_more_class INTERFACE...: what configure() says, and a class.
configure_one_more_class() {
	configure "$@"
	cat >>"$WORLD/spillway.yaml" <<-YAML
		      - {name: some, sources: [10.77.9.0/24, 10.77.8.0/24]}
	YAML
}

two_interfaces_are_guarded() {
	configure "$WORLD_INTERFACE" "$WORLD_SECOND_INTERFACE"
	rm -f "$WORLD/log/spillwayd"
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 spillwayd_run
	hold one 10.77.1.1
	hold two 10.87.1.1
	configure_one_more_class "$WORLD_INTERFACE"
}

is_reloaded() { grep -q 'spillwayd: reloaded' "$WORLD/log/spillwayd"; }
has_failed() { grep -q 'everything goes on as it was' "$WORLD/log/spillwayd"; }
is_told() { is_reloaded || has_failed; }

# reload_with [STRACE-OPTION]...: until it is done or has failed.
reload_with() {
	strace_running "$@"
	act_on HUP
	wait_until "the daemon has done it or failed" is_told
	stop_process tracer INT
}

# What takes a gate off: its filter, its link, or the pin that holds the link.
TAKEN_OFF='RTM_DELTFILTER|RTM_DELQDISC|BPF_LINK_DETACH|^unlink.*link_xdp'

no_gate_was_taken_off() {
	assert_equal "what took a gate off" "" "$(grep -E "$TAKEN_OFF" "$WORLD/trace")" &&
		assert_lane 10.77.1.9 refused &&
		assert_lane 10.87.1.9 refused
}

the_daemon_goes() {
	release_all
	eventually_status "$USED" 0
	spillwayd_stop
}

# fails_at N LINE: whether one of three reloads failed for want of all calls from the Nth on. Where that was after the
# last step, fewer calls came before it this time.
fails_at() {
	local tries nth=$1 failed=no
	for tries in 1 2 3; do
		two_interfaces_are_guarded || exit
		reload_with -e "inject=bpf:error=ENOMEM:when=$nth+" || exit
		if has_failed; then
			no_gate_was_taken_off || killed_at "$2" || exit
			failed=yes
		fi
		the_daemon_goes || exit
		[ "$failed" = no ] || return 0
		nth=$(aim_again bpf "$1" "$nth" "$MAP_STEPS")
	done
	printf 'no reload failed at bpf number %s, in try %s\n' "$1" "$tries"
	return 1
}

@test "a reload that lets go of an interface and fails, at any step, takes no gate off" {
	local found call nth line failures=0
	two_interfaces_are_guarded
	reload_with
	is_reloaded
	grep -Eq "$TAKEN_OFF" "$WORLD/trace"
	assert_lane 10.77.1.9 refused
	the_daemon_goes
	found=$(steps "$MAP_STEPS" 8)
	cp "$WORLD/trace" "$WORLD/whole-trace"
	while IFS=: read -r call nth line; do
		[ "$call" = bpf ] || continue
		if fails_at "$nth" "$line"; then failures=$((failures + 1)); fi
	done <<<"$found"
	printf '%s failures\n' "$failures"
	[ "$failures" -ge 3 ]
}
