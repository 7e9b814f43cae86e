#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# The queue of a service that not every address serves: a database on IPv4 alone, a pooler alone.

load lib/e2e
load lib/waiters

# Where nobody listens, by the same family; the pooler would take who comes there.
UNSERVED_IPV4=10.78.0.9

setup_file() {
	world_with_database max_connections=26
	# Now that the world says which address it has: that one and loopback, and no IPv6.
	postgres_stop
	postgres_start max_connections=26 "listen_addresses=127.0.0.1,$SERVER_IPV4"
	as_server ip address add "$UNSERVED_IPV4/24" dev "$WORLD_INTERFACE"
}
teardown_file() { world_destroy; }
teardown() {
	send_away six four
	end_test
}

# configuration BUDGET LANES [PORT [POOLER_KEYS]]
configuration() {
	cat <<-YAML
		services:
		  - name: main
		    listen: [":${3:-5432}"]
		    budget: {mode: fixed, direct: $1}
		    pooler: {address: "127.0.0.1:6432"${4:+, $4}}
		    queue: {max_wait: 40s}
		    lanes: [$2]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

@test "who comes to an address where nobody listens is refused, and nobody waits behind him" {
	configuration 5 'direct, queue, refuse' | sed '1ilog: {level: debug}' | spillwayd_start
	assert_matches "explain" 'no_listener' "$(sw explain fd77:0:1::1 --json)"
	assert_equal "explain" direct "$(sw explain 10.77.1.1 --json | jq -r .lane)"
	come six fd77:0:1::1
	hears_refusal six
	come six fd77:0:1::1
	come four 10.77.1.1
	wait_until_served four
	hears_refusal six
	assert_quiet
	# Neither was it taken to be away, nor doubted.
	assert_equal "holds" 0 "$(grep -Ec 'does not serve|is the database there' "$WORLD/log/spillwayd")"
}

@test "who comes to an address where nobody listens gets what his chain has besides" {
	configuration 5 'direct, pooler, queue, refuse' | spillwayd_start
	come four 10.77.1.1 PGHOSTADDR="$UNSERVED_IPV4"
	wait_until_served four
	assert_status '.services[0].counters.wait_steered' 1
	configuration 5 'direct, queue, pooler, refuse' | spillwayd_configure
	sw reload
	come four 10.77.1.2 PGHOSTADDR="$UNSERVED_IPV4"
	wait_until_served four
	assert_status '.services[0].counters.wait_steered' 2
	assert_quiet
}

@test "a full budget makes no difference to who comes to an address where nobody listens" {
	configuration 1 'direct, queue, refuse' | spillwayd_start
	hold inside 10.77.1.1
	come_and_wait four 10.77.1.2
	come six fd77:0:1::1
	hears_refusal six
	assert_status "$WAITING" 1
	release inside
	wait_until_served four
	assert_quiet
}

@test "while the database is away all wait, then each hears what is true of its address" {
	configuration 5 'direct, queue, refuse' | spillwayd_start
	postgres_stop
	come_and_wait four 10.77.1.1
	come_and_wait six fd77:0:1::1
	postgres_start max_connections=26 "listen_addresses=127.0.0.1,$SERVER_IPV4"
	wait_until_served four
	hears_refusal six
	assert_quiet
}

@test "a service of the pooler alone needs nobody on its own port" {
	configuration 0 'pooler, queue, refuse' 5433 'max_connections: 2' | spillwayd_start
	for name in first second third; do
		storm_from "$name" 10.77.2.1 20 40 --target "$SERVER_IPV4:5433"
		storm_is_served "$name"
		eventually_status '.services[0].pooler.used' 0
	done
	assert_equal "who went to the database" 0 "$(status_value '.services[0].totals.direct')"
	assert_quiet
}

@test "a client of the family that the pooler does not serve keeps nobody else waiting" {
	pgbouncer_stop
	pgbouncer_start listen_addr=127.0.0.1
	configuration 5 'pooler, queue, refuse' | spillwayd_start
	assert_matches "explain" 'pooler_down' "$(sw explain fd77:0:1::1 --json)"
	come_and_wait six fd77:0:1::1
	come four 10.77.1.1
	wait_until_served four
	assert_status "$WAITING" 1
	# And gets in when it does.
	pgbouncer_stop
	pgbouncer_start
	wait_until_served six
	assert_quiet
}

# families_apart LANES POOLED: the database at an address of its own, where it has IPv4 alone; one place at the pooler.
families_apart() {
	configuration 1 "$1, queue, refuse" 5432 'max_connections: 1' |
		sed 's/    lanes:/    direct: {address: "127.0.0.1:5432"}\n&/' | spillwayd_start
	hold pooled "$2"
	hold inside 10.77.1.1
	assert_equal "lanes" "direct pooler" "$(held_lane inside) $(held_lane pooled)"
	hold_in_line six fd77:0:1::2
	come_and_wait four 10.77.1.2
}

@test "a client of the family that the database does not serve keeps nobody else waiting" {
	families_apart 'direct, pooler' fd77:0:1::1
	release inside
	wait_until_served four
	assert_status "$WAITING" 1
	release pooled
	gets_in six pooler
	release six
	assert_quiet
}

@test "nor does he where the pooler comes first, and a place there is his in his turn" {
	families_apart 'pooler, direct' 10.77.1.9
	release pooled
	gets_in six pooler
	# Before the one that came after him.
	assert_status "$WAITING" 1
	release inside
	wait_until_served four
	release six
	assert_quiet
}

@test "who waits for a database at another local listener gets in there, also when that was away" {
	postgres_stop
	postgres_start max_connections=26 port=5433 listen_addresses=127.0.0.1
	configuration 1 'direct, queue, refuse' |
		sed 's/    lanes:/    direct: {address: "127.0.0.1:5433"}\n&/' | spillwayd_start
	hold inside 10.77.1.1
	come_and_wait four 10.77.1.2
	release inside
	wait_until_served four
	postgres_stop
	come_and_wait four 10.77.1.3
	assert_status '.services[0].database.up' false
	postgres_start max_connections=26 port=5433 listen_addresses=127.0.0.1
	wait_until_served four
	assert_quiet
	postgres_stop
	postgres_start max_connections=26 "listen_addresses=127.0.0.1,$SERVER_IPV4"
}
