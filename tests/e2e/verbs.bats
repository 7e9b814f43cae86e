#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Every verb that --help lists, whichever they are: its help, a wrong command line, no daemon, no permission, and the same
# words wherever they go. What --json prints is what tests/schema.json says.
# shellcheck disable=SC2030,SC2031 # each test asks arguments_of for its own

load lib/e2e

ESCAPE=$'\033'
# Files that verbs read or write.
FILES=$WORLD/files

setup_file() {
	world_with_database max_connections=40
	ask_postgres 'create role spillway login; grant pg_monitor to spillway'
	install -m 755 "$BUILD/spillway" "$WORLD"
	install -d -m 777 "$WORLD/files"
	document >"$WORLD/files/good.yaml"
	printf 'services: 7\n' >"$WORLD/files/bad.yaml"
	chmod 644 "$WORLD"/files/*
}
teardown_file() { world_destroy; }
teardown() {
	stop_process hold-waiter || true
	stop_process recorder || true
	end_test
}

document() {
	cat <<-YAML
		user: ""
		control: {socket: $SOCKET, group: games}
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: adaptive, min_direct: 2, direct: 2, conninfo: "host=$WORLD/postgres dbname=postgres user=spillway"}
		    pooler: {address: "127.0.0.1:$POOLER_PORT", max_connections: 1}
		    lanes: [direct, pooler, queue, refuse]
		    queue: {max_waiting: 1, max_wait: 60s}
		    classes:
		      - {name: default, rate: unlimited}
		      - {name: lambda, sources: ["10.64.0.0/12"], rate: 10/s}
		  - name: other
		    listen: [":5433"]
		    protocol: tcp
		    lanes: [refuse]
	YAML
}

verbs() { "$BUILD/spillway" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p'; }

# arguments_of VERB: a command line that is right, in $arguments; and what kind of verb it is: reads or changes by the
# daemon, or works without one (local).
arguments_of() {
	kind=reads
	case $1 in
	status | sources | flows | queue | dump | metrics) arguments=() ;;
	events) arguments=() ;;
	explain) arguments=(10.77.1.1 --service main) ;;
	attach) kind=changes arguments=(lo --mode tc) ;;
	detach) kind=changes arguments=(lo) ;;
	budget) kind=changes arguments=(main 2) ;;
	limit) kind=changes arguments=(main lambda burst=7) ;;
	class) kind=changes arguments=(main add more 10.1.0.0/16) ;;
	pause | resume) kind=changes arguments=(main) ;;
	allow | deny) kind=changes arguments=(10.9.0.0/16) ;;
	forget) kind=changes arguments=(10.9.0.0/16) ;;
	reload | handover) kind=changes arguments=() ;;
	check) kind=local arguments=("$FILES/good.yaml") ;;
	probe) kind=local arguments=(--config "$FILES/good.yaml") ;;
	complete) kind=local arguments=(-- st) ;;
	# What it draws on a terminal is tested by its own file.
	top) arguments=(--json) ;;
	record) arguments=(--for 1s -) ;;
	replay) kind=local arguments=("$FILES/recording") ;;
	*)
		printf 'verb %s has no row in this test\n' "$1" >&2
		return 1
		;;
	esac
}

as_games() {
	setpriv --reuid=games --regid="$(id -g games)" --clear-groups "$WORLD/spillway" --socket "$SOCKET" "$@"
}
as_stranger() {
	setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$WORLD/spillway" --socket "$SOCKET" "$@"
}

# A terminal of 200 columns, with NO_COLOR.
on_plain_terminal() {
	NO_COLOR=1 TERM=xterm script -qec "stty cols 200 && exec nsenter --net=/run/netns/$SERVER_NS $*" /dev/null </dev/null
}

# valid VERB DOCUMENT
valid() { python3 "$BATS_TEST_DIRNAME/lib/validate.py" "$SPILLWAY_ROOT/tests/schema.json" "$1" <<<"$2"; }

# answers VERB ARGUMENT...: prints a document as it is promised.
answers() {
	local answer
	answer=$(sw "$@" --json) || [ "$1" = probe ]
	valid "$1" "$answer" || {
		printf 'of: spillway %s\n' "$*" >&2
		return 1
	}
}

# Somebody in each lane.
fill() {
	document | spillwayd_start
	hold_many 1 3
	begin_hold waiter 10.77.1.20
	wait_until "one waits" status_is '.services[0].queue.waiting' 1
	assert_lane 10.77.1.21 refused
}

@test "each verb has help, the same on a terminal, in a pipe and without colour" {
	local verb help
	[ "$(verbs | wc -l)" -ge 23 ]
	for verb in $(verbs); do
		help=$("$BUILD/spillway" "$verb" --help)
		assert_matches "help of $verb" "^  spillway $verb" "$help"
		[[ $help != *"$ESCAPE"* ]]
		assert_equal "help of $verb without colour" "$help" "$(NO_COLOR=1 COLUMNS=40 "$BUILD/spillway" "$verb" --help)"
		assert_equal "help of $verb on a terminal" "$help" "$(on_plain_terminal "$BUILD/spillway" "$verb" --help | tr -d '\r')"
	done
}

@test "of each verb a wrong option and an argument too many are usage errors, whatever else is the matter" {
	local verb arguments kind
	for verb in $(verbs); do
		arguments_of "$verb"
		fails_with 2 "unknown option --frobnicate" "$BUILD/spillway" --socket /nonexistent "$verb" --frobnicate
		[ "$verb" != complete ] || continue
		# "class add" and the like take any number.
		[ "$verb" != class ] || arguments=(main list)
		[ "$verb" != limit ] || continue
		fails_with 2 "unexpected argument|takes no|found|list" "$BUILD/spillway" --socket /nonexistent "$verb" "${arguments[@]}" one two three four
	done
}

@test "without a daemon each verb that needs one ends with 4 and says what to do" {
	local verb arguments kind
	for verb in $(verbs); do
		arguments_of "$verb"
		case $kind in
		reads | changes) fails_with 4 'no daemon.*spillwayd' "$BUILD/spillway" --socket /nonexistent/s "$verb" "${arguments[@]}" ;;
		esac
	done
}

@test "who is not in the group is let do nothing by any verb, and who is may look but not change" {
	local verb arguments kind
	document | spillwayd_start
	for verb in $(verbs); do
		arguments_of "$verb"
		case $kind in reads | changes) fails_with 3 'group games' as_stranger "$verb" "${arguments[@]}" ;; esac
		case $kind in
		changes) fails_with 3 'may look but not change' as_games "$verb" "${arguments[@]}" ;;
		reads) as_games "$verb" "${arguments[@]}" >/dev/null ;;
		esac
	done
	process_runs spillwayd
}

@test "what is piped has no escapes and no other words than NO_COLOR shows on a terminal, however wide" {
	local verb arguments kind piped
	fill
	sw pause main
	for verb in $(verbs); do
		arguments_of "$verb"
		# What tells of the moment is another the next time; and what is recorded takes a while.
		case $kind:$verb in
		reads:record | changes:* | local:replay) continue ;;
		esac
		piped=$(sw "$verb" "${arguments[@]}" || [ "$verb" = probe ])
		[[ -n $piped && $piped != *"$ESCAPE"* ]]
		[[ $(on_plain_terminal "$BUILD/spillway" --socket "$SOCKET" "$verb" "${arguments[@]}") != *"$ESCAPE"* ]]
		case $verb in
		dump | check | probe | complete)
			assert_equal "$verb in a narrow pipe" "$piped" \
				"$(COLUMNS=30 TERM=dumb NO_COLOR=1 sw "$verb" "${arguments[@]}" || true)"
			;;
		esac
	done
}

@test "what each verb prints with --json is as tests/schema.json says" {
	fill
	answers status
	answers status --reconcile
	answers sources
	answers sources --service main --limit 1
	answers flows
	answers flows --lane queue
	answers queue
	answers top
	answers explain 10.77.1.1 --service main
	answers explain 10.65.0.1 --service main
	answers explain fd77::1 --service other
	answers dump
	answers metrics
	answers pause main --for 30s
	answers queue
	answers status
	answers resume main
	answers deny 10.9.0.0/16
	answers allow 10.10.0.0/16 --for 10m
	answers forget 10.9.0.0/16
	answers limit main default
	answers limit main lambda rate=3/s burst=7
	answers class main list
	answers class main add more 10.1.0.0/16
	answers class main remove more
	answers budget main
	answers budget main freeze
	answers budget main unfreeze
	answers budget main 3
	answers budget main adaptive
	answers attach lo --mode tc
	answers detach lo
	answers status
	answers reload
	answers check "$FILES/good.yaml"
	run sw check "$FILES/bad.yaml" --json
	assert_equal "exit code" 2 "$status"
	valid check "$output"
	answers probe
	answers probe --config "$FILES/good.yaml"
	local line count=0
	while read -r line; do
		valid events "$line"
		count=$((count + 1))
	done < <(sw events --json | head -n 40)
	[ "$count" -ge 5 ]
	answers handover
	wait_until "the daemon has left" process_is_gone spillwayd
	spillwayd_run
}

recorded() { grep -q -- "\"event\":\"$1\"" "$FILES/recording"; }

@test "each kind of line of a recording, and what a replay of it prints, is as tests/schema.json says" {
	local line
	fill
	rm -f "$FILES/recording"
	spawn recorder "$BUILD/spillway" --socket "$SOCKET" record --since 1m "$FILES/recording"
	wait_until "what is in force is recorded" recorded state
	sw budget main 3
	wait_until "another budget is recorded" recorded configuration
	stop_process hold-waiter
	wait_until "the end of a session is recorded" recorded ended
	stop_process spillwayd KILL
	document | spillwayd_start
	wait_until "another daemon is recorded" recorded restarted
	stop_process recorder INT
	for line in inside decision wait_ended ended state configuration restarted end; do
		recorded "$line"
	done
	while read -r line; do
		valid record "$line"
	done < <(jq -cn 'reduce inputs as $line ({}; .[$line.event // "header"] = $line) | .[]' "$FILES/recording")
	line=$(jq -c 'select(.event == "state") | .budget = "7"' "$FILES/recording" | head -n 1)
	valid record "$line" && return 1
	answers replay "$FILES/recording"
	answers replay "$FILES/recording" --config "$FILES/good.yaml" --limit 1
	# With those who waited, and those who did not.
	sw replay "$FILES/recording" --json | jq -e '[.sources[].before.wait_most_s | type] | unique | length == 2'
}

@test "each verb that prints a document has its place in the schema" {
	local verb
	for verb in $(verbs); do
		# Words for shells.
		[ "$verb" != complete ] || continue
		jq -e --arg verb "$verb" '.["$defs"] | has($verb)' "$SPILLWAY_ROOT/tests/schema.json"
	done
}

@test "the schema says no to a document that lacks a key or has another type" {
	document | spillwayd_start
	local status_now
	status_now=$(sw status --json)
	valid status "$status_now"
	valid status "$(jq 'del(.services[0].budget.used)' <<<"$status_now")" && return 1
	valid status "$(jq '.services[0].totals.syn = "7"' <<<"$status_now")" && return 1
	valid status '{}' && return 1
	fails_with 2 'no schema' python3 "$BATS_TEST_DIRNAME/lib/validate.py" "$SPILLWAY_ROOT/tests/schema.json" nosuch <<<'{}'
}
