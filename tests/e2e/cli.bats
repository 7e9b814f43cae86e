#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The command line client against a stand-in for the daemon: what it sends, what it makes of any answer,
# which exit codes scripts can rely on. Needs no root and no kernel feature.

load lib/e2e

LIB=$BATS_TEST_DIRNAME/lib
REPLIES=$LIB/replies
ESCAPE=$'\033'
VERBS="status top sources flows queue attach detach budget limit class pause resume allow deny forget explain reload handover dump check probe metrics events record replay complete"

setup() {
	FAKE_SOCKET=$BATS_TEST_TMPDIR/s
	FAKE_LOG=$BATS_TEST_TMPDIR/requests
	FAKE_PID=
	unset NO_COLOR SPILLWAY_SOCKET
}
teardown() { fake_stop; }

cli() { "$BUILD/spillway" --socket "$FAKE_SOCKET" "$@"; }

# fake_start MODE [ARGUMENT]: see lib/fake_daemon.py.
fake_start() {
	fake_stop
	rm -f "$FAKE_SOCKET" "$FAKE_LOG"
	python3 "$LIB/fake_daemon.py" "$FAKE_SOCKET" "$FAKE_LOG" "$@" 3>&- &
	FAKE_PID=$!
	wait_until "the fake daemon listens" test -S "$FAKE_SOCKET"
}

fake_stop() {
	[ -n "$FAKE_PID" ] || return 0
	kill "$FAKE_PID"
	wait "$FAKE_PID" || true
	FAKE_PID=
}

# fake_bytes MODE TEXT: an answer of exactly these bytes, in printf's notation.
fake_bytes() {
	# shellcheck disable=SC2059 # the notation is the point
	printf "$2" >"$BATS_TEST_TMPDIR/bytes"
	fake_start "$1" "$BATS_TEST_TMPDIR/bytes"
}

# sends EXPECTED_ARGS VERB ARGUMENTS...: exactly one request of this form, and success.
sends() {
	local expected=$1
	shift
	fake_start reply "$REPLIES/$1.json"
	cli "$@" >/dev/null
	assert_equal "request of: spillway $*" "{\"verb\":\"$1\",\"args\":$expected}" "$(cat "$FAKE_LOG")"
}

# prints VERB ARGUMENTS... <<<EXPECTED: the answer as people see it when it is piped.
prints() {
	fake_start reply "$REPLIES/$1.json"
	diff -u - <(cli "$@")
}

# A terminal of 200 columns (or $COLUMNS_WANTED) with what the command writes to it.
on_terminal() {
	TERM=xterm script -qec "stty cols ${COLUMNS_WANTED:-200} && $*" /dev/null </dev/null
}

usage_error() {
	fails_with 2 "$@"
	assert_matches "hint" "Try 'spillway .*--help'" "$output"
}

@test "each verb sends the documented request" {
	sends '{}' status
	sends '{"reconcile":true}' status --reconcile
	sends '{}' sources
	sends '{"service":"main","sort":"live","limit":5}' sources --limit 5 --service main --sort live
	sends '{}' flows
	sends '{"service":"main","lane":"pooler"}' flows --service=main --lane=pooler
	sends '{"interface":"eth1"}' attach eth1
	sends '{"interface":"eth1","mode":"tc"}' attach --mode tc eth1
	sends '{"interface":"eth1"}' detach eth1
	sends '{"service":"main"}' budget main
	sends '{"service":"main","value":40}' budget main 40
	sends '{"service":"main","value":0}' budget main 0
	sends '{"service":"main","value":"auto"}' budget main auto
	sends '{"service":"main","value":"adaptive"}' budget main adaptive
	sends '{"service":"main","value":"freeze"}' budget main freeze
	sends '{"service":"main","value":"unfreeze"}' budget main unfreeze
	sends '{"service":"main","class":"default"}' limit main default
	sends '{"service":"main","class":"default","set":{"rate":"50/s","burst":"100"}}' \
		limit main default rate=50/s burst=100
	sends '{"service":"main","action":"list"}' class main list
	sends '{"service":"main","action":"add","name":"lambda","sources":["10.64.0.0/12","fd00:64::/32"]}' \
		class main add lambda 10.64.0.0/12 fd00:64::/32
	sends '{"service":"main","action":"remove","name":"lambda"}' class main remove lambda
	sends '{}' queue
	sends '{"service":"main"}' queue --service main
	sends '{"service":"main"}' pause main
	sends '{"service":"main","for":"30s"}' pause main --for 30s
	sends '{"service":"main"}' resume main
	sends '{"cidr":"10.0.0.5"}' allow 10.0.0.5
	sends '{"cidr":"192.0.2.0/24","service":"main","for":"10m"}' deny --for 10m 192.0.2.0/24 --service main
	sends '{"cidr":"192.0.2.0/24"}' forget 192.0.2.0/24
	sends '{"cidr":"192.0.2.0/24","service":"main"}' forget 192.0.2.0/24 --service main
	sends '{"address":"10.1.2.3"}' explain 10.1.2.3
	sends '{"address":"fd00::1","service":"main"}' explain fd00::1 --service main
	sends '{}' reload
	sends '{}' dump
	sends '{}' metrics
}

@test "global options may stand before and after the verb" {
	fake_start reply "$REPLIES/status.json"
	"$BUILD/spillway" --json --socket "$FAKE_SOCKET" status | jq -e '.services[0].name == "main"'
	"$BUILD/spillway" status --socket="$FAKE_SOCKET" --json | jq -e '.services[0].name == "main"'
	SPILLWAY_SOCKET=$FAKE_SOCKET "$BUILD/spillway" status --json | jq -e '.mode == "enforce"'
	SPILLWAY_SOCKET=/nonexistent "$BUILD/spillway" status --socket "$FAKE_SOCKET" --json | jq -e .mode
}

@test "what follows -- is no option" {
	sends '{"service":"--json"}' budget -- --json
}

@test "--json prints the result as one document, keys in the daemon's order" {
	local verb
	for verb in status sources flows reload dump metrics; do
		fake_start reply "$REPLIES/$verb.json"
		assert_equal "$verb --json" "$(jq -c .result "$REPLIES/$verb.json")" "$(cli "$verb" --json | jq -c .)"
	done
}

@test "status shows the daemon, then services, totals and classes" {
	prints status <<-'EOF'
		spillwayd 0.1.0, mode enforce, up 1h 2m, pid 4321
		attached to eth0 (native), eth1 (tc)

		SERVICE  PROTOCOL  BUDGET  USED  DIRECT  RESERVED  OVER  POOLER                   WAITING  DATABASE
		main     postgres  fixed     40      80         3     1  127.0.0.1:6432 12/2000         0  up 43/100
		edge     tcp       fixed      0       0         0     0  127.0.0.1:6433 down     3 paused  -

		SERVICE    SYN  DIRECT  POOLER  QUEUED  REFUSED  RESET  DROPPED
		main     12345    9000    3300       0       45      0        7
		edge         0       0       0       0        0      0        0

		SERVICE  CLASS    ACTION  USED  RESERVED  MAX       RATE  BURST  WEIGHT
		main     default  limit     38         0    0      100/s    200       1
		main     admin    limit      2         3    0  unlimited    200      10
	EOF
}

@test "sources are a table that says how many it left out" {
	prints sources <<-'EOF'
		SERVICE  SOURCE       CLASS    LIVE  DIRECT  POOLER  WAITING  RATE/S  REFUSED
		main     10.0.0.1     default    12       2      10        0   123.4        5
		main     fd00:1::/64  lambda      3       3       0        0     0.0        0
		2 of 17 sources
	EOF
}

@test "flows are a table with both ends" {
	prints flows <<-'EOF'
		SERVICE  CLASS    LANE    STATE      SOURCE           DESTINATION        AGE
		main     default  direct  open       10.0.0.1:40000   10.9.9.9:5432   1m 15s
		main     lambda   pooler  half_open  [fd00::1]:40001  [fd00::9]:5432      0s
	EOF
}

@test "budget, limit and class are tables" {
	prints budget main <<-'EOF'
		SERVICE  MODE   DIRECT  USED  RESERVED
		main     fixed      40    12         3
	EOF
	prints limit main default <<-'EOF'
		SERVICE  CLASS    LIMIT                   VALUE
		main     default  rate                     50/s
		main     default  burst                     100
		main     default  connections_per_source      0
		main     default  direct_per_source           2
		main     default  max_direct                  0
		main     default  reserved                    0
		main     default  weight                      1
	EOF
	prints class main list <<-'EOF'
		CLASS    ACTION  USED  RESERVED  MAX   RATE  BURST  WEIGHT  SOURCES
		default  limit      7         0    0  100/s    200       1  -
		lambda   limit      0         0    5  100/s    200       1  10.64.0.0/12 fd00:64::/32
	EOF
}

@test "a change is confirmed in one line" {
	prints attach eth1 <<<'attached to eth1 (tc)'
	prints detach eth1 <<<'detached from eth1'
	prints allow 10.0.0.5/32 <<<'10.0.0.5/32: allow on main, edge until forgotten'
	prints deny 192.0.2.0/24 <<<'192.0.2.0/24: deny on main for 10m'
	prints forget 192.0.2.0/24 <<<'192.0.2.0/24: forgotten on main'
	prints pause main --for 30s <<<'main: paused for 30s, new connections wait'
	prints resume main <<<'main: resumed, 4 waiting to be let in'
	prints queue <<-'EOF'
		SERVICE  STATE   DISCIPLINE  WAITING    MAX  OLDEST  LET IN  A NEW ONE   LIMIT
		main     serves  fair            303  10000   2.0 s  15.2/s     19.9 s  10.0 s
		edge     paused  fifo              0      0       -   0.0/s          -   1.5 s

		SERVICE  CLASS    WEIGHT  WAITING  OLDEST
		main     default       1      281   2.0 s
		main     admin        10        0       -

		SERVICE  SOURCE     CLASS    WAITING  OLDEST
		main     10.64.1.2  default      200   2.0 s
	EOF
	prints reload <<-'EOF'
		budget.direct of main: 80 -> 40
		class lambda of main: added
	EOF
}

@test "explain lists each check and ends with the verdict as a sentence" {
	prints explain 10.1.2.3 <<-'EOF'
		source 10.1.2.3, service main, class lambda

		CHECK      VALUE  LIMIT  RESULT
		rate    3 of 200  100/s  ok
		budget        80     80  no
		pooler        12   2000  ok

		A new connection from 10.1.2.3 to main goes to the pooler: every slot that the class may use is taken.
	EOF
	fake_bytes reply '{"result":{"source":"10.1.2.3","service":"main","class":"x","lane":"queue","reason":"budget","mode":"enforce","steps":[],"queue_position":37,"queue_wait_s":1.234}}\n'
	assert_matches "verdict" 'waits in the queue.*It would be the 37th, and wait about 1.2 s' "$(cli explain 10.1.2.3 | tr '\n' ' ')"
	fake_bytes reply '{"result":{"source":"10.1.2.3","service":"main","class":"x","lane":"queue","reason":"budget","mode":"enforce","steps":[],"queue_position":22,"queue_wait_s":null}}\n'
	assert_matches "verdict" 'It would be the 22nd; nobody was let in lately' "$(cli explain 10.1.2.3 | tr '\n' ' ')"
	fake_bytes reply '{"result":{"source":"10.1.2.3","service":"main","class":"x","lane":"drop","reason":"action","mode":"monitor","steps":[]}}\n'
	assert_matches "verdict" 'is dropped without an answer.*mode is monitor' "$(cli explain 10.1.2.3 | tr '\n' ' ')"
}

@test "dump and metrics are passed on byte for byte" {
	prints dump < <(jq -r .result.yaml "$REPLIES/dump.json" | head -n -1)
	prints metrics < <(jq -r .result.text "$REPLIES/metrics.json" | head -n -1)
}

@test "an answer without the keys one knows is still shown" {
	local verb
	fake_bytes reply '{"result":{}}\n'
	for verb in status sources flows queue "pause x" "resume x" "attach x" "budget x" "limit x y" "class x list" "deny 10.0.0.1" \
		"forget 10.0.0.1" "explain 10.0.0.1" reload dump metrics; do
		# shellcheck disable=SC2086 # words
		cli $verb >/dev/null
	done
	fake_bytes reply '{"result":{"services":[1,null,{"classes":{},"budget":7}],"sources":"x","flows":[[]]}}\n'
	for verb in status sources flows; do
		cli "$verb" >/dev/null
	done
}

@test "every verb has --help with usage and an example, and so has the command" {
	local verb
	for verb in $VERBS; do
		run "$BUILD/spillway" "$verb" --help
		[ "$status" -eq 0 ]
		assert_matches "help of $verb" "^  spillway $verb" "$output"
		assert_matches "help of $verb" "^Example:" "$output"
		assert_matches "help" "^  $verb  +[a-z]" "$("$BUILD/spillway" --help)"
	done
	assert_equal "verbs in --help" "$VERBS" \
		"$("$BUILD/spillway" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p' | tr '\n' ' ' | sed 's/ $//')"
}

@test "--version names program and version" {
	run "$BUILD/spillway" --version
	[ "$status" -eq 0 ]
	assert_matches "version" '^spillway [0-9]+\.[0-9]+\.[0-9]+$' "$output"
}

@test "a wrong command line is a usage error that says what was found" {
	usage_error 'no verb' cli
	usage_error "unknown verb 'statu'" cli statu
	usage_error "unknown verb 'tops'" cli tops
	usage_error 'unknown option --frob' cli status --frob
	usage_error 'unknown option --limit' cli status --limit 5
	usage_error 'unknown option -x' cli status -x
	usage_error 'unknown option --servic' cli sources --servic main
	usage_error '--json takes no value' cli status --json=yes
	usage_error '--limit needs a value' cli sources --limit
	usage_error '--limit needs a value' cli sources --limit --json
	usage_error "unexpected argument 'extra'" cli status extra
	usage_error "unexpected argument '5'" cli budget main 4 5
	usage_error 'argument is missing' cli attach
	usage_error 'argument is missing' cli limit main
	usage_error "found 'sometimes'" cli status --color sometimes
}

@test "a value that does not parse is a usage error, and nothing is sent" {
	fake_start reply "$REPLIES/status.json"
	usage_error "found '5x'" cli sources --limit 5x
	usage_error "found '0'" cli sources --limit 0
	usage_error "found 'speed'" cli sources --sort speed
	usage_error "found 'fast'" cli flows --lane fast
	usage_error "found 'turbo'" cli attach eth0 --mode turbo
	usage_error "found '40x'" cli budget main 40x
	usage_error "found 'soon'" cli pause main --for soon
	usage_error "found '0s'" cli pause main --for 0s
	usage_error "found '-1'" cli budget main -- -1
	usage_error "rate" cli limit main default rate=5
	usage_error "unknown key 'speed'" cli limit main default speed=5
	usage_error 'given twice' cli limit main default burst=5 burst=6
	usage_error "found 'burst'" cli limit main default burst
	usage_error "found 'rename'" cli class main rename
	usage_error 'class SERVICE add' cli class main add lambda
	usage_error 'class SERVICE remove' cli class main remove
	usage_error 'class SERVICE list' cli class main list all
	usage_error '10\.0\.0\.0/8' cli class main add lambda 10.0.0.1/8
	usage_error '10\.0\.0\.300' cli deny 10.0.0.300
	usage_error "found '10'" cli deny 10.0.0.1 --for 10
	usage_error "found '0s'" cli allow 10.0.0.1 --for 0s
	usage_error "found 'localhost'" cli explain localhost
	usage_error 'UTF-8' cli budget $'\xff'
	[ ! -e "$FAKE_LOG" ]
}

@test "without a daemon the exit code is 4, and the message names the socket and the remedy" {
	fails_with 4 "$FAKE_SOCKET.*spillwayd --config" cli status
	fails_with 4 "$FAKE_SOCKET" cli status --json
	fake_start reply "$REPLIES/status.json"
	fake_stop
	[ -S "$FAKE_SOCKET" ]
	fails_with 4 "spillwayd --help" cli status
	fails_with 2 '107 bytes' "$BUILD/spillway" --socket "/$(printf 'p%.0s' {1..200})" status
}

@test "a socket one may not open is exit code 3, and the message says which group may" {
	need_root
	fake_start reply "$REPLIES/status.json"
	chgrp daemon "$FAKE_SOCKET"
	chmod 660 "$FAKE_SOCKET"
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR/.." "$BATS_TEST_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
	cp "$BUILD/spillway" "$BATS_TEST_TMPDIR/spillway"
	fails_with 3 'group daemon' setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$BATS_TEST_TMPDIR/spillway" --socket "$FAKE_SOCKET" status
}

@test "an error of the daemon is printed, and its code is the exit code" {
	fake_bytes reply '{"error":{"code":1,"message":"it broke"}}\n'
	fails_with 1 'spillway: reload: it broke' cli reload
	fake_bytes reply '{"error":{"code":2,"message":"no service nope"}}\n'
	fails_with 2 'no service nope' cli budget nope
	fake_bytes reply '{"error":{"code":3,"message":"no permission"}}\n'
	fails_with 3 'no permission' cli budget main 3 --json
	fake_bytes reply '{"error":{"code":77}}\n'
	fails_with 1 'without a reason' cli status
}

@test "an answer that is none is exit code 1 and one clear line" {
	local bytes
	for bytes in 'garbage\n' '\n' '[]\n' '{}\n' '{"result":7}\n' '{"error":"x"}\n' '\000\377\n' '{"result":{}} x\n'; do
		fake_bytes raw "$bytes"
		fails_with 1 'does not speak' cli status
		[ "${#lines[@]}" -eq 1 ]
	done
	fake_bytes raw '{"result":{"serv'
	fails_with 1 'in the middle of its reply' cli status
	fake_start close
	fails_with 1 'without a reply' cli status
}

@test "a daemon that hangs up at once is heard if it said why" {
	fake_bytes early '{"error":{"code":1,"message":"too many clients"}}\n'
	fails_with 1 'too many clients' cli status
}

@test "a daemon that does not answer is given up after five seconds" {
	local before=$SECONDS
	fake_start hang
	fails_with 1 'does not answer' cli status
	[ $((SECONDS - before)) -le 8 ]
}

@test "an answer of 60 MB is taken, one over 64 MiB is refused" {
	fake_start big 60000000
	assert_equal "bytes" 60000001 "$(cli metrics | wc -c)"
	fake_start big 68000000
	fails_with 1 'over 64 MiB' cli metrics
}

@test "a reader that leaves early is no error; a full disk is" {
	fake_start big 3000000
	run bash -c '"$@" 2>&1 >&4 4>&- | cat; exit "${PIPESTATUS[0]}"' - "$BUILD/spillway" --socket "$FAKE_SOCKET" metrics 4> >(head -c 10 >/dev/null)
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	run bash -c '"$@" >/dev/full' - "$BUILD/spillway" --socket "$FAKE_SOCKET" metrics
	[ "$status" -eq 1 ]
	assert_matches "message" 'No space left' "$output"
}

@test "output that is piped has no escape codes, unless they are asked for" {
	local verb plain colored
	for verb in status "explain 10.1.2.3" sources; do
		fake_start reply "$REPLIES/${verb%% *}.json"
		# shellcheck disable=SC2086 # words
		plain=$(cli $verb)
		# shellcheck disable=SC2086
		colored=$(cli $verb --color always)
		[[ -n $plain && $plain != *"$ESCAPE"* && $colored == *"$ESCAPE"* ]]
		# shellcheck disable=SC2001 # a pattern
		assert_equal "text without its colour" "$plain" "$(sed "s/$ESCAPE\[[0-9]*m//g" <<<"$colored")"
	done
}

@test "a terminal gets colour and bars; NO_COLOR and --color never keep the bars only" {
	fake_start reply "$REPLIES/status.json"
	run on_terminal "$BUILD/spillway" --socket "$FAKE_SOCKET" status
	[[ $output == *"$ESCAPE"* && $output == *'[##########..........]'* ]]
	NO_COLOR=1 run on_terminal "$BUILD/spillway" --socket "$FAKE_SOCKET" status
	[[ $output != *"$ESCAPE"* && $output == *'[##########..........]'* ]]
	run on_terminal "$BUILD/spillway" --socket "$FAKE_SOCKET" status --color never
	[[ $output != *"$ESCAPE"* ]]
	run on_terminal "$BUILD/spillway" --socket "$FAKE_SOCKET" status --json
	[[ $output != *"$ESCAPE"* ]]
}

@test "a narrow terminal cuts the widest text column; a pipe never does" {
	fake_start reply "$REPLIES/class.json"
	COLUMNS_WANTED=70 run on_terminal "$BUILD/spillway" --socket "$FAKE_SOCKET" class main list
	[[ $output == *'10.64.0'*'~'* && $output != *'fd00:64::/32'* ]]
	cli class main list | grep -q 'fd00:64::/32$'
}

@test "control characters in an answer do not reach the terminal" {
	fake_bytes reply '{"result":{"sources":[{"service":"\\u001b[31mred","source":"a\\nb","class":"\\u009b"}],"total":1}}\n'
	run cli sources
	[[ $output != *"$ESCAPE"* && $output == *'?[31mred'* && $output == *'a?b'* ]]
	fake_bytes reply '{"error":{"code":1,"message":"\\u001b]0;title"}}\n'
	run cli sources
	[[ $output != *"$ESCAPE"* ]]
}

@test "check says what a good file holds, and where a bad one is wrong" {
	cat >"$BATS_TEST_TMPDIR/good.yaml" <<-'EOF'
		services:
		  - name: main
		    listen: [":5432"]
		    classes:
		      - {name: default}
		      - {name: lambda, sources: ["10.64.0.0/12"]}
		  - name: edge
		    listen: [":5433"]
	EOF
	run cli check "$BATS_TEST_TMPDIR/good.yaml"
	assert_equal "check" "$BATS_TEST_TMPDIR/good.yaml: ok, 2 services, 3 classes" "$output"
	cli check "$BATS_TEST_TMPDIR/good.yaml" --json | jq -e '.ok and .services == 2 and .classes == 3'
	sed 's/:5433/:5432/' "$BATS_TEST_TMPDIR/good.yaml" >"$BATS_TEST_TMPDIR/twice.yaml"
	fails_with 2 'twice.yaml:8:' cli check "$BATS_TEST_TMPDIR/twice.yaml"
	sed 's/listen/lisn/' "$BATS_TEST_TMPDIR/good.yaml" >"$BATS_TEST_TMPDIR/bad.yaml"
	fails_with 2 'bad.yaml:3:.*lisn' cli check "$BATS_TEST_TMPDIR/bad.yaml"
	run cli check "$BATS_TEST_TMPDIR/bad.yaml" --json
	[ "$status" -eq 2 ]
	jq -e '.ok == false and (.error | contains("lisn"))' <<<"$output"
	fails_with 2 'none.yaml' cli check "$BATS_TEST_TMPDIR/none.yaml"
}

@test "probe lists checks, as a table and as JSON" {
	run cli probe
	[[ $status -eq 0 || $status -eq 3 ]]
	assert_matches "table" '^CHECK +RESULT +DETAIL' "$output"
	(cli probe --json || true) | jq -e '.checks | length > 0 and all(.check and .level and .text)'
}
