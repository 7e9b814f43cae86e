#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native generic tc
# A daemon goes, by crash or hand-over, and another comes: the gate stays, no count and no limit is lost.

load lib/e2e
load lib/netlink_faults
load lib/left_behind

setup_file() { world_with_database max_connections=40; }
teardown_file() { world_destroy; }
teardown() {
	end_test
	# What a test left in the kernel on purpose goes with the next daemon that stops.
	[ ! -e "$PIN_DIR" ] || { spillwayd_run && spillwayd_stop; } || true
	rm -rf "$PIN_DIR"
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

kill_daemon() {
	stop_process spillwayd KILL
	rm -f "$WORLD/log/spillwayd"
}

# A daemon whose maps have another layout than those of the one under test.
other_daemon() {
	BUILD="$BUILD/other-layout" spillwayd_run
	rm -f "$WORLD/log/spillwayd"
}

assert_said() { assert_matches "log" "$1" "$(cat "$WORLD/log/spillwayd")"; }

# The sessions inside are those that came first: they are asked for something after all that happened.
assert_goes_on() {
	printf 'select 42;\n' >"$WORLD/hold-$1.fifo"
	wait_until "the session $1 is answered" grep -qx 42 "$WORLD/log/hold-$1"
}

@test "after a crash all counts go on: slots, totals, sources" {
	configure
	hold_many 1 2
	assert_lane 10.77.1.9 refused
	kill_daemon
	release 1-1
	hold again 10.77.1.5
	assert_lane 10.77.1.9 refused
	spillwayd_run
	assert_said 'taking over from the daemon before this one: all counts go on'
	assert_status "$USED" 2
	assert_status "$TOTALS.direct" 3
	assert_status "$TOTALS.refused" 2
	assert_lane 10.77.1.9 refused
	assert_goes_on 1-2
	release_all
	eventually_status "$USED" 0
	assert_status '.services[0].counters | "\(.drift) \(.adopted)"' '0 0'
}

@test "a flow that is lost while there is no daemon is made again by the next one's start, as drift" {
	local key
	configure
	hold one 10.77.1.1
	mapfile -t key < <(only_flow)
	kill_daemon
	bpftool map delete pinned "$(flows_pin)" key "${key[@]}"
	spillwayd_run
	assert_status '.services[0].counters | "\(.drift) \(.adopted)"' '1 1'
	assert_said 'differed: 1 sockets had no flow'
	assert_equal "adopted by the next pass" 0 "$(sw status --reconcile --json | jq .reconcile.adopted)"
	assert_goes_on one
}

@test "a session whose end nobody told of while there was no daemon is found at the next one's start, as drift" {
	configure
	hold one 10.77.1.1
	kill_daemon
	end_unheard one
	spillwayd_run
	assert_status "$USED" 0
	assert_status '.services[0].counters.drift' 1
	assert_said 'differed: .* 1 had no socket'
}

@test "where the next daemon guards more than the last, connections from before are no drift" {
	configure
	spillwayd_stop
	hold one 10.77.1.1
	sed -i 's/:5432/:5433/' "$WORLD/spillway.yaml"
	spillwayd_run
	kill_daemon
	sed -i 's/:5433/:5432/' "$WORLD/spillway.yaml"
	spillwayd_run
	assert_status "$USED" 1
	assert_status '.services[0].counters | "\(.drift) \(.adopted)"' '0 1'
}

@test "what was tuned since the file was read outlives a crash: budget, limits, rules" {
	configure
	sw budget main 1
	sw limit main default connections_per_source=7
	sw deny 10.77.3.0/24
	kill_daemon
	spillwayd_run
	assert_status '.services[0].budget.direct' 1
	assert_status '.services[0].classes[] | select(.name == "default") | .connections_per_source' 7
	assert_equal "whether one who is denied gets in" no "$(is_in "$(lane_of 10.77.3.1)")"
	assert_lane 10.77.1.1 direct
	sw forget 10.77.3.0/24
	assert_lane 10.77.3.1 direct
}

@test "a file that was changed meanwhile counts more than what was tuned, and the counts go on" {
	configure
	hold_many 1 2
	sw budget main 9
	kill_daemon
	sed -i 's/direct: 2/direct: 3/' "$WORLD/spillway.yaml"
	spillwayd_run
	assert_said 'replaces what was tuned'
	assert_status '.services[0].budget.direct' 3
	assert_status "$USED" 2
}

@test "handover: the daemon leaves, the gate stays, and the next one may be started at once" {
	configure
	hold_many 1 2
	sw handover
	wait_until "the daemon is gone" process_is_gone spillwayd
	assert_lane 10.77.1.9 refused
	spillwayd_run
	assert_status "$USED" 2
	assert_goes_on 1-1
	spillwayd_stop
	assert_equal "pins" "" "$(find "$PIN_DIR" 2>/dev/null)"
	assert_lane 10.77.1.9 direct
}

@test "twenty hand-overs while clients come and go lose nobody" {
	configure
	spawn clients nsenter --net="/run/netns/$CLIENT_NS" "$BUILD/storm" --target "$SERVER_IPV4:5432" \
		--user app --database app --clients 200 --source-base 10.77.0.1 --source-count 1 \
		--within 4s --query 'select 1' --timeout 30s --json
	for _ in {1..20}; do
		sw handover
		spillwayd_run
	done
	WAIT_SECONDS=40 wait_until "the clients are done" process_is_gone clients
	eventually_status "$USED" 0
	assert_status '.services[0].budget.overcommitted' 0
	assert_status "$TOTALS.syn" 200
	assert_equal "served or refused" 200 \
		"$(jq '.succeeded + ([.failures[]?.count] | add // 0)' "$WORLD/log/clients")"
	# Refused by the budget, and nobody by anything else.
	assert_equal "causes of failures" "" "$(jq -r '.failures | keys[] | select(. != "told_to_retry")' "$WORLD/log/clients")"
}

@test "a start that fails leaves the gate as it was" {
	configure
	hold_many 1 2
	kill_daemon
	sed -i 's/^interfaces:.*/interfaces: [{name: nosuch0, mode: tc}]/' "$WORLD/spillway.yaml"
	fails_with 1 nosuch0 as_server timeout 20 "$BUILD/spillwayd" --foreground \
		--config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"
	assert_lane 10.77.1.9 refused
	sed -i "s/^interfaces:.*/interfaces: [{name: $WORLD_INTERFACE, mode: $SPILLWAY_ATTACH}]/" \
		"$WORLD/spillway.yaml"
	spillwayd_run
	assert_status "$USED" 2
}

# Another budget, another class, another service, another way to count.
change_file() {
	sed -i 's/direct: 2/direct: 9/; s/{name: default, rate: unlimited}/{name: default, rate: 1\/s}/' "$WORLD/spillway.yaml"
	cat >>"$WORLD/spillway.yaml" <<-YAML
		      - {name: some, sources: [10.77.1.9], action: allow}
		  - name: more
		    listen: [":5433"]
		    budget: {mode: fixed, direct: 1}
		mode: monitor
	YAML
}

# fails_and_changes_nothing TEXT_PATTERN SED-SCRIPT: a start with a file that differs from the last daemon's by that
# and much else.
fails_and_changes_nothing() {
	cp "$WORLD/spillway.yaml" "$WORLD/before.yaml"
	change_file
	sed -i "$2" "$WORLD/spillway.yaml"
	start_changes_nothing "$1"
	mv "$WORLD/before.yaml" "$WORLD/spillway.yaml"
	assert_lane 10.77.1.9 refused
}

@test "a start with another file that fails leaves limits, services, notes and what was tuned as they were" {
	configure
	sw limit main default connections_per_source=7
	sw deny 10.77.3.0/24
	hold_many 1 2
	kill_daemon
	: >"$WORLD/no-directory"
	fails_and_changes_nothing nosuch0 's/^interfaces:.*/interfaces: [{name: nosuch0, mode: tc}]/'
	fails_and_changes_nothing 'no-directory/it.sock' "s,^control:.*,control: {socket: $WORLD/no-directory/it.sock},"
	spawn holder nsenter --net="/run/netns/$SERVER_NS" python3 -m http.server --bind 127.0.0.1 9432
	wait_until "the port is taken" as_server curl -fso "$WORLD/ignored" http://127.0.0.1:9432/
	fails_and_changes_nothing '127.0.0.1:9432' ''
	stop_process holder
	spillwayd_run
	assert_status "$USED" 2
	assert_status '.services | length' 1
	assert_status '.services[0].classes[] | select(.name == "default") | .connections_per_source' 7
	assert_equal "whether one who is denied gets in" no "$(is_in "$(lane_of 10.77.3.1)")"
	assert_lane 10.77.1.9 refused
	release_all
	eventually_status "$USED" 0
}

@test "damaged notes are told, and the connections inside are counted anew" {
	configure
	hold_many 1 2
	kill_daemon
	rm "$PIN_DIR/current/state"
	bpftool map create "$PIN_DIR/current/state" type array key 4 value 8 entries 1 name state
	spillwayd_run
	assert_said 'state is not what a daemon writes: counting anew'
	eventually_status "$USED" 2
	assert_lane 10.77.1.9 refused
	assert_goes_on 1-1
	release_all
	eventually_status "$USED" 0
}

@test "a link to the maps that count that is gone or leads nowhere is told, and the connections are counted anew" {
	local to
	configure
	assert_equal "warnings where nothing was" 0 "$(lost_links)"
	hold_many 1 2
	for to in '' gen_999 elsewhere; do
		kill_daemon
		rm "$PIN_DIR/current"
		[ -z "$to" ] || ln -s "$to" "$PIN_DIR/current"
		spillwayd_run
		assert_said 'spillway.*/current, the link to the maps that count, .*: counting anew .* denied or paused .* is lost'
		eventually_status "$USED" 2
		assert_lane 10.77.1.9 refused
		assert_equal "generations" 1 "$(find "$PIN_DIR" -name 'gen_*' | wc -l)"
	done
	assert_goes_on 1-1
	assert_goes_on 1-2
	kill_daemon
	spillwayd_run
	assert_equal "warnings where all is there" 0 "$(lost_links)"
}

lost_links() { grep -c 'the link to the maps' "$WORLD/log/spillwayd" || true; }

# page_of_notes N: its bytes, one a line.
page_of_notes() { bpftool --json map lookup pinned "$PIN_DIR/current/state" key "$1" 0 0 0 | jq -r '.value[]'; }

# damage BYTE [VALUE]: makes that one of the notes another, or VALUE.
damage() {
	local bytes page=$(($1 / 4096)) at=$(($1 % 4096))
	mapfile -t bytes < <(page_of_notes "$page")
	bytes[at]=${2:-$((bytes[at] ^ 1))}
	bpftool map update pinned "$PIN_DIR/current/state" key "$page" 0 0 0 value "${bytes[@]}"
}

@test "notes without a checksum of their header, as older daemons wrote them, are taken over" {
	local bytes behind byte
	configure
	hold_many 1 2
	kill_daemon
	mapfile -t bytes < <(page_of_notes 0)
	# Of the header, and of the text by what that says.
	behind=$((32 + bytes[16] + 256 * bytes[17]))
	for byte in 0 1 2 3; do damage $((behind + byte)) 0; done
	spillwayd_run
	assert_said 'all counts go on'
	assert_status "$USED" 2
	assert_lane 10.77.1.9 refused
}

@test "notes in which a single byte is another are told to be damaged, wherever it is" {
	local byte
	configure
	hold_many 1 2
	# Of what tells that they are notes, of the layout, of the text's checksum, of its length, of the network
	# namespace's cookie, of the text.
	for byte in 0 8 12 16 24 31 200; do
		kill_daemon
		damage "$byte"
		spillwayd_run
		assert_said 'gen_[0-9]*/state is damaged: counting anew'
		assert_status "$USED" 2
		assert_lane 10.77.1.9 refused
	done
	assert_goes_on 1-1
}

@test "a map that is not what belongs under its name is told, and the connections are counted anew" {
	configure
	hold_many 1 2
	kill_daemon
	rm "$PIN_DIR/current/map_flows"
	bpftool map create "$PIN_DIR/current/map_flows" type hash key 8 value 8 entries 4 name flows
	spillwayd_run
	assert_said 'map_flows is not the map that belongs there: counting anew'
	eventually_status "$USED" 2
	assert_lane 10.77.1.9 refused
}

@test "a daemon of another layout takes over: slots are counted from the sockets, tuning stays" {
	configure
	spillwayd_stop
	other_daemon
	hold_many 1 2
	sw limit main default connections_per_source=7
	sw handover
	spillwayd_run
	assert_said 'layout .*: counting anew'
	eventually_status "$USED" 2
	assert_status '.services[0].classes[] | select(.name == "default") | .connections_per_source' 7
	assert_lane 10.77.1.9 refused
	assert_goes_on 1-1
	assert_goes_on 1-2
	assert_equal "generations" 1 "$(find "$PIN_DIR" -name 'gen_*' | wc -l)"
	release_all
	eventually_status "$USED" 0
}

@test "a daemon of another layout takes over a pause: it goes on until it is ended" {
	configure
	spillwayd_stop
	other_daemon
	hold first 10.77.1.1
	sw pause main
	stop_process spillwayd KILL
	spillwayd_run
	assert_said 'layout .*: counting anew'
	assert_status '.services[0].queue.paused' true
	kill_daemon
	spillwayd_run
	assert_status '.services[0].queue.paused' true
	sw resume main
	assert_lane 10.77.1.3 direct
	assert_goes_on first
}

@test "a daemon of another layout takes over a pause with its end" {
	configure
	spillwayd_stop
	other_daemon
	sw pause main --for 2s
	sw handover
	spillwayd_run
	assert_said 'layout .*: counting anew'
	eventually_status '.services[0].queue.paused' false
	assert_lane 10.77.1.2 direct
}

@test "a daemon of another layout takes over no pause that was ended" {
	configure
	spillwayd_stop
	other_daemon
	sw pause main
	sw resume main
	# It ends as soon as the database is known to serve.
	eventually_status '.services[0].queue.paused' false
	stop_process spillwayd KILL
	spillwayd_run
	assert_status '.services[0].queue.paused' false
}

# run_with_answers_traced [STRACE-OPTION]...: the daemon, and what the kernel answers it, in $WORLD/trace. Who is traced
# cannot look for its leaks.
run_with_answers_traced() {
	rm -f "$WORLD/log/spillwayd"
	spawn spillwayd nsenter --net="/run/netns/$SERVER_NS" strace -qq -o "$WORLD/trace" \
		-E "ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0" -e trace=recvmsg "$@" \
		"$BUILD/spillwayd" --foreground --config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"
	wait_until "it knows of its databases or is gone" spillwayd_knows_or_is_gone
}

leave() {
	sw handover
	wait_until "the daemon is gone" process_is_gone spillwayd
}

@test "a start from another layout that cannot count who is inside leaves the gate that does" {
	local nth first failed=0 before
	configure
	spillwayd_stop
	other_daemon
	hold_many 1 2
	leave
	run_with_answers_traced
	leave
	first=$(first_count)
	other_daemon
	leave
	before=$(readlink "$PIN_DIR/current")
	for ((nth = first; nth < first + 12; nth++)); do
		run_with_answers_traced -e "inject=recvmsg:error=ENOBUFS:when=$nth"
		if ! grep -q 'connections from before the gate cannot be counted: No buffer space' "$WORLD/log/spillwayd"; then
			# What comes after those who are inside are counted is another matter, and so is what comes before.
			[ "$failed" -eq 0 ] || break
			leave
			other_daemon
			leave
			before=$(readlink "$PIN_DIR/current")
			continue
		fi
		failed=$((failed + 1))
		assert_lane 10.77.1.9 refused
		assert_equal "generations" "$before" "$(cd "$PIN_DIR" && echo gen_*)"
	done
	[ "$failed" -ge 4 ]
	if process_runs spillwayd; then
		sw handover
		wait_until "the traced daemon is gone" process_is_gone spillwayd
	fi
	spillwayd_run
	assert_status "$USED" 2
	assert_lane 10.77.1.9 refused
}

@test "a reload that moves the gate to another mode leaves no moment without it" {
	configure
	hold_many 1 2
	local mode
	for mode in native generic tc generic native tc native "$SPILLWAY_ATTACH"; do
		sed -i "s/^interfaces:.*/interfaces: [{name: $WORLD_INTERFACE, mode: $mode}]/" "$WORLD/spillway.yaml"
		sw reload
		assert_status '.interfaces[0].mode' "$mode"
		assert_lane 10.77.1.9 refused
	done
	assert_status "$USED" 2
	spillwayd_stop
	assert_equal "traces" "" "$(as_server tc qdisc show dev "$WORLD_INTERFACE" clsact)"
}
