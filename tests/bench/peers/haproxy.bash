# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# HAProxy as a TCP proxy on the database's host. Its manual (4.2 "timeout queue", 5.2 "maxconn") has the connections over a
# server's maxconn wait in the backend's queue; without a time-out of its own they would wait no longer than for a
# connect. To PostgreSQL by its unix socket, which costs it least. Sourced by tests/bench/scenario.
# shellcheck disable=SC2034 # others read them

# begin_haproxy [MAXCONN [SERVER]]; all in all it takes HAPROXY_MAXCONN, which it needs two files each for.
begin_haproxy() {
	PORT=7432 POOLED=0
	cat >"$WORLD/haproxy.cfg" <<-CONFIG
		global
		    maxconn ${HAPROXY_MAXCONN:-5000}
		defaults
		    mode tcp
		    timeout connect 10s
		    timeout queue ${QUEUE_WAIT:-60s}
		    timeout client 1h
		    timeout server 1h
		listen database
		    bind $SERVER_IPV4:$PORT
		    maxconn ${HAPROXY_MAXCONN:-5000}
		    server database ${2:-unix@$WORLD/postgres/.s.PGSQL.5432}${1:+ maxconn $1}
	CONFIG
	haproxy_start "$PORT" || return
	SERVER_PROCESSES=("$(pid_of postgres)" "$(pid_of haproxy)")
	find_server_threads
}
end_haproxy() { stop_process haproxy; }
