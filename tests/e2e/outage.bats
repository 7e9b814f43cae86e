#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# While a database is away that nobody paused clients wait, and see a slow connect instead of an error.
# runs alone: that all sessions end at once is seen only where PostgreSQL has the CPUs to end them.

load lib/e2e
load lib/waiters
load lib/away

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
