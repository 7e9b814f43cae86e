#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# Limits hold for a source, a class and a service, and only there.

load lib/e2e

setup_file() { world_with_database max_connections=40; }
teardown_file() { world_destroy; }
teardown() { end_test; }

# configure BUDGET CLASSES [OVER_LIMIT]: the classes as rows of YAML, without indentation.
configure() {
	{
		cat <<-YAML
			services:
			  - name: main
			    listen: [":5432"]
			    budget: {mode: fixed, direct: $1}
			    pooler: {address: "127.0.0.1:6432", max_connections: 10}
			    lanes: [direct, pooler, refuse]
			    over_limit: [${3:-refuse}]
			    classes:
		YAML
		printf '      %s\n' "${2//$'\n'/$'\n      '}"
	} | spillwayd_start
}

@test "a source over its rate is refused; its neighbour is not" {
	configure 20 '- {name: default, rate: 3/h, burst: 3}'
	for _ in 1 2 3; do assert_lane 10.77.1.1 direct; done
	assert_lane 10.77.1.1 refused
	assert_lane 10.77.1.2 direct
	eventually_status "$USED" 0
}

@test "IPv6 sources are limited by their /64" {
	configure 20 '- {name: default, rate: 2/h, burst: 2}'
	assert_lane fd77:0:1::1 direct
	assert_lane fd77:0:1::2 direct
	assert_lane fd77:0:1::3 refused
	assert_lane fd77:0:2::1 direct
}

@test "a rate fills up again" {
	configure 20 '- {name: default, rate: 1/s, burst: 1}'
	assert_lane 10.77.1.1 direct
	assert_lane 10.77.1.1 refused
	WAIT_SECONDS=5 wait_until "the source is admitted again" lane_is 10.77.1.1 direct
}

@test "connections_per_source counts direct and pooler together" {
	configure 1 '- {name: default, rate: unlimited, connections_per_source: 2}'
	hold direct 10.77.1.1
	hold pooled 10.77.1.1
	assert_equal "lane of the second" pooler "$(held_lane pooled)"
	assert_lane 10.77.1.1 refused
	assert_lane 10.77.1.2 pooler
	release pooled
	wait_until "the source has room again" lane_is 10.77.1.1 pooler
}

@test "direct_per_source sends a source's third connection through the pooler" {
	configure 10 '- {name: default, rate: unlimited, direct_per_source: 2}'
	hold one 10.77.1.1
	hold two 10.77.1.1
	assert_lane 10.77.1.1 pooler
	assert_lane 10.77.1.2 direct
}

@test "max_direct holds for the class as a whole and for no other" {
	configure 10 '- {name: default, rate: unlimited}
- {name: batch, sources: ["10.77.5.0/24"], rate: unlimited, max_direct: 2}'
	hold_many 5 2
	assert_lane 10.77.5.9 pooler
	assert_lane 10.77.6.1 direct
}

@test "a class may always use its reserve, and shares the rest" {
	configure 4 '- {name: default, rate: unlimited}
- {name: admin, sources: ["10.77.5.0/24"], rate: unlimited, reserved: 2}'
	hold_many 1 3
	assert_equal "direct clients of the default class" 2 "$(held_count direct)"
	assert_equal "clients it sent to the pooler" 1 "$(held_count pooler)"
	hold_many 5 2
	assert_equal "direct clients in all" 4 "$(held_count direct)"
	assert_lane 10.77.5.9 pooler
	assert_status "$USED" 4
	assert_status '.services[0].budget.reserved' 2
}

@test "over_limit may lead to the pooler instead of a refusal" {
	configure 10 '- {name: default, rate: 1/h, burst: 1}' 'pooler, refuse'
	assert_lane 10.77.1.1 direct
	assert_lane 10.77.1.1 pooler
}

@test "two services have budgets of their own" {
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 1}
		    lanes: [direct, refuse]
		  - name: other
		    listen: ["10.78.0.1:6543"]
		    budget: {mode: fixed, direct: 1}
		    direct: {address: "127.0.0.1:5432"}
		    lanes: [direct, refuse]
	YAML
	hold first 10.77.1.1
	assert_lane 10.77.1.2 refused
	assert_equal "address on the other service" 10.77.1.2 \
		"$(psql_from 10.77.1.2 -p 6543 -c "$WHERE_AM_I")"
	assert_status "$USED" 1
	assert_status '.services[1].totals.direct' 1
}
