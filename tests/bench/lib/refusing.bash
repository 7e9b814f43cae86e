# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Those who refuse, one after another on the same server: begin_refusing_X, after which X refuses all who come to its port,
# and end_refusing_X. Sourced by the scenarios refusal and beside_refusals.
# shellcheck disable=SC2034 # which reads what is set here

declare -A REFUSING_PORT=([native]=5432 [full]=5432 [tc]=5432 [nftables]=8432 [haproxy]=7432 [pgbouncer]=6432 [postgres]=5432)
# What storm calls it. HAProxy closes what it accepts, whether the client has sent something by then or not.
declare -A CAUSES=([native]=told_to_retry [full]=told_to_retry [tc]=told_to_retry [nftables]=connect_refused
	[haproxy]='closed_early connect_reset reset' [pgbouncer]=sqlstate_08P01 [postgres]=sqlstate_53300)

POSTGRES_PLACES=7
POOLER_PLACES=20

# Where who is to be refused comes from, all of them.
REFUSED_BASE=10.77.8.1
REFUSED_SOURCES=250
# Likewise, and of no class of their own.
OTHERS_BASE=10.77.9.1

# start_spillway native|tc BUDGET: who fills the budget comes at once, and from one address.
start_spillway() {
	SPILLWAY_ATTACH=$1 spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: $2}
		    half_open: {max_percent: 0, max_percent_per_source: 0}
		    lanes: [direct, refuse]
		    classes:
		      - {name: default, rate: unlimited}
		      - {name: refused, rate: unlimited, sources: ["10.77.8.0/24"], lanes: [refuse]}
	YAML
	SERVER_PROCESSES=("$(pid_of spillwayd)")
	shows spillway.yaml "$WORLD/spillway.yaml"
}

begin_refusing_native() { start_spillway native 0; }
end_refusing_native() { spillwayd_stop; }

# Everybody may go direct, and finds that full: who is refused has been through all of a decision, and at last there is
# no room. Those who are in are of the class of the rest, and so are those who come.
begin_refusing_full() {
	start_spillway native "$POSTGRES_PLACES"
	fill 5432 "$POSTGRES_PLACES"
}
end_refusing_full() {
	stop_process holders
	spillwayd_stop
	wait_until "PostgreSQL is empty" sessions_are 0
}

begin_refusing_tc() { start_spillway tc 0; }
end_refusing_tc() { spillwayd_stop; }

begin_refusing_nftables() {
	cat >"$WORLD/rules.nft" <<-'RULES'
		table inet refusals {
			chain input {
				type filter hook input priority filter
				tcp dport 8432 reject with tcp reset
			}
		}
	RULES
	nftables_load
	SERVER_PROCESSES=()
}
end_refusing_nftables() { as_server nft delete table inet refusals; }

begin_refusing_haproxy() {
	cat >"$WORLD/haproxy.cfg" <<-CONFIG
		global
		    maxconn 4000
		defaults
		    mode tcp
		    timeout connect 10s
		    timeout client 10s
		    timeout server 10s
		frontend all
		    bind $SERVER_IPV4:${REFUSING_PORT[haproxy]}
		    tcp-request connection reject
		    default_backend database
		backend database
		    server database 127.0.0.1:5432
	CONFIG
	haproxy_start "${REFUSING_PORT[haproxy]}" || return
	SERVER_PROCESSES=("$(pid_of haproxy)")
}
end_refusing_haproxy() { stop_process haproxy; }

# Full, of clients that are logged in and ask nothing.
begin_refusing_pgbouncer() {
	pgbouncer_start 'listen_addr=*' max_client_conn=$POOLER_PLACES log_connections=0 log_disconnections=0
	fill "${REFUSING_PORT[pgbouncer]}" "$POOLER_PLACES"
	SERVER_PROCESSES=("$(pid_of pgbouncer)")
	shows pgbouncer.ini "$WORLD/pgbouncer/pgbouncer.ini"
}
end_refusing_pgbouncer() {
	stop_process holders
	pgbouncer_stop
}

begin_refusing_postgres() {
	fill "${REFUSING_PORT[postgres]}" "$POSTGRES_PLACES"
	SERVER_PROCESSES=("$(pid_of postgres)")
	shows postgresql.conf <<<"$POSTGRES_SETTINGS"
}
end_refusing_postgres() {
	stop_process holders
	wait_until "PostgreSQL is empty" sessions_are 0
}

# fill PORT PLACES: with clients who stay until `holders` is stopped.
fill() {
	spawn holders nsenter --net="/run/netns/$CLIENT_NS" "$BUILD/storm" --target "$SERVER_IPV4:$1" --user app \
		--database app --no-progress --clients "$2" --hold 1h
	wait_until "$2 clients are in at port $1" connections_are "$1" "$2"
}

connections_are() { [ "$(as_server ss -Htn state established "sport = :$1" | wc -l)" = "$2" ]; }
sessions_are() { [ "$(ask_postgres "select count(*) from pg_stat_activity where usename = 'app'")" = "$1" ]; }

# What is under way belongs to those who have heard already: a client's last ACK, a process that ends.
settle_refusing() {
	wait_until "no connection is being closed" nobody_closes
	[ "$1" != postgres ] || wait_until "the processes of the refused have ended" backends_are "$POSTGRES_PLACES"
}

backends_are() { [ "$(pgrep -c -P "$(pid_of postgres)" -f 'postgres: app')" = "$1" ]; }

# [BASE=ADDRESS] load_refused CLIENTS PORT [OPTION]...: 100 at a time.
load_refused() {
	storm_at "$2" --timeout 30s --max-in-flight 100 --clients "$1" --source-base "${BASE:-$REFUSED_BASE}" \
		--source-count "$REFUSED_SOURCES" "${@:3}"
}

# check_causes CAUSES REPORT: what the clients are to have met, all but one in a thousand, or the figures are of
# something else.
check_causes() {
	jq -e --arg causes "$1" '. as $all | [$causes | split(" ")[] | $all.failures[.].count // 0]
		| add >= $all.clients * 0.999' "$2" >/dev/null || {
		printf 'bench: not nearly all clients met %s:\n' "$1" >&2
		jq .failures "$2" >&2
		return 1
	}
}
