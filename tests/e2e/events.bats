#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# spillway events: what happened to connections, as JSON lines, once or as it comes.

load lib/e2e
load lib/waiters

setup_file() { world_with_database; }
teardown_file() { world_destroy; }
teardown() {
	stop_process follow
	send_away waiter storm
	end_test
}

# configuration BUDGET [MAX_WAIT]
configuration() {
	cat <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: $1}
		    queue: {max_wait: ${2:-30s}}
		    lanes: [direct, queue, refuse]
		    classes:
		      - {name: default, rate: unlimited}
		      - {name: shut, sources: [10.77.9.0/24], action: refuse}
		  - name: other
		    listen: [":5433"]
		    budget: {mode: fixed, direct: 1}
	YAML
}

# events [OPTION]...: of what was asked for, the values of a filter of jq's.
events() { sw events "${@:2}" | jq -cr "$1"; }
# events_are LINES FILTER [OPTION]...
events_are() { [ "$(events "${@:2}")" = "$1" ]; }

# From when it has asked once; what came before is not told.
follow() {
	spawn follow "$BUILD/spillway" --socket "$SOCKET" events --follow
	wait_until "events are followed" hears_a_marker
}
hears_a_marker() {
	hold marker 10.77.8.8
	release marker
	followed '10.77.8.8'
}
followed() { grep -q -- "$1" "$WORLD/log/follow"; }

@test "each decision is an event that says who, where to, and why" {
	configuration 1 | spillwayd_start
	hold a 10.77.1.1
	assert_lane 10.77.9.1 refused
	assert_equal "events" '["decision","main","default","10.77.1.1",5432,"direct","first"]
["decision","main","shut","10.77.9.1",5432,"refuse","action"]' \
		"$(events '[.event, .service, .class, .source, .destination_port, .lane, .reason]')"
	assert_matches "time" '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z$' "$(events .at | head -n 1)"
	assert_equal "seconds from then to now" 0 "$(events '(now - (.at | sub("\\.[0-9]+Z"; "Z") | fromdate)) / 60 | floor' | head -n 1)"
}

@test "what is asked for is chosen by lane, service and time" {
	configuration 2 | spillwayd_start
	hold a 10.77.1.1
	assert_lane 10.77.9.1 refused
	assert_equal "of lane refuse" 10.77.9.1 "$(events .source --lane refuse)"
	assert_equal "of service main" 2 "$(events .source --service main | wc -l)"
	assert_equal "of service other" '' "$(events .source --service other)"
	assert_equal "of the last hour" 2 "$(events .source --since 1h | wc -l)"
	wait_until "the last 10 ms are over" events_are '' .source --since 10ms
}

@test "a wait is a decision to wait, and how it ended" {
	configuration 1 | spillwayd_start
	hold a 10.77.1.1
	come_and_wait waiter 10.77.1.2
	release a
	wait_until_served waiter
	assert_equal "events" '["decision","queue","budget",null]
["wait_ended","direct",null,"admitted"]' \
		"$(events 'select(.source == "10.77.1.2") | [.event, .lane, .reason, .outcome]')"
	assert_equal "it took time" true "$(events 'select(.event == "wait_ended") | .waited_s > 0')"
}

@test "a wait that is too long ends in the lane behind the queue" {
	configuration 1 2s | spillwayd_start
	hold a 10.77.1.1
	come_and_wait waiter 10.77.1.2
	hears_refusal waiter
	assert_equal "events" '["wait_ended","refuse","timed_out",true]' \
		"$(events 'select(.event == "wait_ended") | [.event, .lane, .outcome, .waited_s >= 2]')"
}

@test "who gives up is an event, too" {
	configuration 1 | spillwayd_start
	hold a 10.77.1.1
	come_and_wait waiter 10.77.1.2 PGCONNECT_TIMEOUT=3
	WAIT_SECONDS=30 wait_until "he is forgotten" events_are '["wait_ended","abandoned"]' 'select(.event == "wait_ended") | [.event, .outcome]'
}

@test "who follows hears what comes, over a restart of the daemon; Ctrl-C ends it well" {
	configuration 2 | spillwayd_start
	hold before 10.77.1.1
	follow
	assert_equal "what came before" '' "$(grep -F '"10.77.1.1"' "$WORLD/log/follow")"
	spillwayd_stop
	wait_until "that is said" followed 'the daemon is gone'
	configuration 2 | spillwayd_start
	hold after 10.77.1.3
	wait_until "what came after is told" followed '10.77.1.3'
	stop_process follow INT
	assert_equal "lines that are no JSON" 1 "$(grep -vc '^{' "$WORLD/log/follow")"
}

# shut_out COUNT: so many, from an address each, are refused.
shut_out() {
	storm_from storm 10.77.9.1 "$1" "$1"
	WAIT_SECONDS=60 wait_until "the storm is over" process_is_gone storm
}
followed_are() { [ "$(grep -o '"10\.77\.9\.[0-9]*"' "$WORLD/log/follow" | sort -u | wc -l)" = "$1" ]; }

@test "who follows hears all that came while the daemon was killed" {
	configuration 2 | spillwayd_start
	follow
	stop_process spillwayd KILL
	shut_out 20
	configuration 2 | spillwayd_start
	wait_until "all 20 are told" followed_are 20
	stop_process follow INT
}

@test "a storm from one source hides no other; nobody who reads is told of more than there is room for" {
	configuration 5 | spillwayd_start
	storm_from storm 10.77.9.1 1 6000
	hold quiet 10.77.1.1
	WAIT_SECONDS=60 wait_until "the storm is over" process_is_gone storm
	assert_equal "the other" 10.77.1.1 "$(events 'select(.source == "10.77.1.1") | .source' | uniq)"
	[ "$(events .number | wc -l)" -le 16384 ]
	[ "$(counter events_untold)" -gt 0 ] || [ "$(events .number | tail -n 1)" -ge 6000 ]
}

@test "bad input is told as such" {
	configuration 1 | spillwayd_start
	fails_with 2 "expected one of: direct" sw events --lane sideways
	fails_with 2 "expected a duration" sw events --since yesterday
	fails_with 2 "expected one of those there are: main, other" sw events --service nobody
	spillwayd_stop
	fails_with 4 'no daemon is running' sw events
	fails_with 4 'no daemon is running' sw events --follow
}
