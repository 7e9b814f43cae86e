#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# The queue beside the rest: limits of sources and classes, pauses, unfinished handshakes, monitor mode.

load lib/e2e
load lib/waiters

setup_file() { world_with_database max_connections=40; }
teardown_file() { world_destroy; }
teardown() {
	! process_runs spillwayd || kill -s CONT "$(pid_of spillwayd)"
	send_away late early again
	end_test
}

# configuration BUDGET [LANES [QUEUE_KEYS [CLASS_KEYS [ROOT_KEY]]]]
configuration() {
	cat <<-YAML
		${5:-mode: enforce}
		handshake_timeout: 1s
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: $1}
		    pooler: {address: "127.0.0.1:6432"}
		    queue: {${3:-max_wait: 40s}}
		    lanes: [${2:-direct, queue, refuse}]
		    over_limit: [queue, refuse]
		    classes:
		      - {name: default, rate: unlimited${4:+, $4}}
		      - {name: narrow, sources: ["10.77.3.0/24"], rate: unlimited, max_direct: 1}
	YAML
}

@test "who comes while somebody waits waits behind him, although a slot is free" {
	# The daemon may be stopped for a while without being taken for dead.
	configuration 1 '' 'max_wait: 40s, discipline: fifo' '' 'heartbeat_timeout: 30s' | spillwayd_start
	hold first 10.77.9.9
	come_and_wait early 10.77.1.1
	mark_log
	# Nobody hands the slot on that is free now.
	kill -s STOP "$(pid_of spillwayd)"
	release first
	wait_until "its socket is gone" nobody_is_inside
	come late 10.77.1.2
	wait_until "the late one knocks" knocks_or_is_in late 10.77.1.2
	assert_equal "who got in past the queue" '' "$(arrivals)"
	kill -s CONT "$(pid_of spillwayd)"
	wait_until_served late
	wait_until_served early
	assert_equal "order" '10.77.1.1 10.77.1.2' "$(arrivals | xargs)"
	eventually_status "$USED" 0
	assert_waits_add_up
}

@test "who knocks while the daemon is held up for seconds keeps his place" {
	configuration 1 '' 'max_wait: 40s, discipline: fifo' '' 'heartbeat_timeout: 30s' | spillwayd_start
	hold first 10.77.9.9
	come_and_wait early 10.77.1.1
	come_and_wait late 10.77.1.2
	mark_log
	# What it hears first is that a slot is free, long after those who wait have knocked again.
	kill -s STOP "$(pid_of spillwayd)"
	release first
	wait_until "its socket is gone" nobody_is_inside
	WAIT_SECONDS=20 wait_until "both have knocked twice again" both_knocked_again
	kill -s CONT "$(pid_of spillwayd)"
	wait_until_served late
	wait_until_served early
	assert_equal "order" '10.77.1.1 10.77.1.2' "$(arrivals | xargs)"
	assert_equal "given up" 0 "$(counter wait_abandoned)"
	assert_quiet
}

# The kernel of the clients counts their repeated SYNs: timer:(on,REST,COUNT).
both_knocked_again() {
	[ "$(as_client ss -Hton state syn-sent dport = :5432 | grep -c 'timer:(on,[^,]*,[2-9])')" = 2 ]
}

nobody_is_inside() { [ -z "$(as_server ss -Htn sport = :5432)" ]; }

# Its SYN is with the gate before the client's kernel says that it was sent.
knocks_or_is_in() { process_is_gone "$1" || [ -n "$(as_client ss -Htn state syn-sent src "$2")" ]; }

@test "a class that has all it may have keeps nobody of another class waiting" {
	configuration 10 | spillwayd_start
	hold narrow 10.77.3.1
	hold_in_line next 10.77.3.2
	hold other 10.77.1.1
	assert_equal "lane of the other" direct "$(held_lane other)"
	# He asked for his turn like everybody while somebody waits.
	assert_equal "others that waited" 1 "$(verdicts 'class="default",lane="queue",reason="waiters"')"
	assert_status "$WAITING" 1
	sw limit main narrow max_direct=2
	gets_in next direct
	release_all
	assert_quiet
}

@test "a source with all its connections may wait for one of them, and keeps nobody else waiting" {
	configuration 10 '' '' 'connections_per_source: 1' | spillwayd_start
	hold first 10.77.1.1
	hold_in_line second 10.77.1.1
	hold other 10.77.1.2
	assert_status "$WAITING" 1
	release first
	gets_in second direct
	release_all
	assert_quiet
}

@test "who tries again from the same port while he waits takes a new place" {
	configuration 1 | spillwayd_start
	hold first 10.77.1.1
	spawn again nsenter --net="/run/netns/$CLIENT_NS" \
		python3 "$BATS_TEST_DIRNAME/lib/same_port.py" "$SERVER_IPV4" 5432 10.77.1.2 20000
	WAIT_SECONDS=40 eventually_status '.services[0].counters.wait_abandoned' 1
	assert_status "$WAITING" 1
	assert_status "$TOTALS.queued" 2
	release first
	wait_until "his second try is in" grep -qx connected "$WORLD/log/again"
	assert_status "$USED" 1
	send_away again
	assert_quiet
}

@test "where nobody gets through for long the wait is cut short" {
	configuration 1 '' 'max_wait: 40s, overload_after: 500ms, overload_wait: 1s' | spillwayd_start
	hold first 10.77.1.1
	come late 10.77.1.2
	hears_refusal late
	assert_equal "timed out" 1 "$(counter wait_timed_out)"
	# The refusal itself arrived: a SYN repeated since would count as one.
	assert_equal "retransmits" 0 "$(counter retransmits)"
	assert_waits_add_up
}

@test "who waits for a connection of his own source cuts nobody's wait short" {
	configuration 10 '' 'max_wait: 40s, overload_after: 500ms, overload_wait: 1s' \
		'connections_per_source: 1' | spillwayd_start
	hold first 10.77.1.1
	hold_in_line second 10.77.1.1
	wait_until "he has waited for longer than a cut would leave him" oldest_has_waited 3
	assert_equal "longest wait" 40 "$(sw queue --json | jq '.services[0].max_wait_s')"
	release first
	gets_in second direct
	release_all
	assert_quiet
}

oldest_has_waited() { [ "$(sw queue --json | jq ".services[0].oldest_s >= $1")" = true ]; }

@test "a pause is waited for even where the chain has no queue" {
	configuration 10 'direct, refuse' | spillwayd_start
	sw pause main
	hold_in_line first 10.77.1.1
	assert_equal "those that waited for that reason" 1 "$(verdicts 'lane="queue",reason="paused"')"
	sw resume main
	gets_in first direct
	release_all
	assert_quiet
}

@test "who has waited as long as he may in a pause is refused, not sent to the lane behind the queue" {
	configuration 10 'direct, queue, pooler, refuse' 'max_wait: 300ms' | spillwayd_start
	sw pause main
	come late 10.77.1.1
	hears_refusal late
	assert_equal "timed out" 1 "$(counter wait_timed_out)"
	sw resume main
	assert_quiet
}

@test "monitor mode keeps nobody waiting, and counts who would have" {
	configuration 1 '' '' '' 'mode: monitor' | spillwayd_start
	hold first 10.77.1.1
	hold second 10.77.1.2
	assert_equal "lane of the second" direct "$(held_lane second)"
	assert_status "$WAITING" 0
	assert_equal "who would have waited" 1 "$(verdicts 'lane="queue",reason="budget"')"
}

@test "a reload from enforce to monitor lets in who waits" {
	configuration 1 | spillwayd_start
	hold first 10.77.1.1
	hold_in_line second 10.77.1.2
	configuration 1 '' '' '' 'mode: monitor' | spillwayd_configure
	sw reload
	gets_in second direct
	eventually_status "$WAITING" 0
	release_all
	eventually_status "$USED" 0
}

# The last: what it leaves in the kernel counts at attach.
@test "SYNs that nobody is behind hold a client up, and do not keep him out" {
	# A network that no host has: nobody ever answers those SYN-ACKs.
	as_server ip route replace 10.79.0.0/24 via "$GATEWAY_IPV4"
	configuration 4 | spillwayd_start
	as_client python3 "$BATS_TEST_DIRNAME/lib/syn_flood.py" "$SERVER_IPV4" 5432 10.79.0 200
	[ "$(status_value "$WAITING")" -gt 100 ]
	hold client 10.77.1.1
	assert_equal "lane of the client" direct "$(held_lane client)"
	eventually_status "$WAITING" 0
	eventually_status "$USED" 1
	[ "$(counter wait_abandoned)" -gt 100 ]
	release client
	assert_quiet
}
