#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native
# spillway top, in a terminal of tmux's.

load lib/e2e
load lib/waiters
load lib/looked_at
load lib/top

setup_file() { world_with_database; }
teardown_file() { world_destroy; }
teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || screen >&2 || true
	top_stop
	send_away waiter storm
	end_test
}

# start BUDGET: beside it a service that nothing listens for.
start() {
	{
		configuration "$1"
		printf '  - {name: other, listen: [":5433"], budget: {mode: fixed, direct: 5}}\n'
	} | spillwayd_start
}

# A row of sources: its address at the beginning, and somewhere else what the pattern says.
source_row() { screen | grep -E "^$1 " | grep -Eq -- "$2"; }

@test "budget, queue with its wait, classes and sources are on one screen of 80x24" {
	start 2
	hold_many 1 2
	top_start
	wait_until_shown '^main +\[\|+\] +2/2 +fixed +- +up'
	wait_until_shown '^other +\[ +\] +0/5 .*down: no listener'
	wait_until_shown '^10\.77\.1\.1 +main +default +1 '
	wait_until_shown '^shut +main +refuse '
	come_and_wait waiter 10.77.1.7
	wait_until_shown '^main +[0-9. ]+ 1 +[-0-9]'
	wait_until "the one who waits has a row" source_row 10.77.1.7 ' 1$'
	assert_equal "rows" 24 "$(screen | wc -l)"
}

@test "lanes are shown as rates, which go up in a storm and down after it" {
	start 2
	top_start
	wait_until_shown '^main( +0){7} +0 '
	storm_from storm 10.77.9.1 20 10000 --connect-rate 300/s
	wait_until_shown '^main +[1-9][0-9.]+ +0 +0 +0 +[1-9][0-9.]+ '
	wait_until_shown '^10\.77\.9\.[0-9]+ .*shut +0 +0 +[1-9]'
	send_away storm
	wait_until_shown '^main( +0){7} +0 '
}

@test "the selected source is denied for ten minutes, after a question" {
	start 5
	hold a 10.77.1.1
	hold b 10.77.1.2
	top_start
	wait_until_shown '^10\.77\.1\.2 '
	keys Down d
	wait_until_shown '^Deny 10\.77\.1\.2 on main for 10 minutes\? y/N'
	keys n
	wait_until_hidden 'Deny'
	assert_lane 10.77.1.2 direct
	keys d
	wait_until_shown '^Deny 10\.77\.1\.2'
	keys y
	wait_until_shown '10\.77\.1\.2 is denied on main for ten minutes'
	assert_lane 10.77.1.2 silent
	assert_lane 10.77.1.1 direct
	sw forget 10.77.1.2 --service main
}

@test "a service is paused and resumed, after a question" {
	start 5
	top_start
	wait_until_shown '^main '
	keys Tab
	wait_until_shown ' main$'
	keys p
	wait_until_shown '^Pause main'
	keys y
	wait_until_shown 'main is paused'
	wait_until_shown '^main .* paused'
	assert_status '.services[0].queue.paused' true
	keys p
	wait_until_shown '^Resume main'
	keys y
	eventually_status '.services[0].queue.paused' false
}

@test "sources are sorted, filtered and frozen by keys" {
	start 5
	hold a 10.77.1.1
	hold b 10.77.2.2
	assert_lane 10.77.9.1 refused
	top_start
	wait_until_shown '^10\.77\.2\.2 '
	first() { [[ "$(screen | sed -n '/^SOURCE/,$p' | sed -n 2p)" == "$1 "* ]]; }
	wait_until "the first by live" first 10.77.1.1
	keys s s
	wait_until "the first by refused" first 10.77.9.1
	keys /
	keys 77.2. Enter
	wait_until_hidden '^10\.77\.(1|9)\.'
	wait_until_shown '^10\.77\.2\.2 .* 1 '
	keys Escape
	wait_until_shown '^10\.77\.9\.1 '
	keys z
	wait_until_shown 'frozen$'
	release a
	eventually_status "$USED" 1
	wait_until_shown '^main .* 2/5'
	keys z
	wait_until_shown '^main .* 1/5'
	keys '?'
	wait_until_shown 'deny the selected source for ten minutes, after a question'
	keys x
	wait_until_shown '^main '
}

@test "it goes on through a killed daemon, and says so meanwhile" {
	start 5
	hold a 10.77.1.1
	top_start
	wait_until_shown '^main .* 1/5'
	stop_process spillwayd KILL
	wait_until_shown 'no answer for [0-9]+s$'
	wait_until_shown '^no daemon is running at '
	wait_until_shown '^main .* 1/5'
	spillwayd_run
	wait_until_shown 'live$'
	hold b 10.77.1.2
	wait_until_shown '^main .* 2/5'
}

@test "keys are taken while the daemon does not answer" {
	start 5
	top_start
	wait_until_shown '^main '
	kill -STOP "$(pid_of spillwayd)"
	keys '?'
	WAIT_SECONDS=3 wait_until_shown 'any key leads back'
	keys x q
	WAIT_SECONDS=3 wait_until_shown '^top ended with 0'
	kill -CONT "$(pid_of spillwayd)"
	top_ended 0
}

@test "it follows the size of its window, down to one that is too small" {
	start 5
	hold a 10.77.1.1
	top_start
	wait_until_shown '^10\.77\.1\.1 '
	in_tmux resize-window -t top -x 120 -y 40
	wait_until_shown ' OLDEST +LET IN'
	in_tmux resize-window -t top -x 50 -y 12
	wait_until_hidden 'OLDEST'
	wait_until_shown '^10\.77\.1\.1 '
	in_tmux resize-window -t top -x 30 -y 5
	wait_until_shown '^too small'
	in_tmux resize-window -t top -x 80 -y 24
	wait_until_shown '^10\.77\.1\.1 '
	keys q
	top_ended 0
}

@test "it works without colour, which no escape sequence brings back" {
	local variable
	start 5
	hold a 10.77.1.1
	top_start
	wait_until_shown '^main +\[\|+ +\] +1/5'
	styled_screen | grep -q $'\e\[32m'
	for variable in NO_COLOR=1 TERM=vt100; do
		top_start "$variable"
		wait_until_shown '^main +\[\|+ +\] +1/5'
		styled_screen | grep -q $'\e\[[0-9;]*3[1-7]m' && return 1
	done
	true
}

@test "the terminal is as before after q, and after each signal that ends it" {
	local signal
	start 5
	top_start
	wait_until_shown '^main '
	keys q
	top_ended 0
	top_start
	wait_until_shown '^main '
	keys C-c
	top_ended 130
	for signal in TERM:143 HUP:129 QUIT:131 SEGV:139; do
		top_start
		wait_until_shown '^main '
		kill -s "${signal%:*}" "$(top_pid)"
		top_ended "${signal#*:}"
	done
}

@test "without a daemon, a terminal, or one that it can use it says so" {
	fails_with 4 'no daemon is running' "$BUILD/spillway" --socket "$WORLD/nothing" top
	start 5
	fails_with 2 'must be a terminal' sw top
	top_start TERM=dumb
	wait_until_shown 'TERM=dumb\) cannot place its cursor'
	wait_until_shown '^top ended with 2'
	top_start TERM=nonsense
	wait_until_shown 'TERM=nonsense\) is not known'
}

@test "with --json it prints one document and ends" {
	start 5
	hold a 10.77.1.1
	assert_equal "top --json" '[1,"main","10.77.1.1"]' \
		"$(sw top --json | jq -c '[.status.services[0].budget.used, .queue.services[0].name, .sources.sources[0].source]')"
}
