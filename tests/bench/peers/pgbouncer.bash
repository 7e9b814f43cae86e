# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# PgBouncer on the database's host, by the unix socket. Clients over the pool's size wait in it. Two settings are not its
# defaults for the sake of a storm: a listen_backlog that holds all who come at once (else the kernel drops their SYNs),
# and no log line for each client. Sourced by tests/bench/scenario.
# shellcheck disable=SC2034 # others read them

# begin_pgbouncer session|transaction POOL [key=value]...
begin_pgbouncer() {
	PORT=6432 POOLED=$2
	pgbouncer_start 'listen_addr=*' pool_mode="$1" default_pool_size="$2" listen_backlog=8192 log_connections=0 \
		log_disconnections=0 "${@:3}"
	SERVER_PROCESSES=("$(pid_of postgres)" "$(pid_of pgbouncer)")
	find_server_threads
	shows pgbouncer.ini "$WORLD/pgbouncer/pgbouncer.ini"
}
end_pgbouncer() { pgbouncer_stop; }
