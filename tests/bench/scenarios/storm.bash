# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A storm: all clients come at once, each for one piece of work, to a PostgreSQL with few places. Who is served, how long
# it takes, what it costs. Sourced by tests/bench/scenario.
# shellcheck disable=SC2034 # describe() reads them

CLIENTS=$(sized 2000 400 60)
PLACES=$(sized 40 40 8)
POOL=$(sized 10 10 2) # places of those for a pooler beside the direct ones
SOURCES=$(sized 250 100 20)
PATIENCE=$(sized 60s 10s 4s)
WORK_MS=10

TITLE="A storm: $CLIENTS clients at once, $WORK_MS ms of work each, PostgreSQL with $PLACES places"
NOTES="Each client opens a connection, logs in, runs pg_sleep(0.01) and leaves; $SOURCES source addresses in turn. Nobody
comes again after an error. A client waits at most $PATIENCE. The ideal makespan is clients x work / places, with
connections that cost nothing. CPU: PostgreSQL, whoever is before it, and the kernel threads that receive for them."
COMPARED=makespan_ms
SERVED=succeeded_percent

contestant spillway_queue ours 'Spillway, queue'
contestant bare peer 'bare PostgreSQL'
contestant haproxy peer 'HAProxy, maxconn and queue'
contestant haproxy_spare peer 'HAProxy, maxconn a tenth lower'
contestant spillway_pooler ours 'Spillway, pooler'
contestant pgbouncer_session peer 'PgBouncer, session pooling'
contestant pgbouncer_transaction peer 'PgBouncer, transaction pooling'
contestant pgpool peer 'pgpool-II'
contestant nftables peer 'nftables, ct count and drop'
contestant spillway_both ours 'Spillway, pooler and queue'

metric succeeded_percent higher 'served, %'
metric makespan_ms lower 'makespan, ms'
metric makespan_x_ideal lower 'x ideal'
metric login_p50_ms lower 'login p50, ms'
metric login_p99_ms lower 'login p99, ms'
metric sqlstate_53300 lower "PostgreSQL's 53300"
metric failed lower 'failed'
metric peak_backends lower 'peak backends'
metric fairness_served higher 'Jain, part served'
metric fairness_login higher 'Jain, login p50'
metric cpu_us_per_served lower 'CPU a client served, us'

for who in queue pooler both; do
	goal "spillway_$who" succeeded_percent '>=' 100 "everybody is served ($who)"
	goal "spillway_$who" sqlstate_53300 '<=' 0 "PostgreSQL turns nobody away ($who)"
done
goal spillway_queue makespan_ms '<=' 1 best_peer 'the queue is no slower than the best peer that serves everybody'
goal spillway_both makespan_ms '<=' 1 best_peer 'pooler and queue are no slower than the best peer that serves everybody'

prepare() { prepare_server "$PLACES"; }
finish() { :; }

begin() {
	case $1 in
	haproxy) begin_haproxy "$PLACES" ;;
	haproxy_spare) begin_haproxy $((PLACES - (PLACES + 9) / 10)) ;;
	pgbouncer_*) begin_pgbouncer "${1#pgbouncer_}" "$PLACES" ;;
	pgpool) begin_pgpool "$PLACES" ;;
	nftables) begin_nftables "$PLACES" ;;
	spillway_queue) begin_spillway "$PLACES" 'direct, queue, refuse' ;;
	spillway_pooler) begin_spillway $((PLACES - POOL)) 'direct, pooler, refuse' "$POOL" ;;
	spillway_both) begin_spillway $((PLACES - POOL)) 'direct, pooler, queue, refuse' "$POOL" ;;
	*) "begin_$1" ;;
	esac
}

measure() {
	local before after
	begin "$1"
	before=$(server_cpu_ns)
	begin_peak
	storm_at "$PORT" --clients "$CLIENTS" --timeout "$PATIENCE" --query "select pg_sleep($WORK_MS / 1000.0)" --by-source \
		--source-base 10.77.1.1 --source-count "$SOURCES" >"$WORLD/storm.json"
	settle
	end_peak
	after=$(server_cpu_ns)
	"end_${1%%_*}"
	jq -c --argjson cpu_ns $((after - before)) --argjson ideal_ms $((CLIENTS * WORK_MS / PLACES)) \
		--argjson peak_backends "$PEAK_BACKENDS" '{
			succeeded_percent: (100 * .succeeded / .clients), makespan_ms, makespan_x_ideal: (.makespan_ms / $ideal_ms),
			login_p50_ms: .login_ms.p50, login_p99_ms: .login_ms.p99,
			sqlstate_53300: (.failures.sqlstate_53300.count // 0), failed, $peak_backends,
			fairness_served: .fairness.served, fairness_login: .fairness.login_p50,
			cpu_us_per_served: (if .succeeded > 0 then $cpu_ns / 1000 / .succeeded else null end),
			failures: (.failures | map_values(.count))
		}' "$WORLD/storm.json"
}
