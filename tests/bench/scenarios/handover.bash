# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# From a place that becomes free to the client that waited for it. Sourced by tests/bench/scenario.
# shellcheck disable=SC2034 # describe() reads them

SAMPLES=$(sized 500 100 5)
SLOW_SAMPLES=$(sized 5 3 1) # of who leaves it to the client to come again, after a second and more
COUNTER=5432

TITLE="A place becomes free: until the one who waited for it is served, $SAMPLES times"
NOTES="There is one place. One client leaves (Terminate, close) and another one waits, since 5 ms: from that moment until it
has logged in and has its query's answer. The server answers at once (bench_counter), so that this is the time of whoever
hands over and of the network. With a dropped SYN the client waits for its own next one; $SLOW_SAMPLES times. (With
transaction pooling nobody holds a place who asks nothing: there is no such waiting.)"
COMPARED=p50_us
SERVED=

contestant spillway ours 'Spillway, queue'
contestant spillway_tc ours 'Spillway, TC, queue'
contestant haproxy peer 'HAProxy, maxconn and queue'
contestant pgbouncer_session peer 'PgBouncer, session pooling'
contestant nftables peer 'nftables, ct count and drop'

metric p50_us lower 'p50, us'
metric p99_us lower 'p99, us'
metric max_us lower 'longest, us'

goal spillway p50_us '<=' 1 haproxy "no slower than HAProxy's queue"
goal spillway p50_us '<=' 0.01 nftables 'a hundred times faster than by the next SYN'

prepare() {
	prepare_server 10 port=5433
	start_counter "$COUNTER"
}
finish() { stop_process counter; }

begin() {
	case $1 in
	spillway) begin_handing_spillway native ;;
	spillway_tc) begin_handing_spillway tc ;;
	haproxy) begin_haproxy 1 "127.0.0.1:$COUNTER" ;;
	pgbouncer_session) POOLED_HOST=127.0.0.1 begin_pgbouncer session 1 ;;
	nftables) begin_nftables 1 ;;
	esac
}

begin_handing_spillway() {
	PORT=$COUNTER
	SPILLWAY_ATTACH=$1 spillwayd_start <<-YAML
		services:
		  - name: main
		    protocol: tcp
		    listen: [":$COUNTER"]
		    budget: {mode: fixed, direct: 1}
		    half_open: {max_percent: 0, max_percent_per_source: 0}
		    queue: {max_wait: 60s, overload_after: 0s}
		    lanes: [direct, queue, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
	shows spillway.yaml "$WORLD/spillway.yaml"
}

measure() {
	local samples=$SAMPLES
	[ "$1" != nftables ] || samples=$SLOW_SAMPLES
	begin "$1"
	as_client "$BUILD/tests/bench/world/bench_handover" "$SERVER_IPV4" "$PORT" 10.77.1.1 "$samples" 5 >"$WORLD/handover.json"
	wait_until "no connection is being closed" nobody_closes
	case $1 in
	spillway*) spillwayd_stop ;;
	*) "end_${1%%_*}" ;;
	esac
	jq -c '{p50_us, p99_us, max_us}' "$WORLD/handover.json"
}
