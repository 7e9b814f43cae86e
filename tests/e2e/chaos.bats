#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# runs alone: what goes wrong is to meet the middle of a storm.
# What goes wrong in the worst hour goes wrong in the middle of a storm; afterwards every count is right.

load lib/e2e

setup_file() {
	need_root
	world_create
}
setup() { database_bears 20; }
teardown_file() { world_destroy; }
teardown() {
	pgbouncer_stop
	as_client ip link set "$WORLD_INTERFACE" up
	end_test
	rm -f "$WORLD/log/storm"
}

# database_bears COUNT: connections. As many as the budget, so that a single slot given away twice is a
# 53300. Clients that are gone are found within seconds.
database_bears() {
	[ "$1" != "$(cat "$WORLD/bears" 2>/dev/null)" ] || return 0
	[ ! -e "$WORLD/pid/postgres" ] || postgres_stop
	postgres_start max_connections=$(($1 + 3)) superuser_reserved_connections=3 authentication_timeout=3s \
		tcp_keepalives_idle=1 tcp_keepalives_interval=1 tcp_keepalives_count=3
	printf '%s\n' "$1" >"$WORLD/bears"
}

CLIENTS=3000
# In seconds, where a start takes less than one.
DURATION=9
STAYING="1-1 1-2 1-3"
ADOPTED='.services[0].counters.adopted'

# configuration [LANES] [BUDGET] [SOURCES] [LIMITS]: the sources and limits are those of the second class, which
# nobody is in but for these.
configuration() {
	cat <<-YAML
		handshake_timeout: 1s
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: ${2:-20}}
		    pooler: {address: "127.0.0.1:6432", max_connections: 1000}
		    lanes: [${1:-direct, refuse}]
		    classes:
		      - {name: default, rate: unlimited}
		      - {name: some, sources: ["${3:-192.0.2.0/24}"], ${4:-rate: 1/s}}
	YAML
}

# begin [LANES]: the daemon (of FIRST_BUILD), three sessions that are to live through it all, and the storm, whose
# clients stay for STAY seconds. Where a start takes long, as with sanitizers, whatever else happens in the storm does,
# too: it lasts as many times longer.
begin() {
	local began=${EPOCHREALTIME//[^0-9]/}
	complaints_before=$(complaints)
	configuration "$@" | BUILD=${FIRST_BUILD:-$BUILD} spillwayd_start
	duration=$((DURATION * (1 + (${EPOCHREALTIME//[^0-9]/} - began) / 1000000)))
	# What a test before left half-open in the kernel counts at attach, until it is given up.
	eventually_status "$USED" 0
	adopted_before=$(status_value "$ADOPTED")
	hold_many 1 3
	spawn storm nsenter --net="/run/netns/$CLIENT_NS" prlimit --nofile=16384:16384 "$BUILD/storm" \
		--target "$SERVER_IPV4:5432" --user app --database app --json --no-progress --clients "$CLIENTS" \
		--source-base 10.77.2.1 --source-count 250 --within "${duration}s" --query "select pg_sleep(${STAY:-0.02})" --timeout 20s
	wait_until "the storm has begun" arrived 100
}

# arrived COUNT: so many SYNs have come by now. A dead daemon is not asked for them.
arrived() { [ "$(status_value "$TOTALS.syn")" -ge "$1" ]; }

# A fault after the storm would show nothing.
assert_in_the_storm() { process_runs storm; }

end_storm() {
	WAIT_SECONDS=$((40 + duration)) wait_until "the storm is over" process_is_gone storm
	cat "$WORLD/log/storm"
	assert_equal "clients in the report" "$CLIENTS" "$(jq .clients "$WORLD/log/storm")"
	[ "$(jq .succeeded "$WORLD/log/storm")" -gt 20 ]
}

complaints() { grep -Ec 'too many clients|connection slots are reserved' "$WORLD/log/postgres" || true; }

# assert_causes PATTERN: nobody met anything else.
assert_causes() {
	local cause
	for cause in $(jq -r '.failures | keys[]' "$WORLD/log/storm"); do
		assert_matches "cause of failure" "^($1)\$" "$cause"
	done
}

# Half-open ones hold a slot no longer than handshake_timeout; the kernel keeps them for a minute, and what
# is left of closed ones (in TIME-WAIT, but in FIN-WAIT-2 as well) likewise.
sockets_of_clients() {
	as_server ss -Htano "sport = :5432" | grep -vcE '^(LISTEN|SYN-RECV)|timer:\(timewait'
}

slots() { status_value '.services[0] | .budget.used + .pooler.used'; }

slots_are_sockets() {
	local slots
	slots=$(slots)
	[ "$slots" -gt 0 ] && [ "$slots" -eq "$(sockets_of_clients)" ]
}

# assert_whole STAYING...: every count is what the kernel has, and those inside never noticed.
assert_whole() {
	local name
	for name in "$@"; do
		printf 'select 42;\n' >"$WORLD/hold-$name.fifo"
		wait_until "the session $name is answered" grep -qx 42 "$WORLD/log/hold-$name"
	done
	WAIT_SECONDS=20 eventually_status '.services[0] | .budget.used + .pooler.used' $#
	wait_until "there are as many slots as sockets" slots_are_sockets || {
		as_server ss -Htanoe
		sw flows
		return 1
	}
	assert_equal "sockets" $# "$(sockets_of_clients)"
	assert_equal "reconcile" "0 0 0" \
		"$(sw status --reconcile --json | jq -r '.reconcile | "\(.adopted) \(.confirmed) \(.released)"')"
	assert_status '.services[0].counters.drift' 0
	assert_status '.services[0].budget.overcommitted' 0
	assert_equal "53300 in PostgreSQL's log" "$complaints_before" "$(complaints)"
	release_all
	eventually_status "$USED" 0
	eventually_status '.services[0].pooler.used' 0
}

# The gate goes on alone each time: nobody but it answers those who come meanwhile.
kill_and_restart_three_times() {
	local seen
	for seen in 300 800 1300; do
		wait_until "$seen have come" arrived "$seen"
		stop_process spillwayd KILL
		wait_until "connections come and go without a daemon" postgres_logged_more
		assert_in_the_storm
		spillwayd_run
	done
}

@test "the daemon is killed three times in a storm of 3,000 and restarted" {
	begin
	kill_and_restart_three_times
	end_storm
	assert_causes told_to_retry
	assert_matches "log" 'taking over from the daemon before this one' "$(cat "$WORLD/log/spillwayd")"
	# shellcheck disable=SC2086 # names
	assert_whole $STAYING
	assert_status "$TOTALS.syn" $((CLIENTS + 3))
	# Whoever came while there was no daemon was counted by the gate.
	assert_status "$ADOPTED" "$adopted_before"
}

# A gate that turned away whom it has room for would be seen by nothing else.
@test "the daemon is killed three times in a storm of 3,000 for all of whom there is room: nobody is turned away" {
	# The pooler has ten backends of its own.
	database_bears 18
	pgbouncer_start default_pool_size=10
	begin 'direct, pooler, refuse' 8
	kill_and_restart_three_times
	end_storm
	assert_equal "failures" '{}' "$(jq -c .failures "$WORLD/log/storm")"
	assert_equal "served" "$CLIENTS" "$(jq .succeeded "$WORLD/log/storm")"
	[ "$(status_value "$TOTALS.pooler")" -gt 0 ]
	# shellcheck disable=SC2086 # names
	assert_whole $STAYING
	assert_status "$TOTALS.syn" $((CLIENTS + 3))
	assert_status "$ADOPTED" "$adopted_before"
}

# Since the last call.
postgres_logged_more() {
	local before=${logged:-$(wc -l <"$WORLD/log/postgres")}
	logged=$(wc -l <"$WORLD/log/postgres")
	[ "$logged" -gt $((before + 10)) ]
}

# run_slowly: a daemon that takes long from step to step: from looking who is inside to the gate, and from there to
# looking again. Who is traced cannot look for its leaks.
run_slowly() {
	rm -f "$WORLD/log/spillwayd"
	spawn spillwayd nsenter --net="/run/netns/$SERVER_NS" strace -D -qq -o /dev/null \
		-E "ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0" -e trace=rename,sendto \
		-e inject=rename:delay_exit=500000 -e inject=sendto:delay_exit=30000 \
		"$BUILD/spillwayd" --foreground --config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"
	WAIT_SECONDS=30 wait_until "spillwayd knows of its databases or is gone" spillwayd_knows_or_is_gone
	sw status >/dev/null
}

# The gate of before gives away again what becomes free until the next one is in its place, and that one counts anew.
@test "a daemon of another layout takes over in a storm of 3,000: both together let in no more than the budget" {
	# Every slot is taken, and becomes free for another on the way.
	FIRST_BUILD=$BUILD/other-layout STAY=1 DURATION=20 begin
	WAIT_SECONDS=30 wait_until "500 have come" arrived 500
	sw handover
	wait_until "the daemon is gone" process_is_gone spillwayd
	run_slowly
	assert_in_the_storm
	assert_matches "log" 'layout .*: counting anew' "$(cat "$WORLD/log/spillwayd")"
	end_storm
	assert_causes told_to_retry
	# shellcheck disable=SC2086 # names
	assert_whole $STAYING
}

# What the storm's clients are subject to changes under them: budget, class, reserve, caps.
@test "the configuration is reloaded ten times in a storm of 3,000" {
	local i budget most bits
	begin
	for ((i = 1; i <= 10; i++)); do
		budget=$((20 - i % 4 * 4)) most=$((3 + i % 5)) bits=$((24 + i % 3))
		configuration 'direct, refuse' "$budget" "10.77.2.0/$bits" \
			"rate: unlimited, reserved: $((i % 3)), max_direct: $most, direct_per_source: $((1 + i % 2))" |
			spillwayd_configure
		sw reload
		assert_status '.services[0].budget.direct' "$budget"
		assert_status '.services[0].classes[] | select(.name == "some") | .max_direct' "$most"
		assert_in_the_storm
		wait_until "more have come" arrived $((i * 250))
	done
	end_storm
	[ "$(class_direct some)" -gt 0 ] && [ "$(class_direct default)" -gt 3 ]
	assert_causes told_to_retry
	# shellcheck disable=SC2086 # names
	assert_whole $STAYING
	assert_status "$TOTALS.syn" $((CLIENTS + 3))
}

# class_direct NAME: how many of it went direct.
class_direct() {
	sw metrics | awk -v class="class=\"$1\"" '/^spillway_verdicts_total/ && index($0, class) && /lane="direct"/ { n += $2 } END { print n + 0 }'
}

@test "the pooler is stopped and started in a storm of 3,000" {
	# It has one backend of its own.
	database_bears 21
	pgbouncer_start default_pool_size=1
	begin 'direct, pooler, refuse'
	wait_until "800 have come" arrived 800
	pgbouncer_stop
	wait_until "its backend is gone" no_backend_of_the_pooler
	wait_until "1,600 have come" arrived 1600
	pgbouncer_start default_pool_size=1
	assert_in_the_storm
	end_storm
	[ "$(status_value "$TOTALS.pooler")" -gt 0 ]
	# Whoever was with the pooler when it went heard of that; so did those who still were sent to it.
	assert_causes 'told_to_retry|connect_refused|connect_reset|closed_early|reset|sqlstate_(08P01|57P01|57P03|58000)'
	# shellcheck disable=SC2086 # names
	assert_whole $STAYING
}

# Without a question to PostgreSQL: that would be one connection more than it bears.
no_backend_of_the_pooler() {
	[ -z "$(as_server ss -Hx state connected src "$WORLD/postgres/.s.PGSQL.5432")" ]
}

# flood_counts NETWORK COUNTER COUNT: 20 more SYNs from there; whether COUNTER has come that far by then.
# In the middle of a storm there may be a slot for one of them, or for none.
flood_counts() {
	flood_port=$((${flood_port:-20000} + 20))
	as_client python3 "$BATS_TEST_DIRNAME/lib/syn_flood.py" "$SERVER_IPV4" 5432 "$1" 20 "$flood_port"
	[ "$(status_value ".services[0].counters.$2")" -ge "$3" ]
}

@test "clients vanish in the middle of a storm of 3,000: after a SYN, after a RST, after a handshake" {
	# A network that no host has: nobody ever answers those SYN-ACKs.
	as_server ip route replace 10.79.0.0/24 via "$GATEWAY_IPV4"
	DURATION=15 begin
	wait_until "ten who only sent a SYN lost their slot" flood_counts 10.79.0 expired 10
	# The client's host knows nothing of these and answers the SYN-ACK with a RST.
	wait_until "ten have taken theirs back by a RST" flood_counts 10.77.9 handshake_resets 10
	as_client python3 "$BATS_TEST_DIRNAME/lib/vanish.py" "$SERVER_IPV4" 5432 10.77.8 10
	assert_in_the_storm
	end_storm
	assert_causes told_to_retry
	# shellcheck disable=SC2086 # names
	assert_whole $STAYING
}

@test "the link goes down in the middle of a storm of 3,000, and some are gone when it is back" {
	# A RST closes a socket before the backend that has it hears of that.
	database_bears 21
	begin
	wait_until "1,000 have come" arrived 1000
	as_client ip link set "$WORLD_INTERFACE" down
	# A host that crashed knows nothing of its connections: no FIN of this one is sent again later.
	as_client ss -HtK src 10.77.1.2 "dport = :5432"
	release 1-2
	as_client ip link set "$WORLD_INTERFACE" up
	assert_in_the_storm
	end_storm
	# Where there is no link, there is no route either.
	assert_causes 'told_to_retry|connect_refused|connect_unreachable|connect_timeout|timeout'
	assert_whole 1-1 1-3
}
