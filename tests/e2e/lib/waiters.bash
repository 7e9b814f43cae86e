# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Clients that wait in the queue, and who came when, as PostgreSQL saw it. Loaded by the queue's tests.

# The first service's waiting room.
# shellcheck disable=SC2034
WAITING='.services[0].queue.waiting'

# come NAME ADDRESS [OPTION=VALUE]...: a client that asks one thing and leaves; its answer is in log/NAME.
come() {
	local name=$1 source=$2
	shift 2
	rm -f "$WORLD/log/$name"
	spawn "$name" nsenter --net="/run/netns/$CLIENT_NS" env LD_PRELOAD="$BUILD/world/bind_source.so" \
		BIND_SOURCE="$source" PGCONNECT_TIMEOUT=40 "$@" \
		psql -XqAt -h "$(server_address_for "$source")" -p 5432 -U app -d app -c 'select 7'
}

served() { grep -qx 7 "$WORLD/log/$1"; }
wait_until_served() { WAIT_SECONDS=${WAIT_SECONDS:-20} wait_until "$1 is served" served "$1"; }

# come_and_wait NAME ADDRESS [OPTION=VALUE]...: and is known to wait then.
come_and_wait() {
	local before
	before=$(status_value "$WAITING")
	come "$@"
	wait_until "$1 waits" status_is "$WAITING" $((before + 1))
}

# hold_in_line NAME ADDRESS: one that stays when it is in, and is known to wait until then.
hold_in_line() {
	local before
	before=$(status_value "$WAITING")
	PGCONNECT_TIMEOUT=40 begin_hold "$@"
	wait_until "$1 waits" status_is "$WAITING" $((before + 1))
}

# gets_in NAME LANE: the one in line.
gets_in() {
	WAIT_SECONDS=20 wait_until "$1 is in" test -s "$WORLD/log/hold-$1"
	assert_equal "lane of $1" "$2" "$(held_lane "$1")"
}

# hears_refusal NAME: at once, as its own patience is longer than wait_until's.
hears_refusal() {
	wait_until "$1 has given up" process_is_gone "$1"
	assert_matches "what $1 heard" 'budget exhausted' "$(cat "$WORLD/log/$1")"
}

# storm_from NAME ADDRESS SOURCES CLIENTS [OPTION]...: in the background, its report in log/NAME.
storm_from() {
	local name=$1 base=$2 sources=$3 clients=$4
	shift 4
	rm -f "$WORLD/log/$name"
	spawn "$name" nsenter --net="/run/netns/$CLIENT_NS" prlimit --nofile=16384:16384 "$BUILD/storm" \
		--target "$SERVER_IPV4:5432" --user app --database app --json --no-progress --timeout 60s \
		--clients "$clients" --source-base "$base" --source-count "$sources" --query 'select 1' "$@"
}

# storm_is_served NAME: it is over, and nobody failed.
storm_is_served() {
	WAIT_SECONDS=60 wait_until "the storm $1 is over" process_is_gone "$1"
	[ "$(jq .failed "$WORLD/log/$1")" = 0 ] || {
		cat "$WORLD/log/$1"
		return 1
	}
}

# From here on, for arrivals.
mark_log() { LOG_MARK=$(wc -l <"$WORLD/log/postgres"); }

# arrivals: the addresses in the order in which the server saw them since mark_log.
arrivals() {
	tail -n "+$((LOG_MARK + 1))" "$WORLD/log/postgres" |
		sed -n 's/.*connection received: host=\(10\.77\.[0-9.]*\|fd[0-9a-f:]*\) .*/\1/p'
}

# By PostgreSQL, for want of a place (53300), since mark_log.
assert_nobody_was_turned_away() {
	assert_equal "turned away by PostgreSQL" '' "$(tail -n "+$((LOG_MARK + 1))" "$WORLD/log/postgres" |
		grep 'too many clients\|remaining connection slots\|too many connections')"
}

counter() { status_value ".services[0].counters.$1"; }

# verdicts LABELS: how many there were, where the labels are like that.
verdicts() {
	sw metrics | awk -v labels="^spillway_verdicts_total{.*$1" '$0 ~ labels { sum += $NF } END { print sum + 0 }'
}

verdicts_are() { [ "$(verdicts "$1")" = "$2" ]; }

# Every SYN that was parked came to one end, or still waits.
assert_waits_add_up() {
	assert_equal "ends of waits" "$(status_value "$TOTALS.queued")" \
		"$(status_value '.services[0] | .queue.waiting + (.counters
			| .wait_admitted + .wait_steered + .wait_timed_out + .wait_abandoned)')"
}

# Nobody inside, nobody waiting, nothing that does not add up.
assert_quiet() {
	eventually_status "$USED" 0
	eventually_status '.services[0].pooler.used' 0
	eventually_status "$WAITING" 0
	assert_waits_add_up
	assert_status '.services[0].counters.drift' 0
	assert_status '.services[0].counters.wakeups_lost' 0
	assert_status '.services[0].budget.overcommitted' 0
}

# For teardown: those who still come, or wait.
send_away() {
	local name
	for name in "$@"; do
		stop_process "$name" KILL
	done
}
