#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What a monitoring system reads.

load lib/e2e

setup_file() { world_with_database max_connections=40; }
teardown_file() { world_destroy; }
teardown() { end_test; }

setup() {
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 2}
		    pooler: {address: "127.0.0.1:6432", max_connections: 1}
		    lanes: [direct, pooler, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

fetch() { as_server curl -s "$@"; }
metrics() { fetch -f http://127.0.0.1:9432/metrics; }
health() { fetch -o /dev/null -w '%{http_code}' http://127.0.0.1:9432/healthz; }

# metric NAME-AND-LABELS: its value.
metric() {
	metrics | awk -v name="$1" '$1 == name { print $2 }'
}

@test "promtool finds nothing to complain about" {
	hold_many 1 4 || true
	metrics | promtool check metrics
}

@test "metrics and status tell the same story" {
	hold_many 1 3
	assert_lane 10.77.1.9 refused
	assert_equal "spillway_syn_total" 4 "$(metric 'spillway_syn_total{service="main"}')"
	assert_equal "spillway_budget_slots" 2 "$(metric 'spillway_budget_slots{service="main"}')"
	assert_equal "direct slots" 2 "$(metric 'spillway_slots_used{service="main",lane="direct"}')"
	assert_equal "pooler slots" 1 "$(metric 'spillway_slots_used{service="main",lane="pooler"}')"
	assert_equal "class slots" 2 "$(metric 'spillway_class_slots_used{service="main",class="default"}')"
	assert_equal "verdicts" 4 "$(metrics | awk '/^spillway_verdicts_total/ { n += $2 } END { print n }')"
	assert_equal "drift" 0 "$(metric 'spillway_drift_total{service="main"}')"
	assert_equal "attached" 1 "$(metric "spillway_interface_attached{interface=\"eth0\",mode=\"native\"}")"
	[ "$(metric 'spillway_map_entries{map="flows"}')" -ge 3 ]
	[ "$(metric 'spillway_map_capacity{map="flows"}')" -ge 3 ]
	assert_equal "the command line's copy" "$(metrics | grep -c '^spillway_')" "$(sw metrics | grep -c '^spillway_')"
}

ended_connections() {
	[ "$(metric 'spillway_connection_seconds_count{service="main"}')" = "$1" ]
}

@test "each connection that ends is counted once, by how long it was open" {
	hold_many 1 3
	assert_equal "connections ended" 0 "$(metric 'spillway_connection_seconds_count{service="main"}')"
	release_all
	wait_until "the three that ended are counted" ended_connections 3
	assert_equal "shorter than 18 hours" 3 "$(metric 'spillway_connection_seconds_bucket{service="main",le="67108.864"}')"
}

@test "healthz is 200 while attached, and not afterwards" {
	assert_equal "health" 200 "$(health)"
	sw detach eth0
	assert_equal "health without an interface" 503 "$(health)"
	sw attach eth0 --mode native
	assert_equal "health when attached again" 200 "$(health)"
}
