#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# Changes while it runs: by command they act on the next SYN, a reload keeps every count.

load lib/e2e

setup_file() { world_with_database max_connections=40; }
teardown_file() { world_destroy; }
teardown() { end_test; }

document() {
	cat <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: $1}
		    pooler: {address: "127.0.0.1:6432", max_connections: 10}
		    lanes: [direct, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

configure() { document "$1" | spillwayd_start; }

@test "a raised budget lets the next client in at once" {
	configure 1
	hold first 10.77.1.1
	assert_lane 10.77.1.2 refused
	sw budget main 2
	assert_lane 10.77.1.2 direct
}

@test "a lowered budget sends nobody away and admits nobody until it is met" {
	configure 3
	hold_many 1 3
	sw budget main 1
	assert_lane 10.77.1.9 refused
	assert_status "$USED" 3
	release 1-1
	release 1-2
	eventually_status "$USED" 1
	assert_lane 10.77.1.9 refused
	release 1-3
	eventually_status "$USED" 0
	assert_lane 10.77.1.9 direct
}

@test "a limit set by command acts at once" {
	configure 10
	hold first 10.77.1.1
	sw limit main default connections_per_source=1
	assert_lane 10.77.1.1 refused
	assert_lane 10.77.1.2 direct
	sw limit main default connections_per_source=0
	assert_lane 10.77.1.1 direct
}

@test "a class added by command has limits of its own, and is gone when removed" {
	configure 10
	sw class main add batch 10.77.5.0/24
	sw limit main batch max_direct=1
	hold first 10.77.5.1
	assert_lane 10.77.5.2 refused
	assert_lane 10.77.6.1 direct
	release first
	eventually_status "$USED" 0
	sw class main remove batch
	hold one 10.77.5.1
	hold two 10.77.5.2
	assert_equal "class of the source" default "$(sw explain 10.77.5.2 --json | jq -r .class)"
}

@test "a change that cannot be is refused by the names of the command, not by a place in the file" {
	configure 3
	fails_with 2 "^[^/]*service 'main': budget\.direct: the classes reserve 5 slots" \
		sw limit main default reserved=5
	sw class main add batch 10.77.5.0/24
	fails_with 2 "^[^/]*service 'main', class 'batch': sources\[1\]: 10\.77\.5\.0/24 is there twice" \
		sw class main add batch 10.77.5.0/24
	sw limit main default reserved=3
	fails_with 2 "^[^/]*service 'main': budget\.direct: the classes reserve 3 slots, but the budget is 2" \
		sw budget main 2
	assert_status '.services[0].budget.direct' 3
}

@test "deny shuts a prefix out and forget takes it back" {
	configure 10
	assert_lane 10.77.1.1 direct
	sw deny 10.77.1.0/24
	assert_equal "is the denied client in" no "$(is_in "$(lane_of 10.77.1.1)")"
	assert_lane 10.77.2.1 direct
	sw forget 10.77.1.0/24
	assert_lane 10.77.1.1 direct
}

@test "deny leaves those inside alone" {
	configure 10
	hold inside 10.77.1.1
	sw deny 10.77.1.1/32
	assert_equal "is the denied client in" no "$(is_in "$(lane_of 10.77.1.1)")"
	printf 'select 42;\n' >"$WORLD/hold-inside.fifo"
	wait_until "the session inside is answered" grep -qx 42 "$WORLD/log/hold-inside"
}

@test "deny --for ends by itself" {
	configure 10
	sw deny fd77:0:1::/48 --for 3s
	assert_equal "is the denied client in" no "$(is_in "$(lane_of fd77:0:1::1)")"
	wait_until "the denial has expired" lane_is fd77:0:1::1 direct
}

@test "allow lets a source in over the budget, and forget ends that" {
	configure 1
	hold first 10.77.1.1
	assert_lane 10.77.2.2 refused
	sw allow 10.77.2.2
	assert_lane 10.77.2.2 direct
	assert_lane 10.77.2.3 refused
	sw forget 10.77.2.2
	assert_lane 10.77.2.2 refused
}

@test "a reload takes the new budget and keeps every count" {
	configure 3
	hold_many 1 3
	assert_lane 10.77.1.9 refused
	local before
	before=$(status_value "$TOTALS | tostring")
	document 4 | spillwayd_configure
	sw reload
	assert_status "$USED" 3
	assert_status "$TOTALS | tostring" "$before"
	assert_status '.services[0].budget.direct' 4
	hold fourth 10.77.1.9
	assert_lane 10.77.1.10 refused
	release_all
	eventually_status "$USED" 0
}

# A service where nothing listens.
elsewhere() { document 5 | sed 's/main/elsewhere/; s/5432/5439/' | spillwayd_configure; }

@test "a service that a reload takes away and another brings back counts who stayed inside" {
	configure 2
	hold_many 1 2
	elsewhere
	sw reload
	assert_status '.services[0].name' elsewhere
	sw budget elsewhere 7 # one more change, from which nothing of the first plan is left
	document 2 | spillwayd_configure
	sw reload
	assert_status "$USED" 2
	assert_status '.services[0].counters.drift' 0
	assert_lane 10.77.1.9 refused
	release_all
	eventually_status "$USED" 0
}

@test "a service that a reload gives another name counts who stayed inside" {
	configure 2
	hold_many 1 2
	document 2 | sed 's/main/renamed/' | spillwayd_configure
	sw reload
	assert_status '.services[0].name' renamed
	assert_status "$USED" 2
	assert_lane 10.77.1.9 refused
	release_all
	eventually_status "$USED" 0
}

@test "a service that a reload adds counts the connections that it has already" {
	elsewhere
	spillwayd_run
	hold_many 1 2
	document 2 | spillwayd_configure
	sw reload
	assert_status "$USED" 2
	assert_status '.services[0].counters.adopted' 2
	assert_status '.services[0].counters.drift' 0
	assert_lane 10.77.1.9 refused
	release_all
	eventually_status "$USED" 0
}

# Two services, of which the one guards the address that the sessions come to.
two_services() {
	spillwayd_configure <<-YAML
		services:
		  - name: main
		    listen: ["$1:5432"]
		    budget: {mode: fixed, direct: 2}
		    lanes: [direct, refuse]
		  - name: other
		    listen: ["$2:5432"]
		    budget: {mode: fixed, direct: 2}
		    lanes: [direct, refuse]
	YAML
}

@test "sessions at an address that a reload gives to another service count there" {
	two_services 10.78.0.1 10.78.0.2
	spillwayd_run
	hold_many 1 2
	two_services 10.78.0.2 10.78.0.1
	sw reload
	assert_status "$USED" 0
	assert_status '.services[1].budget.used' 2
	assert_status '[.services[].counters.drift] | add' 0
	assert_lane 10.77.1.9 refused
	release_all
	eventually_status '.services[1].budget.used' 0
	assert_status "$USED" 0
}

@test "a bad reload says where it is bad and changes nothing" {
	configure 1
	hold first 10.77.1.1
	document 7 | sed 's/direct: 7/dircet: 7/' | spillwayd_configure
	fails_with 2 'spillway\.yaml.*dircet' sw reload
	assert_status '.services[0].budget.direct' 1
	assert_status "$USED" 1
	assert_lane 10.77.1.2 refused
}

@test "SIGHUP reloads as well" {
	configure 1
	document 2 | spillwayd_configure
	kill -HUP "$(pid_of spillwayd)"
	eventually_status '.services[0].budget.direct' 2
}

@test "dump prints the configuration as it was tuned, and check accepts it" {
	configure 1
	sw budget main 7
	sw class main add batch 10.77.5.0/24
	sw dump >"$WORLD/dump.yaml"
	sw check "$WORLD/dump.yaml"
	assert_matches "dump" 'batch' "$(cat "$WORLD/dump.yaml")"
	cp "$WORLD/dump.yaml" "$WORLD/spillway.yaml"
	spillwayd_stop
	spillwayd_run
	assert_status '.services[0].budget.direct' 7
}
