#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native
# What is logged where stderr is the systemd journal: entries with fields. A stand-in is the journal.

load lib/e2e

setup_file() { world_with_database max_connections=20; }
teardown_file() { world_destroy; }
teardown() {
	end_test
	stop_process journal
	rm -f "$WORLD"/log/journal "$WORLD"/log/spillwayd "$WORLD/stream"
}

# A process whose /run has the stand-in's socket, open to all as the journal's is; what comes is written down, fields in one line.
open_journal() {
	# shellcheck disable=SC2016 # for the shell in there
	spawn journal unshare --mount --propagation private sh -c '
		mount -t tmpfs none /run
		mkdir -p /run/systemd/journal
		exec python3 -uc "$1"' sh 'import os, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("/run/systemd/journal/socket")
os.chmod("/run/systemd/journal/socket", 0o666)
print("listening", flush=True)
while True:
    print(s.recv(65536).decode().replace("\n", "|"), flush=True)'
	wait_until "the journal listens" journal_has listening
}
journal_has() { grep -Eq -- "$1" "$WORLD/log/journal"; }

# journal_run STREAM: spillwayd, whose stderr is the file $WORLD/stream, told to be the journal's stream STREAM.
journal_run() {
	: >"$WORLD/stream"
	# shellcheck disable=SC2016 # likewise
	spawn spillwayd nsenter --mount="/proc/$(pid_of journal)/ns/mnt" --net="/run/netns/$SERVER_NS" \
		env JOURNAL_STREAM="$1" sh -c 'exec "$@" 2>"$0"' "$WORLD/stream" \
		"$BUILD/spillwayd" --foreground --config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"
	wait_until "spillwayd answers" sw status
}
stream_of() { stat -c '%d:%i' "$1"; }

configuration() {
	spillwayd_configure <<-YAML
		log: {level: debug, format: $1}
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 1}
		    lanes: [direct, refuse]
		    classes:
		      - {name: shut, sources: [10.77.9.0/24], action: refuse}
	YAML
}

@test "where stderr is the journal a decision is an entry with fields, and stderr stays empty" {
	open_journal
	configuration text
	: >"$WORLD/stream"
	journal_run "$(stream_of "$WORLD/stream")"
	assert_lane 10.77.9.1 refused
	wait_until "the decision is there" journal_has \
		'^MESSAGE=service main: 10\.77\.9\.1, class shut: lane refuse \(action\)\|PRIORITY=7\|SYSLOG_IDENTIFIER=spillwayd\|SPILLWAY_SERVICE=main\|SPILLWAY_CLASS=shut\|SPILLWAY_SOURCE=10\.77\.9\.1\|SPILLWAY_LANE=refuse\|SPILLWAY_REASON=action\|?$'
	sw pause main
	wait_until "so is what an operator does" journal_has '^MESSAGE=service main is paused.*\|PRIORITY=6\|.*SPILLWAY_SERVICE=main'
	sw resume main
	assert_equal "on stderr" '' "$(grep 'service main' "$WORLD/stream")"
}

@test "a stderr that is not the journal's stream gets lines, whatever JOURNAL_STREAM says" {
	open_journal
	configuration text
	journal_run 1:1
	assert_lane 10.77.9.1 refused
	wait_until "the decision is there" grep -q 'debug: service main: 10.77.9.1, class shut: lane refuse (action)' "$WORLD/stream"
	assert_equal "in the journal" listening "$(cat "$WORLD/log/journal")"
}

@test "who asks for JSON gets JSON, with the same fields" {
	open_journal
	configuration json
	: >"$WORLD/stream"
	journal_run "$(stream_of "$WORLD/stream")"
	assert_lane 10.77.9.1 refused
	wait_until "the decision is there" grep -q '"source":"10.77.9.1","lane":"refuse","reason":"action"' "$WORLD/stream"
	assert_equal "in the journal" listening "$(cat "$WORLD/log/journal")"
}

@test "a journal that is away loses nothing: stderr has it" {
	open_journal
	configuration text
	: >"$WORLD/stream"
	journal_run "$(stream_of "$WORLD/stream")"
	kill "$(pid_of journal)"
	wait_until "the journal is away" process_is_gone journal
	assert_lane 10.77.9.1 refused
	wait_until "the decision is there" grep -q 'class shut: lane refuse' "$WORLD/stream"
}
