#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# budget.mode adaptive: between min_direct and what auto would be, by how well the database works.

load lib/e2e
load lib/waiters

BUDGET='.services[0].budget.direct'
ADAPTIVE='.services[0].budget.adaptive'

# Who was seen past the gate counts for ten seconds more, and so does a test that asks PostgreSQL something.
export WAIT_SECONDS=30

setup_file() {
	need_root
	world_create
	postgres_start max_connections=23
	ask_postgres 'create role spillway login; grant pg_monitor to spillway'
	# What takes its time on no CPU, however busy the machine; in a slow phase one after another, as at a hot row.
	ask_postgres "create table phase as select false as slow; grant select on phase to app;
		create function work() returns void language plpgsql as \$\$ begin
			if (select slow from phase) then
				perform pg_advisory_xact_lock(1), pg_sleep(0.01);
			else
				perform pg_sleep(0.3);
			end if;
		end \$\$"
}
teardown_file() { world_destroy; }
teardown() {
	postgres_freeze CONT
	send_away load watch session-one session-two session-three session-four session-five
	slow false
	ask_postgres "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'app' or query like '%sleep(600)%' and pid <> pg_backend_pid()"
	end_test
}

slow() { ask_postgres "update phase set slow = $1"; }

# What a test of growth alone has for TOLERANCE: a machine that is busy with others answers late, and is no reason to cut.
PATIENT=10000

# [DIRECT=N] [LEAST=N] [TOLERANCE=PERCENT] [MORE="key: value, "] configuration
configuration() {
	cat <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: adaptive, direct: ${DIRECT:-0}, min_direct: ${LEAST:-3}, tolerance_percent: ${TOLERANCE:-300}, headroom: 0, ${MORE:-}conninfo: "host=$WORLD/postgres dbname=postgres user=spillway"}
		    queue: {max_wait: 60s, max_waiting: 5000, resume_rate: 5000/s, overload_after: 0s}
		    lanes: [direct, queue, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

# As many as want in at a time, each for one piece of work, until send_away.
load_of() { storm_from load 10.77.1.1 50 1000000 --max-in-flight "$1" --query 'select work()'; }

# is_true JQ-FILTER: for wait_until, of status.
is_true() { sw status --json | jq -e "$1"; }
eventually() { wait_until "$1" is_true "$1" || show_status; }
show_status() {
	sw status
	return 1
}

# From here on every budget there is, until the test ends; of two that follow each other within 50 ms one may be missed.
watch_budget() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	spawn watch nsenter --net="/run/netns/$SERVER_NS" bash -c 'while :; do "$0" --socket "$1" budget --json main || true; sleep 0.05; done' \
		"$BUILD/spillway" "$SOCKET"
}

@test "it begins at min_direct, and grows while more want in, up to what the database has room for" {
	TOLERANCE=$PATIENT configuration | spillwayd_start
	assert_status "$BUDGET" 3
	assert_status "$ADAPTIVE.floor" 3
	eventually "$ADAPTIVE.ceiling == 19"
	load_of 40
	eventually_status "$BUDGET" 19
	assert_status "$ADAPTIVE.cuts" 0
	assert_nobody_was_turned_away
}

@test "it grows no further than is made use of" {
	TOLERANCE=$PATIENT configuration | spillwayd_start
	hold_many 1 3
	# By how much in one step, the time between two answers says, and what is too much goes; there is room for 19.
	eventually "$BUDGET > 3 and $BUDGET < 10 and $ADAPTIVE.state == \"has room\""
}

@test "sessions that wait for each other cut it, down to the floor; then it grows back" {
	configuration | spillwayd_start
	load_of 40
	eventually_status "$BUDGET" 19
	slow true
	eventually "$BUDGET <= 5"
	assert_matches "the log" 'budget cut from [0-9]+ to [0-9]+: sessions wait for each other' "$(cat "$WORLD/log/spillwayd")"
	slow false
	eventually_status "$BUDGET" 19
	assert_matches "the log" 'budget [0-9]+ grows again' "$(cat "$WORLD/log/spillwayd")"
	assert_status '.services[0].counters.wakeups_lost' 0
	assert_status '.services[0].budget.overcommitted' 0
}

@test "those that wait for each other and did not come by the gate are none that wait" {
	TOLERANCE=$PATIENT configuration | spillwayd_start
	local name
	for name in one two three four five; do
		spawn "session-$name" psql -Xq -h "$WORLD/postgres" -U postgres -d app -c 'begin; select pg_advisory_xact_lock(2), pg_sleep(600)'
	done
	eventually_status '.services[0].budget.terms.unix_sockets' -5
	load_of 40
	eventually_status "$BUDGET" 14
	# Where sessions begin one may wait for another for a moment; four of the five do all the time.
	eventually "$ADAPTIVE.at_work > 4 and $ADAPTIVE.waiting < 1"
}

# Everybody inside waits for a lock that the test has, so nobody comes or goes but by the test: how many are at work is
# how many are in, whatever else the machine does. With some always on their way in or out as few as the floor allows
# would be at work at a budget above it, and there it rests.
@test "through all of that it is never below its floor or above its bound" {
	DIRECT=12 LEAST=9 configuration | spillwayd_start
	watch_budget
	spawn session-one psql -Xq -h "$WORLD/postgres" -U postgres -d app -c 'select pg_advisory_lock(1), pg_sleep(600)'
	wait_until "the lock is taken" test_lock_is_taken
	load_of 40
	eventually_status "$BUDGET" 12
	slow true
	wait_until "it is cut to its floor" test_cut_to 9
	eventually "$ADAPTIVE.state == \"at floor\""
	slow false
	send_away session-one
	ask_postgres "select count(pg_terminate_backend(pid)) from pg_stat_activity where query like '%sleep(600)%' and pid <> pg_backend_pid()"
	eventually_status "$BUDGET" 12
	stop_process watch KILL
	assert_equal "least and most" '9 12' "$(jq -s '[.[].direct] | "\(min) \(max)"' -r "$WORLD/log/watch")"
}
test_lock_is_taken() { [ "$(ask_postgres "select count(*) from pg_locks where locktype = 'advisory' and granted")" -gt 0 ]; }
# test_cut_to SLOTS: true when that is the budget and nobody is in beyond it; those who are beyond what it is by now are
# ended, as a cut waits for them.
test_cut_to() {
	local budget used
	read -r budget used < <(sw status --json | jq -r '.services[0].budget | "\(.direct) \(.used)"')
	[ "$used" -le "$budget" ] ||
		ask_postgres "select count(pg_terminate_backend(pid)) from (select pid from pg_stat_activity
			where usename = 'app' and wait_event_type = 'Lock' limit $((used - budget))) waiting" >/dev/null
	[ "$budget" -eq "$1" ] && [ "$used" -eq "$1" ]
}

@test "frozen it stays, however slow all is, and goes on from there" {
	configuration | spillwayd_start
	load_of 40
	eventually_status "$BUDGET" 19
	sw budget main freeze
	assert_status "$ADAPTIVE.frozen" true
	# On a busy machine it may have gone down a little before the frost came.
	local frozen
	frozen=$(status_value "$BUDGET")
	[ "$frozen" -gt 5 ]
	slow true
	eventually "$ADAPTIVE | .state == \"frozen\" and .signals.waits.ratio > 3"
	# The session that made it slow took a place of the database's for a moment.
	eventually_status "$BUDGET" "$frozen"
	assert_matches "status" 'adaptive, frozen' "$(sw status)"
	assert_matches "metrics" '^spillway_adaptive_frozen{service="main"} 1$' "$(sw metrics)"
	sw budget main unfreeze
	eventually "$BUDGET <= 5"
	sw budget main freeze
	slow false
	eventually "$ADAPTIVE.signals.waits.ratio < 1.1"
	eventually "$BUDGET <= 5"
}

@test "only a budget that moves is frozen" {
	MORE='mode: fixed, ' configuration | sed 's/mode: adaptive, //; s/direct: 0/direct: 5/' | spillwayd_start
	fails_with 2 "the budget of service 'main' is fixed" sw budget main freeze
	fails_with 2 "the budget of service 'main' is fixed" sw budget main unfreeze
}

@test "a database with less room counts more than floor and frost" {
	MORE='freeze: yes, ' LEAST=18 configuration | spillwayd_start
	eventually_status "$BUDGET" 18
	local name
	for name in one two; do
		spawn "session-$name" psql -Xq -h "$WORLD/postgres" -U postgres -d app -c 'select pg_sleep(600)'
	done
	eventually_status "$BUDGET" 17
	send_away session-one session-two
	ask_postgres "select count(pg_terminate_backend(pid)) from pg_stat_activity where query like '%sleep(600)%' and pid <> pg_backend_pid()"
	eventually_status "$BUDGET" 18
}

# What the test itself asks takes places of the database's: there are more than the bound.
@test "what was in force goes on over a crash, a reload and a lost connection" {
	DIRECT=12 TOLERANCE=$PATIENT configuration | spillwayd_start
	load_of 40
	eventually "$BUDGET >= 8"
	sw budget main freeze
	local before pid
	before=$(status_value "$BUDGET")
	pid=$(ask_postgres "select pid from pg_stat_activity where usename = 'spillway'")
	ask_postgres "select pg_terminate_backend($pid)"
	wait_until "it has connected again" test_other_monitor "$pid"
	eventually_status '.services[0].database.error' null
	assert_status "$BUDGET" "$before"
	stop_process spillwayd KILL
	postgres_freeze STOP
	spillwayd_run
	assert_status "$BUDGET" "$before"
	assert_status "$ADAPTIVE" null
	postgres_freeze CONT
	WAIT_SECONDS=40 eventually_status "$ADAPTIVE.frozen" true
	assert_status "$BUDGET" "$before"
	sed -i 's/direct: 12/direct: 13, freeze: yes/' "$WORLD/spillway.yaml"
	sw reload
	eventually_status "$ADAPTIVE.ceiling" 13
	assert_status "$BUDGET" "$before"
	sw budget main unfreeze
	WAIT_SECONDS=40 eventually_status "$BUDGET" 13
}
test_other_monitor() { [[ $(ask_postgres "select pid from pg_stat_activity where usename = 'spillway'") =~ ^[0-9]+$ ]] && [ "$(ask_postgres "select pid from pg_stat_activity where usename = 'spillway'")" != "$1" ]; }

@test "from a fixed budget it goes on where that was, and back" {
	TOLERANCE=$PATIENT configuration | sed 's/mode: adaptive, direct: 0/mode: fixed, direct: 9/' | spillwayd_start
	assert_status "$ADAPTIVE" null
	sw budget main adaptive
	# Not at its floor; what nobody uses goes by and by.
	eventually "$ADAPTIVE.ceiling == 9 and $BUDGET > 6"
	eventually "$BUDGET < 9"
	sw budget main 9
	assert_status "$BUDGET" 9
	assert_status "$ADAPTIVE" null
}

@test "while the database cannot be asked it is the floor" {
	configuration | sed 's/user=spillway/user=nobody_there/' | spillwayd_start
	eventually_status "$BUDGET" 3
	assert_matches "status" 'role "nobody_there" does not exist' "$(sw status)"
}

@test "status, explain and metrics say how it came about" {
	TOLERANCE=$PATIENT configuration | spillwayd_start
	eventually "$ADAPTIVE | .state == \"has room\" and .ceiling == 19"
	assert_matches "status" 'main: at most 19 slots = 23 max_connections - 3 superuser_reserved - 1 monitor' "$(sw status)"
	assert_matches "status" 'main: 3 slots of 3 to 19, has room: 0 at work, 0 of them wait for others; probe [0-9.]+ ms x[0-9.]+; transaction [0-9.]+ ms x[0-9.]+; waits x1.0; gradient 1.00' "$(sw status)"
	assert_matches "explain" 'main: 3 slots of 3 to 19' "$(sw explain 10.77.1.1)"
	assert_equal "explain's floor" 3 "$(sw explain --json 10.77.1.1 | jq .budget.adaptive.floor)"
	local metrics
	metrics=$(sw metrics)
	assert_matches "metrics" '^spillway_budget_slots{service="main"} 3$' "$metrics"
	assert_matches "metrics" '^spillway_adaptive_bound_slots{service="main",bound="floor"} 3$' "$metrics"
	assert_matches "metrics" '^spillway_adaptive_bound_slots{service="main",bound="ceiling"} 19$' "$metrics"
	assert_matches "metrics" '^spillway_adaptive_gradient{service="main"} 1$' "$metrics"
	assert_matches "metrics" '^spillway_adaptive_slowness{service="main",signal="waits"} 1$' "$metrics"
	assert_matches "metrics" '^spillway_adaptive_cuts_total{service="main"} 0$' "$metrics"
}

@test "what dump prints is accepted, with the frost" {
	configuration | spillwayd_start
	sw budget main freeze
	sw dump >"$WORLD/dump.yaml"
	assert_matches "dump" 'freeze: "?yes' "$(cat "$WORLD/dump.yaml")"
	assert_matches "dump" 'min_direct: 3' "$(cat "$WORLD/dump.yaml")"
	"$BUILD/spillwayd" --check --config "$WORLD/dump.yaml"
}

@test "what cannot be asked has no adaptive budget, and the configuration says so" {
	local protocol
	for protocol in mysql tcp; do
		printf 'services: [{name: main, listen: [":5432"], protocol: %s, budget: {mode: adaptive}}]\n' "$protocol" \
			>"$WORLD/other.yaml"
		fails_with 2 "budget.mode: 'adaptive' asks a PostgreSQL, and the service's protocol is $protocol; use fixed" \
			"$BUILD/spillwayd" --check --config "$WORLD/other.yaml"
	done
	configuration | sed 's/mode: adaptive, direct: 0/mode: fixed, direct: 9/; s/- name: main/&\n    protocol: tcp/' | spillwayd_start
	fails_with 2 "'adaptive' asks a PostgreSQL, and the service's protocol is tcp; use fixed" sw budget main adaptive
	assert_status '.services[0].budget.mode' fixed
}
