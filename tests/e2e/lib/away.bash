# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A database that goes away and comes back while clients come. Loaded by pause.bats and outage.bats.

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
