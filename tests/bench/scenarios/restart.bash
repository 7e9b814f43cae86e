# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What clients notice when PostgreSQL is restarted under them, and when whoever is before it is killed and started again.
# Sourced by tests/bench/scenario.
# shellcheck disable=SC2034 # describe() reads them

RATE=$(sized 60 60 30)
SECONDS_EACH=$(sized 8 6 3)
CLIENTS=$((RATE * SECONDS_EACH))
PLACES=20
BEFORE=$(sized 3 2 1)
DOWN=0.5 # s, until who was killed is started again

TITLE="Restarts: $RATE clients a second for $SECONDS_EACH s, and in the middle PostgreSQL goes, or who is before it"
NOTES="Clients come evenly, each for 20 ms of work, and wait up to 10 s; latencies count from when each was due. First PostgreSQL
is restarted (fast shutdown), which ends the sessions that are inside; then whoever is before it is ended by SIGKILL and
started again $DOWN s later. Nobody is told beforehand, as PgBouncer and Spillway could be (PAUSE, pause). PgBouncer tries
again after 1 s, where by default it turns everybody away for 15 s after a failed login."
COMPARED=restart_failed
SERVED=

contestant spillway ours 'Spillway, queue'
contestant bare peer 'bare PostgreSQL'
contestant haproxy peer 'HAProxy, maxconn and queue'
contestant pgbouncer_session peer 'PgBouncer, session pooling'
contestant pgbouncer_transaction peer 'PgBouncer, transaction pooling'
contestant pgpool peer 'pgpool-II'

metric restart_failed lower 'failed, PostgreSQL restarted'
metric restart_p99_ms lower 'login p99, ms'
metric restart_max_ms lower 'longest login, ms'
metric killed_failed lower 'failed, the one before it killed'
metric killed_p99_ms lower 'login p99, ms'

goal spillway killed_failed '<=' 0 'nobody notices that the daemon was killed'
goal spillway restart_failed '<=' 1 best_peer "a restart of PostgreSQL fails no more clients than with the best peer"

prepare() {
	prepare_server "$PLACES"
	ask_postgres 'create role spillway login; grant pg_monitor to spillway'
}
finish() { :; }

begin() {
	case $1 in
	spillway) begin_watching_spillway ;;
	haproxy) begin_haproxy "$PLACES" ;;
	pgbouncer_*) begin_pgbouncer "${1#pgbouncer_}" "$PLACES" server_login_retry=1 ;;
	pgpool) begin_pgpool "$PLACES" ;;
	*) "begin_$1" ;;
	esac
}

begin_watching_spillway() {
	# The daemon's own session.
	PORT=5432 POOLED=1
	SPILLWAY_ATTACH=native spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: $PLACES, conninfo: "host=$WORLD/postgres dbname=postgres user=spillway"}
		    queue: {max_wait: 10s, overload_after: 0s}
		    lanes: [direct, queue, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
	shows spillway.yaml "$WORLD/spillway.yaml"
}

# The process that is before PostgreSQL, if there is one.
program_of() {
	case $1 in
	spillway) echo spillwayd ;;
	bare) ;;
	*) echo "${1%%_*}" ;;
	esac
}

# With its children, as a service manager does, or they would keep its port.
kill_and_start() {
	local program pids
	program=$(program_of "$1")
	mapfile -t pids < <(descendants "$(pid_of "$program")")
	kill -s KILL "${pids[@]}"
	wait_until "$program is gone" process_is_gone "$program"
	sleep "$DOWN"
	case $1 in
	spillway) spillwayd_run ;;
	*) SHOWN=/dev/null begin "$1" ;;
	esac
}

restart_postgres() {
	postgres_stop
	postgres_start "${SERVER_SETTINGS[@]}"
}

# meanwhile NAME COMMAND...: clients come all the time, and in the middle COMMAND happens.
meanwhile() {
	local storm
	storm_at "$PORT" --even --connect-rate "$RATE/s" --clients "$CLIENTS" --timeout 10s --query 'select pg_sleep(0.02)' \
		--source-base 10.77.1.1 --source-count 250 >"$WORLD/$1.json" &
	storm=$!
	sleep "$BEFORE"
	"${@:2}"
	wait "$storm"
}

measure() {
	begin "$1"
	meanwhile restarted restart_postgres
	echo null >"$WORLD/killed.json"
	[ "$1" = bare ] || meanwhile killed kill_and_start "$1"
	settle
	case $1 in
	spillway) spillwayd_stop ;;
	*) "end_${1%%_*}" ;;
	esac
	jq -nc --slurpfile restarted "$WORLD/restarted.json" --slurpfile killed "$WORLD/killed.json" '
		$restarted[0] as $restarted | $killed[0] as $killed | {
			restart_failed: $restarted.failed, restart_p99_ms: $restarted.login_ms.p99,
			restart_max_ms: $restarted.login_ms.max, killed_failed: ($killed.failed // null),
			killed_p99_ms: ($killed.login_ms.p99 // null), failures: ($restarted.failures | map_values(.count))
		}'
}
