# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The same PgBouncer reached directly, and by whoever steers clients to it. Sourced by tests/bench/scenario.
# shellcheck disable=SC2034 # describe() reads them

SESSIONS=$(sized 20 20 4)
SECONDS_EACH=$(sized 8 4 1)
LOGINS=$(sized 3000 1000 60)
POOL=10

TITLE="Steered is free: $SESSIONS sessions of pgbench -S at one PgBouncer, and $LOGINS logins"
NOTES="PgBouncer with transaction pooling and $POOL server connections, the same for all; clients reach it at its own port, or
at PostgreSQL's by who is there. pgbench -n -S for $SECONDS_EACH s; then $LOGINS clients, 20 at a time, log in, ask once and
leave. CPU: PostgreSQL, PgBouncer, whoever steers, and the kernel threads that receive for them."
COMPARED=tps
SERVED=

contestant direct peer 'PgBouncer, directly'
contestant spillway ours "Spillway's pooler lane"
contestant nftables peer 'nftables, redirect'
contestant haproxy peer 'HAProxy, TCP'

metric tps higher 'transactions a second'
metric cpu_us lower 'CPU a transaction, us'
metric logins_per_s higher 'logins a second'
metric login_cpu_us lower 'CPU a login, us'

goal spillway tps '>=' 0.99 direct 'steered sessions are as fast as direct ones: 0.99'
goal spillway cpu_us '<=' 1.02 direct 'and cost the CPU of direct ones: 1.02'

prepare() {
	prepare_server $((POOL + 5))
	prepare_tables
}
finish() { :; }

begin() {
	begin_pgbouncer transaction "$POOL"
	case $1 in
	direct) ;;
	spillway) begin_steering_spillway ;;
	nftables) begin_redirecting_nftables ;;
	haproxy) begin_haproxy_before_pgbouncer ;;
	esac
	find_server_threads
}
end() {
	case $1 in
	direct) ;;
	spillway) spillwayd_stop ;;
	nftables) as_server nft delete table inet bench ;;
	haproxy) stop_process haproxy ;;
	esac
	end_pgbouncer
}

begin_steering_spillway() {
	PORT=5432
	SPILLWAY_ATTACH=native spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 0}
		    pooler: {address: "127.0.0.1:$POOLER_PORT", max_connections: 4000}
		    lanes: [pooler, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
	SERVER_PROCESSES+=("$(pid_of spillwayd)")
	shows spillway.yaml "$WORLD/spillway.yaml"
}

begin_redirecting_nftables() {
	PORT=5432
	cat >"$WORLD/rules.nft" <<-RULES
		table inet bench {
		    chain prerouting {
		        type nat hook prerouting priority dstnat; policy accept;
		        tcp dport 5432 redirect to :$POOLER_PORT
		    }
		}
	RULES
	nftables_load
}

begin_haproxy_before_pgbouncer() {
	PORT=7432
	cat >"$WORLD/haproxy.cfg" <<-CONFIG
		global
		    maxconn 5000
		defaults
		    mode tcp
		    timeout connect 10s
		    timeout client 1h
		    timeout server 1h
		listen pooler
		    bind $SERVER_IPV4:$PORT
		    server pooler 127.0.0.1:$POOLER_PORT
	CONFIG
	haproxy_start "$PORT"
	SERVER_PROCESSES+=("$(pid_of haproxy)")
}

measure() {
	local start middle end counted
	begin "$1"
	start=$(server_cpu_ns)
	mapfile -t counted < <(short_queries)
	settle
	middle=$(server_cpu_ns)
	storm_at "$PORT" --clients "$LOGINS" --max-in-flight 20 --source-base 10.77.1.1 --source-count 250 --fail-if-any \
		>"$WORLD/logins.json"
	settle
	end=$(server_cpu_ns)
	end "$1"
	jq -c --argjson transactions "${counted[0]}" --argjson tps "${counted[1]}" --argjson short_ns $((middle - start)) \
		--argjson login_ns $((end - middle)) '{
			$tps, cpu_us: ($short_ns / 1000 / $transactions), logins_per_s: (1000 * .succeeded / .makespan_ms),
			login_cpu_us: ($login_ns / 1000 / .succeeded)
		}' "$WORLD/logins.json"
}
