#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native generic tc
# The way to the pooler's listener: absent, flooded, or with the client behind a VLAN tag.

load lib/e2e

setup_file() {
	need_root
	world_create
	postgres_start max_connections=40
}
teardown_file() { world_destroy; }
teardown() {
	clear_client_filters
	end_test
	pgbouncer_stop
}

# configure BUDGET CHAIN [SETTING]
configure() {
	spillwayd_start <<-YAML
		${3:-handshake_timeout: 5s}
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: $1}
		    pooler: {address: "127.0.0.1:6432", max_connections: 500}
		    lanes: [$2]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

verdicts() {
	as_server curl -sf http://127.0.0.1:9432/metrics | grep '^spillway_verdicts_total'
}

@test "without anybody listening at the pooler's address the next lane is taken and the reason counted" {
	configure 0 'direct, pooler, refuse'
	assert_lane 10.77.1.1 refused
	assert_lane fd77:0:1::1 refused
	eventually_status '.services[0].pooler.up' false
	assert_status "$TOTALS.refused" 2
	assert_matches "verdicts" 'lane="refuse".*reason="[a-z_]*pooler[a-z_]*".* 2$' "$(verdicts)"
	assert_status '.services[0].pooler.used' 0
}

@test "a pooler that comes up is found by itself, and found again after its restart" {
	configure 0 'direct, pooler, refuse'
	assert_lane 10.77.1.1 refused
	pgbouncer_start
	wait_until "the pooler is used" lane_is 10.77.1.1 pooler
	pgbouncer_stop
	assert_lane 10.77.1.1 refused
	pgbouncer_start
	wait_until "the pooler is used again" lane_is 10.77.1.1 pooler
	eventually_status '.services[0].pooler.used' 0
}

@test "a listener that answers with SYN cookies serves every client that was steered to it" {
	pgbouncer_start listen_backlog=8
	configure 0 'pooler, refuse'
	# Their SYN-ACKs come back to a network that no host has.
	as_server ip route replace 10.79.0.0/24 via "$GATEWAY_IPV4"
	as_client python3 "$BATS_TEST_DIRNAME/lib/syn_flood.py" "$SERVER_IPV4" 5432 10.79.0 60
	storm --clients 20 --source-base 10.77.1.1 --source-count 20 --within 0ms \
		--query 'select 1' --timeout 10s >"$WORLD/storm.json"
	cat "$WORLD/storm.json"
	assert_equal "served" 20 "$(jq .succeeded "$WORLD/storm.json")"
	[ "$(as_server nstat -asz TcpExtSyncookiesSent | awk '/Syncookies/ { print $2 }')" -gt 0 ]
}

late_ack() { as_client python3 "$BATS_TEST_DIRNAME/lib/late_ack.py" "$WORLD_INTERFACE" "$SERVER_IPV4" 10.79.1.1 20000 "$@"; }
has_established() { [ "$(as_server ss -Htn state established "sport = :5432 and dst 10.79.1.1" | wc -l)" -eq "$1" ]; }

@test "a client whose ACK of a SYN cookie comes long after its handshake expired is served by the pooler, and counts" {
	pgbouncer_start listen_backlog=8
	configure 0 'pooler, refuse' 'handshake_timeout: 1s'
	as_server ip route replace 10.79.0.0/16 via "$GATEWAY_IPV4"
	as_client python3 "$BATS_TEST_DIRNAME/lib/syn_flood.py" "$SERVER_IPV4" 5432 10.79.0 60
	cookies_before=$(as_server nstat -asz TcpExtSyncookiesSent | awk '/Syncookies/ { print $2 }')
	number=$(late_ack)
	[ "$(as_server nstat -asz TcpExtSyncookiesSent | awk '/Syncookies/ { print $2 }')" -gt "$cookies_before" ]
	WAIT_SECONDS=20 eventually_status '.services[0].pooler.used' 0
	late_ack "$number"
	wait_until "the client is connected" has_established 1
	eventually_status '.services[0].pooler.used' 1
	assert_status '.services[0].counters.overcommitted' 1
	assert_status '.services[0].counters.steer_cookies' 1
	# And its end gives back what it took.
	pgbouncer_stop
	eventually_status '.services[0].pooler.used' 0
	assert_status '.services[0].counters.drift' 0
}

# What the flood above left in the kernel counts at attach like all that is there.
handshakes_from_before_are_given_up() { WAIT_SECONDS=20 eventually_status "$USED" 0; }

@test "clients behind one or two VLAN tags are admitted, steered and refused like others" {
	local tags
	pgbouncer_start
	for tags in once twice; do
		tag_client_frames "$tags"
		configure 1 'direct, pooler, refuse'
		sw deny 10.77.2.0/24
		handshakes_from_before_are_given_up
		assert_lane 10.77.1.1 direct
		assert_lane fd77:0:1::1 direct
		eventually_status "$USED" 0
		hold "$tags" 10.77.1.1
		assert_lane 10.77.1.2 pooler
		assert_lane fd77:0:1::2 pooler
		assert_equal "lane of a denied client" no "$(is_in "$(lane_of 10.77.2.1)")"
		assert_status "$TOTALS.direct" 3
		assert_status "$TOTALS.pooler" 2
		release_all
		spillwayd_stop
		clear_client_filters
	done
}

@test "a service may keep its PostgreSQL on another local listener" {
	postgres_stop
	postgres_start max_connections=40 port=5433 listen_addresses=127.0.0.1
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 1}
		    direct: {address: "127.0.0.1:5433"}
		    lanes: [direct, refuse]
	YAML
	handshakes_from_before_are_given_up
	hold first 10.77.1.1
	assert_equal "lane of the first" direct "$(held_lane first)"
	assert_lane 10.77.1.2 refused
	release first
	eventually_status "$USED" 0
	postgres_stop
	postgres_start max_connections=40
}
