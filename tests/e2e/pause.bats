#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# While a service is paused clients wait, and see a slow connect instead of an error.

load lib/e2e
load lib/waiters
load lib/away

@test "a pause lets new connections wait, those inside go on; resume lets them in" {
	configuration | spillwayd_start
	hold a 10.77.1.1
	sw pause main
	assert_status '.services[0].queue.paused' true
	spawn late nsenter --net="/run/netns/$CLIENT_NS" psql -XqAt -h "$SERVER_IPV4" -U app -d app -c 'select 7'
	eventually_status '.services[0].queue.waiting' 1
	assert_matches "explain" 'paused' "$(sw explain 10.77.5.5)"
	printf 'select 42;\n' >"$WORLD/hold-a.fifo"
	wait_until "the session inside is answered" grep -qx 42 "$WORLD/log/hold-a"
	assert_equal "answers to the late one" "" "$(cat "$WORLD/log/late")"
	sw resume main
	wait_until "the late one is served" grep -qx 7 "$WORLD/log/late"
	eventually_status '.services[0].queue.waiting' 0
	fails_with 1 'not paused' sw resume main
}

@test "a pause may end by itself" {
	configuration | spillwayd_start
	sw pause main --for 1s
	assert_equal "answer" 1 "$(psql_from 10.77.1.2 -c 'select 1')"
	assert_status '.services[0].queue.paused' false
	fails_with 2 'duration' sw pause main --for soon
	fails_with 2 'nosuch' sw pause nosuch
}

@test "a pause outlives a crash of the daemon" {
	configuration | spillwayd_start
	sw pause main
	stop_process spillwayd KILL
	spillwayd_run
	assert_status '.services[0].queue.paused' true
	sw resume main
	assert_lane 10.77.1.3 direct
}

@test "a service that comes after a paused one has gone is not paused" {
	configuration | spillwayd_start
	sw pause main
	# The third is where the first was, for the kernel and for its clients.
	configuration | sed "s/name: main/name: second/; s/5432/5439/" | spillwayd_configure
	sw reload
	sw budget second 7
	configuration | sed "s/name: main/name: third/" | spillwayd_configure
	sw reload
	assert_status '.services[0].name' third
	assert_status '.services[0].queue.paused' false
	assert_lane 10.77.1.1 direct
}

@test "a service that gets another name in a pause stays paused" {
	configuration | spillwayd_start
	sw pause main
	configuration | sed "s/name: main/name: renamed/" | spillwayd_configure
	sw reload
	assert_status '.services[0].name' renamed
	assert_status '.services[0].queue.paused' true
	sw resume renamed
	assert_lane 10.77.1.1 direct
}

# In ms; by the server's clock, as is when PostgreSQL heard of the last client that it has heard of.
now_ms() { date +%s%3N; }
last_arrival_ms() {
	date +%s%3N -d "$(sed -n 's/^\([-0-9]* [0-9:.]* [A-Z]*\) .*connection received: host=10\.77\..*/\1/p' \
		"$WORLD/log/postgres" | tail -n 1)"
}

@test "after a pause clients are let in at resume_rate, and none is refused because that takes a while" {
	local resumed_ms
	configuration 'resume_rate: 20/s, overload_after: 200ms, overload_wait: 200ms' | spillwayd_start
	sw pause main
	storm_of 40 100ms
	eventually_status '.services[0].queue.waiting' 40
	resumed_ms=$(now_ms)
	sw resume main
	end_storm
	assert_equal "succeeded" 40 "$(jq .succeeded "$WORLD/log/storm")"
	# One at once, and 39 more, each 50 ms after the one before.
	took_between 1950 "$resumed_ms"
}

# took_between MS SINCE: until the last client came, and not twice as long, whatever else the machine does.
took_between() {
	local took=$(($(last_arrival_ms) - $2))
	echo "# all were let in within $took ms; at the rate it is $1 ms" >&3
	[ "$took" -ge "$1" ] && [ "$took" -le $((2 * $1 + 500)) ]
}

@test "if nothing else is said they are let in at 200 a second" {
	local resumed_ms
	configuration | spillwayd_start
	sw pause main
	storm_of 300 200ms
	eventually_status '.services[0].queue.waiting' 300
	resumed_ms=$(now_ms)
	sw resume main
	end_storm
	assert_equal "succeeded" 300 "$(jq .succeeded "$WORLD/log/storm")"
	# 299 times 5 ms; the ramp makes up for 20 ms that a timer is late.
	took_between 1475 "$resumed_ms"
}

@test "once those who waited through a pause are in nobody is held back, however many come meanwhile" {
	configuration 'resume_rate: 2/s' | spillwayd_start
	sw pause main
	for i in 1 2 3 4; do
		come_and_wait "early$i" "10.77.1.$i"
	done
	sw resume main
	# At two a second they would be at it for a minute.
	storm_from late 10.77.2.1 40 120 --within 1s
	storm_is_served late
	for i in 1 2 3 4; do
		wait_until_served "early$i"
	done
	eventually_status "$USED" 0
}

@test "nor for the sake of one who waits for a connection of his own source" {
	configuration 'resume_rate: 1/m' |
		sed 's/rate: unlimited/&, connections_per_source: 1/; s/    lanes:/    over_limit: [queue, refuse]\n&/' |
		spillwayd_start
	hold first 10.77.1.1
	sw pause main
	hold_in_line second 10.77.1.1
	sw resume main
	# The first would have been let in by the ramp, too.
	for i in 2 3; do
		come late "10.77.1.$i"
		wait_until_served late
	done
	assert_status "$WAITING" 1
	release first
	gets_in second direct
	release_all
	assert_quiet
}

# Nobody gets a slot meanwhile, and who leaves gives his back after his session has gone.
all_inside_have_logged_in() {
	[ "$(status_value "$USED")" = "$(ask_postgres "select count(*) from pg_stat_activity
		where usename = 'app' and state is not null")" ]
}

# Whoever was let in just before a pause may be logging in still, and a restart would cut that short. Those of a storm
# leave by themselves, and then the held one alone is inside, who has had an answer.
@test "PostgreSQL is restarted between pause and resume in the middle of a storm: of 300 nobody hears an error" {
	local paused resumed
	configuration 'resume_rate: 500/s' | spillwayd_start
	hold inside 10.77.1.1
	storm_of 300 4s --each "$WORLD/each"
	wait_until "50 have come" arrived 50
	sw pause main
	paused=$(date +%s.%N)
	wait_until "nobody is logging in any more" all_inside_have_logged_in
	wait_until "only who stays is inside" status_is "$USED" 1
	postgres_stop
	postgres_start max_connections=40
	resumed=$(date +%s.%N)
	sw resume main
	end_storm
	assert_equal "those that failed" '' "$(awk '$3 != "succeeded"' "$WORLD/each")"
	assert_equal "succeeded" 300 "$(jq .succeeded "$WORLD/log/storm")"
	awk -v paused="$paused" -v resumed="$resumed" '
		{ if ($1 < paused) before++; else if ($1 < resumed) meanwhile++ }
		END { printf "# %d came before the pause, %d in it\n", before, meanwhile
			exit !(before && meanwhile) }' "$WORLD/each" >&3
	release_all
	eventually_status "$USED" 0
	assert_status '.services[0].counters.drift' 0
}

admitted() { [ "$(counter wait_admitted)" -ge "$1" ]; }

@test "a ramp goes on under the next daemon, and one that a resume begins is for those it has not heard of yet" {
	local resumed_ms
	# Longer than any start takes: nobody gets in by himself because there is no daemon.
	configuration 'resume_rate: 5/s' | sed '1iheartbeat_timeout: 30s' | spillwayd_start
	sw pause main
	storm_of 20 100ms
	eventually_status '.services[0].queue.waiting' 20
	# Each waits for his next SYN to be heard of by a new one.
	stop_process spillwayd KILL
	spillwayd_run
	resumed_ms=$(now_ms)
	sw resume main
	wait_until "some are in" admitted 5
	stop_process spillwayd KILL
	spillwayd_run
	end_storm
	assert_equal "succeeded" 20 "$(jq .succeeded "$WORLD/log/storm")"
	# One at once, and 19 more, each 200 ms after the one before, but for what a timer is late.
	[ $(($(last_arrival_ms) - resumed_ms)) -ge 3500 ]
}

@test "nor for the sake of a class that has no room of its own" {
	configuration 'resume_rate: 1/m' |
		sed 's/.*rate: unlimited.*/&\n      - {name: narrow, sources: ["10.77.3.0\/24"], rate: unlimited, max_direct: 1}/' |
		spillwayd_start
	hold first 10.77.3.1
	sw pause main
	hold_in_line second 10.77.3.2
	hold_in_line third 10.77.3.3
	sw resume main
	for i in 2 3 4; do
		come late "10.77.1.$i"
		wait_until_served late
	done
	assert_status "$WAITING" 2
	# The next of it is let in as soon as there is room, and the ramp goes on behind him.
	release first
	gets_in second direct
	assert_status "$WAITING" 1
	release_all
	assert_quiet
}
