#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# spillway record and replay: what happened, and what would have happened under another configuration.

load lib/e2e
load lib/waiters

setup_file() { world_with_database max_connections=60; }
teardown_file() { world_destroy; }
setup() {
	RECORDING=$WORLD/recording.jsonl
	rm -f "$RECORDING"
}
teardown() {
	stop_process recorder
	send_away waiter storm
	end_test
}

# configuration BUDGET LANES [CLASSES]
configuration() {
	cat <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: $1}
		    half_open: {max_percent: 0, max_percent_per_source: 0}
		    queue: {max_wait: 30s, max_waiting: 0}
		    lanes: [$2]
		    classes:
		      - {name: default, rate: unlimited}
		      ${3:-}
	YAML
}

# record [OPTION]...: from when it has said what is in force; what comes then is in it.
record() {
	spawn recorder "$BUILD/spillway" --socket "$SOCKET" record "$@" "$RECORDING"
	wait_until "the recording has begun" recorded '"event":"state"'
}
recorded() { grep -q -- "$1" "$RECORDING"; }
end_record() {
	kill -INT "$(pid_of recorder)"
	wait_until "the recording is closed" process_is_gone recorder
	recorded '"event":"end"'
}
# Each that got in has left, and that is told.
all_have_ended() {
	[ "$(jq -r 'select(.event == "ended") | .source_port' "$RECORDING" | wc -l)" = "$1" ]
}

all_are_decided() { [ "$(grep -c '"event":"decision"' "$RECORDING")" = "$1" ]; }

# replayed FILTER [OPTION]...
replayed() { "$BUILD/spillway" replay --json "${@:2}" "$RECORDING" | jq -r "$1"; }

# From the recording: how many were decided to be in that lane.
decided() { jq -r "select(.event == \"decision\" and .lane == \"$1\") | .source" "$RECORDING" | wc -l; }

# A storm whose clients stay for a moment: more than there is room for.
storm_is_over() {
	storm_from storm 10.77.3.1 100 "$1" --within 400ms --hold 30ms
	wait_until "the storm is over" process_is_gone storm
	wait_until "all who got in have left" status_is '.services[0].budget.used' 0
}

@test "a storm that was refused in part, replayed under its own configuration, comes to the same" {
	configuration 10 'direct, refuse' | spillwayd_start
	record
	storm_is_over 300
	local in
	wait_until "all decisions are recorded" all_are_decided 300
	in=$(decided direct)
	wait_until "the ends are recorded" all_have_ended "$in"
	end_record
	assert_equal "in it" "300 $in $(decided refuse)" \
		"$(replayed '"\(.connections) \(.classes[0].before.direct) \(.classes[0].before.refused)"')"
	[ "$in" -ge 10 ] && [ "$(decided refuse)" -gt 0 ]
	assert_equal "left out" '0 0 0 false' \
		"$(replayed '.limits | "\(.decisions_untold) \(.ends_untold) \(.lines_missed) \(.cut_off)"')"
	# Whose order is known is decided as recorded; each of the others may be another, and make room for one or take it.
	replayed .agreement
	assert_equal "first that differs, though its order is known" null "$(replayed .agreement.first_unexplained_s)"
	[ "$(replayed '.agreement.apart <= .agreement.close')" = true ]
}

@test "with room for all nobody would have been refused" {
	configuration 10 'direct, refuse' | spillwayd_start
	record
	storm_is_over 200
	end_record
	configuration 200 'direct, refuse' >"$WORLD/new.yaml"
	assert_equal "after" '200 0' \
		"$(replayed '.classes[0].after | "\(.direct) \(.refused)"' --config "$WORLD/new.yaml")"
	[ "$(replayed '.limits.stays_assumed' --config "$WORLD/new.yaml")" = "$(decided refuse)" ]
	configuration 0 'direct, refuse' >"$WORLD/new.yaml"
	assert_equal "without a slot" '0 200' \
		"$(replayed '.classes[0].after | "\(.direct) \(.refused)"' --config "$WORLD/new.yaml")"
}

@test "a storm that waited waits as long when it is replayed, longer with fewer slots, and by weight" {
	configuration 10 'direct, queue, refuse' '- {name: x, sources: [10.77.3.0/27], rate: unlimited}' | spillwayd_start
	record
	storm_is_over 200
	end_record
	assert_equal "in" '200 200' "$(replayed '[.classes[].before.direct, .classes[].after.direct] |
		"\(.[0] + .[1]) \(.[2] + .[3])"')"
	# What the daemon needs to let somebody in is in what was recorded, and not in a replay.
	replayed '.classes[] | [.before.wait_median_s, .after.wait_median_s]'
	[ "$(replayed '[.classes[] | .after.wait_median_s <= .before.wait_median_s + 0.05 and
		.after.wait_median_s >= .before.wait_median_s * 0.5] | all')" = true ]
	configuration 5 'direct, queue, refuse' '- {name: x, sources: [10.77.3.0/27], rate: unlimited}' >"$WORLD/new.yaml"
	[ "$(replayed '[.classes[] | .after.wait_median_s > .before.wait_median_s * 1.3] | all' --config "$WORLD/new.yaml")" = true ]
	configuration 10 'direct, queue, refuse' '- {name: x, sources: [10.77.3.0/27], rate: unlimited, weight: 100}' >"$WORLD/new.yaml"
	[ "$(replayed '[.classes[] | select(.class == "x") | .after.wait_median_s < .before.wait_median_s] | all' \
		--config "$WORLD/new.yaml")" = true ]
}

@test "who was in before has his slot in a replay, too, until he leaves" {
	configuration 1 'direct, refuse' | spillwayd_start
	hold a 10.77.1.1
	record
	assert_lane 10.77.1.2 refused
	release a
	wait_until "the slot is free" status_is '.services[0].budget.used' 0
	hold b 10.77.1.3
	release b
	wait_until "both have left" all_have_ended 2
	end_record
	assert_equal "decided, same" '2 2' "$(replayed '.agreement | "\(.decided) \(.same)"')"
	assert_equal "by source" '10.77.1.2 refuse, 10.77.1.3 direct' "$(replayed '[.sources | sort_by(.source)[] |
		"\(.source) \(if .after.direct == 1 then "direct" else "refuse" end)"] | join(", ")')"
}

@test "what the daemon remembers can be recorded afterwards" {
	configuration 1 'direct, refuse' | spillwayd_start
	hold a 10.77.1.1
	assert_lane 10.77.1.2 refused
	record --since 1m
	end_record
	assert_equal "decided, same" '2 2' "$(replayed '.agreement | "\(.decided) \(.same)"')"
}

@test "a daemon that is started anew is recorded on" {
	configuration 2 'direct, refuse' | spillwayd_start
	record
	hold a 10.77.1.1
	wait_until "the first is recorded" recorded 10.77.1.1
	stop_process spillwayd KILL
	configuration 2 'direct, refuse' | spillwayd_start
	wait_until "the new daemon is recorded" recorded '"event":"restarted"'
	hold b 10.77.1.2
	wait_until "the second is recorded" recorded 10.77.1.2
	end_record
	assert_equal "decided, restarts" '2 1' "$(replayed '"\(.connections) \(.limits.restarts)"')"
}

@test "a file of another kind, of a newer version, or with a line that is none is refused with its place" {
	local header='{"spillway_recording":1,"spillway":"0.1.0","host":"h","at":"2026-01-01T00:00:00.000000Z","configuration":"services: [{name: main, listen: [\":5432\"], budget: {direct: 1}}]\n"}'
	refuses 'no recording' 'root:x:0:0:root:/root:/bin/bash'
	refuses 'no recording' '{"a":1}'
	refuses 'it is empty' ''
	refuses 'reads recordings of version 1.* 2' "${header/recording\":1/recording\":2}"
	refuses ':2: .*no line' "$header"$'\n{"event":\n{"event":"end","at":"2026-01-01T00:00:01.000000Z"}'
	refuses ':2: .*expected a time' "$header"$'\n{"event":"state","at":"yesterday","service":"main"}'
	refuses ':3: another recording' "$header"$'\n{"event":"end","at":"2026-01-01T00:00:01.000000Z"}\n'"$header"
	refuses "no service 'other'" "$header"$'\n{"event":"state","at":"2026-01-01T00:00:01.000000Z","service":"other","budget":1}'
	# Order is by time, not by line; a line that was cut off at the end is what a full disk leaves.
	printf '%s\n' "$header" "$(came 3 10.0.0.3)" "$(came 1 10.0.0.1)" >"$RECORDING"
	printf '%s' "$(came 4 10.0.0.4 | head -c 60)" >>"$RECORDING"
	assert_equal "cut off, who is in" 'true 10.0.0.1' \
		"$(replayed '"\(.limits.cut_off) \(.sources[] | select(.after.direct == 1) | .source)"')"
}

# refuses PATTERN TEXT: exit 2, as for a configuration that is wrong.
refuses() {
	[ -z "$2" ] || printf '%s\n' "$2" >"$RECORDING"
	[ -n "$2" ] || : >"$RECORDING"
	local said code=0
	said=$("$BUILD/spillway" replay "$RECORDING" 2>&1) || code=$?
	assert_equal "exit status" 2 "$code" && assert_matches "message" "$1" "$said"
}

# came SECOND SOURCE: a decision
came() {
	printf '{"event":"decision","at":"2026-01-01T00:00:0%s.000000Z","service":"main","source":"%s","source_port":1,' "$1" "$2"
	printf '"lane":"direct","class":"default","destination":"10.0.0.9","destination_port":5432,"reason":"first"}'
}

@test "a recording is not written over, and is its owner's alone" {
	configuration 1 'direct, refuse' | spillwayd_start
	record --for 1h
	assert_equal "mode" 600 "$(stat -c %a "$RECORDING")"
	end_record
	run "$BUILD/spillway" --socket "$SOCKET" record "$RECORDING"
	[ "$status" -eq 1 ]
	assert_matches "message" 'exists; name another file' "$output"
	run "$BUILD/spillway" --socket "$WORLD/nobody.sock" record "$WORLD/other.jsonl"
	[ "$status" -eq 4 ]
	[ ! -e "$WORLD/other.jsonl" ]
}
