# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Spillway, in native XDP. Sourced by tests/bench/scenario.
# shellcheck disable=SC2034 # others read them

# begin_spillway BUDGET LANES [POOL]: with a POOL, PgBouncer beside it has so many server connections in transaction
# pooling, as tools/world sets it up. QUEUE_MOST may wait, by default 10,000, each for QUEUE_WAIT, by default 60s.
begin_spillway() {
	PORT=5432 POOLED=${3:-0}
	SERVER_PROCESSES=("$(pid_of postgres)")
	if [ "$POOLED" -gt 0 ]; then
		pgbouncer_start default_pool_size="$POOLED" listen_backlog=8192 log_connections=0 log_disconnections=0
		SERVER_PROCESSES+=("$(pid_of pgbouncer)")
		shows pgbouncer.ini "$WORLD/pgbouncer/pgbouncer.ini"
	fi
	SPILLWAY_ATTACH=native spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: $1}
		    pooler: {address: "$([ "$POOLED" -eq 0 ] || printf '127.0.0.1:%d' "$POOLER_PORT")", max_connections: 4000}
		    queue: {max_waiting: ${QUEUE_MOST:-10000}, max_wait: ${QUEUE_WAIT:-60s}, overload_after: 0s}
		    lanes: [$2]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
	SERVER_PROCESSES+=("$(pid_of spillwayd)")
	find_server_threads
	shows spillway.yaml "$WORLD/spillway.yaml"
}
end_spillway() {
	spillwayd_stop
	! process_runs pgbouncer || pgbouncer_stop
}
