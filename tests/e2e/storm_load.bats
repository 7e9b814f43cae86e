#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What the storm client does beyond one query a client: rounds, an open rate, uneven sources; and what it
# tells about that. storm.bats has the rest.

. "$BATS_TEST_DIRNAME/lib/e2e.bash"
. "$BATS_TEST_DIRNAME/lib/storm.bash"

@test "--rounds runs the query so often in one connection, --think apart" {
	ask 'drop table if exists seen' 'create table seen (pid int)'
	storm_to_postgres --clients 3 --rounds 4 --think 200ms \
		--query 'insert into seen values (pg_backend_pid())'
	assert_result '.succeeded == 3 and .connections == 3 and .login_ms.count == 3 and .query_ms.count == 12'
	assert_result '.makespan_ms >= 600 and .total_ms.p50 >= 600 and .query_ms.p50 < 200'
	assert_result '.storm.rounds == 4 and .storm.think_ms == 200 and .storm.reconnect == false'
	assert_equal "backends and queries" "3|12" "$(ask 'select count(distinct pid), count(*) from seen')"
}

@test "without --think the next round follows at once" {
	ask 'drop table if exists seen' 'create table seen (pid int)'
	storm_to_postgres --clients 2 --rounds 50 --query 'insert into seen values (pg_backend_pid())'
	assert_result '.succeeded == 2 and .query_ms.count == 100'
	assert_equal "backends and queries" "2|100" "$(ask 'select count(distinct pid), count(*) from seen')"
}

@test "with --reconnect each round has a connection of its own, from the client's own address" {
	ask 'drop table if exists seen' 'create table seen (pid int, a inet)'
	storm_to_postgres --clients 2 --rounds 3 --reconnect --think 100ms --sources 127.0.9.1-127.0.9.2 \
		--query 'insert into seen values (pg_backend_pid(), inet_client_addr())'
	assert_result '.clients == 2 and .connections == 6 and .launched == 6 and .succeeded == 6'
	assert_result '.login_ms.count == 6 and .query_ms.count == 6 and .peak_logged_in <= 2'
	assert_result '.makespan_ms >= 200 and .total_ms.p50 < 200'
	assert_equal "backends of each address" "127.0.9.1|3 127.0.9.2|3 " \
		"$(ask 'select host(a), count(distinct pid) from seen group by a order by a' | tr '\n' ' ')"
}

@test "--reconnect without a query logs in again and again, also within --max-in-flight" {
	storm_to_postgres --clients 10 --rounds 5 --reconnect --no-query --max-in-flight 3
	assert_result '.succeeded == 50 and .peak_in_flight == 3 and .query_ms.count == 0'
}

@test "a hog has its part of the connections, and --by-source says what each source got" {
	ask 'drop table if exists seen' 'create table seen (a inet)'
	storm_to_postgres --clients 20 --max-in-flight 4 --sources 127.0.9.1-127.0.9.3 \
		--source-distribution hog:0.9 --by-source --query 'insert into seen values (inet_client_addr())'
	assert_equal "clients of each address" "127.0.9.1|18 127.0.9.2|1 127.0.9.3|1 " \
		"$(ask 'select host(a), count(*) from seen group by a order by a' | tr '\n' ' ')"
	assert_result '.storm.source_distribution == "hog:0.9"'
	assert_result '[.by_source[] | [.source, .launched, .succeeded, .failed, .login_ms.count]] ==
		[["127.0.9.1", 18, 18, 0, 18], ["127.0.9.2", 1, 1, 0, 1], ["127.0.9.3", 1, 1, 0, 1]]'
	assert_result '.fairness.served == 1 and (.fairness.succeeded - 400 / (3 * 326) | fabs) < 1e-6'
	assert_result '.fairness.login_p50 - ([.by_source[].login_ms.p50] | add * add / (3 * (map(. * .) | add)))
		| fabs < 1e-6'
}

@test "Zipf's first address has more clients than the last one" {
	storm_to_postgres --clients 120 --max-in-flight 6 --no-query --sources 127.0.9.1-127.0.9.8 \
		--source-distribution zipf:1.5 --by-source
	assert_result '(.by_source | map(.launched) | add) == 120 and .storm.source_distribution == "zipf:1.5"'
	assert_result '.by_source[0].source == "127.0.9.1" and .by_source[0].launched > 5 * .by_source[-1].launched'
}

@test "--histogram has each latency in one bucket" {
	storm_to_postgres --clients 8 --max-in-flight 4 --rounds 3 --histogram
	assert_result '.succeeded == 8'
	assert_result '[.histogram | .connect_ms, .login_ms, .query_ms | map(.count) | add] == [8, 8, 24]'
	assert_result '.histogram.login_ms | first.count > 0 and last.count > 0 and all(.above < .to)'
	assert_result '.histogram.login_ms | map(.to)[:-1] == map(.above)[1:]'
	assert_result '.login_ms.max > .histogram.login_ms[-1].above and .login_ms.max <= .histogram.login_ms[-1].to'
	run "$STORM" --target "127.0.0.1:$PORT" --database postgres --clients 4 --sources 127.0.9.1-127.0.9.2 \
		--histogram --by-source
	[ "$status" -eq 0 ]
	assert_matches "bars" '^login, ms +count$' "$output"
	assert_matches "bars" '^ +[0-9.]+ to +[0-9.]+ +[1-4]  #+$' "$output"
	assert_matches "sources" '^127\.0\.9\.2 +2 +2 +0 +[0-9.]+ +[0-9.]+$' "$output"
	assert_matches "fairness" '^  successes +1\.0000$' "$output"
}

# One after the other, 300 ms each: the fifth was due after 40 ms and begins after 1,200.
@test "at a rate a client's wait counts from when it was due, not from when there was room" {
	scripted slow_login
	storm_to "$SERVER" --clients 5 --connect-rate 100/s --even --max-in-flight 1
	assert_result '.succeeded == 5 and .storm.latency_from == "due" and .storm.connect_rate_per_s == 100'
	assert_result '.login_ms.max >= 1360 and .total_ms.max >= 1460 and .login_ms.p50 >= 780'
	assert_result '.generator.deferred == 4 and .generator.lateness_ms.p50 < 50'
	storm_to "$SERVER" --clients 5 --within 50ms --even --max-in-flight 1
	assert_result '.succeeded == 5 and .storm.latency_from == "syn" and .login_ms.p50 < 300'
}

@test "clients come at their rate although the server is slow" {
	scripted slow_login
	storm_to "$SERVER" --clients 40 --connect-rate 200/s
	assert_result '.succeeded == 40 and .storm.arrivals == "poisson" and .peak_in_flight > 20'
	assert_result '.launching_ms > 60 and .launching_ms < 600'
}

@test "each round's query has a --timeout of its own" {
	scripted slow_results # 400 ms each
	storm_to "$SERVER" --clients 2 --rounds 4 --timeout 1s
	assert_result '.succeeded == 2 and .query_ms.count == 8 and .query_ms.p50 >= 400 and .makespan_ms >= 1600'
	teardown
	scripted silent_after_the_first_result
	storm_to "$SERVER" --clients 3 --rounds 3 --timeout 300ms
	assert_all_failed timeout 'the query'
	assert_result '.query_ms.count == 3 and .makespan_ms >= 300 and .makespan_ms < 3000'
}

@test "a second query without a result is no success" {
	scripted ready_without_the_second_result
	storm_to "$SERVER" --clients 3 --rounds 2
	assert_all_failed protocol_error "'Z' while waiting for the query"
	assert_result '.query_ms.count == 3'
}

@test "what the server says while a client thinks is heard" {
	scripted shutdown_while_held
	storm_to "$SERVER" --clients 2 --rounds 2 --think 5s
	assert_all_failed sqlstate_57P01 'terminating'
	assert_result '.makespan_ms < 4000'
}

@test "with --reconnect a client that failed comes again all the same" {
	storm_to "127.0.0.1:$(free_port)" --clients 3 --rounds 4 --reconnect --think 50ms
	assert_result '.connections == 12 and .failures.connect_refused.count == 12 and .makespan_ms >= 150'
}

@test "interrupted between rounds, connections that were not begun are counted as such" {
	scripted merged
	spawn storm "$STORM" --target "$SERVER" --clients 4 --rounds 5 --reconnect --think 30s --json --progress
	wait_until "the first round is over" grep -q 'succeeded 4' "$WORLD/log/storm"
	interrupt_and_collect storm
	assert_equal "exit code" 130 "$CODE"
	assert_result '.interrupted and .succeeded == 4 and .not_started == 16 and .unfinished == 0'
}

@test "the progress line shows only where it is wanted" {
	local said
	said=$("$STORM" --target "127.0.0.1:$PORT" --clients 1 2>&1 >/dev/null)
	assert_equal "stderr" "" "$said"
	said=$("$STORM" --target "127.0.0.1:$PORT" --clients 1 --progress 2>&1 >/dev/null)
	assert_matches "stderr" '^storm: +[0-9.]+ s +launched [01] of 1' "$said"
}

# stderr is a terminal of 40 columns.
@test "a progress line fits its terminal" {
	local drawn
	scripted slow_login
	drawn=$(python3 "$BATS_TEST_DIRNAME/lib/on_terminal.py" 40 "$STORM" --target "$SERVER" --clients 3)
	assert_matches "drawn" '^storm: +[0-9.]+ s  launched 3 of 3  logged$' "$drawn"
	assert_equal "lines that are too long" '' "$(awk 'length > 39' <<<"$drawn")"
}
