# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What those who are in pay: short queries and a long result over connections that are open already. Sourced by
# tests/bench/scenario.
# shellcheck disable=SC2034 # describe() reads them

SESSIONS=$(sized 8 8 2)
SECONDS_EACH=$(sized 8 2 1)
RESULTS=$(sized 40 10 2)
PLACES=20

TITLE="The tax on traffic that is in: $SESSIONS sessions of pgbench -S, and results of 10 MB"
NOTES="pgbench -n -S for $SECONDS_EACH s, simple protocol, scale 1; then one client fetches $RESULTS results of 10 MB, one after
another: the median time of a result. CPU: PostgreSQL, whoever is before it, and the kernel threads that receive for them;
the connections' beginnings are in it."
COMPARED=tps
SERVED=

contestant bare peer 'bare PostgreSQL'
contestant spillway ours 'Spillway, direct'
contestant nftables peer 'nftables, ct state'
contestant haproxy peer 'HAProxy, TCP'
contestant pgbouncer_session peer 'PgBouncer, session pooling'
contestant pgbouncer_transaction peer 'PgBouncer, transaction pooling'

metric tps higher 'transactions a second'
metric cpu_us lower 'CPU a transaction, us'
metric result_ms lower '10 MB, ms'
metric result_cpu_ms lower 'CPU for 10 MB, ms'

goal spillway tps '>=' 0.99 bare 'short queries: 0.99 of bare'
goal spillway tps '>=' 1.5 haproxy "short queries: 1.5 x HAProxy's"
goal haproxy result_ms '>=' 1.5 spillway "a long result: HAProxy takes 1.5 x Spillway's time"
goal spillway result_ms '<=' 1.01 bare 'a long result: 1.01 of bare'

prepare() {
	prepare_server "$PLACES"
	prepare_tables
	ask_postgres "create table long as select repeat(chr(65 + n % 26), 1000) as line from generate_series(1, 10486) n;
		grant select on long to app"
}
finish() { :; }

begin() {
	case $1 in
	bare) begin_bare ;;
	spillway) begin_spillway "$PLACES" 'direct, refuse' ;;
	nftables) begin_stateful_nftables ;;
	haproxy) begin_haproxy ;;
	pgbouncer_*) begin_pgbouncer "${1#pgbouncer_}" "$PLACES" ;;
	esac
}

# What a stateful firewall does for those who are in.
begin_stateful_nftables() {
	PORT=5432 POOLED=0
	cat >"$WORLD/rules.nft" <<-'RULES'
		table inet bench {
		    chain input {
		        type filter hook input priority filter; policy accept;
		        ct state established,related accept
		        tcp dport 5432 ct state new accept
		        ct state invalid drop
		    }
		}
	RULES
	nftables_load
	SERVER_PROCESSES=("$(pid_of postgres)")
	find_server_threads
}

measure() {
	local start middle end counted
	begin "$1"
	start=$(server_cpu_ns)
	mapfile -t counted < <(short_queries)
	settle
	middle=$(server_cpu_ns)
	storm_at "$PORT" --clients 1 --rounds "$RESULTS" --query 'select line from long' --source-base 10.77.1.1 --source-count 1 \
		--fail-if-any >"$WORLD/long.json"
	settle
	end=$(server_cpu_ns)
	"end_${1%%_*}"
	jq -c --argjson transactions "${counted[0]}" --argjson tps "${counted[1]}" --argjson short_ns $((middle - start)) \
		--argjson long_ns $((end - middle)) --argjson results "$RESULTS" '{
			$tps, cpu_us: ($short_ns / 1000 / $transactions), result_ms: .query_ms.p50,
			result_cpu_ms: ($long_ns / 1000000 / $results)
		}' "$WORLD/long.json"
}
