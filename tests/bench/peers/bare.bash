# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# PostgreSQL with nobody before it. Sourced by tests/bench/scenario; like all in this folder it has begin_X, after which
# clients come to $PORT, SERVER_PROCESSES are whose CPU time counts, and at most POOLED sessions stay when all clients
# are gone; and end_X.
# shellcheck disable=SC2034 # others read them

begin_bare() {
	PORT=5432 POOLED=0
	SERVER_PROCESSES=("$(pid_of postgres)")
	find_server_threads
	shows postgresql.conf <<<"$POSTGRES_SETTINGS"
}
end_bare() { :; }
