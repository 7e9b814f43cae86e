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
	pgbouncer_start
}
teardown_file() { world_destroy; }
setup() { mark_log; }
teardown() {
	send_away storm late
	end_test
	postgres_stop
	rm -f "$WORLD/postgres/standby.signal"
	postgres_start max_connections=40
	process_runs pgbouncer || pgbouncer_start
}

# configuration [CONNINFO]
configuration() {
	cat <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 20${1:+, conninfo: "$1"}}
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

@test "likewise the pause of a service that lets nobody wait otherwise" {
	configuration | sed 's/lanes: .*/lanes: [direct, refuse]/' | spillwayd_start
	sw pause main
	twenty_come
	eventually_status "$WAITING" 20
	recover
	assert_matches "answer" 'as soon as its database serves, 20 wait' "$(sw resume main)"
	wait_until "it is known not to serve" status_is '.services[0].database.up' false
	# Who comes now waits as well.
	come_and_wait late 10.77.1.1
	assert_equal "clients that PostgreSQL has seen" '' "$(arrivals)"
	postgres_promote
	storm_is_served storm
	wait_until_served late
	assert_status '.services[0].queue.paused' false
}

@test "a PostgreSQL that was down and recovers lets nobody in before that is over" {
	configuration | spillwayd_start
	postgres_stop
	twenty_come
	# That is enough to know it, however soon after the last question he came.
	wait_until "the first of them waits" somebody_waits
	postgres_start_recovering max_connections=40
	assert_waited_for_the_end
}

somebody_waits() { [ "$(status_value "$WAITING")" -gt 0 ]; }

@test "a daemon that starts at a PostgreSQL that serves lets in at once" {
	configuration | spillwayd_start
	assert_status '.services[0].queue.ready' true
	assert_status '.services[0].database.up' true
	twenty_come
	storm_is_served storm
}

@test "where conninfo says that PostgreSQL recovers clients wait" {
	configuration 'host=localhost dbname=app user=app' | spillwayd_start
	recover
	sw pause main
	sw resume main
	twenty_come
	assert_waited_for_the_end
}

# Any place would do that says something, and then does not: the pooler is one.
@test "who is asked by conninfo and falls silent does not serve, until he answers again" {
	configuration "host=localhost port=$POOLER_PORT dbname=app user=app" | spillwayd_start
	pgbouncer_stop
	sw pause main
	sw resume main
	wait_until "it is known not to serve" status_is '.services[0].database.up' false
	come_and_wait late 10.77.1.1
	pgbouncer_start
	wait_until_served late
	assert_status '.services[0].database.up' true
}

@test "a conninfo by which nobody ever answers keeps nobody out" {
	configuration 'host=nowhere.invalid user=app' | spillwayd_start
	assert_status '.services[0].queue.ready' true
	sw pause main
	sw resume main
	come late 10.77.1.1
	wait_until_served late
	# Asked three times, at the least; told once.
	assert_equal "complaints" 1 "$(grep -c 'budget.conninfo cannot be used.*nowhere.invalid' "$WORLD/log/spillwayd")"
}

# The way is a link to where PostgreSQL has its socket.
@test "a conninfo that leads nowhere any more keeps nobody out of a database that serves" {
	ln -s "$WORLD/postgres" "$WORLD/way"
	configuration "host=$WORLD/way user=app" | spillwayd_start
	rm "$WORLD/way"
	sw pause main
	come_and_wait late 10.77.1.1
	sw resume main
	wait_until_served late
	assert_matches "log" 'budget.conninfo cannot be used.*No such file.*asked instead' "$(cat "$WORLD/log/spillwayd")"
	assert_equal "holds" 0 "$(grep -c 'does not serve' "$WORLD/log/spillwayd")"
}

@test "where conninfo leads nowhere who listens for the service is asked: one that recovers keeps all waiting" {
	recover
	configuration 'host=nowhere.invalid user=app' | spillwayd_start
	twenty_come
	assert_waited_for_the_end
	assert_matches "log" 'budget.conninfo cannot be used.*nowhere.invalid' "$(cat "$WORLD/log/spillwayd")"
}

@test "a resolver that does not answer holds up neither the gate nor the daemon" {
	configuration 'host=silence.test user=app' | spillwayd_configure
	LD_PRELOAD=$BUILD/world/silent_resolver.so spillwayd_run
	# The question was given up after a while; the next need not wait for it as well.
	sw pause main
	come_and_wait late 10.77.1.1
	sw resume main
	wait_until_served late
	assert_matches "log" 'cannot be used.*resolver does not answer' "$(cat "$WORLD/log/spillwayd")"
}

# Nobody listens on the service's own port, and nobody is to.
@test "a service that has a pooler only goes by what its conninfo says, wherever that is" {
	configuration 'host=localhost dbname=app user=app' |
		sed 's/5432/5439/; s/direct: 20/direct: 0/; s/lanes: .*/lanes: [pooler, queue, refuse]\n    pooler: {address: "127.0.0.1:6432"}/' |
		spillwayd_start
	assert_status '.services[0].queue.ready' true
	recover
	sw pause main
	sw resume main
	spawn late nsenter --net="/run/netns/$CLIENT_NS" env PGCONNECT_TIMEOUT=40 \
		psql -XqAt -h "$SERVER_IPV4" -p 5439 -U app -d app -c 'select 7'
	eventually_status "$WAITING" 1
	assert_status '.services[0].queue.ready' false
	postgres_promote
	wait_until_served late
}
