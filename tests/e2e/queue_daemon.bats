#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# Daemons come and go; who waits gets in all the same.

load lib/e2e
load lib/waiters

setup_file() { world_with_database max_connections=36; }
teardown_file() { world_destroy; }
teardown() { end_test; }

# configuration BUDGET [SETTING_OF_THE_DAEMON]
configuration() {
	cat <<-YAML
		${2:-heartbeat_timeout: 500ms}
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: $1}
		    queue: {max_wait: 60s}
		    lanes: [direct, queue, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

# 200 clients wait for one slot.
two_hundred_wait() {
	hold a 10.77.1.1
	storm_from storm 10.77.2.1 50 200 --within 200ms
	wait_until "200 wait" status_is "$WAITING" 200
}

@test "killed with 200 waiting, it is followed by one that lets all of them in" {
	configuration 1 | spillwayd_start
	two_hundred_wait
	stop_process spillwayd KILL
	spillwayd_run
	assert_status "$TOTALS.queued" 200
	release a
	storm_is_served storm
	assert_status "$TOTALS.syn" 201
	assert_quiet
}

@test "a hand-over with 200 waiting loses nobody" {
	configuration 1 | spillwayd_start
	two_hundred_wait
	sw handover
	wait_until "it is gone" process_is_gone spillwayd
	spillwayd_run
	release a
	storm_is_served storm
	assert_quiet
}

@test "while it is dead who waits gets in by his own next SYN, and nobody new waits" {
	configuration 1 | spillwayd_start
	hold a 10.77.1.1
	come_and_wait late 10.77.1.2
	stop_process spillwayd KILL
	wait_until "nobody new waits" lane_is 10.77.1.3 refused
	release a
	wait_until_served late
	spillwayd_run
	assert_quiet
}

@test "on_daemon_loss: open lets who waits in" {
	configuration 1 'on_daemon_loss: open' | spillwayd_start
	hold a 10.77.1.1
	come_and_wait late 10.77.1.2
	stop_process spillwayd KILL
	wait_until_served late
	spillwayd_run
	release a
	eventually_status "$WAITING" 0
	assert_waits_add_up
}

@test "on_daemon_loss: closed turns who waits away" {
	configuration 1 'on_daemon_loss: closed' | spillwayd_start
	hold a 10.77.1.1
	come_and_wait late 10.77.1.2
	stop_process spillwayd KILL
	wait_until "it is refused" process_is_gone late
	assert_matches "what it heard" 'budget exhausted' "$(cat "$WORLD/log/late")"
	spillwayd_run
	assert_status "$WAITING" 0
	assert_waits_add_up
}

@test "it stops with somebody waiting, who then gets in past the gate" {
	configuration 1 | spillwayd_start
	hold a 10.77.1.1
	come_and_wait late 10.77.1.2
	spillwayd_stop
	wait_until_served late
}

@test "killed again and again in a storm of 1,000 that waits: all get in" {
	local killed
	# Longer than any start takes: nobody is refused because there is no daemon.
	configuration 20 'heartbeat_timeout: 10s' | spillwayd_start
	storm_from storm 10.77.2.1 100 1000 --within 4s
	for killed in 1 2 3; do
		wait_until "more have come" arrived $((killed * 200))
		stop_process spillwayd KILL
		spillwayd_run
	done
	storm_is_served storm
	assert_status "$TOTALS.syn" 1000
	assert_equal "53300 in PostgreSQL's log" 0 "$(grep -c 'too many clients\|slots are reserved' "$WORLD/log/postgres" || true)"
	assert_quiet
}

arrived() { [ "$(status_value "$TOTALS.syn")" -ge "$1" ]; }

@test "a service that a reload takes away leaves its waiters to whoever listens" {
	configuration 1 | spillwayd_start
	hold a 10.77.1.1
	come_and_wait late 10.77.1.2
	configuration 1 | sed 's/name: main/name: other/; s/":5432"/":5499"/' | spillwayd_configure
	sw reload
	wait_until_served late
	assert_status '.services | length' 1
}
