#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# Who finds no room waits, and gets in when something becomes free.

load lib/e2e
load lib/waiters

setup_file() { world_with_database max_connections=26; }
teardown_file() { world_destroy; }
# Who was denied still knocks, and would do so in the next test.
teardown() {
	send_away bad
	end_test
}

# configuration BUDGET [LANES] [QUEUE_KEYS] [CLASS_KEYS]
configuration() {
	cat <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: $1}
		    pooler: {address: "127.0.0.1:6432", max_connections: 1}
		    queue: {max_wait: 40s${3:+, $3}}
		    lanes: [${2:-direct, queue, refuse}]
		    classes:
		      - {name: default, rate: unlimited${4:+, $4}}
	YAML
}

@test "who finds no slot waits, is seen to wait, and gets in when one is free" {
	configuration 1 | spillwayd_start
	hold a 10.77.1.1
	come_and_wait late 10.77.1.2
	assert_equal "flow" "waiting queue" \
		"$(sw flows --lane queue --json | jq -r '.flows[0] | "\(.state) \(.lane)"')"
	assert_equal "source" "10.77.1.2 1" \
		"$(sw sources --sort waiting --json | jq -r '.sources[0] | "\(.source) \(.waiting)"')"
	assert_equal "queue" "1 10.77.1.2" \
		"$(sw queue --json | jq -r '.services[0] | "\(.waiting) \(.sources[0].source)"')"
	assert_matches "explain" 'It would be the 2nd' "$(sw explain 10.77.1.3)"
	assert_matches "metrics" 'spillway_queue_waiting\{service="main",class="default"\} 1$' "$(sw metrics)"
	assert_status "$USED" 1
	release a
	wait_until_served late
	assert_quiet
	assert_matches "metrics" 'spillway_queue_wait_seconds_count\{service="main",outcome="admitted"\} 1$' "$(sw metrics)"
	assert_matches "metrics" 'spillway_release_seconds_count\{service="main"\} 1$' "$(sw metrics)"
}

# predicts SECONDS AHEAD LET_IN ELAPSED_MS: so many are let in in that time. By the rate of a ramp of 20 a second no more
# than that were; and by how long it took no fewer, but for how the average goes more by the last seconds.
predicts() {
	awk -v says="$1" -v ahead="$2" -v let_in="$3" -v elapsed_s="$(($4))e-3" 'BEGIN {
		least = 0.8 * ahead / 20
		most = 1.5 * ahead * elapsed_s / let_in
		printf "# %s s for %d, of %.1f to %.1f\n", says, ahead, least, most
		exit !(says >= least && says <= most) }' >&3
}

let_in() { [ "$(status_value "$WAITING")" -le $((200 - $1)) ]; }

@test "how long it takes is foretold from how many were let in lately: of all that wait, and of a newcomer" {
	local began_ms taken_ms first next newcomer place
	configuration 20 'direct, queue, refuse' 'discipline: fifo, resume_rate: 20/s' | spillwayd_start
	sw pause main
	storm_from many 10.77.2.1 100 200 --within 200ms
	wait_until "200 wait" status_is "$WAITING" 200
	assert_equal "before anybody was let in" "null null" "$(sw queue --json |
		jq -r '.services[0].predicted_wait_s') $(sw explain --json 10.77.5.5 | jq -r .queue_wait_s)"
	began_ms=$(date +%s%3N)
	sw resume main
	wait_until "60 are in" let_in 60
	first=$(sw queue --json | jq -c '.services[0]')
	taken_ms=$(($(date +%s%3N) - began_ms))
	newcomer=$(sw explain --json 10.77.5.5)
	next=$(sw queue --json | jq '.services[0].waiting')
	echo "$first $newcomer"
	predicts "$(jq .predicted_wait_s <<<"$first")" "$(jq .waiting <<<"$first")" \
		"$(jq '200 - .waiting' <<<"$first")" "$taken_ms"
	place=$(jq .queue_position <<<"$newcomer")
	[ "$place" -le "$(jq '.waiting + 1' <<<"$first")" ] && [ "$place" -ge $((next + 1)) ]
	predicts "$(jq .queue_wait_s <<<"$newcomer")" "$place" "$((201 - place))" "$(date +%s%3N) - $began_ms"
	storm_is_served many
	assert_quiet
}

@test "IPv6 clients wait as well" {
	configuration 1 | spillwayd_start
	hold a 10.77.1.1
	come_and_wait late fd77:0:1::2
	release a
	wait_until_served late
	assert_quiet
}

@test "a storm of 1,500 on a budget of 20 loses nobody and never passes the budget" {
	configuration 20 | spillwayd_start
	storm_from storm 10.77.2.1 100 1500 --within 500ms
	storm_is_served storm
	assert_equal "53300 in PostgreSQL's log" 0 "$(grep -c 'too many clients\|slots are reserved' "$WORLD/log/postgres" || true)"
	assert_status "$TOTALS.syn" 1500
	assert_quiet
}

@test "a waiter that gives up is forgotten and takes no slot" {
	configuration 1 | spillwayd_start
	hold a 10.77.1.1
	come_and_wait impatient 10.77.1.2 PGCONNECT_TIMEOUT=2
	wait_until "it has given up" process_is_gone impatient
	WAIT_SECONDS=20 wait_until "it is forgotten" status_is '.services[0].counters.wait_abandoned' 1
	come_and_wait patient 10.77.1.3
	mark_log
	release a
	wait_until_served patient
	assert_equal "who came" 10.77.1.3 "$(arrivals)"
	assert_quiet
}

@test "who has waited max_wait hears a refusal at once" {
	configuration 1 'direct, queue, refuse' 'max_wait: 1s' | sed 's/max_wait: 40s, //' | spillwayd_start
	hold a 10.77.1.1
	come_and_wait late 10.77.1.2
	# Its own patience is 40 s: an end within wait_until's 10 s is the refusal.
	wait_until "it is refused" process_is_gone late
	assert_matches "what it heard" 'budget exhausted' "$(cat "$WORLD/log/late")"
	assert_equal "timed out" 1 "$(counter wait_timed_out)"
	assert_waits_add_up
}

@test "who has waited max_wait goes on to the lane behind the queue" {
	configuration 1 'direct, queue, pooler, refuse' 'max_wait: 1s' | sed 's/max_wait: 40s, //' | spillwayd_start
	hold a 10.77.1.1
	come_and_wait late 10.77.1.2
	wait_until_served late
	assert_equal "steered" 1 "$(counter wait_steered)"
	release a
	assert_quiet
}

@test "beyond max_waiting, and beyond max_waiting_per_source, the next lane answers" {
	configuration 1 'direct, queue, refuse' 'max_waiting: 2, max_waiting_per_source: 1' | spillwayd_start
	hold a 10.77.1.1
	come_and_wait first 10.77.1.2
	assert_lane 10.77.1.2 refused
	come_and_wait second 10.77.1.3
	assert_lane 10.77.1.4 refused
	release a
	wait_until_served first
	wait_until_served second
	assert_quiet
}

@test "a full pooler sends to the queue, which drains to whichever is free" {
	configuration 1 'direct, pooler, queue, refuse' | spillwayd_start
	hold a 10.77.1.1
	hold b 10.77.1.2
	assert_equal "lanes" "direct pooler" "$(held_lane a) $(held_lane b)"
	come_and_wait first 10.77.1.3
	release b
	wait_until_served first
	assert_equal "steered" 1 "$(counter wait_steered)"
	wait_until "the pooler has room" status_is '.services[0].pooler.used' 0
	hold b 10.77.1.2
	come_and_wait second 10.77.1.4
	release a
	wait_until_served second
	assert_equal "admitted" 1 "$(counter wait_admitted)"
	release b
	assert_quiet
}

@test "a pooler that is down sends to the queue, which drains when it is up" {
	configuration 0 'pooler, queue, refuse' | spillwayd_start
	pgbouncer_stop
	come_and_wait late 10.77.1.2
	pgbouncer_start
	wait_until_served late
	assert_equal "steered" 1 "$(counter wait_steered)"
	assert_quiet
}

@test "nobody overtakes: a newcomer waits for his turn though his slot is free" {
	configuration 5 'direct, queue, refuse' '' 'direct_per_source: 1' | spillwayd_start
	hold a 10.77.1.1
	# It waits for a limit of its own source, with four slots free.
	come_and_wait own 10.77.1.1
	assert_lane 10.77.1.2 direct
	assert_status "$TOTALS.queued" 2
	assert_status "$WAITING" 1
	release a
	wait_until_served own
	assert_quiet
}

@test "a larger budget lets waiters in at once; a denied one is refused at its turn" {
	configuration 1 | spillwayd_start
	hold a 10.77.1.1
	come_and_wait bad 10.77.1.2
	come_and_wait good 10.77.1.3
	sw deny 10.77.1.2
	sw budget main 2
	wait_until_served good
	wait_until "the denied one is out" status_is "$WAITING" 0
	release a
	assert_quiet
}

# Behind the daemon's back, as if the wakeup for a slot had been lost.
raise_budget_in_the_map() {
	local map="$PIN_DIR/current/map_service_conf" bytes
	bytes=$(bpftool -j map lookup pinned "$map" key 0 0 0 0 | jq -r '.value[]')
	# shellcheck disable=SC2086 # a byte a word
	set -- $bytes
	# The budget and what of it is shared: the two words behind the over-limit chain.
	bpftool map update pinned "$map" key 0 0 0 0 value "${@:1:8}" 2 0 0 0 2 0 0 0 "${@:17}"
}

@test "a wakeup that is lost is found by the clock, and counted" {
	configuration 1 | spillwayd_start
	hold a 10.77.1.1
	come_and_wait late 10.77.1.2
	raise_budget_in_the_map
	wait_until_served late
	wait_until "it is counted" status_is '.services[0].counters.wakeups_lost' 1
}

# Once more, by a daemon that has lost nothing yet; the slot was not free for longer than that.
lose_and_find() {
	configuration 1 | spillwayd_start
	assert_equal "lost before" null "$(lost_wakeup)"
	hold a 10.77.1.1
	come_and_wait late 10.77.1.2
	raise_budget_in_the_map
	wait_until_served late
	wait_until "it is counted" status_is '.services[0].counters.wakeups_lost' 1
	lost_ms=$(sw queue --json | jq '.services[0].lost_wakeup_s * 1000 | round')
	release_all
	spillwayd_stop
}

lost_wakeup() { sw queue --json | jq '.services[0].lost_wakeup_s'; }

@test "it is found within 100 ms, by what the daemon says of its looks" {
	local lost_ms=1000 found=()
	# A machine that is busy may be late for one of them.
	while [ "$lost_ms" -gt 100 ] && [ "${#found[@]}" -lt 5 ]; do
		lose_and_find
		found+=("$lost_ms")
	done
	echo "# free for at most, in ms: ${found[*]}" >&3
	[ "$lost_ms" -le 100 ]
}

@test "it is counted also while somebody waits for what no wakeup tells of" {
	configuration 1 | sed 's/rate: unlimited/rate: 1\/m, burst: 1/; s/    lanes:/    over_limit: [queue, refuse]\n&/' |
		spillwayd_start
	hold a 10.77.1.1
	come_and_wait over_its_rate 10.77.1.1
	come_and_wait late 10.77.1.2
	raise_budget_in_the_map
	wait_until_served late
	wait_until "it is counted" status_is '.services[0].counters.wakeups_lost' 1
	send_away over_its_rate
}

@test "with over_limit: [queue, refuse] a source over its rate waits until it conforms" {
	configuration 20 | sed 's/rate: unlimited/rate: 4\/s, burst: 2/; s/    lanes:/    over_limit: [queue, refuse]\n&/' |
		spillwayd_start
	# By one process: as slow as a shell starts six, they might conform.
	storm_from six 10.77.1.1 1 6
	storm_is_served six
	assert_equal "those that waited for the rate" 4 "$(sw metrics |
		sed -n 's/^spillway_verdicts_total{.*lane="queue",reason="\(rate\|waiters\)"} //p' |
		awk '{ n += $1 } END { print n }')"
	assert_quiet
}

@test "a reload with waiters inside loses nobody, whatever it changes" {
	configuration 1 | spillwayd_start
	hold a 10.77.1.1
	come_and_wait first 10.77.1.2
	come_and_wait second 10.77.1.3
	configuration 1 'direct, queue, refuse' 'discipline: lifo' | spillwayd_configure
	sw reload
	assert_status "$WAITING" 2
	mark_log
	release a
	wait_until_served first
	wait_until_served second
	assert_equal "who came" "10.77.1.3 10.77.1.2" "$(arrivals | xargs)"
	assert_quiet
}
