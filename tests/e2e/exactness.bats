#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native generic tc
# runs alone: the CPUs are to decide at once.
# The budget is exact: never one connection more than it, however fast they come.

load lib/e2e

setup_file() {
	# 24 less PostgreSQL's 3 reserved ones is 21: the budget of 20 has no slack to hide a race in.
	world_with_database max_connections=24 superuser_reserved_connections=3
}
teardown_file() { world_destroy; }
teardown() { end_test; }

configure() {
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 20}
		    lanes: [direct, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

# Samples PostgreSQL's own count of client sessions until it is stopped.
start_sampling() {
	printf '%s\n' "select count(*) from pg_stat_activity where usename = 'app' \\watch 0.01" >"$WORLD/sample.sql"
	spawn sampler psql -XqAt -h "$WORLD/postgres" -U postgres -d app -f "$WORLD/sample.sql"
	wait_until "the sampler has begun" grep -q '^[0-9]' "$WORLD/log/sampler"
}

most_sampled() {
	grep -x '[0-9][0-9]*' "$WORLD/log/sampler" | sort -n | tail -n 1
}

# Two storm processes, so that SYNs come from two CPUs at once; prints one result of both.
two_storms() {
	local options=(--user app --database app --json --clients 1500 --source-count 250
		--within 0ms --query 'select 1' --timeout 30s)
	spawn storm nsenter --net="/run/netns/$CLIENT_NS" "$BUILD/storm" --target "$SERVER_IPV4:5432" \
		--source-base 10.77.2.1 "${options[@]}"
	storm --source-base 10.77.0.1 "${options[@]}" >"$WORLD/log/storm-here"
	WAIT_SECONDS=40 wait_until "the other storm is over" process_is_gone storm
	jq -s '{clients: map(.clients) | add, succeeded: map(.succeeded) | add,
		causes: map(.failures | to_entries) | add | group_by(.key)
			| map({key: .[0].key, value: map(.value.count) | add}) | from_entries}' \
		"$WORLD/log/storm" "$WORLD/log/storm-here"
}

@test "3,000 connects as fast as they go: never more than 20 direct, not one 53300, no slot left over" {
	configure
	start_sampling
	two_storms >"$WORLD/storm.json"
	stop_process sampler
	cat "$WORLD/storm.json"
	assert_equal "clients in the report" 3000 "$(jq .clients "$WORLD/storm.json")"
	[ "$(jq .succeeded "$WORLD/storm.json")" -ge 20 ]
	# Every other client was refused, which none took for an answer of PostgreSQL.
	assert_equal "causes of failure" told_to_retry "$(jq -r '.causes | keys | join(" ")' "$WORLD/storm.json")"
	assert_equal "complaints in PostgreSQL's log" 0 \
		"$(grep -Ec 'too many clients|connection slots are reserved' "$WORLD/log/postgres" || true)"
	printf 'most sessions sampled: %s\n' "$(most_sampled)"
	[ "$(most_sampled)" -le 20 ]
	[ "$(most_sampled)" -gt 1 ]
	eventually_status "$USED" 0
	assert_status '.services[0].budget.overcommitted' 0
	assert_status "$TOTALS.syn" 3000
	assert_status "$TOTALS | .direct + .refused" 3000
	assert_equal "succeeded and counted direct" "$(jq .succeeded "$WORLD/storm.json")" \
		"$(status_value "$TOTALS.direct")"
}

@test "a storm that is cut off in the middle leaves no slot behind" {
	configure
	spawn storm nsenter --net="/run/netns/$CLIENT_NS" "$BUILD/storm" --target "$SERVER_IPV4:5432" \
		--user app --database app --clients 300 --source-base 10.77.0.1 --source-count 100 \
		--within 500ms --query 'select pg_sleep(1)' --timeout 30s --json
	eventually_status "$USED" 20
	stop_process storm KILL
	WAIT_SECONDS=20 eventually_status "$USED" 0
}
