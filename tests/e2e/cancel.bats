#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# A CancelRequest comes by a connection of its own, and reaches its session on whichever lane that is.

load lib/e2e
load lib/waiters

# Node.js takes its time to begin where others have the CPUs.
export WAIT_SECONDS=30

setup_file() { world_with_database max_connections=40; }
teardown_file() { world_destroy; }
teardown() {
	stop_process session KILL
	wake_sleepers
	end_test
}

# configure BUDGET [CHAIN [MAX_WAIT [DIRECT]]]
configure() {
	spillwayd_start <<-YAML
		log: {level: debug}
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: $1}
		    direct: {address: "${4:-}"}
		    pooler: {address: "127.0.0.1:6432", max_connections: 500}
		    queue: {max_wait: ${3:-10s}}
		    lanes: [${2:-direct, pooler, refuse}]
		    classes:
		      - {name: default, rate: unlimited}
		      - {name: pooled, sources: ["10.77.7.0/24", "fd77:0:7::/48"], rate: unlimited, lanes: [pooler, refuse]}
	YAML
}

SLEEPS="select pg_sleep(60)"

sleepers() {
	ask_postgres "select count(*) from pg_stat_activity where state = 'active' and query like '$SLEEPS%'"
}
# A backend at a query does not notice that its client is gone.
wake_sleepers() {
	ask_postgres "select pg_terminate_backend(pid) from pg_stat_activity where query like '$SLEEPS%'" >/dev/null
}
sleepers_are() { [ "$(sleepers)" = "$1" ]; }

# sleep_in NAME: the held client's session is at a query that takes long.
sleep_in() {
	printf '%s;\n' "$SLEEPS" >"$WORLD/hold-$1.fifo"
	wait_until "the query of $1 runs" sleepers_are 1
}

# interrupt NAME: as Ctrl-C does; psql sends its request by PQcancel.
interrupt() { kill -s INT "$(pid_of "hold-$1")"; }

was_cancelled() { grep -q 'canceling statement due to user request' "$WORLD/log/hold-$1"; }

# is_cancelled NAME: by the server, which says so. A psql that runs a script ends with its query then.
is_cancelled() {
	wait_until "the query of $1 is cancelled" was_cancelled "$1"
	wait_until "no query runs" sleepers_are 0
}

# lanes_are DIRECT POOLER: of all connections so far.
lanes_are() {
	assert_status "$TOTALS.direct" "$1"
	assert_status "$TOTALS.pooler" "$2"
}

# was_handed_on TIMES: each to the other listener, and none is lost.
was_handed_on() {
	eventually_status '.services[0].counters.cancels_handed_on' "$1"
	assert_status '.services[0].counters.cancels_lost' 0
}

pg_cancel() { as_client python3 "$BATS_TEST_DIRNAME/lib/pg_cancel.py" "$@"; }

# begin_session ADDRESS: a session whose key is known, in KEY with its process.
begin_session() {
	rm -f "$WORLD/log/session"
	spawn session nsenter --net="/run/netns/$CLIENT_NS" python3 \
		"$BATS_TEST_DIRNAME/lib/pg_cancel.py" session "$1" "$SERVER_IPV4"
	wait_until "its query runs" sleepers_are 1
	read -r -a KEY <"$WORLD/log/session"
}

@test "Ctrl-C ends a query on the direct lane by a request on the direct lane" {
	configure 2
	hold a 10.77.1.1
	sleep_in a
	interrupt a
	is_cancelled a
	lanes_are 2 0
	was_handed_on 1
}

@test "Ctrl-C ends a query on the direct lane by a request that went to the pooler: the budget is full" {
	configure 1
	hold a 10.77.1.1
	sleep_in a
	interrupt a
	is_cancelled a
	lanes_are 1 1
	was_handed_on 1
	release a
	assert_quiet
}

@test "Ctrl-C ends a query at the pooler by a request on the direct lane: the budget is empty by then" {
	configure 1
	hold a 10.77.1.1
	hold b 10.77.1.2
	assert_equal "lane of b" pooler "$(held_lane b)"
	sleep_in b
	release a
	eventually_status "$USED" 0
	interrupt b
	is_cancelled b
	lanes_are 2 1
	was_handed_on 1
	release b
	assert_quiet
}

@test "Ctrl-C ends a query at the pooler by a request at the pooler" {
	configure 1
	hold a 10.77.1.1
	hold b 10.77.1.2
	assert_equal "lane of b" pooler "$(held_lane b)"
	sleep_in b
	interrupt b
	is_cancelled b
	lanes_are 1 2
	was_handed_on 1
}

@test "over IPv6 a request finds its session on the other lane, in both directions" {
	configure 1
	hold a fd77:0:1::1
	hold b fd77:0:1::2
	assert_equal "lane of b" pooler "$(held_lane b)"
	sleep_in a
	interrupt a
	is_cancelled a
	lanes_are 1 2
	eventually_status "$USED" 0
	sleep_in b
	interrupt b
	is_cancelled b
	lanes_are 2 2
	was_handed_on 2
}

@test "a request behind a VLAN tag finds its session on the other lane" {
	tag_client_frames once
	configure 1
	hold a 10.77.1.1
	sleep_in a
	interrupt a
	is_cancelled a
	lanes_are 1 1
	was_handed_on 1
	release a
	clear_client_filters
}

@test "a database on a local listener of its own gets the requests that went to the pooler" {
	postgres_stop
	postgres_start max_connections=40 port=5433 listen_addresses=127.0.0.1
	configure 1 'direct, pooler, refuse' 10s 127.0.0.1:5433
	hold a 10.77.1.1
	sleep_in a
	interrupt a
	is_cancelled a
	lanes_are 1 1
	was_handed_on 1
	release a
	postgres_stop
	postgres_start max_connections=40
}

@test "a wrong key cancels nothing, on either lane; the right one does, and the log holds neither" {
	local lane from key
	configure 5
	for lane in direct pooler; do
		[ $lane = direct ] && from=10.77.1.1 || from=10.77.7.1
		begin_session "$from"
		pg_cancel cancel 10.77.1.9 "$SERVER_IPV4" "${KEY[0]}" 00c0ffee
		pg_cancel cancel 10.77.7.9 "$SERVER_IPV4" "${KEY[0]}" 00c0ffee
		pg_cancel cancel 10.77.7.9 "$SERVER_IPV4" "${KEY[0]}" "${KEY[1]}$(printf '00%.0s' {1..28})"
		assert_equal "queries after wrong keys" 1 "$(sleepers)"
		[ $lane = direct ] && from=10.77.7.9 || from=10.77.1.9
		pg_cancel cancel "$from" "$SERVER_IPV4" "${KEY[@]}"
		wait_until "the query is over" sleepers_are 0
		wait_until "the session is told" grep -qx 57014 "$WORLD/log/session"
		wait_until "the session is over" process_is_gone session
		grep -q 'cancel request' "$WORLD/log/spillwayd"
		for key in "${KEY[1]}" "$((16#${KEY[1]}))" c0ffee; do
			assert_equal "lines with $key" 0 "$(grep -ci -- "$key" "$WORLD/log/spillwayd")"
		done
	done
	was_handed_on 8
}

# What a request's wait costs: for the eye, in the report.
begin_measure() { BEGAN=$(date +%s%N); }
measured() { printf '# a query ended %d ms after %s\n' "$((($(date +%s%N) - BEGAN) / 1000000))" "$1" >&3; }

@test "a request that has to wait gets in when a slot is free, and its session is told then" {
	configure 2 'direct, queue, refuse'
	hold a 10.77.1.1
	hold b 10.77.1.2
	sleep_in a
	interrupt a
	wait_until "the request waits" status_is "$WAITING" 1
	assert_equal "queries while it waits" 1 "$(sleepers)"
	begin_measure
	release b
	is_cancelled a
	measured "the slot was free that its request waited for"
	release a
	assert_quiet
}

@test "a request that waited too long is handed on all the same, by the refusal" {
	configure 1 'direct, queue, refuse' 1s
	hold a 10.77.1.1
	sleep_in a
	begin_measure
	interrupt a
	is_cancelled a
	eventually_status '.services[0].counters.wait_timed_out' 1
	measured "its request came, which waited for max_wait (1 s)"
	was_handed_on 2 # to both listeners
}

# driver_sleeps DRIVER ADDRESS: its query runs.
driver_sleeps() {
	rm -f "$WORLD/log/session" "$WORLD/driver.fifo"
	mkfifo "$WORLD/driver.fifo"
	# shellcheck disable=SC2016 # expanded by the inner shell
	spawn session bash -c 'exec "$@" <>"$0"' "$WORLD/driver.fifo" nsenter --net="/run/netns/$CLIENT_NS" \
		env LD_PRELOAD="$BUILD/world/bind_source.so" BIND_SOURCE="$2" NODE_PATH="$BUILD/drivers/node_modules" \
		node "$BATS_TEST_DIRNAME/drivers/cancelled.js" "$1" "$(server_address_for "$2")"
	wait_until "the query of $1 runs" sleepers_are 1
}

# driver_cancels: and its program is told so.
driver_cancels() {
	echo >"$WORLD/driver.fifo"
	wait_until "the driver is told" grep -qx 57014 "$WORLD/log/session"
	wait_until "no query runs" sleepers_are 0
	wait_until "the driver is gone" process_is_gone session
}

# drivers_cancel DRIVER: on both lanes, with the budget full, and with room in it.
drivers_cancel() {
	configure 1
	driver_sleeps "$1" 10.77.1.1
	driver_cancels
	lanes_are 1 1
	eventually_status "$USED" 0
	hold a 10.77.1.1
	driver_sleeps "$1" 10.77.1.2
	driver_cancels
	lanes_are 2 3
	driver_sleeps "$1" 10.77.1.2
	release a
	eventually_status "$USED" 0
	driver_cancels
	lanes_are 3 4
	sw budget main 2
	eventually_status "$USED" 0
	driver_sleeps "$1" 10.77.1.1
	driver_cancels
	lanes_are 5 4
	was_handed_on 4
}

@test "what postgres.js cancels ends, on both lanes, with the budget full and with room in it" {
	drivers_cancel postgres
}

@test "what node-postgres cancels ends, on both lanes, with the budget full and with room in it" {
	drivers_cancel pg
}

handed_on_and_lost() { echo $(($(counter cancels_handed_on) + $(counter cancels_lost))); }
# More where a listener with a full queue has clients repeat what was lost already.
handed_on_and_lost_are() { [ "$(handed_on_and_lost)" -ge "$1" ]; }
handed_on_are() { [ "$(counter cancels_handed_on)" -ge "$1" ]; }

@test "a flood of requests is handed on at a bounded rate, and the rest is counted" {
	local sent began=$EPOCHREALTIME handed_on
	configure 30
	sent=$(pg_cancel flood 10.77.1.1 "$SERVER_IPV4" 300)
	[ "$sent" = 300 ] || printf '# %s of 300 were sent\n%s\n' "$sent" "$(sw metrics | grep '^spillway_verdicts_total')" >&3
	[ "$sent" -ge 250 ]
	wait_until "each is handed on or lost" handed_on_and_lost_are "$sent"
	wait_until "some were handed on" handed_on_are 1
	# A hundred at once, and then one each 10 ms.
	handed_on=$(counter cancels_handed_on)
	[ "$handed_on" -le $((101 + (${EPOCHREALTIME/./} - ${began/./}) / 10000)) ]
}
