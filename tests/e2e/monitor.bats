#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# Monitor mode touches nothing and counts what it would have done.

load lib/e2e

setup_file() { world_with_database max_connections=40; }
teardown_file() { world_destroy; }
teardown() { end_test; }

configure() {
	spillwayd_start <<-YAML
		mode: $1
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 1}
		    pooler: {address: "127.0.0.1:6432", max_connections: 1}
		    lanes: [direct, pooler, refuse]
		    classes:
		      - {name: default, rate: unlimited}
		      - {name: banned, sources: ["10.77.66.0/24"], action: drop}
	YAML
}

@test "in monitor mode everybody reaches PostgreSQL itself" {
	configure monitor
	hold_many 1 4
	hold banned 10.77.66.1
	assert_equal "direct clients" 5 "$(held_count direct)"
	assert_equal "clients PostgreSQL sees" 5 "$(ask_postgres \
		"select count(*) from pg_stat_activity where usename = 'app' and client_addr is not null")"
	assert_status .mode monitor
}

@test "in monitor mode it counts what it would have done" {
	configure monitor
	hold_many 1 4
	hold banned 10.77.66.1
	assert_status "$TOTALS.syn" 5
	assert_status "$TOTALS.direct" 1
	assert_status "$TOTALS.pooler" 1
	assert_status "$TOTALS.refused" 2
	assert_status "$TOTALS.dropped" 1
	release_all
	eventually_status "$USED" 0
}

@test "a reload from monitor to enforce starts to act" {
	configure monitor
	assert_lane 10.77.66.1 direct
	sed -i 's/^mode: monitor/mode: enforce/' "$WORLD/spillway.yaml"
	sw reload
	assert_status .mode enforce
	assert_lane 10.77.66.1 silent
}
