#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# budget.evict_idle_after: idle sessions end while, and only while, somebody waits for their slots.

load lib/e2e
load lib/waiters

setup_file() {
	need_root
	world_create
	postgres_start max_connections=540
	ask_postgres 'create role spillway login; grant pg_monitor, pg_signal_backend to spillway; create role weak login; grant pg_monitor to weak'
}
teardown_file() { world_destroy; }
setup() { mark_log; }
teardown() {
	freeze_clients delete 2>/dev/null || true
	send_away storm late full elsewhere idlers session-super
	end_test
	ask_postgres 'select count(pg_terminate_backend(pid)) from pg_stat_activity where client_port > 0'
	wait_until "nobody is left" nobody_is_left
	rm -f "$WORLD/super.fifo"
}
nobody_is_left() { [ "$(ask_postgres 'select count(*) from pg_stat_activity where client_port > 0')" = 0 ]; }

# [BUDGET=…] [AFTER=…] [RATE=…] [ROLE=…] [RESERVED=…] configuration; where the pooler should be nobody listens.
configuration() {
	cat <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget:
		      ${BUDGET:-direct: 3}
		      evict_idle_after: ${AFTER:-1s}
		      evict_rate: ${RATE:-100/s}
		      conninfo: "host=$WORLD/postgres dbname=postgres user=${ROLE:-spillway}"
		    pooler: {address: "127.0.0.1:6432"}
		    queue: {max_wait: 60s, overload_after: 0s}
		    lanes: [direct, queue, refuse]
		    classes:
		      - {name: default, rate: unlimited}
		      - {name: kept, sources: [10.77.9.0/24], rate: unlimited, evict: no, reserved: ${RESERVED:-0}}
		      - {name: narrow, sources: [10.77.8.0/24], rate: unlimited, max_direct: 1}
		      - {name: pooled, sources: [10.77.7.0/24], rate: unlimited, lanes: [pooler, queue, refuse]}
	YAML
}

evicted() { counter evicted; }
# in_state NAME STATE: what a held client's session does.
say() { printf '%s\n' "$2" >"$WORLD/hold-$1.fifo"; }

@test "an idle session ends for one that waits; the log and the counter say so" {
	configuration | spillwayd_start
	hold_many 1 3
	come late 10.77.3.1
	wait_until_served late
	assert_equal "evicted" 1 "$(evicted)"
	assert_matches "the log" 'ended the session of 10.77.1.1 port [0-9]+, idle for [0-9]+ s' "$(cat "$WORLD/log/spillwayd")"
	assert_matches "metrics" '^spillway_evicted_total{service="main"} 1$' "$(sw metrics)"
	assert_matches "status" 'main: so far 1 idle sessions were ended for those who waited' "$(sw status)"
	assert_equal "events" '["10.77.1.1","direct",true]' \
		"$(sw events | jq -c 'select(.event == "evicted") | [.source, .lane, .idle_s >= 1]')"
	assert_matches "explain" 'main: so far 1 idle sessions were ended for those who waited' "$(sw explain 10.77.1.1)"
	assert_equal "those who are left" 2 "$(status_value "$USED")"
}

@test "a frozen client that answers nothing any more keeps no slot when its session has ended" {
	local host
	configuration | spillwayd_start
	hold_many 1 3
	freeze_clients add
	for host in 1 2 3; do
		PGCONNECT_TIMEOUT=40 begin_hold "3-$host" "10.77.3.$host"
		gets_in "3-$host" direct
	done
	assert_equal "evicted" 3 "$(evicted)"
	assert_equal "freed" 3 "$(counter unanswered)"
	# Some may be found by the comparison that there is every ten seconds; not three in a row.
	assert_matches "the log" 'service main: [12] connections were closed here and their clients do not answer' "$(cat "$WORLD/log/spillwayd")"
	assert_equal "what the kernel still sends to nobody" 3 "$(as_server ss -Htn state fin-wait-1 sport = :5432 | wc -l)"
	# Nor is it counted again.
	sw status --reconcile --json >"$WORLD/log/reconciled"
	assert_equal "adopted, drift" '0 0' "$(jq -r '"\(.reconcile.adopted) \(.services[0].counters.drift)"' "$WORLD/log/reconciled")"
	assert_status "$USED" 3
	freeze_clients delete
	wait_until "the client was reached" no_last_words
	assert_status "$USED" 3
}
# As a machine that is not run any more: what comes for it is dropped.
freeze_clients() {
	local host
	for host in 1 2 3; do
		as_client ip route "$1" blackhole "10.77.1.$host/32" table local
	done
}
no_last_words() { [ -z "$(as_server ss -Htn state fin-wait-1 sport = :5432)" ]; }

@test "a client that is stopped keeps no slot when its session has ended" {
	configuration | spillwayd_start
	hold_many 1 3
	stop_clients STOP
	come late 10.77.3.1
	wait_until_served late
	assert_equal "evicted" 1 "$(evicted)"
	stop_clients CONT
}
stop_clients() {
	local host
	for host in 1 2 3; do
		kill "-$1" "$(pid_of "hold-1-$host")"
	done
}

@test "nobody ends while nobody waits" {
	configuration | spillwayd_start
	hold_many 1 3
	wait_until "all are idle for long enough" idle_for 3
	wait_until "the database was asked again" asked_again
	assert_equal "evicted" 0 "$(evicted)"
	assert_status "$USED" 3
}
idle_for() { [ "$(ask_postgres "select count(*) from pg_stat_activity where usename = 'app' and state = 'idle' and state_change < now() - interval '1.5 s'")" = "$1" ]; }
asked_again() {
	[ "$(ask_postgres "select state_change > (select max(state_change) + interval '3 s' from pg_stat_activity where usename = 'app')
		from pg_stat_activity where application_name = 'spillwayd'")" = t ]
}

@test "who works, is in a transaction, or is of an exempt class stays" {
	configuration | spillwayd_start
	hold 1-1 10.77.1.1
	say 1-1 'begin; select 1;'
	hold 1-2 10.77.1.2
	say 1-2 'select pg_sleep(600);'
	hold 9-1 10.77.9.1
	come_and_wait late 10.77.3.1
	wait_until "all would be idle for long enough" all_are_old
	wait_until "the database was asked again" asked_again
	assert_equal "evicted" 0 "$(evicted)"
	say 1-1 'commit;'
	wait_until_served late
	assert_equal "evicted" 1 "$(evicted)"
}
all_are_old() { [ "$(ask_postgres "select count(*) from pg_stat_activity where usename = 'app' and state_change < now() - interval '1.5 s'")" = 3 ]; }

@test "what another class has reserved and does not use is no slot for those who wait" {
	RESERVED=1 configuration | spillwayd_start
	hold_many 1 2
	come late 10.77.3.1
	wait_until_served late
	assert_equal "evicted" 1 "$(evicted)"
}

@test "nobody ends for those whom a pause keeps waiting" {
	configuration | spillwayd_start
	hold_many 1 3
	wait_until "all are idle for long enough" idle_for 3
	sw pause main
	come_and_wait late 10.77.3.1
	wait_until "the database was asked again" asked_again
	assert_equal "evicted" 0 "$(evicted)"
	sw resume main
	wait_until_served late
	assert_equal "evicted" 1 "$(evicted)"
}

@test "not more than the rate allows, and not more than wait" {
	RATE=1/s configuration | spillwayd_start
	hold_many 1 3
	wait_until "all are idle for long enough" idle_for 3
	# It may wait too short a time to be seen.
	PGCONNECT_TIMEOUT=40 begin_hold 3-1 10.77.3.1
	gets_in 3-1 direct
	assert_equal "evicted" 1 "$(evicted)"
	assert_status "$USED" 3
}

@test "what the rate does not allow yet waits on" {
	local host
	RATE=1/m configuration | spillwayd_start
	hold_many 1 3
	wait_until "all are idle for long enough" idle_for 3
	for host in 1 2 3; do
		PGCONNECT_TIMEOUT=60 begin_hold "3-$host" "10.77.3.$host"
	done
	WAIT_SECONDS=20 wait_until "one session was ended" status_is '.services[0].counters.evicted' 1
	eventually_status "$WAITING" 2
	WAIT_SECONDS=20 wait_until "the database was asked again" asked_again
	assert_equal "evicted" 1 "$(evicted)"
	assert_status "$WAITING" 2
}

@test "nobody ends for those whom a slot would not let in" {
	configuration | spillwayd_start
	hold_many 1 2
	hold 8-1 10.77.8.1
	wait_until "all are idle for long enough" idle_for 3
	come_and_wait full 10.77.8.2
	come_and_wait elsewhere 10.77.7.1
	wait_until "the database was asked again" asked_again
	assert_equal "evicted" 0 "$(evicted)"
	come late 10.77.3.1
	wait_until_served late
	assert_equal "evicted" 1 "$(evicted)"
	assert_status "$WAITING" 2
}

@test "a role that may not end sessions is said once, with what helps" {
	ROLE=weak configuration | spillwayd_start
	hold_many 1 3
	come_and_wait late 10.77.3.1
	wait_until "it is said" grep -q 'GRANT pg_signal_backend TO weak' "$WORLD/log/spillwayd"
	wait_until "the database was asked again" asked_again
	assert_equal "times it was said" 1 "$(grep -c 'GRANT pg_signal_backend' "$WORLD/log/spillwayd")"
	release 1-1
	wait_until_served late
}

@test "a session of a superuser is let be, and nobody's failure is another's" {
	configuration | spillwayd_start
	PGUSER=postgres begin_super
	hold_many 1 2
	come late 10.77.3.1
	wait_until_served late
	assert_equal "superusers inside" 1 "$(ask_postgres "select count(*) from pg_stat_activity where usename = 'postgres' and client_port > 0")"
}
begin_super() {
	spawn session-super nsenter --net="/run/netns/$CLIENT_NS" bash -c "mkfifo $WORLD/super.fifo; exec psql -Xq -h $SERVER_IPV4 -U postgres -d app <>$WORLD/super.fifo"
	eventually_status "$USED" 1
}

@test "what has no database to ask evicts nobody, and the configuration says so" {
	printf 'services: [{name: main, listen: [":5432"], protocol: tcp, budget: {evict_idle_after: 1s}}]\n' >"$WORLD/other.yaml"
	fails_with 2 "budget.evict_idle_after: only a PostgreSQL tells who is idle" \
		"$BUILD/spillwayd" --check --config "$WORLD/other.yaml"
}

@test "500 idle sessions make room for a storm, and all of it is served" {
	BUDGET='direct: 500' RATE=50/s configuration | spillwayd_start
	spawn idlers nsenter --net="/run/netns/$CLIENT_NS" prlimit --nofile=4096:4096 python3 "$BATS_TEST_DIRNAME/lib/idle_sessions.py" "$SERVER_IPV4" 500
	WAIT_SECONDS=60 wait_until "500 are idle for long enough" idle_for 500
	storm_from storm 10.77.2.1 50 300 --within 1s
	storm_is_served storm
	[ "$(evicted)" -ge 1 ]
	[ "$(evicted)" -le 300 ]
	assert_nobody_was_turned_away
	stop_process idlers KILL
	assert_quiet
}
