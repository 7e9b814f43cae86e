#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native generic tc
# Getting the gate out of the way, as README says: by letting all in, and by hand where no daemon starts any more.

load lib/e2e

setup_file() { world_with_database max_connections=20; }
teardown_file() { world_destroy; }
teardown() { end_test; }

configuration() {
	cat <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 1}
		    lanes: [direct, refuse]
	YAML
}

@test "who allows all addresses lets all in beyond the budget, and they count" {
	configuration | spillwayd_start
	hold a 10.77.1.1
	assert_lane 10.77.1.2 refused
	sw allow 0.0.0.0/0 --for 1h
	sw allow ::/0 --for 1h
	hold b 10.77.1.2
	hold c 10.77.1.3
	assert_status '.services[0].budget.used' 3
}

@test "a gate without a daemon is taken off by hand, and sessions inside go on" {
	configuration | spillwayd_start
	hold a 10.77.1.1
	stop_process spillwayd KILL
	assert_lane 10.77.1.2 refused
	rm -r "$PIN_DIR"
	as_server tc filter del dev "$WORLD_INTERFACE" ingress pref 10 ||
		as_server tc filter del dev "$WORLD_INTERFACE" ingress pref 11
	hold b 10.77.1.2
	hold c 10.77.1.3
	assert_equal "XDP" '' "$(as_server ip -j link show "$WORLD_INTERFACE" | jq -r '.[].xdp // empty')"
	assert_equal "filters" '' "$(as_server tc filter show dev "$WORLD_INTERFACE" ingress)"
	process_runs hold-a
}
