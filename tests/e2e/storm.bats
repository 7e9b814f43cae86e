#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The storm client against a real PostgreSQL on loopback, and against a server that misbehaves as
# told. Its figures decide comparisons, so most tests are about what it must not count as a success.

. "$BATS_TEST_DIRNAME/lib/e2e.bash"

. "$BATS_TEST_DIRNAME/lib/storm.bash"

# --- against PostgreSQL -----------------------------------------------------------------------------

@test "clients that need no password log in, run the query and leave" {
	storm_to_postgres --clients 8
	assert_result '.succeeded == 8 and .failed == 0 and .failures == {}'
	assert_result '.peak_logged_in >= 1 and .peak_logged_in <= 8'
	wait_until "all backends are gone" backends_are 0
}

@test "SCRAM succeeds, and its key is derived once for the whole storm" {
	storm_to_postgres --clients 8 --max-in-flight 4 --user scram_user --password right
	assert_result '.succeeded == 8 and .generator.key_derivations == 1'
}

@test "the password may come from PGPASSWORD" {
	PGPASSWORD=right storm_to_postgres --clients 2 --user scram_user
	assert_result '.succeeded == 2'
}

@test "a cleartext password succeeds" {
	storm_to_postgres --clients 2 --user clear_user --password right
	assert_result '.succeeded == 2'
}

@test "a wrong password is counted as 28P01" {
	storm_to_postgres --clients 4 --user scram_user --password wrong
	assert_all_failed sqlstate_28P01 'password authentication failed'
}

@test "a password that is asked for and not given is named" {
	storm_to_postgres --clients 2 --user scram_user
	assert_all_failed password_required 'give --password'
}

@test "an authentication method that is not spoken is named" {
	storm_to_postgres --clients 2 --user md5_user --password right
	assert_all_failed auth_unsupported 'asks for md5'
}

@test "more clients than max_connections are refused with 53300 and counted, as the server did" {
	local refused='sorry, too many|remaining connection slots' before
	before=$(grep -Ec "$refused" "$WORLD/log/postgres" || true)
	storm_to_postgres --clients 60 --hold 1s
	assert_result '.failures.sqlstate_53300.count > 0 and .succeeded > 0'
	assert_result '.succeeded + .failures.sqlstate_53300.count == 60'
	assert_result '.peak_logged_in <= 10'
	assert_equal "refusals in the server's log" \
		"$(jq '.failures.sqlstate_53300.count' <<<"$RESULT")" \
		"$(($(grep -Ec "$refused" "$WORLD/log/postgres") - before))"
}

@test "a query that fails is the client's failure, with the server's SQLSTATE" {
	storm_to_postgres --clients 2 --query 'select 1/0'
	assert_all_failed sqlstate_22012 'division by zero'
	assert_result '.login_ms.count == 2'
}

@test "each client comes from the source address it was given" {
	local seen
	ask 'drop table if exists seen' 'create table seen (a inet)'
	storm_to_postgres --clients 9 --sources 127.0.9.1-127.0.9.3 --max-in-flight 4 \
		--query 'insert into seen values (inet_client_addr())'
	seen=$(ask 'select host(a), count(*) from seen group by a order by a' | tr '\n' ' ')
	assert_equal "clients of each address" "127.0.9.1|3 127.0.9.2|3 127.0.9.3|3 " "$seen"
}

@test "pg_stat_activity shows a held client's source address" {
	spawn storm "$STORM" --target "127.0.0.1:$PORT" --clients 3 --source-base 127.0.8.7 \
		--source-count 3 --hold 30s
	wait_until "three are logged in" backends_are 3
	assert_equal "addresses" "127.0.8.7 127.0.8.8 127.0.8.9 " "$(ask "select client_addr from
		pg_stat_activity where application_name = 'storm' order by 1" | tr '\n' ' ')"
	stop_process storm
	wait_until "all backends are gone" backends_are 0
}

@test "a prefix gives its hosts, without network and broadcast address" {
	ask 'drop table if exists seen' 'create table seen (a inet)'
	storm_to_postgres --clients 4 --sources 127.0.9.4/30 \
		--query 'insert into seen values (inet_client_addr())'
	assert_equal "addresses" "127.0.9.5 127.0.9.6 " \
		"$(ask 'select distinct host(a) from seen order by 1' | tr '\n' ' ')"
}

@test "a server without TLS says N and the client goes on in plain" {
	storm_to_postgres --clients 4 --tls-request
	assert_result '.succeeded == 4'
}

@test "IPv6 is spoken" {
	storm_to "[::1]:$PORT" --database postgres --clients 4 --sources ::1
	assert_result '.succeeded == 4'
}

@test "--no-query stops after the login" {
	storm_to_postgres --clients 4 --no-query
	assert_result '.succeeded == 4 and .storm.query == null and .login_ms.max == .total_ms.max'
}

@test "--hold keeps clients connected and is no part of their latency" {
	storm_to_postgres --clients 2 --hold 500ms
	assert_result '.succeeded == 2 and .peak_logged_in == 2'
	assert_result '.makespan_ms >= 500 and .total_ms.max < 500'
}

@test "--max-in-flight is never exceeded, and waiting for it is not the generator's lateness" {
	storm_to_postgres --clients 30 --max-in-flight 3
	assert_result '.succeeded == 30 and .peak_in_flight == 3'
	assert_result '.generator.deferred > 0 and .generator.lateness_ms.p50 < 50'
}

@test "arrivals fill the window, at equal distances or at random" {
	storm_to_postgres --clients 5 --within 400ms --even
	assert_result '.launching_ms >= 319 and .makespan_ms >= 320 and .storm.arrivals == "even"'
	storm_to_postgres --clients 8 --within 400ms --seed 7
	assert_result '.launching_ms > 100 and .launching_ms < 500 and .storm.seed == 7'
}

# --- against a server that misbehaves ---------------------------------------------------------------

@test "nobody listening is connect_refused" {
	storm_to "127.0.0.1:$(free_port)" --clients 20
	assert_all_failed connect_refused 'refused'
	assert_result '.connect_ms.count == 0 and .connect_ms.p50 == null'
}

@test "messages split into single bytes are put together" {
	scripted one_byte_at_a_time
	storm_to "$SERVER" --clients 5
	assert_result '.succeeded == 5'
}

@test "messages split across headers and bodies, and merged into one packet, are understood" {
	scripted three_bytes_at_a_time
	storm_to "$SERVER" --clients 5
	assert_result '.succeeded == 5'
	teardown
	scripted merged
	storm_to "$SERVER" --clients 50
	assert_result '.succeeded == 50'
}

@test "rows larger than any buffer are counted through" {
	scripted large_rows
	storm_to "$SERVER" --clients 3
	assert_result '.succeeded == 3'
}

@test "a server that is known to be slow is measured as that slow" {
	scripted slow_login # 200 ms to the login, 100 ms more to the result
	storm_to "$SERVER" --clients 5
	assert_result '.login_ms.p50 >= 200 and .login_ms.p50 < 300'
	assert_result '.total_ms.p50 >= 300 and .total_ms.p50 < 400'
	assert_result '.connect_ms.p50 < 100'
}

@test "a silent server is a timeout, not a hang" {
	scripted silent
	storm_to "$SERVER" --clients 5 --timeout 300ms
	assert_all_failed timeout 'the login'
	assert_result '.connect_ms.count == 5 and .makespan_ms >= 300 and .makespan_ms < 3000'
}

@test "a server silent after the login is a timeout of the query" {
	scripted silent_after_login
	storm_to "$SERVER" --clients 3 --timeout 300ms
	assert_all_failed timeout 'the query'
}

@test "a handshake that never completes is connect_timeout" {
	scripted never_accepts # with a backlog of 0: room for a client or two
	storm_to "$SERVER" --clients 6 --timeout 700ms
	assert_result '.failures.connect_timeout.count >= 4 and .succeeded == 0'
}

@test "garbage is a protocol_error" {
	scripted garbage
	storm_to "$SERVER" --clients 3
	assert_all_failed protocol_error '0x48'
}

@test "ReadyForQuery without a login, or without a result, is no success" {
	scripted ready_without_login
	storm_to "$SERVER" --clients 3
	assert_all_failed protocol_error "'Z' while waiting for the login"
	teardown
	scripted ready_without_result
	storm_to "$SERVER" --clients 3
	assert_all_failed protocol_error "'Z' while waiting for the query"
}

@test "a server that closes early, also inside a message, is closed_early" {
	scripted closes
	storm_to "$SERVER" --clients 3
	assert_all_failed closed_early 'the login'
	teardown
	scripted closes_inside_a_message
	storm_to "$SERVER" --clients 3
	assert_all_failed closed_early 'the login'
}

@test "a reset before the first byte and one after the login are told apart" {
	scripted resets
	storm_to "$SERVER" --clients 3
	assert_all_failed connect_reset 'reset'
	teardown
	scripted resets_after_login
	storm_to "$SERVER" --clients 3
	assert_all_failed reset 'the query'
}

@test "a server that insists on TLS is tls_required" {
	scripted says_yes_to_tls
	storm_to "$SERVER" --clients 2 --tls-request
	assert_all_failed tls_required 'does not speak'
}

@test "a full server that answers the TLS request with an error is counted by its SQLSTATE" {
	scripted full_before_tls
	storm_to "$SERVER" --clients 2 --tls-request
	assert_all_failed sqlstate_53300 'too many clients'
}

@test "a postmaster that cannot fork is understood without SQLSTATE" {
	scripted cannot_fork
	storm_to "$SERVER" --clients 3
	assert_all_failed error_without_sqlstate 'could not fork new process'
}

@test "a server that does not know the password is found out" {
	local behaviour
	for behaviour in wrong_signature stolen_nonce no_proof; do
		scripted "$behaviour"
		storm_to "$SERVER" --clients 2 --password secret
		assert_all_failed auth_failed 'server'
		teardown
	done
}

@test "an error while a client holds its connection is a failure" {
	scripted shutdown_while_held
	storm_to "$SERVER" --clients 2 --hold 5s
	assert_all_failed sqlstate_57P01 'terminating'
	assert_result '.makespan_ms < 4000'
}

@test "control characters of a server reach neither the terminal nor the JSON" {
	scripted error_in_colour
	storm_to "$SERVER" --clients 1
	assert_all_failed sqlstate_XX000 '^ \[31mred\? next line$'
	run "$STORM" --target "$SERVER" --clients 1
	[[ $output != *$'\x1b'* ]]
}

@test "a server with ever new SQLSTATEs cannot outgrow the table of causes" {
	scripted many_states
	storm_to "$SERVER" --clients 150
	assert_result '.failed == 150 and (.failures | length) == 64 and .failures.other.count > 50'
}

# --- the program ------------------------------------------------------------------------------------

@test "SIGINT prints what there is so far and exits 130" {
	scripted silent
	spawn storm "$STORM" --target "$SERVER" --clients 20 --within 30s --even --json --progress
	wait_until "two are launched" grep -Eq 'launched ([2-9]|1[0-9]) of' "$WORLD/log/storm"
	interrupt_and_collect storm
	assert_equal "exit code" 130 "$CODE"
	assert_result '.interrupted and .launched >= 2 and .launched < 20 and .unfinished >= 2'
	assert_result '.unfinished == .launched and .not_started == 20 - .launched'
}

@test "--each writes when each client began and ended, and how" {
	local before after each="$WORLD/each"
	before=$(date +%s.%N)
	storm_to_postgres --clients 3 --user scram_user --password wrong --each "$each"
	after=$(date +%s.%N)
	assert_equal "lines" 3 "$(wc -l <"$each")"
	assert_equal "lines that are not what they should be" '' \
		"$(awk -v from="$before" -v to="$after" '!(from <= $1 && $1 <= $2 && $2 <= to && $3 == "failed")' "$each")"
	storm_to_postgres --clients 2 --each "$each"
	assert_equal "those that succeeded" 2 "$(grep -c succeeded "$each")"
	run "$STORM" --target "127.0.0.1:$PORT" --each /nowhere/at/all
	assert_equal "exit code" 1 "$status"
}

@test "--fail-if-any turns a failed client into exit code 1, and only then" {
	run "$STORM" --target "127.0.0.1:$(free_port)" --clients 1
	[ "$status" -eq 0 ]
	run "$STORM" --target "127.0.0.1:$(free_port)" --clients 1 --fail-if-any
	[ "$status" -eq 1 ]
	run "$STORM" --target "127.0.0.1:$PORT" --clients 1 --fail-if-any
	[ "$status" -eq 0 ]
}

@test "the table names every figure" {
	run "$STORM" --target "127.0.0.1:$PORT" --clients 4 --within 50ms
	[ "$status" -eq 0 ]
	assert_matches "table" '^succeeded +4$' "$output"
	local row
	for row in connect login query 'total, who succeeded' 'launched late by'; do
		assert_matches "table" "^$row +4( +[0-9]+\.[0-9]){4}$" "$output"
	done
	assert_matches "table" '^makespan +[0-9.]+ ms' "$output"
	assert_matches "table" '^generator: [0-9]+ % of a core' "$output"
}

@test "bad options end with 2 and say what was wrong" {
	fails_with 2 '--target ADDR:PORT is required' "$STORM"
	assert_usage_error "--clients: '12abc'" --clients 12abc
	assert_usage_error "--clients: at least 1" --clients 0
	assert_usage_error "--clients: '-5'" --clients=-5
	assert_usage_error "--within: '10'" --within 10
	assert_usage_error "--timeout: longer" --timeout 0s
	assert_usage_error "--hold: '1 s'" --hold '1 s'
	assert_usage_error "--target: '5432': not ADDRESS:PORT" --target 5432
	assert_usage_error "--target: 'localhost:5432'" --target localhost:5432
	assert_usage_error "--sources: .*10\.0\.0\.0/8" --sources 10.0.0.1/8
	assert_usage_error "--sources: .*before the first" --sources 127.0.0.9-127.0.0.2
	assert_usage_error "IPv4 and IPv6" --sources fd00::1-fd00::9
	assert_usage_error "go together" --source-count 5
	assert_usage_error "the same" --sources 127.0.0.1 --source-base 127.0.0.1 --source-count 2
	assert_usage_error "choose one" --query 'select 2' --no-query
	assert_usage_error "choose one" --progress --no-progress
	assert_usage_error "choose one" --connect-rate 5/s --within 1s
	assert_usage_error "--connect-rate: '5': not a rate" --connect-rate 5
	assert_usage_error "--connect-rate: 'unlimited'" --connect-rate unlimited
	assert_usage_error "more than ten years" --clients 100000 --connect-rate 1/h
	assert_usage_error "--rounds: at least 1" --rounds 0
	assert_usage_error "--think .*--rounds 2 or more" --think 1s
	assert_usage_error "--reconnect .*--rounds 2 or more" --reconnect
	assert_usage_error "--no-query leaves out.*--reconnect" --rounds 2 --no-query
	assert_usage_error "--clients times --rounds" --clients 70000 --rounds 70000
	assert_usage_error "--source-distribution: 'zip': not uniform" --source-distribution zip
	assert_usage_error "--source-distribution .*give --sources" --source-distribution zipf
	assert_usage_error "beside the hog" --source-distribution hog --sources 127.0.0.1
	assert_usage_error "zipf: over up to 1048576 addresses" --source-distribution zipf --sources 127.0.0.0/8
	assert_usage_error "--by-source .*give --sources" --by-source
	assert_usage_error "unknown option.*--nonsense" --nonsense
	assert_usage_error "write --clients in full" --client 5
	assert_usage_error "--user needs a value" --user
	assert_usage_error "--json=yes" --json=yes
	assert_usage_error "unexpected argument 'extra'" extra
}

@test "what cannot run is said before the first SYN, with what to do" {
	fails_with 1 'hard limit is 64: raise it.*--max-in-flight 48' \
		bash -c 'ulimit -n 64; exec "$@"' - "$STORM" --target 127.0.0.1:1 --clients 100
	fails_with 1 'source 192\.0\.2\.77: .*ip route add local' \
		"$STORM" --target 127.0.0.1:1 --clients 1 --sources 192.0.2.77
}

@test "with --max-in-flight more clients run than files may be open" {
	RESULT=$(bash -c 'ulimit -n 64; exec "$@"' - "$STORM" --target "127.0.0.1:$(free_port)" \
		--clients 500 --max-in-flight 48 --json)
	assert_result '.failures.connect_refused.count == 500 and .peak_in_flight <= 48'
}

@test "--help names every option, --version the version" {
	run "$STORM" --help
	[ "$status" -eq 0 ]
	local option
	for option in target clients sources source-base source-count source-distribution within connect-rate \
		even seed user database password query no-query rounds think reconnect hold timeout tls-request \
		max-in-flight json histogram by-source each progress fail-if-any; do
		assert_matches "--help" "^  --$option( |$)" "$output"
	done
	run "$STORM" --version
	[ "$status" -eq 0 ]
	assert_matches "--version" '^storm [0-9]+\.[0-9]+\.[0-9]+$' "$output"
}
