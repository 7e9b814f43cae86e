#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# While a database is away clients wait, and see a slow connect instead of an error.

load lib/e2e
load lib/waiters

setup_file() { world_with_database max_connections=40; }
teardown_file() { world_destroy; }
teardown() {
	end_test
	rm -f "$WORLD/log/storm" "$WORLD/log/late" "$WORLD/each"
	ask_postgres 'select 1' || restart_postgres
}

restart_postgres() {
	postgres_stop
	rm -f "$WORLD/postgres/standby.signal"
	postgres_start max_connections=40
}

# configuration [QUEUE_KEYS]
configuration() {
	cat <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 20}
		    queue: {max_wait: 30s${1:+, $1}}
		    lanes: [direct, queue, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

# storm_of CLIENTS WITHIN [OPTION]...: in the background; end_storm shows and waits.
storm_of() {
	local clients=$1 within=$2
	shift 2
	spawn storm nsenter --net="/run/netns/$CLIENT_NS" prlimit --nofile=16384:16384 "$BUILD/storm" \
		--target "$SERVER_IPV4:5432" --user app --database app --json --no-progress --clients "$clients" \
		--source-base 10.77.2.1 --source-count 100 --within "$within" --query 'select 1' --timeout 40s "$@"
}

end_storm() {
	WAIT_SECONDS=60 wait_until "the storm is over" process_is_gone storm
	cat "$WORLD/log/storm"
}

arrived() { [ "$(status_value "$TOTALS.syn")" -ge "$1" ]; }

# Nobody hears that nobody is there; who had got in before the database was looked at hears from itself.
assert_told_by_the_database_only() {
	local cause
	for cause in $(jq -r '.failures | keys[]' "$WORLD/log/storm"); do
		assert_matches "cause of failure" '^(sqlstate_57P0[13]|connect_reset|reset|closed_early)$' "$cause"
	done
}

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

# said_at PATTERN: when the daemon said such a thing, in seconds since 1970, a line each.
said_at() {
	local time
	jq -rR --arg pattern "$1" 'fromjson? | select(.message | test($pattern)) | .time' "$WORLD/log/spillwayd" |
		while read -r time; do date +%s.%N -d "$time"; done
}

# When PostgreSQL began to end, likewise.
stopped_at() {
	date +%s.%N -d "$(sed -n 's/^\([-0-9]* [0-9:.]* [A-Z]*\) .*received fast shutdown request.*/\1/p' \
		"$WORLD/log/postgres" | tail -n 1)"
}

# What was said since 1970-seconds $1 and before $2, as "TIME MESSAGE".
said_between() {
	local time rest
	jq -rR 'fromjson? | "\(.time) \(.message)"' "$WORLD/log/spillwayd" |
		while read -r time rest; do echo "$(date +%s.%N -d "$time") $rest"; done |
		awk -v from="$1" -v to="$2" '$1 > from && $1 < to'
}

# Of the questions that were put after PostgreSQL had begun to end one at most was answered as if it had not: that of
# the moment in which it did. The answer to an earlier one may come meanwhile.
assert_found_by_the_next_question() {
	said_between "$1" "$2" | awk '
		/asking whether/ { asked = 1 }
		asked && /: the database serves$/ { print "it was asked, and found to serve:", $0; wrong++ }
		END { exit wrong > 1 }'
}

storm_failures() { awk '$3 != "succeeded"' "$WORLD/each" | wc -l; }
asked_more_than() { [ "$(said_at 'asking whether' | wc -l)" -gt "$1" ]; }

# end_while_200_wait: PostgreSQL, when it was just asked. True if it was asked again because so many sessions ended.
end_while_200_wait() {
	local asked told
	spawn inside nsenter --net="/run/netns/$CLIENT_NS" "$BUILD/storm" --target "$SERVER_IPV4:5432" --user app \
		--database app --json --no-progress --clients 20 --source-base 10.77.3.1 --source-count 20 \
		--query 'select pg_sleep(60)' --timeout 90s
	eventually_status "$USED" 20
	storm_of 200 200ms --each "$WORLD/each"
	eventually_status "$WAITING" 200
	# One leaves; by its usual rhythm it would not be asked for 200 ms then.
	asked=$(said_at 'asking whether' | wc -l)
	ask_postgres "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app' limit 1"
	wait_until "it is asked" asked_more_than "$asked"
	postgres_stop
	postgres_start max_connections=40
	end_storm
	stop_process inside KILL
	echo "# of 200 that waited $(storm_failures) heard that it goes" >&3
	told=$(said_at 'does not serve' | tail -n 1)
	said_between "$(stopped_at)" "$told" | grep 'ended at once'
}

@test "PostgreSQL is restarted without a pause while 200 wait: that all sessions end is seen, and it is asked at once" {
	configuration | sed '1ilog: {level: debug, format: json}' | spillwayd_start
	# On a busy machine they may take longer than it is between two questions.
	end_while_200_wait || end_while_200_wait || end_while_200_wait || end_while_200_wait || end_while_200_wait
	assert_found_by_the_next_question "$(stopped_at)" "$(said_at 'does not serve' | tail -n 1)"
	eventually_status "$USED" 0
}

@test "PostgreSQL is restarted in a storm without a pause: who comes after it is known to be away waits and gets in" {
	local ended told
	configuration | sed '1ilog: {level: debug, format: json}' | spillwayd_start
	storm_of 600 3s --each "$WORLD/each"
	wait_until "150 have come" arrived 150
	ended=$(date +%s.%N)
	postgres_stop
	wait_until "the database is known not to serve" status_is '.services[0].database.up' false
	# It recovers before it serves, as after a crash.
	postgres_start_recovering max_connections=40
	wait_until "300 have come" arrived 300
	postgres_promote
	end_storm
	assert_told_by_the_database_only
	told=$(said_at 'does not serve' | head -n 1)
	# Failed are only those who were inside when it ended, or came before it was looked for.
	assert_equal "others that failed" '' \
		"$(awk -v ended="$ended" -v told="$told" '$3 != "succeeded" && ($1 > told || $2 < ended)' "$WORLD/each")"
	[ "$(awk -v told="$told" '$1 > told' "$WORLD/each" | wc -l)" -gt 0 ]
	assert_found_by_the_next_question "$(stopped_at)" "$told"
	awk -v ended="$ended" -v told="$told" '
		$3 != "succeeded" && $1 < ended { inside++ }
		$1 >= ended && $1 <= told { came++; failed += $3 != "succeeded" }
		END { printf "# told after %d ms; %d came in that time, of them %d failed, and %d of those inside\n",
			(told - ended) * 1000, came, failed, inside }' "$WORLD/each" >&3
	eventually_status "$USED" 0
}

@test "where nothing listens yet clients wait until the database is up" {
	configuration | spillwayd_start
	postgres_stop
	storm_of 20 100ms
	eventually_status '.services[0].queue.waiting' 20
	assert_status '.services[0].database.up' false
	postgres_start max_connections=40
	end_storm
	assert_equal "succeeded" 20 "$(jq .succeeded "$WORLD/log/storm")"
}
