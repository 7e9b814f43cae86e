#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# Handshakes that do not go as they should.

load lib/e2e

setup_file() {
	need_root
	world_create
	# A network that no host has: nobody answers its SYN-ACKs.
	as_server ip route add 10.79.0.0/16 via "$GATEWAY_IPV4"
}
teardown_file() { world_destroy; }
teardown() {
	stop_watching_twins
	end_test
	stop_process clients KILL
	as_client tc qdisc delete dev "$WORLD_INTERFACE" root 2>/dev/null || true
	stop_process listener KILL
	postgres_stop
}

# Takes whom the kernel gives it, and keeps silent.
listen() {
	spawn listener nsenter --net="/run/netns/$SERVER_NS" \
		python3 -c 'import signal, socket; s = socket.create_server(("", 5432), backlog=4096); signal.pause()'
	wait_until "somebody listens" is_listened
}

is_listened() { [ -n "$(as_server ss -Htln "sport = :5432")" ]; }

connections() { as_server ss -Htn state established "sport = :5432" | wc -l; }

# The kernel's own word on what happened, in a trace of this test's: sockets closed in SYN_RECV.
watch_twins() {
	local event=events/sock/inet_sock_set_state
	mkdir -p "$WORLD/trace"
	mount -t tracefs none "$WORLD/trace"
	twins="$WORLD/trace/instances/spillway-$BASHPID"
	mkdir "$twins"
	echo 'oldstate == 3 && newstate == 7 && sport == 5432' >"$twins/$event/filter"
	echo 1 >"$twins/$event/enable"
}

stop_watching_twins() {
	[ -n "${twins:-}" ] || return 0
	rmdir "$twins"
	umount "$WORLD/trace"
}

twins() { grep -c "saddr=$SERVER_IPV4 daddr=10\.79\.0\." "$twins/trace"; }

# What the client's host sends from a CPU leaves by the queue of that CPU, whatever connection it is of.
queues_are_of_cpus() {
	# shellcheck disable=SC2016 # for the shell inside
	ip netns exec "$CLIENT_NS" sh -c 'cd "/sys/class/net/$1/queues" && i=0 && for queue in tx-*; do
		printf "%x" $((1 << i)) >"$queue/xps_cpus" && i=$((i + 1)) || exit; done' sh "$WORLD_INTERFACE"
}

@test "a handshake that is completed on two CPUs at once makes one connection, and that keeps its slot" {
	[ "$(nproc)" -gt 1 ] || skip "missing capability: a second CPU"
	listen
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 1000}
		    classes:
		      - {name: default, rate: unlimited}
	YAML
	queues_are_of_cpus
	watch_twins
	assert_equal "answered" 500 \
		"$(as_client python3 "$BATS_TEST_DIRNAME/lib/twin_acks.py" "$WORLD_INTERFACE" "$SERVER_IPV4" 10.79.0 500)"
	assert_equal "connections" 500 "$(connections)"
	assert_status "$USED" 500
	assert_equal "adopted" 0 "$(sw status --reconcile --json | jq -r .reconcile.adopted)"
	# It did come to that.
	[ "$(twins)" -gt 100 ]
}

@test "who ends a connection by a RST and makes another one from its port at once counts" {
	listen
	spillwayd_start <<-YAML
		services:
		  - name: main
		    protocol: tcp
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 1000}
		    classes:
		      - {name: default, rate: unlimited}
	YAML
	as_client tc qdisc add dev "$WORLD_INTERFACE" root tbf rate 100mbit burst 2000 limit 1000000
	spawn clients nsenter --net="/run/netns/$CLIENT_NS" \
		python3 "$BATS_TEST_DIRNAME/lib/rst_and_syn.py" "$SERVER_IPV4" 5432 10.77.1.1 30000 50
	WAIT_SECONDS=20 wait_until "all are in again" grep -qx connected "$WORLD/log/clients"
	assert_equal "connections" 50 "$(connections)"
	assert_status "$USED" 50
	assert_equal "reconcile" "0 0 0" \
		"$(sw status --reconcile --json | jq -r '.reconcile | "\(.adopted) \(.confirmed) \(.released)"')"
	# It did come to that: a SYN met the flow of the connection before. Without XDP this link gives frames on one by one.
	[ "$SPILLWAY_ATTACH" = tc ] || [ "$(status_value '.services[0].counters.retransmits')" -gt 0 ]
}

# silent NETWORK COUNT: so many SYNs of one host there.
silent() {
	local i
	for ((i = 0; i < $2; i++)); do
		as_client python3 "$BATS_TEST_DIRNAME/lib/syn_flood.py" "$SERVER_IPV4" 5432 "$1" 1 $((20000 + i))
	done
}

# verdicts REASON: those who went on to the next lane for it.
verdicts() { sw metrics | awk -v reason="reason=\"$1\"" '/^spillway_verdicts_total/ && index($0, reason) { n += $2 } END { print n + 0 }'; }

@test "a handful of peers that never answer cannot hold the budget: they get the next lane, others the slots" {
	postgres_start max_connections=40
	spillwayd_start <<-YAML
		handshake_timeout: 60s
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 10}
		    half_open: {max_percent: 60, max_percent_per_source: 40}
		    lanes: [direct, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
	silent 10.79.1 10
	assert_status "$USED" 4
	assert_equal "turned away for their source" 6 "$(verdicts half_open_per_source)"
	silent 10.79.2 10
	assert_status "$USED" 6
	assert_equal "turned away for all of them" 8 "$(verdicts half_open)"
	assert_status "$TOTALS.refused" 14
	hold_many 1 4
	assert_status "$USED" 10
	assert_lane 10.77.1.9 refused
	release 1-1
	wait_until "its slot is the next client's" lane_is 10.77.1.9 direct
}

@test "without a daemon, too, a handshake that nobody finishes keeps its slot no longer than its time" {
	postgres_start max_connections=40
	spillwayd_start <<-YAML
		handshake_timeout: 10s
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 4}
		    half_open: {max_percent: 100, max_percent_per_source: 100}
		    lanes: [direct, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
	# Those of the test before are sockets still, and expire first.
	WAIT_SECONDS=15 eventually_status "$USED" 0
	local before
	before=$(status_value '.services[0].counters.expired')
	hold one 10.77.1.1
	silent 10.79.5 3
	assert_status "$USED" 4
	stop_process spillwayd KILL
	WAIT_SECONDS=40 wait_until "one who is there gets in" lane_is 10.77.1.9 direct
	assert_equal "the one inside" direct "$(held_lane one)"
	spillwayd_run
	eventually_status "$USED" 1
	assert_status '.services[0].counters.expired' $((before + 3))
	assert_status '.services[0].counters.drift' 0
}

# quiet NETWORK COUNT [PORT]: one SYN of each of so many hosts there.
quiet() { as_client python3 "$BATS_TEST_DIRNAME/lib/syn_flood.py" "$SERVER_IPV4" 5432 "$1" "$2" "${3:-20000}"; }

@test "as many silent peers as there are slots do not hold them all: clients that were here lately have the rest" {
	local i
	postgres_start max_connections=40
	spillwayd_start <<-YAML
		handshake_timeout: 10s
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 10}
		    lanes: [direct, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
	# What a test before left half-open in the kernel counted at attach.
	WAIT_SECONDS=15 eventually_status "$USED" 0
	assert_lane 10.77.1.1 direct
	eventually_status "$USED" 0
	for ((i = 0; i < 3; i++)); do
		quiet 10.79.1 20 $((20000 + i))
		assert_status "$USED" 9
		assert_lane 10.77.1.2 refused
		assert_lane 10.77.1.1 direct
		assert_lane 10.77.1.1 direct
	done
	[ "$(verdicts half_open)" -gt 30 ]
	# Nobody is kept out longer than it takes to give them up.
	WAIT_SECONDS=20 wait_until "a new client gets in" lane_is 10.77.1.2 direct
}

@test "where the kernel repeats its SYN-ACKs for longer, the gate is told how long an ACK may come" {
	as_server sysctl -qw net.ipv4.tcp_synack_retries=6
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 4}
	YAML
	assert_equal "seconds" 128 "$(late_ack_s)"
	as_server sysctl -qw net.ipv4.tcp_synack_retries=5
	wait_until "the gate is told of the change" is_told_of 64
}

is_told_of() { [ "$(late_ack_s)" = "$1" ]; }

late_ack_s() {
	bpftool --json map lookup pinned "$PIN_DIR/current/map_control" key 0 0 0 0 | jq -r .formatted.value.late_ack_s
}
