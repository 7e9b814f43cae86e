#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# An edge gateway in front of a managed database: a local session pool is the direct lane, a local transaction
# pool takes the rest, and the budget is what the remote database says.

load lib/e2e
load lib/waiters

BUDGET='.services[0].budget.direct'
TERMS='.services[0].budget.terms'

# Who was seen past the gate counts for ten seconds more, and so does a test that asks PostgreSQL something.
export WAIT_SECONDS=30

setup_file() {
	need_root
	world_create
	net_add_database
	POSTGRES_NS=$DATABASE_NS postgres_start max_connections=23
	ask_postgres 'create role spillway login; grant pg_monitor to spillway'
	pool_start session 6431 session 20
	pool_start transaction 6432 transaction 3
}
teardown_file() {
	stop_process pool-session
	stop_process pool-transaction
	world_destroy
}
setup() { mark_log; }
teardown() {
	send_away storm
	[ ! -e "$WORLD/pid/pool-second" ] || stop_process pool-second
	end_test
}

# pool_start NAME PORT MODE SIZE: a PgBouncer on the gateway's loopback, its server connections to the remote
# database.
pool_start() {
	install -d -m 755 -o postgres -g postgres "$WORLD/pool-$1"
	printf '%s\n' '[databases]' "app = host=$DATABASE_IPV4 user=app dbname=app" '[pgbouncer]' \
		listen_addr=127.0.0.1 listen_port="$2" unix_socket_dir= auth_type=any pool_mode="$3" \
		default_pool_size="$4" max_client_conn=4000 so_reuseport=1 server_idle_timeout=600 \
		ignore_startup_parameters=extra_float_digits >"$WORLD/pool-$1/pgbouncer.ini"
	spawn "pool-$1" nsenter --net="/run/netns/$SERVER_NS" prlimit --nofile=8192:8192 \
		setpriv --reuid=postgres --regid=postgres --init-groups pgbouncer "$WORLD/pool-$1/pgbouncer.ini"
	wait_until "the $1 pool answers" as_server env PGCONNECT_TIMEOUT=5 \
		psql -XqAt -h 127.0.0.1 -p "$2" -U pgbouncer -d pgbouncer -c 'show version'
}

configuration() {
	cat <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: auto, direct: 0, headroom: ${HEADROOM:-3}, conninfo: "host=$DATABASE_IPV4 dbname=postgres user=spillway"}
		    direct: {address: "127.0.0.1:6431"}
		    pooler: {address: "127.0.0.1:6432"}
		    queue: {max_wait: 60s, max_waiting: 5000, overload_after: 0s}
		    lanes: [${LANES:-direct, pooler, queue, refuse}]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

sessions() { ask_postgres "select count(*) from pg_stat_activity where usename = 'app'"; }
sessions_are() { [ "$(sessions)" = "$1" ]; }
in_pool() { as_server psql -XqAt -h 127.0.0.1 -p "$1" -U pgbouncer -d pgbouncer -c 'show clients' | grep -c '|app|'; }

@test "the budget is the remote database's, and the session pool's connections are its direct flows" {
	configuration | spillwayd_start
	eventually_status "$BUDGET" 16
	hold_many 1 4
	wait_until "the pool has asked for four" sessions_are 4
	eventually_status '.services[0].database.backends' 5
	assert_status "$USED" 4
	assert_status "$TERMS.from_this_host" 0
	eventually_status "$BUDGET" 16
	release_all
	eventually_status "$USED" 0
	assert_status "$BUDGET" 16
}

@test "a session pool of several processes at one port is one pool" {
	configuration | spillwayd_start
	pool_start second 6431 session 20
	hold_many 1 8
	assert_status "$USED" 8
	# The first pool may keep some of those who have left.
	eventually_status '.services[0].database.backends' $(($(sessions) + 1))
	assert_status "$TERMS.from_this_host" 0
	eventually_status "$BUDGET" 16
	assert_equal "processes that have some" 2 "$(as_server ss -Htnp state established "dport = :5432" |
		grep -o 'pgbouncer[^)]*pid=[0-9]*' | sort -u | wc -l)"
	release_all
	stop_process pool-second
}

@test "the transaction pool's connections are others', and what is over the budget goes there" {
	configuration | spillwayd_start
	eventually_status "$BUDGET" 16
	hold_many 1 16
	assert_equal "lane of the last" direct "$(held_lane_by_pool 16)"
	hold_many 2 2
	assert_status '.services[0].pooler.used' 2
	eventually_status "$TERMS.from_this_host < 0" true
	assert_status '.services[0].budget | .direct == 16 + .terms.from_this_host + .terms.lately' true
}
held_lane_by_pool() { if [ "$(status_value "$USED")" = "$1" ]; then echo direct; else echo "direct used: $(status_value "$USED")"; fi; }

@test "a storm at the gateway: all are served, and the remote database turned nobody away" {
	HEADROOM=4 LANES='direct, queue, refuse' configuration | spillwayd_start
	storm_from storm 10.77.2.1 50 600 --within 500ms
	storm_is_served storm
	assert_nobody_was_turned_away
	assert_quiet
}

@test "a remote database that goes away keeps the budget, and clients wait until it is back" {
	local budget
	configuration | spillwayd_start
	budget=$(status_value "$BUDGET")
	postgres_stop
	eventually_status '.services[0].database.up' false
	assert_status "$BUDGET" "$budget"
	come_and_wait late 10.77.3.1
	POSTGRES_NS=$DATABASE_NS postgres_start max_connections=23
	wait_until_served late
	eventually_status '.services[0].database.up' true
}
