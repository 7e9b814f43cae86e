#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# runs alone: the clients that are told are to come as fast as they can.
# Refusals by the thousand beside sessions that work: what the sessions lose, which is nothing.

load lib/e2e

SESSIONS=100
REFUSALS=20000

setup_file() { world_with_database max_connections=130; }
teardown_file() { world_destroy; }
teardown() {
	stop_process sessions KILL
	end_test
}

# One place more than there are sessions: pgbench looks around by a connection of its own first.
configure() {
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: $((SESSIONS + 1))}
		    lanes: [direct, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

# Each session counts its own transactions, until SIGALRM, which is how pgbench ends by itself.
start_sessions() {
	ask_postgres "create table counted as select client, 0 as done from generate_series(0, $((SESSIONS - 1))) client;
		alter table counted add primary key (client); alter table counted owner to app" >/dev/null
	printf '%s\n' 'update counted set done = done + 1 where client = :client_id;' '\sleep 50 ms' >"$WORLD/counts.sql"
	spawn sessions nsenter --net="/run/netns/$CLIENT_NS" env LD_PRELOAD="$BUILD/world/bind_source.so" \
		BIND_SOURCE=10.77.1.1 "$(postgres_program pgbench)" -n -c "$SESSIONS" -j 2 -T 3600 -f "$WORLD/counts.sql" \
		-h "$SERVER_IPV4" -p 5432 -U app app
	wait_until "all sessions have begun" every_session_has_done 1
}

least_done() { ask_postgres 'select min(done) from counted'; }
every_session_has_done() { [ "$(least_done)" -ge "$1" ]; }

@test "20,000 clients are told beside 100 sessions, which lose no transaction" {
	local report before
	configure
	WAIT_SECONDS=60 start_sessions
	sw budget main "$SESSIONS" >/dev/null
	eventually_status "$USED" "$SESSIONS"
	before=$(status_value "$TOTALS.syn")
	report=$(storm --clients "$REFUSALS" --source-base 10.77.8.1 --source-count 250 --max-in-flight 1000 --no-progress \
		--timeout 60s)
	printf '%s\n' "$report"
	assert_equal "told" "$REFUSALS" "$(jq .failures.told_to_retry.count <<<"$report")"
	assert_equal "let in" 0 "$(jq .succeeded <<<"$report")"
	assert_equal "connections" "$REFUSALS" "$(($(status_value "$TOTALS.syn") - before))"
	assert_status "$TOTALS.refused" "$REFUSALS"
	assert_status "$USED" "$SESSIONS"
	# Within the half minute in which the gate still looks at data for who was told: who is stuck would go on after it.
	WAIT_SECONDS=20 wait_until "every session goes on" every_session_has_done $(($(least_done) + 2))
	kill -s ALRM "$(pid_of sessions)"
	WAIT_SECONDS=60 wait_until "the sessions have ended" process_is_gone sessions
	cat "$WORLD/log/sessions"
	assert_matches "their failures" 'number of failed transactions: 0 ' "$(cat "$WORLD/log/sessions")"
	assert_equal "errors" "" "$(grep -iE 'error|aborted|fatal' "$WORLD/log/sessions")"
	assert_equal "transactions, as the database counted them" "$(ask_postgres 'select sum(done) from counted')" \
		"$(sed -n 's/^number of transactions actually processed: //p' "$WORLD/log/sessions")"
	eventually_status "$USED" 0
	assert_status '.services[0].counters.drift' 0
}
