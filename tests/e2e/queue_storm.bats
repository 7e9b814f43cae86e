#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# runs alone: the storms are to be as fast as they can.
# Storms of more clients than the database could ever take: whoever stays is served.

load lib/e2e
load lib/waiters

setup_file() {
	# 25 less PostgreSQL's 3 reserved ones is 22: the budget of 20, the daemon's own question whether the
	# database is ready, and one more.
	world_with_database max_connections=25 superuser_reserved_connections=3
	pgbouncer_stop
}
teardown_file() { world_destroy; }
teardown() {
	send_away one two sampler
	pgbouncer_stop
	end_test
}

# configure BUDGET LANES
configure() {
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: $1}
		    pooler: {address: "127.0.0.1:6432", max_connections: 20}
		    queue: {max_wait: 50s, overload_after: 0s}
		    lanes: [$2]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
	mark_log
}

complaints() {
	tail -n "+$((LOG_MARK + 1))" "$WORLD/log/postgres" | grep -Ec 'too many clients|connection slots are reserved' || true
}

# Samples PostgreSQL's own count of client sessions until it is stopped.
start_sampling() {
	printf '%s\n' "select count(*) from pg_stat_activity where usename = 'app' \\watch 0.01" >"$WORLD/sample.sql"
	spawn sampler psql -XqAt -h "$WORLD/postgres" -U postgres -d app -f "$WORLD/sample.sql"
	wait_until "the sampler has begun" grep -q '^[0-9]' "$WORLD/log/sampler"
}

most_sampled() { grep -x '[0-9][0-9]*' "$WORLD/log/sampler" | sort -n | tail -n 1; }

assert_all_is_well() {
	assert_quiet
	assert_equal "53300 in PostgreSQL's log" 0 "$(complaints)"
	assert_status "$TOTALS.syn" 1500
}

@test "1,500 at once from 251 sources: all are served, never more than 20 at a time" {
	configure 20 'direct, queue, refuse'
	start_sampling
	storm_from one 10.77.2.1 250 750
	storm_from two 10.77.3.1 1 750 --within 500ms
	storm_is_served one
	storm_is_served two
	stop_process sampler
	printf 'most sessions sampled: %s\n' "$(most_sampled)"
	[ "$(most_sampled)" -le 20 ]
	[ "$(most_sampled)" -gt 1 ]
	[ "$(status_value "$TOTALS.queued")" -gt 500 ]
	assert_all_is_well
}

@test "1,500 at once, with a pooler: it and the database empty the queue together" {
	pgbouncer_start default_pool_size=10
	configure 10 'direct, pooler, queue, refuse'
	storm_from one 10.77.2.1 250 1500
	storm_is_served one
	[ "$(counter wait_admitted)" -gt 100 ]
	[ "$(counter wait_steered)" -gt 100 ]
	assert_all_is_well
}

# Who gives up in the middle of his login may leave a backend behind that has not noticed yet.
@test "1,500 at once of whom half give up: the others are served, no slot is left over" {
	postgres_stop
	postgres_start max_connections=60
	configure 20 'direct, queue, refuse'
	storm_from one 10.77.2.1 250 750 --timeout 300ms
	storm_from two 10.77.3.1 250 750
	storm_is_served two
	[ "$(status_value '.services[0].counters | .wait_abandoned + .handshake_resets')" -gt 50 ]
	assert_all_is_well
}
