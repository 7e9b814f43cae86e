#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native generic tc
# Devices on top of the guarded one: who comes by them has passed its gate, or would have.

load lib/e2e

setup() { world_with_database max_connections=40; }
teardown() {
	end_test
	world_destroy
}

ADOPTED='.services[0].counters.adopted'
DRIFT='.services[0].counters.drift'

address_of() { "$1" ip -j link show dev "$WORLD_INTERFACE" | jq -r '.[0].address'; }

# has_server_on DEVICE: the server's addresses are that device's from here on, and it is the way to the clients.
has_server_on() {
	local other
	other=$(address_of as_client) || return 1
	as_server ip address flush dev "$WORLD_INTERFACE" &&
		as_server ip link set "$1" up &&
		as_server ip address add "$SERVER_IPV4/24" dev "$1" &&
		as_server ip address add "$SERVER_IPV6/64" dev "$1" nodad &&
		as_server ip neighbour replace "$GATEWAY_IPV4" lladdr "$other" dev "$1" nud permanent &&
		as_server ip neighbour replace "$GATEWAY_IPV6" lladdr "$other" dev "$1" nud permanent &&
		as_server ip route replace "$CLIENTS_IPV4" via "$GATEWAY_IPV4" dev "$1" &&
		as_server ip -6 route replace "$CLIENTS_IPV6" via "$GATEWAY_IPV6" dev "$1"
}

# stack_macvlan: with all that comes in by the guarded interface.
stack_macvlan() {
	as_server ip link add link "$WORLD_INTERFACE" name upper type macvlan mode passthru && has_server_on upper
}

# stack_bridge: with the guarded interface as its only port.
stack_bridge() {
	as_server ip link add name bridge type bridge forward_delay 0 mcast_snooping 0 &&
		as_server ip link set bridge address "$(address_of as_server)" &&
		as_server ip link set "$WORLD_INTERFACE" master bridge &&
		has_server_on bridge
}

configure() {
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 2}
		    lanes: [direct, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

lose_all_flows() {
	local pin="$PIN_DIR/current/map_flows" key
	while read -r key; do
		# shellcheck disable=SC2086 # bytes
		bpftool map delete pinned "$pin" key $key
	done < <(bpftool --json map dump pinned "$pin" | jq -r '.[].key | join(" ")')
}

reconciled() { sw status --reconcile --json | jq -r ".reconcile.$1"; }

# Those from before, those that come now, and those whose flows were lost.
all_who_come_by_it_count() {
	hold four 10.77.1.1
	configure
	assert_status "$USED" 1
	assert_status "$ADOPTED" 1
	hold six fd77:0:1::2
	assert_status "$USED" 2
	assert_lane 10.77.1.9 refused
	release four
	eventually_status "$USED" 1
	hold four 10.77.1.1
	assert_status "$DRIFT" 0
	lose_all_flows
	assert_equal "adopted" 2 "$(reconciled adopted)"
	assert_equal "adopted by the next pass" 0 "$(reconciled adopted)"
}

@test "sessions by a device on top of the guarded interface count from before, and again where their flow was lost" {
	stack_macvlan
	all_who_come_by_it_count
}

@test "so do sessions by a bridge whose only port it is" {
	stack_bridge
	all_who_come_by_it_count
}

@test "by a bridge with a port that is not guarded they do not: who comes by that passes no gate" {
	stack_bridge
	as_server ip link add name other type veth peer name beyond
	as_server ip link set other up master bridge
	hold one 10.77.1.1
	configure
	assert_status "$USED" 0
	assert_equal "adopted" 0 "$(reconciled adopted)"
}
