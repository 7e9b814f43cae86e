#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# A PostgreSQL that listens and turns everybody away with 57P03, as it does while it recovers: clients wait
# until it takes them, and hear nothing of that, however the daemon came to ask.

load lib/e2e
load lib/waiters

setup_file() {
	need_root
	world_create
	postgres_start max_connections=40
}
teardown_file() { world_destroy; }
setup() { mark_log; }
teardown() {
	send_away storm
	end_test
	postgres_stop
	rm -f "$WORLD/postgres/standby.signal"
	postgres_start max_connections=40
}

configuration() {
	cat <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 20}
		    queue: {max_wait: 30s, resume_rate: 500/s}
		    lanes: [direct, queue, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

recover() {
	postgres_stop
	postgres_start_recovering max_connections=40
}

twenty_come() { storm_from storm 10.77.2.1 20 20 --within 100ms; }

assert_not_up() {
	assert_status '.services[0].database.up' false
	assert_matches "metrics" '^spillway_database_up{service="main"} 0$' "$(sw metrics)"
}

# All twenty, and nobody knocked before it served.
assert_waited_for_the_end() {
	eventually_status "$WAITING" 20
	assert_not_up
	assert_equal "clients that PostgreSQL has seen" '' "$(arrivals)"
	postgres_promote
	storm_is_served storm
	eventually_status "$USED" 0
	assert_waits_add_up
}

@test "a daemon that starts while PostgreSQL recovers lets nobody in before that is over" {
	recover
	configuration | spillwayd_start
	assert_not_up
	twenty_come
	assert_waited_for_the_end
	assert_status '.services[0].database.up' true
}

@test "a daemon that takes over while PostgreSQL recovers lets nobody in before that is over" {
	configuration | spillwayd_start
	stop_process spillwayd KILL
	recover
	spillwayd_run
	twenty_come
	assert_waited_for_the_end
}

@test "a pause that ends while PostgreSQL recovers goes on until that is over" {
	configuration | spillwayd_start
	sw pause main
	twenty_come
	eventually_status "$WAITING" 20
	recover
	sw resume main
	wait_until "it is known not to serve" status_is '.services[0].database.up' false
	assert_status '.services[0].queue.paused' false
	assert_waited_for_the_end
}

@test "a PostgreSQL that was down and recovers lets nobody in before that is over" {
	configuration | spillwayd_start
	postgres_stop
	twenty_come
	wait_until "it is known not to serve" status_is '.services[0].database.up' false
	postgres_start_recovering max_connections=40
	assert_waited_for_the_end
}

@test "a daemon that starts at a PostgreSQL that serves lets in at once" {
	configuration | spillwayd_start
	assert_status '.services[0].queue.ready' true
	assert_status '.services[0].database.up' true
	twenty_come
	storm_is_served storm
}
