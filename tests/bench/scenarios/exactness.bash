# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# How exact a limit is: connections as fast as they go at a limit of 20, to a server that counts (bench_counter). First
# more at a time than the limit: how many over it does the server see? Then half as many: whoever is refused there is
# refused wrongly. Sourced by tests/bench/scenario.
# shellcheck disable=SC2034 # describe() reads them

LIMIT=20
CLIENTS=$(sized 10000 3000 200)
SOURCES=250

TITLE="Exactness: $CLIENTS connections as fast as they go at a limit of $LIMIT"
NOTES="Over the limit: with 200 at a time, the most that the server had at once less $LIMIT. Refused wrongly: with $((LIMIT / 2)) at
a time, none of which has a reason to be refused; where the server saw $LIMIT at once then, nobody can say, and there is no
figure. The server logs in everybody and counts exactly; it is no PostgreSQL, which would take the CPUs for itself."
COMPARED=refused_wrongly
SERVED=

contestant spillway ours 'Spillway'
contestant spillway_tc ours 'Spillway, TC'
contestant haproxy peer 'HAProxy, reject if fe_conn is over'
contestant nftables peer 'nftables, ct count and reject'

metric over_limit lower 'over the limit'
metric refused_wrongly lower 'refused wrongly'
metric refused_wrongly_percent lower 'refused wrongly, %'
metric per_s higher 'served a second, at half'
metric refused_per_s higher 'answered a second, beyond'

for who in spillway spillway_tc; do
	goal "$who" over_limit '<=' 0 "never one more than the limit ($who)"
	goal "$who" refused_wrongly '<=' 0 "nobody is refused wrongly ($who)"
done

# The port that HAProxy does not have.
COUNTER=5432

prepare() { prepare_server 10 port=5433; }
finish() { :; }

begin() {
	case $1 in
	spillway) begin_gate native ;;
	spillway_tc) begin_gate tc ;;
	haproxy) begin_rejecting_haproxy ;;
	nftables) begin_rejecting_nftables ;;
	esac
}
end() {
	case $1 in
	spillway*) spillwayd_stop ;;
	haproxy) stop_process haproxy ;;
	nftables) as_server nft delete table inet bench ;;
	esac
}

begin_gate() {
	PORT=$COUNTER
	SPILLWAY_ATTACH=$1 spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":$COUNTER"]
		    budget: {mode: fixed, direct: $LIMIT}
		    half_open: {max_percent: 0, max_percent_per_source: 0}
		    lanes: [direct, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
	shows spillway.yaml "$WORLD/spillway.yaml"
}

begin_rejecting_haproxy() {
	PORT=7432
	cat >"$WORLD/haproxy.cfg" <<-CONFIG
		global
		    maxconn 5000
		defaults
		    mode tcp
		    timeout connect 10s
		    timeout client 1m
		    timeout server 1m
		frontend all
		    bind $SERVER_IPV4:$PORT
		    tcp-request connection reject if { fe_conn gt $LIMIT }
		    default_backend counter
		backend counter
		    server counter 127.0.0.1:$COUNTER
	CONFIG
	haproxy_start "$PORT"
}

# Not dropped: a client is to hear of it, or would only come again.
begin_rejecting_nftables() {
	PORT=$COUNTER
	cat >"$WORLD/rules.nft" <<-RULES
		table inet bench {
		    chain input {
		        type filter hook input priority filter; policy accept;
		        tcp dport $COUNTER ct state new ct count over $LIMIT reject with tcp reset
		    }
		}
	RULES
	nftables_load
}

# run_through AT_A_TIME NAME: one storm, and what the server has to say about it.
run_through() {
	start_counter "$COUNTER"
	storm_at "$PORT" --no-query --clients "$CLIENTS" --max-in-flight "$1" --timeout 20s --source-base 10.77.1.1 \
		--source-count "$SOURCES" >"$WORLD/$2.json"
	wait_until "no connection is being closed" nobody_closes
	stop_process counter
	cp "$WORLD/log/counter" "$WORLD/$2.counted"
}

measure() {
	begin "$1"
	run_through 200 beyond
	run_through $((LIMIT / 2)) within
	end "$1"
	jq -nc --argjson limit "$LIMIT" --slurpfile beyond "$WORLD/beyond.json" --slurpfile within "$WORLD/within.json" \
		--slurpfile most "$WORLD/beyond.counted" --slurpfile least "$WORLD/within.counted" '
		$beyond[0] as $beyond | $within[0] as $within | ($least[0].peak < $limit) as $known | {
			over_limit: ([$most[0].peak - $limit, 0] | max),
			refused_wrongly: (if $known then $within.failed else null end),
			refused_wrongly_percent: (if $known then 100 * $within.failed / $within.clients else null end),
			per_s: (1000 * $within.succeeded / $within.makespan_ms),
			refused_per_s: (1000 * $beyond.clients / $beyond.makespan_ms),
			failures: ($within.failures | map_values(.count))
		}'
}
