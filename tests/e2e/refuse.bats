#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native generic tc
# What a refused client hears: the gate says it itself, and the kernel's TCP never sees the client.

load lib/e2e
load lib/waiters

setup_file() { world_with_database max_connections=40; }
teardown_file() { world_destroy; }
teardown() {
	clear_client_filters
	end_test
}

# configure [BUDGET [CHAIN [PROTOCOL]]]: 10.77.9.0/24 is told something of its own.
configure() {
	spillwayd_start <<-YAML
		log: {level: debug}
		services:
		  - name: main
		    listen: [":5432"]
		    protocol: ${3:-postgres}
		    budget: {mode: fixed, direct: ${1:-0}}
		    pooler: {address: "127.0.0.1:6432", max_connections: 500}
		    queue: {max_wait: 1s}
		    lanes: [${2:-direct, refuse}]
		    refuse: {message: "${MESSAGE:-no room here}", retry_after: 700ms}
		    classes:
		      - {name: default, rate: unlimited}
		      - {name: own, sources: ["10.77.9.0/24"], rate: unlimited, message: "not for you"}
		      - {name: pooled, sources: ["10.77.7.0/24"], rate: unlimited, lanes: [pooler, refuse]}
	YAML
}

# psql_hears ADDRESS PATTERN [OPTION=VALUE]...: what psql says when it cannot connect.
psql_hears() {
	local source=$1 pattern=$2
	shift 2
	run psql_from "$source" -c 'select 1' -d "dbname=app $*"
	assert_equal "psql's exit code" 2 "$status"
	assert_matches "what psql says" "$pattern" "$output"
}

refused() {
	local verb=$1 source=$2
	shift 2
	as_client timeout 60 python3 "$BATS_TEST_DIRNAME/lib/refused.py" "$verb" "$source" \
		"$(server_address_for "$source")" "$@"
}

# hears "what it is" PATTERN VERB ADDRESS [ARGUMENT]...
hears() {
	local what=$1 pattern=$2
	shift 2
	assert_matches "$what" "$pattern" "$(refused "$@" 2>&1)"
}

TOLD='^S=FATAL V=FATAL C=53300 M=no room here H=Retry in [0-9 ]{4} ms\. closed$'

counter() { status_value ".services[0].counters.$1"; }
counter_is() { [ "$(counter "$1")" = "$2" ]; }

# The server's kernel has no connection and made none: nothing but listeners.
assert_no_socket() {
	assert_equal "sockets at the port" "" "$(as_server ss -Htan "sport = :5432" | grep -v LISTEN)"
	assert_equal "PostgreSQL's connections" 0 "$(grep -c 'connection received: host=\(10.77\|fd77\)' "$WORLD/log/postgres")"
}

@test "psql prints the message and when to retry, over IPv4 and IPv6, and no socket was made" {
	: >"$WORLD/log/postgres"
	configure
	assert_status '.services[0].refuses_by' error
	psql_hears 10.77.1.1 'FATAL:  no room here' sslmode=disable
	assert_matches "its hint" 'HINT:  Retry in [ 0-9]{4} ms' "$output"
	psql_hears fd77:0:1::1 'FATAL:  no room here' sslmode=disable
	assert_status "$TOTALS.refused" 2
	counter_is refusals_told 2
	assert_no_socket
}

@test "with sslmode=prefer psql hears it too, and with require that there is no encryption" {
	configure
	psql_hears 10.77.1.1 'FATAL:  no room here' sslmode=prefer
	psql_hears fd77:0:1::1 'FATAL:  no room here' sslmode=prefer
	psql_hears 10.77.1.1 'server does not support SSL' sslmode=require
	psql_hears 10.77.1.1 'FATAL:  no room here' sslmode=disable gssencmode=prefer
	# Without a ticket it does not even ask; with one it hears N, as from a server without GSS.
	psql_hears 10.77.1.1 'GSSAPI encryption required but was impossible' sslmode=disable gssencmode=require
}

@test "both requests for encryption are answered before the startup packet" {
	configure
	hears "after TLS" "^N $(printf '%s' "$TOLD" | tail -c +2)" asks 10.77.1.1 tls
	hears "after GSS and TLS" "^N N $(printf '%s' "$TOLD" | tail -c +2)" asks fd77:0:1::1 gss tls
}

@test "a startup packet may come in pieces, the first of them a few bytes long" {
	configure
	hears "in two" "$TOLD" startup 10.77.1.1 20
	hears "in many" "$TOLD" startup fd77:0:1::1 8 1 9
	hears "a first piece that says nothing" "$TOLD" startup 10.77.1.2 4
	hears "byte by byte" "$TOLD" startup 10.77.1.3 1 1 1 1 1 1 1 1
}

@test "the longest message reaches a client that says as little as it can" {
	local smallest=0000000f00030000757365720061
	MESSAGE=$(printf 'm%.0s' {1..160}) configure
	hears "the whole of it" ' M=m{160} H=Retry in [0-9 ]{4} ms\. closed$' says 10.77.1.1 "${smallest}00"
	hears "over IPv6" ' M=m{160} H=Retry in [0-9 ]{4} ms\. closed$' says fd77:0:1::1 "${smallest}00"
}

@test "what is no PostgreSQL is cut off: TLS without a request, an old protocol, noise" {
	configure
	hears "a ClientHello" 'reset$' says 10.77.1.1 1603010200010001fc0303
	hears "protocol 2" 'reset$' says 10.77.1.2 0000012800020000
	hears "noise" 'reset$' says fd77:0:1::1 474554202f20485454502f312e31
	counter_is refusals_reset 3
}

@test "a class has a message of its own, and each client another time to come back" {
	configure
	psql_hears 10.77.9.1 'FATAL:  not for you' sslmode=disable
	local delays
	delays=$(for i in {1..8}; do refused startup "10.77.1.$i"; done | grep -o 'Retry in *[0-9]*' | tr -dc '0-9\n')
	[ "$(sort -u <<<"$delays" | wc -l)" -gt 4 ]
	for delay in $delays; do
		[ "$delay" -ge 700 ]
		[ "$delay" -lt 1400 ]
	done
}

@test "a client behind a VLAN tag, or two, hears it in the same" {
	configure
	tag_client_frames once
	psql_hears 10.77.1.1 'FATAL:  no room here' sslmode=disable
	clear_client_filters
	tag_client_frames twice
	psql_hears fd77:0:1::1 'FATAL:  no room here' sslmode=prefer
}

@test "with the first copy of every answer lost, the client hears it all the same" {
	configure
	lose_first_copies
	psql_hears 10.77.1.1 'FATAL:  no room here' sslmode=prefer
	psql_hears fd77:0:1::1 'FATAL:  no room here' sslmode=disable
	hears "both requests and the text" "^N N $(printf '%s' "$TOLD" | tail -c +2)" asks 10.77.1.2 gss tls
	# Three SYN-ACKs, three answers to requests, three texts; more if the secret changed meanwhile.
	[ "$(lost_copies)" -ge 9 ]
}

@test "a MySQL client is told 1040 before it says anything, and again where that was lost" {
	configure 0 'direct, refuse' mysql
	hears "over IPv4" '^1040 #08004no room here closed$' listens 10.77.1.1
	hears "over IPv6" '^1040 #08004no room here closed$' listens fd77:0:1::1
	lose_first_copies
	hears "told again" '^1040 #08004no room here closed$' listens 10.77.1.2
	hears "told again over IPv6" '^1040 #08004no room here closed$' listens fd77:0:1::2
	[ "$(lost_copies)" -ge 4 ]
	counter_is refusals_told 4
}

@test "a plain TCP service answers with a RST" {
	configure 0 'direct, refuse' tcp
	run refused listens 10.77.1.1
	assert_matches "what it hears" 'ConnectionRefusedError' "$output"
	assert_status '.services[0].refuses_by' reset
}

SLEEPS="select pg_sleep(60)"
sleepers() { ask_postgres "select count(*) from pg_stat_activity where state = 'active' and query like '$SLEEPS%'"; }
sleepers_are() { [ "$(sleepers)" = "$1" ]; }

# cancels NAME ADDRESS: with everything refused, its query is cancelled all the same.
cancels() {
	hold "$1" "$2"
	printf '%s;\n' "$SLEEPS" >"$WORLD/hold-$1.fifo"
	wait_until "the query runs" sleepers_are 1
	sw budget main 0 >/dev/null
	sw limit main pooled max_direct=0 >/dev/null
	kill -s INT "$(pid_of "hold-$1")"
	wait_until "the query is cancelled" grep -q 'canceling statement due to user request' "$WORLD/log/hold-$1"
	wait_until "no query runs" sleepers_are 0
	release "$1"
}

@test "a cancel request works though everybody is refused, wherever its session lives" {
	configure 1 'direct, refuse'
	cancels direct 10.77.1.1
	[ "$(counter cancels_handed_on)" -ge 1 ]
}

@test "a cancel request in two segments works though everybody is refused" {
	configure 1 'direct, refuse'
	rm -f "$WORLD/log/session"
	spawn session nsenter --net="/run/netns/$CLIENT_NS" python3 \
		"$BATS_TEST_DIRNAME/lib/pg_cancel.py" session 10.77.1.1 "$SERVER_IPV4"
	wait_until "its query runs" sleepers_are 1
	local key
	read -r -a key <"$WORLD/log/session"
	as_client timeout 60 python3 "$BATS_TEST_DIRNAME/lib/pg_cancel.py" pieces 10.77.1.2 "$SERVER_IPV4" "${key[@]}"
	wait_until "no query runs" sleepers_are 0
	wait_until "the session is over" process_is_gone session
	assert_equal "how its query ended" 57014 "$(tail -n 1 "$WORLD/log/session")"
	assert_equal "listeners that it was handed on to" 2 "$(counter cancels_handed_on)"
}

@test "a cancel request that is refused reaches a session at the pooler" {
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 0}
		    pooler: {address: "127.0.0.1:6432", max_connections: 1}
		    lanes: [pooler, refuse]
	YAML
	hold pooled 10.77.1.1
	assert_equal "its lane" pooler "$(held_lane pooled)"
	printf '%s;\n' "$SLEEPS" >"$WORLD/hold-pooled.fifo"
	wait_until "the query runs" sleepers_are 1
	kill -s INT "$(pid_of hold-pooled)"
	wait_until "the query is cancelled" grep -q 'canceling statement due to user request' "$WORLD/log/hold-pooled"
	wait_until "no query runs" sleepers_are 0
	[ "$(status_value "$TOTALS.refused")" -ge 1 ]
}

# None of their SYNs arrives twice, so it is none of those that is answered.
@test "who waited as long as he may, or for the end of a pause, is told at that moment" {
	configure 1 'direct, queue, refuse'
	hold inside 10.77.1.1
	lose_repeated_copies
	come late 10.77.1.2
	wait_until "it has given up" process_is_gone late
	assert_matches "what it heard" 'FATAL:  no room here' "$(cat "$WORLD/log/late")"
	eventually_status '.services[0].counters.wait_timed_out' 1
	release inside
	sw pause main >/dev/null
	come paused 10.77.1.3
	wait_until "it has given up" process_is_gone paused
	assert_matches "what it heard" 'FATAL:  no room here' "$(cat "$WORLD/log/paused")"
	eventually_status '.services[0].counters.wait_timed_out' 2
	assert_equal "SYNs that came again" 0 "$(counter retransmits)"
	counter_is refusals_told 2
}

@test "without a daemon refusals are told; a conversation outlives it and its successor's start" {
	configure
	mkfifo "$WORLD/slow.fifo"
	# shellcheck disable=SC2016 # expanded by the inner shell
	spawn slow bash -c 'exec "$@" <>"$0"' "$WORLD/slow.fifo" nsenter --net="/run/netns/$CLIENT_NS" \
		python3 "$BATS_TEST_DIRNAME/lib/refused.py" waits 10.77.1.9 "$SERVER_IPV4"
	wait_until "it is connected" grep -q in "$WORLD/log/slow"
	stop_process spillwayd KILL
	psql_hears 10.77.1.1 'FATAL:  no room here' sslmode=prefer
	configure
	printf '\n' >"$WORLD/slow.fifo"
	wait_until "it is answered" grep -q 'closed\|reset' "$WORLD/log/slow"
	stop_process slow
	rm -f "$WORLD/slow.fifo"
	assert_matches "what it hears" "M=no room here" "$(cat "$WORLD/log/slow")"
}

# As when more are refused meanwhile than are remembered.
forget_refusals() {
	local pin="$PIN_DIR/current/map_refused" key
	while read -r key; do
		# shellcheck disable=SC2086 # bytes, a word each
		bpftool map delete pinned "$pin" key $key
	done < <(bpftool --json map dump pinned "$pin" | jq -r '.[].key | join(" ")')
	assert_equal "refusals that are remembered" '[]' "$(bpftool --json map dump pinned "$pin")"
}
resets_sent() { as_server nstat -asz TcpOutRsts | awk '/TcpOutRsts/ { print $2 }'; }
nobody_closes() { [ -z "$(as_client ss -Htn state fin-wait-1 state last-ack state closing state close-wait)" ]; }

@test "a client whose refusal is forgotten is told to the end, and meets no RST" {
	local resets
	configure
	mkfifo "$WORLD/slow.fifo"
	# shellcheck disable=SC2016 # expanded by the inner shell
	spawn slow bash -c 'exec "$@" <>"$0"' "$WORLD/slow.fifo" nsenter --net="/run/netns/$CLIENT_NS" \
		python3 "$BATS_TEST_DIRNAME/lib/refused.py" waits 10.77.1.9 "$SERVER_IPV4"
	wait_until "it is connected" grep -q in "$WORLD/log/slow"
	forget_refusals
	resets=$(resets_sent)
	printf '\n' >"$WORLD/slow.fifo"
	wait_until "it has gone" process_is_gone slow
	rm -f "$WORLD/slow.fifo"
	assert_matches "what it heard" 'M=no room here .* closed' "$(cat "$WORLD/log/slow")"
	wait_until "its end is acknowledged" nobody_closes
	assert_equal "RSTs" "$resets" "$(resets_sent)"
}

@test "sessions that are in go on while others are told, and a client that was refused gets in later" {
	configure 1
	hold inside 10.77.1.1
	psql_hears 10.77.1.2 'FATAL:  no room here' sslmode=disable
	: >"$WORLD/log/hold-inside"
	printf 'select repeat(chr(120), 100000);\nselect 7;\n' >"$WORLD/hold-inside.fifo"
	wait_until "the session answers" grep -qx 7 "$WORLD/log/hold-inside"
	release inside
	wait_until "the one that was refused gets in" lane_is 10.77.1.2 direct
}
