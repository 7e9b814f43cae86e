#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# Whoever waits while the configuration changes, or the daemon to another, keeps his place or hears of it.

load lib/e2e
load lib/waiters

setup_file() { world_with_database max_connections=40; }
teardown_file() { world_destroy; }
teardown() {
	send_away refused dropped late storm
	end_test
	[ ! -e "$PIN_DIR" ] || { spillwayd_run && spillwayd_stop; } || true
	rm -rf "$PIN_DIR"
}

# configuration BUDGET [QUEUE_KEYS [CLASS]]: the class as a row of YAML. First come, first served.
configuration() {
	cat <<-YAML
		heartbeat_timeout: 500ms
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: $1}
		    queue: {discipline: fifo, ${2:-max_wait: 40s}}
		    lanes: [direct, queue, refuse]
		    classes:
		      - {name: default, rate: unlimited}
		      ${3:-}
	YAML
}

# reconfigure ARGUMENT...: by a reload.
reconfigure() {
	configuration "$@" | spillwayd_configure
	sw reload
}

@test "a lower max_waiting sends nobody away who waits already" {
	configuration 1 | spillwayd_start
	hold first 10.77.9.9
	hold_in_line second 10.77.1.1
	hold_in_line third 10.77.1.2
	reconfigure 1 'max_wait: 40s, max_waiting: 1'
	assert_lane 10.77.1.5 refused
	assert_status "$WAITING" 2
	release first
	gets_in second direct
	release second
	gets_in third direct
	release_all
	assert_quiet
}

@test "a max_waiting_per_source that is set while some wait is for those who come from then on" {
	configuration 1 | spillwayd_start
	hold first 10.77.9.9
	hold_in_line second 10.77.1.1
	reconfigure 1 'max_wait: 40s, max_waiting_per_source: 1'
	hold_in_line third 10.77.1.1
	assert_lane 10.77.1.1 refused
	assert_equal "source" 2 "$(sw sources --sort waiting --json | jq '.sources[0].waiting')"
	release first
	gets_in second direct
	assert_lane 10.77.1.1 refused
	release second
	gets_in third direct
	hold_in_line fourth 10.77.1.1
	release third
	gets_in fourth direct
	release_all
	assert_quiet
}

@test "a shorter max_wait holds for those who wait already" {
	configuration 1 | spillwayd_start
	hold first 10.77.9.9
	come_and_wait late 10.77.1.1
	reconfigure 1 'max_wait: 100ms'
	hears_refusal late
	release_all
	assert_quiet
}

@test "whoever is denied while he waits is out, wherever he stands; the others wait on" {
	configuration 1 | spillwayd_start
	hold first 10.77.9.9
	hold_in_line patient 10.77.1.1
	come_and_wait refused 10.77.3.1
	come_and_wait dropped fd77:0:3::1
	reconfigure 1 '' '- {name: banned, sources: ["10.77.3.0/24"], action: refuse}'
	hears_refusal refused
	assert_status "$WAITING" 2
	# Who is on the list of the denied gets no answer.
	sw deny fd77:0:3::1
	eventually_status "$WAITING" 1
	mark_log
	release first
	gets_in patient direct
	release_all
	assert_quiet
	assert_equal "who got in" 10.77.1.1 "$(arrivals)"
}

@test "a class that goes with a reload leaves its waiters in line" {
	configuration 1 '' '- {name: gold, sources: ["10.77.3.0/24"], rate: unlimited, weight: 3}' | spillwayd_start
	hold first 10.77.9.9
	hold_in_line gold 10.77.3.1
	reconfigure 1
	hold_in_line base 10.77.1.1
	release first
	gets_in gold direct
	release gold
	gets_in base direct
	release_all
	assert_quiet
}

@test "without a daemon those who wait get in by themselves, and never more than there are slots" {
	local i
	configuration 4 | spillwayd_start
	hold_many 9 4
	for i in 1 2 3 4; do hold_in_line "w$i" "10.77.1.$i"; done
	stop_process spillwayd KILL
	wait_until "nobody new waits" lane_is 10.77.2.1 refused
	release 9-1
	release 9-2
	WAIT_SECONDS=20 wait_until "two are in" held_are 4
	assert_equal "sessions" 4 "$(ask_postgres "select count(*) from pg_stat_activity where usename = 'app'")"
	release 9-3
	release 9-4
	for i in 1 2 3 4; do gets_in "w$i" direct; done
	spillwayd_run
	assert_status "$USED" 4
	assert_equal "admitted" 4 "$(counter wait_admitted)"
	release_all
	assert_quiet
}

held_are() { [ "$(held_count direct)" -eq "$1" ]; }

@test "a daemon of another layout takes over: those who wait take their places anew" {
	configuration 1 | spillwayd_configure
	BUILD="$BUILD/other-layout" spillwayd_run
	hold first 10.77.9.9
	storm_from storm 10.77.1.1 20 20
	wait_until "20 wait" status_is "$WAITING" 20
	sw handover
	wait_until "it is gone" process_is_gone spillwayd
	spillwayd_run
	release first
	storm_is_served storm
	assert_quiet
}
