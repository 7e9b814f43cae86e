#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# budget.mode auto: PostgreSQL is asked how many connections it may have and which it has; the budget is what
# is left, and follows.

load lib/e2e
load lib/waiters

BUDGET='.services[0].budget.direct'
TERMS='.services[0].budget.terms'
DATABASE='.services[0].database'

# Who was seen past the gate counts for ten seconds more, and so does a test that asks PostgreSQL something.
export WAIT_SECONDS=30

setup_file() {
	need_root
	world_create
	postgres_start max_connections=23
	ask_postgres 'create role spillway login; grant pg_monitor to spillway'
	ask_postgres "create role stranger login; create role keyed login password 'right'; grant pg_monitor to keyed"
	sed -i '1i host replication all all trust\nhost all keyed all scram-sha-256' "$WORLD/postgres/pg_hba.conf"
	ask_postgres 'select pg_reload_conf()'
	pgbouncer_start
}
teardown_file() { world_destroy; }
setup() { mark_log; }
teardown() {
	send_away storm other
	postgres_freeze CONT
	stop_sessions
	end_test
	if [ "$(ask_postgres 'show max_connections' 2>/dev/null)" != 23 ]; then
		postgres_stop
		postgres_start max_connections=23
	fi
}

# [MODE=MODE] [DIRECT=N] [HEADROOM=N] [CONNINFO=…] [LANES=…] configuration
configuration() {
	cat <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: ${MODE:-auto}, direct: ${DIRECT:-0}, headroom: ${HEADROOM:-0}, conninfo: "${CONNINFO:-host=$WORLD/postgres dbname=postgres user=spillway}"}
		    pooler: {address: "127.0.0.1:6432"}
		    queue: {max_wait: 60s, max_waiting: 5000, resume_rate: 5000/s, overload_after: 0s}
		    lanes: [${LANES:-direct, queue, refuse}]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

# session NAME: one by the Unix socket, until stop_sessions.
session() {
	spawn "session-$1" env PGAPPNAME="$1" psql -Xq -h "$WORLD/postgres" -U postgres -d app -c 'select pg_sleep(600)'
	wait_until "session $1 is in" test_session "$1"
}
test_session() { [ "$(ask_postgres "select count(*) from pg_stat_activity where application_name = '$1'")" = 1 ]; }
stop_sessions() {
	local pid
	for pid in "$WORLD"/pid/session-*; do
		[ ! -e "$pid" ] || stop_process "${pid##*/}" KILL
	done
	ask_postgres "select count(pg_terminate_backend(pid)) from pg_stat_activity where query = 'select pg_sleep(600)'" >/dev/null || true
}

@test "the budget is max_connections less what superusers keep and the daemon's own connection" {
	configuration | spillwayd_start
	eventually_status "$BUDGET" 19
	assert_status "$TERMS.max_connections" 23
	assert_status "$TERMS.superuser_reserved" -3
	assert_status "$TERMS.monitor" -1
	assert_status "$DATABASE.up" true
	assert_status "$DATABASE.max_connections" 23
	assert_status "$DATABASE.backends" 1
	assert_equal "application_name" spillwayd \
		"$(ask_postgres "select application_name from pg_stat_activity where usename = 'spillway'")"
}

@test "status, explain and metrics say how the budget came about" {
	HEADROOM=2 configuration | spillwayd_start
	eventually_status "$BUDGET" 17
	assert_matches "status" 'main: 17 slots = 23 max_connections - 3 superuser_reserved - 1 monitor - 2 headroom' "$(sw status)"
	assert_matches "explain" '17 slots = 23 max_connections' "$(sw explain 10.77.1.1)"
	assert_equal "explain's terms" -2 "$(sw explain --json 10.77.1.1 | jq .budget.terms.headroom)"
	assert_matches "metrics" '^spillway_budget_slots{service="main"} 17$' "$(sw metrics)"
	assert_matches "metrics" '^spillway_budget_term{service="main",term="superuser_reserved"} -3$' "$(sw metrics)"
	assert_matches "metrics" '^spillway_database_max_connections{service="main"} 23$' "$(sw metrics)"
	assert_matches "metrics" '^spillway_database_backends{service="main",state="active"} 1$' "$(sw metrics)"
}

@test "direct bounds the budget, and is no longer the budget" {
	DIRECT=5 configuration | spillwayd_start
	eventually_status "$BUDGET" 5
	sw budget main 9
	assert_status "$BUDGET" 9
	sw budget main auto
	eventually_status "$TERMS.max_connections" 23
	assert_status "$BUDGET" 9
}

@test "sessions past the gate lower the budget while they are there, those through it do not" {
	configuration | spillwayd_start
	session one
	session two
	eventually_status "$BUDGET" 17
	assert_status "$TERMS.unix_sockets" -2
	hold_many 1 3
	eventually_status "$DATABASE.backends" 6
	assert_status "$BUDGET" 17
	stop_sessions
	# They may be back at any moment.
	eventually_status "$TERMS.lately <= -2 and $BUDGET <= 17" true
	eventually_status "$BUDGET" 19
	release_all
	eventually_status "$USED" 0
	assert_status "$BUDGET" 19
}

# Two services at one PostgreSQL: by IPv4, and by IPv6.
two_services() {
	configuration | sed '/^services:/d; s/listen: .*/listen: ["10.78.0.1:5432"]/' >"$WORLD/first.yaml"
	printf 'services:\n'
	cat "$WORLD/first.yaml"
	sed 's/name: main/name: six/; s/listen: .*/listen: ["[fd78::1]:5432"]/' "$WORLD/first.yaml"
}
BOTH='[.services[].budget.direct] | tostring'

@test "two services at one database share its room, whoever needs it" {
	two_services | spillwayd_start
	eventually_status "$BOTH" '[9,9]'
	assert_status "$TERMS.other_services" -9
	assert_status "$TERMS.monitor" -2
	hold_many 1 9
	# Seven more are free, and one that the others keep.
	eventually_status "$BOTH" '[13,5]'
	hold_many 2 4
	eventually_status "$BOTH" '[15,3]'
	assert_status "$TERMS.past_the_gate" 0
	assert_status '.services[1].budget.terms.past_the_gate' 0
	assert_status '[.services[].budget.terms.lately] | tostring' '[0,0]'
	release_all
	eventually_status "$BOTH" '[9,9]'
}

@test "two services at one database in a storm each take PostgreSQL to its limit and not past it" {
	two_services | spillwayd_start
	eventually_status "$BOTH" '[9,9]'
	storm_from storm 10.77.2.1 50 600 --within 1s --query 'select pg_sleep(0.1)'
	storm_from other fd77::2:1 50 600 --within 1s --query 'select pg_sleep(0.1)' --target "[$SERVER_IPV6]:5432"
	storm_is_served storm
	storm_is_served other
	assert_nobody_was_turned_away
	assert_quiet
}

@test "a session over TCP from the host itself is none of the gate's" {
	configuration | spillwayd_start
	spawn session-tcp nsenter --net="/run/netns/$SERVER_NS" \
		psql -Xq -h 127.0.0.1 -U app -d app -c 'select pg_sleep(600)'
	eventually_status "$TERMS.from_this_host" -1
	eventually_status "$BUDGET" 18
}

@test "sessions past the gate of which none lives until the next look are allowed for" {
	configuration | spillwayd_start
	sw detach "$WORLD_INTERFACE"
	spawn session-burst nsenter --net="/run/netns/$CLIENT_NS" bash -c \
		"while psql -Xq -h $SERVER_IPV4 -U app -d app -c 'select pg_sleep(0.3)'; do :; done"
	eventually_status "$TERMS.past_the_gate == -1 and $BUDGET <= 18" true
	# Seen or not by the looks that follow.
	eventually_status "$TERMS.past_the_gate == 0 and $TERMS.lately <= -1 and $BUDGET <= 18" true
}

@test "sessions through the gate that live for moments are nobody else's" {
	configuration | spillwayd_start
	eventually_status "$BUDGET" 19
	storm_from storm 10.77.2.1 50 300 --within 2s
	storm_is_served storm
	assert_status "$TERMS.past_the_gate" 0
	assert_status "$TERMS.lately" 0
	assert_status "$BUDGET" 19
}

@test "a monitor that is given a name needs one place, though it has to look for its way first" {
	CONNINFO="host=localhost dbname=postgres user=spillway" configuration | spillwayd_start
	eventually_status "$BUDGET" 19
	hold_many 1 19
	mark_log
	ask_postgres "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'spillway'"
	# Whoever asked PostgreSQL would have that one place.
	wait_until "the monitor is back" grep -q 'the database answers again' "$WORLD/log/spillwayd"
	assert_nobody_was_turned_away
}

@test "a session through an interface that is not guarded counts" {
	configuration | spillwayd_start
	sw detach "$WORLD_INTERFACE"
	spawn session-far nsenter --net="/run/netns/$CLIENT_NS" \
		psql -Xq -h "$SERVER_IPV4" -U app -d app -c 'select pg_sleep(600)'
	eventually_status "$TERMS.past_the_gate" -1
	eventually_status "$BUDGET" 18
}

@test "the pooler's server connections count once, whether its clients were steered or not" {
	LANES="pooler, queue, refuse" configuration | spillwayd_start
	hold_many 1 4
	eventually_status '.services[0].pooler.used' 4
	assert_equal "lane of the first" pooler "$(held_lane 1-1)"
	eventually_status "$DATABASE.backends" "$(($(ask_postgres "select count(*) from pg_stat_activity where usename = 'app'") + 1))"
	assert_status "$BUDGET == 20 - $DATABASE.backends + $TERMS.lately" true
	release_all
	pgbouncer_stop
	eventually_status "$BUDGET" 19
	pgbouncer_start
}

@test "replication through the gate has a slot, and takes no place of the others" {
	configuration | spillwayd_start
	spawn session-wal nsenter --net="/run/netns/$CLIENT_NS" env PGOPTIONS= \
		"$(postgres_program pg_receivewal)" -h "$SERVER_IPV4" -U postgres -D "$(wal_folder)" --no-loop
	eventually_status "$DATABASE.walsenders" 1
	eventually_status "$TERMS.replication_by_gate" 1
	assert_status "$USED" 1
	eventually_status "$BUDGET" 20
}
wal_folder() {
	mkdir -p "$WORLD/wal"
	printf '%s' "$WORLD/wal"
}

@test "a restart with other max_connections is followed" {
	configuration | spillwayd_start
	postgres_stop
	eventually_status "$DATABASE.up" false
	assert_status "$BUDGET" 19
	postgres_start max_connections=33
	# Who asked whether it has started may have been seen.
	eventually_status "$BUDGET" 29
	assert_status "$DATABASE.up" true
	assert_matches "the log" 'budget 2[789]: 33 max_connections' "$(cat "$WORLD/log/spillwayd")"
}

@test "a database that comes back with room for fewer turns nobody away who waited" {
	postgres_stop
	postgres_start max_connections=33
	configuration | spillwayd_start
	eventually_status "$BUDGET" 29
	postgres_stop
	eventually_status "$DATABASE.up" false
	storm_from storm 10.77.2.1 50 60 --within 200ms --query 'select pg_sleep(1)'
	eventually_status "$WAITING" 60
	mark_log
	# Nobody else asks whether it is there: what he takes for that moment is not in the budget.
	postgres_run max_connections=23
	storm_is_served storm
	assert_nobody_was_turned_away
	eventually_status "$TERMS.max_connections" 23
}

@test "a database that starts after the daemon turns nobody away, whatever direct says" {
	postgres_stop
	DIRECT=50 configuration | spillwayd_start
	eventually_status "$BUDGET" 50
	storm_from storm 10.77.2.1 50 60 --within 200ms --query 'select pg_sleep(1)'
	eventually_status "$WAITING" 60
	mark_log
	# Nobody else asks whether it is there: what he takes for that moment is not in the budget.
	postgres_run max_connections=23
	storm_is_served storm
	assert_nobody_was_turned_away
}

@test "sessions that were inside before the daemon are counted once, and soon" {
	hold_many 1 12
	configuration | spillwayd_start
	assert_status "$USED" 12
	WAIT_SECONDS=6 eventually_status "$BUDGET" 19
	assert_status "$TERMS.past_the_gate" 0
}

@test "a database that does not answer keeps its budget, is not up, and is asked again" {
	configuration | spillwayd_start
	postgres_freeze STOP
	eventually_status "$DATABASE.up" false
	assert_status "$BUDGET" 19
	wait_until "the monitor has given up" status_says 'no answer within 5 s'
	assert_matches "status" 'cannot be asked: no answer within 5 s' "$(sw status)"
	assert_matches "metrics" '^spillway_database_up{service="main"} 0$' "$(sw metrics)"
	postgres_freeze CONT
	WAIT_SECONDS=40 eventually_status "$DATABASE.up" true
	# The session that was given up ends when the database finds that it was.
	eventually_status "$BUDGET" 19
	hold 1-1 10.77.1.1
}

@test "a slow answer is waited for" {
	configuration | spillwayd_start
	local pid
	pid=$(ask_postgres "select pid from pg_stat_activity where usename = 'spillway'")
	kill -STOP "$pid"
	wait_until "it was asked" was_asked "$pid"
	kill -CONT "$pid"
	session one
	eventually_status "$BUDGET" 18
	assert_equal "who asks" "$pid" "$(ask_postgres "select pid from pg_stat_activity where usename = 'spillway'")"
}

# was_asked PID: and has not read it.
was_asked() { [ "$(as_server ss -Hxp | grep "pid=$1," | awk '{ sum += $3 } END { print sum + 0 }')" -gt 0 ]; }

@test "a role that may not see others is said once, with what helps; direct is the budget until then" {
	DIRECT=7 CONNINFO="host=$WORLD/postgres dbname=postgres user=stranger" configuration | spillwayd_start
	eventually_status "$BUDGET" 7
	assert_matches "status" 'GRANT pg_monitor TO stranger' "$(sw status)"
	wait_until "it was tried again" tried_again stranger
	assert_equal "times it was said" 1 "$(grep -c 'GRANT pg_monitor TO stranger' "$WORLD/log/spillwayd")"
	ask_postgres 'grant pg_monitor to stranger'
	sw budget main auto
	WAIT_SECONDS=40 eventually_status "$TERMS.max_connections" 23
	assert_status "$DATABASE.error" null
	ask_postgres 'revoke pg_monitor from stranger'
}
tried_again() { [ "$(tail -n "+$((LOG_MARK + 1))" "$WORLD/log/postgres" | grep -c "authorized: user=$1")" -ge 3 ]; }

@test "of two things that are the matter by turns each is said once, until it answers" {
	DIRECT=7 CONNINFO="host=$WORLD/postgres dbname=postgres user=stranger" configuration | spillwayd_start
	local _
	for _ in one two; do
		eventually_wrong 'GRANT pg_monitor TO stranger'
		ask_postgres 'alter role stranger nologin'
		eventually_wrong 'not permitted to log in'
		ask_postgres 'alter role stranger login'
	done
	assert_equal "times the grant was said" 1 "$(grep -c 'GRANT pg_monitor TO stranger' "$WORLD/log/spillwayd")"
	assert_equal "times the login was said" 1 "$(grep -c 'not permitted to log in' "$WORLD/log/spillwayd")"
	ask_postgres 'grant pg_monitor to stranger'
	WAIT_SECONDS=40 eventually_status "$DATABASE.error" null
	# It was well; so this is news.
	ask_postgres "revoke pg_monitor from stranger; select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'stranger'"
	eventually_wrong 'GRANT pg_monitor TO stranger'
	assert_equal "times the grant was said" 2 "$(grep -c 'GRANT pg_monitor TO stranger' "$WORLD/log/spillwayd")"
}
# eventually_wrong TEXT: between two tries there may be as much as half a minute.
eventually_wrong() { WAIT_SECONDS=40 wait_until "it says $1" status_says "$1"; }
status_says() { status_value "$DATABASE.error" | grep -q "$1"; }

@test "a wrong password is said once, and the right one of .pgpass is found" {
	DIRECT=7 CONNINFO="host=127.0.0.1 dbname=postgres user=keyed password=wrong" configuration | spillwayd_start
	eventually_status "$BUDGET" 7
	assert_matches "status" 'password authentication failed for user "keyed"' "$(sw status)"
	wait_until "it was tried again" refused_again
	assert_equal "times it was said" 1 "$(grep -c 'password authentication failed' "$WORLD/log/spillwayd")"
	spillwayd_stop
	printf '*:*:*:keyed:right\n' >"$WORLD/pgpass"
	chmod 600 "$WORLD/pgpass"
	CONNINFO="host=localhost dbname=postgres user=keyed passfile=$WORLD/pgpass" configuration | spillwayd_start
	eventually_status "$BUDGET" 19
	assert_equal "passwords in the log" 0 "$(grep -c right "$WORLD/log/spillwayd")"
}
refused_again() { [ "$(tail -n "+$((LOG_MARK + 1))" "$WORLD/log/postgres" | grep -c 'password authentication failed for user "keyed"')" -ge 2 ]; }

@test "what the database warns all of who connect is not told by the daemon each time" {
	ask_postgres "create database warned locale_provider icu icu_locale 'en' template template0"
	ask_postgres "update pg_database set datcollversion = '0' where datname = 'warned'"
	assert_matches "what psql hears" 'WARNING: .*collation' \
		"$(psql -Xq -h "$WORLD/postgres" -U postgres -d warned -c '' 2>&1)"
	CONNINFO="host=$WORLD/postgres dbname=warned user=spillway" configuration | spillwayd_start
	eventually_status "$BUDGET" 19
	assert_equal "what is not the daemon's own in its log" '' "$(grep -v '^spillwayd: ' "$WORLD/log/spillwayd")"
}

@test "a daemon that takes over goes on with the budget, though the database is silent" {
	configuration | spillwayd_start
	session one
	eventually_status "$BUDGET" 18
	stop_process spillwayd KILL
	postgres_freeze STOP
	spillwayd_run
	assert_status "$BUDGET" 18
	assert_status "$DATABASE.max_connections" null
	postgres_freeze CONT
	WAIT_SECONDS=40 eventually_status "$DATABASE.max_connections" 23
}

@test "a signal stops the daemon while it waits for the first answer" {
	postgres_freeze STOP
	configuration | spillwayd_configure
	spawn spillwayd nsenter --net="/run/netns/$SERVER_NS" \
		"$BUILD/spillwayd" --foreground --config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"
	wait_until "it answers" sw status
	stop_process spillwayd TERM
	postgres_freeze CONT
	assert_equal "pins" '' "$(ls "$PIN_DIR" 2>/dev/null)"
}

@test "whether a full database serves is asked without a place in it" {
	configuration | spillwayd_start
	hold_many 1 19
	mark_log
	hold_in_line 2-1 10.77.2.1
	release 1-1
	gets_in 2-1 direct
	wait_until "the database was asked" asked_to_replicate
	assert_nobody_was_turned_away
}
asked_to_replicate() { tail -n "+$((LOG_MARK + 1))" "$WORLD/log/postgres" | grep -q 'replication role to start walsender'; }

@test "whether a database serves whose places are all given away by a fixed budget is asked without a place in it" {
	MODE=fixed DIRECT=20 LANES="direct, refuse" configuration | sed "s/, conninfo: [^}]*//" | spillwayd_start
	hold_many 1 20
	mark_log
	release 1-1
	wait_until "the database was asked" asked_to_replicate
	hold 2-1 10.77.2.1
	assert_equal "asked by a place of the clients'" 0 \
		"$(tail -n "+$((LOG_MARK + 1))" "$WORLD/log/postgres" | grep -c ':  connection authorized: user=spillway')"
	assert_nobody_was_turned_away
}

@test "a smart shutdown is found, and does not wait for the daemon" {
	configuration | spillwayd_start
	hold_many 1 2
	kill -TERM "$(pid_of postgres)"
	release 1-1
	eventually_status "$DATABASE.up" false
	come_and_wait late 10.77.3.1
	release_all
	wait_until "PostgreSQL has ended" process_is_gone postgres
	postgres_start max_connections=23
	wait_until_served late
	eventually_status "$TERMS.max_connections" 23
}

@test "a smart shutdown is found where nobody may wait as well, and keeps nobody out" {
	LANES="direct, refuse" configuration | spillwayd_start
	hold_many 1 2
	kill -TERM "$(pid_of postgres)"
	release 1-1
	eventually_status "$DATABASE.why" turns_away
	assert_status "$DATABASE.up" false
	assert_matches "status" 'main: the database does not serve: it turns new connections away' "$(sw status)"
	assert_matches "explain" 'main: the database does not serve' "$(sw explain 10.77.1.1)"
	assert_equal "explain" turns_away "$(sw explain --json 10.77.1.1 | jq -r .database.why)"
	assert_matches "metrics" '^spillway_database_down{service="main",why="turns_away"} 1$' "$(sw metrics)"
	assert_equal "the lane" direct "$(sw explain --json 10.77.1.1 | jq -r .lane)"
	release_all
	wait_until "PostgreSQL has ended" process_is_gone postgres
	postgres_start max_connections=23
	eventually_status "$DATABASE.up" true
	assert_status "$DATABASE.why" null
	eventually_status "$TERMS.max_connections" 23
}

@test "a smart shutdown of a database that nobody uses does not wait for the daemon, which leaves no error there" {
	configuration | spillwayd_start
	eventually_status "$BUDGET" 19
	mark_log
	wait_until "the database was asked" asked_plainly
	kill -TERM "$(pid_of postgres)"
	wait_until "PostgreSQL has ended" process_is_gone postgres
	assert_equal "errors" 0 "$(tail -n "+$((LOG_MARK + 1))" "$WORLD/log/postgres" | grep -c 'replication role')"
	postgres_start max_connections=23
	eventually_status "$TERMS.max_connections" 23
}

asked_plainly() { tail -n "+$((LOG_MARK + 1))" "$WORLD/log/postgres" | grep -q 'connection received: host=\[local\]'; }

@test "a hand-over while it waits for the first answer leaves the gate, and the next daemon goes on" {
	postgres_freeze STOP
	configuration | spillwayd_configure
	spawn spillwayd nsenter --net="/run/netns/$SERVER_NS" \
		"$BUILD/spillwayd" --foreground --config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"
	wait_until "it answers" sw status
	sw handover
	wait_until "the daemon is gone" process_is_gone spillwayd
	postgres_freeze CONT
	spillwayd_run
	eventually_status "$BUDGET" 19
	hold 1-1 10.77.1.1
}

@test "what cannot be asked has a fixed budget, and the configuration says so" {
	local protocol
	for protocol in mysql tcp; do
		printf 'services: [{name: main, listen: [":5432"], protocol: %s, budget: {mode: auto}}]\n' "$protocol" \
			>"$WORLD/other.yaml"
		fails_with 2 "budget.mode: 'auto' asks a PostgreSQL, and the service's protocol is $protocol; use fixed" \
			"$BUILD/spillwayd" --check --config "$WORLD/other.yaml"
	done
}

@test "a storm of 3,000 takes PostgreSQL to its limit and not past it" {
	configuration | spillwayd_start
	spawn session-watch bash -c "while :; do echo \"select count(*) from pg_stat_activity where backend_type = 'client backend';\"; read -rt 0.05; done | psql -XqAt -h $WORLD/postgres -U postgres -d app"
	eventually_status "$BUDGET" 18
	storm_from storm 10.77.2.1 50 3000 --within 1s --query 'select pg_sleep(0.1)'
	storm_is_served storm
	assert_equal "peak of backends" 20 "$(sort -n "$WORLD/log/session-watch" | tail -n 1)"
	assert_nobody_was_turned_away
	assert_quiet
}
