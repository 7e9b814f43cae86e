# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Those who refuse, one after another on the same server: begin_X, after which X refuses all who come to its port, and
# end_X. Sourced by tests/bench/refusals.
# shellcheck disable=SC2034 # which reads what is set here

declare -A NAMES=([native]='Spillway, native XDP' [tc]='Spillway, TC' [nftables]='nftables, reject with tcp reset'
	[haproxy]='HAProxy, tcp-request connection reject' [pgbouncer]='PgBouncer at max_client_conn'
	[postgres]='PostgreSQL at max_connections')
declare -A PORT=([native]=5432 [tc]=5432 [nftables]=8432 [haproxy]=7432 [pgbouncer]=6432 [postgres]=5432)
# What storm calls it. HAProxy closes what it accepts, whether the client has sent something by then or not.
declare -A CAUSES=([native]=told_to_retry [tc]=told_to_retry [nftables]=connect_refused
	[haproxy]='closed_early connect_reset reset' [pgbouncer]=sqlstate_08P01 [postgres]=sqlstate_53300)

# Besides three places for superusers, of which ask_postgres() needs one.
POSTGRES_PLACES=7
POOLER_PLACES=20

# start_postgres PLACES: it writes no line for each connection, or that would be counted.
start_postgres() {
	postgres_start max_connections=$(($1 + 3)) superuser_reserved_connections=3 log_connections=off
}

# Where who is to be refused comes from, all of them.
REFUSED_BASE=10.77.8.1
REFUSED_SOURCES=250

# start_spillway native|tc BUDGET
start_spillway() {
	SPILLWAY_ATTACH=$1 spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: $2}
		    lanes: [direct, refuse]
		    classes:
		      - {name: default, rate: unlimited}
		      - {name: refused, rate: unlimited, sources: ["10.77.8.0/24"], lanes: [refuse]}
	YAML
	SERVER_PROCESSES=("$(pid_of spillwayd)")
}

begin_native() { start_spillway native 0; }
end_native() { spillwayd_stop; }

begin_tc() { start_spillway tc 0; }
end_tc() { spillwayd_stop; }

begin_nftables() {
	as_server nft -f - <<-'RULES'
		table inet refusals {
			chain input {
				type filter hook input priority filter
				tcp dport 8432 reject with tcp reset
			}
		}
	RULES
	SERVER_PROCESSES=()
}
end_nftables() { as_server nft delete table inet refusals; }

begin_haproxy() {
	cat >"$WORLD/haproxy.cfg" <<-CONFIG
		global
		    maxconn 4000
		defaults
		    mode tcp
		    timeout connect 10s
		    timeout client 10s
		    timeout server 10s
		frontend all
		    bind $SERVER_IPV4:${PORT[haproxy]}
		    tcp-request connection reject
		    default_backend database
		backend database
		    server database 127.0.0.1:5432
	CONFIG
	spawn haproxy nsenter --net="/run/netns/$SERVER_NS" prlimit --nofile=16384:16384 haproxy -db -f "$WORLD/haproxy.cfg"
	wait_until "HAProxy listens" listens "${PORT[haproxy]}" || {
		show_log haproxy
		return 1
	}
	SERVER_PROCESSES=("$(pid_of haproxy)")
}
end_haproxy() { stop_process haproxy; }

# Full, of clients that are logged in and ask nothing.
begin_pgbouncer() {
	pgbouncer_start 'listen_addr=*' max_client_conn=$POOLER_PLACES log_connections=0 log_disconnections=0
	fill "${PORT[pgbouncer]}" "$POOLER_PLACES"
	SERVER_PROCESSES=("$(pid_of pgbouncer)")
}
end_pgbouncer() {
	stop_process holders
	pgbouncer_stop
}

begin_postgres() {
	fill "${PORT[postgres]}" "$POSTGRES_PLACES"
	SERVER_PROCESSES=("$(pid_of postgres)")
}
end_postgres() {
	stop_process holders
	wait_until "PostgreSQL is empty" sessions_are 0
}

listens() { [ -n "$(as_server ss -Htln "sport = :$1")" ]; }

# fill PORT PLACES: with clients who stay until `holders` is stopped.
fill() {
	spawn holders nsenter --net="/run/netns/$CLIENT_NS" "$BUILD/storm" --target "$SERVER_IPV4:$1" --user app \
		--database app --no-progress --clients "$2" --hold 1h
	wait_until "$2 clients are in at port $1" connections_are "$1" "$2"
}

connections_are() { [ "$(as_server ss -Htn state established "sport = :$1" | wc -l)" = "$2" ]; }
sessions_are() { [ "$(ask_postgres "select count(*) from pg_stat_activity where usename = 'app'")" = "$1" ]; }

# What is under way belongs to those who have heard already: a client's last ACK, a process that ends.
settle() {
	wait_until "no connection is being closed" nobody_closes
	[ "$1" != postgres ] || wait_until "the processes of the refused have ended" backends_are "$POSTGRES_PLACES"
}

nobody_closes() {
	[ -z "$(as_client ss -Htn state fin-wait-1 state last-ack state closing state close-wait)" ]
}
backends_are() { [ "$(pgrep -c -P "$(pid_of postgres)" -f 'postgres: app')" = "$1" ]; }
