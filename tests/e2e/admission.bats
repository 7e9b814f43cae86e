#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native generic tc
# Who gets in, and where: direct to PostgreSQL, through the pooler, or nowhere.

load lib/e2e

setup_file() { world_with_database max_connections=40; }
teardown_file() { world_destroy; }
teardown() { end_test; }

configure() {
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: $1}
		    pooler: {address: "127.0.0.1:6432", max_connections: $2}
		    lanes: [direct, pooler, refuse]
		    classes:
		      - {name: default, rate: unlimited}
		      - {name: lambda, sources: ["10.77.64.0/24", "fd77:0:64::/48"], rate: unlimited, lanes: [pooler, refuse]}
		      - {name: banned, sources: ["10.77.66.0/24"], action: drop}
		      - {name: unwanted, sources: ["10.77.67.0/24", "fd77:0:67::/48"], action: refuse}
		      - {name: cut, sources: ["10.77.68.0/24"], action: reset}
		      - {name: trusted, sources: ["10.77.69.0/24"], action: allow}
	YAML
}

@test "an admitted client keeps its address in pg_stat_activity" {
	configure 5 10
	hold a 10.77.1.2
	hold b fd77:0:1::2
	assert_equal "addresses PostgreSQL sees" "10.77.1.2 fd77:0:1::2" \
		"$(ask_postgres "select string_agg(host(client_addr), ' ' order by family(client_addr))
			from pg_stat_activity where usename = 'app' and client_addr is not null")"
}

@test "a client over the budget works through the pooler, which sees its address" {
	configure 2 10
	hold_many 1 2
	hold over 10.77.1.77
	hold over6 fd77:0:1::77
	assert_equal "lane of the third client" pooler "$(held_lane over)"
	assert_equal "lane of the fourth client" pooler "$(held_lane over6)"
	assert_matches "clients PgBouncer shows" '10\.77\.1\.77' "$(ask_pgbouncer 'show clients')"
	assert_matches "clients PgBouncer shows" 'fd77:0:1::77' "$(ask_pgbouncer 'show clients')"
	assert_matches "log of PgBouncer" '@10\.77\.1\.77:[0-9]+ login attempt' "$(cat "$WORLD/log/pgbouncer")"
}

@test "status counts what is held, direct and pooler apart" {
	configure 2 10
	hold_many 1 5
	assert_status "$USED" 2
	assert_status '.services[0].pooler.used' 3
	assert_status "$TOTALS.syn" 5
	assert_status "$TOTALS.direct" 2
	assert_status "$TOTALS.pooler" 3
}

@test "a slot that is let go is the next client's" {
	configure 1 10
	hold first 10.77.1.1
	assert_lane 10.77.1.2 pooler
	release first
	eventually_status "$USED" 0
	assert_lane 10.77.1.2 direct
	eventually_status "$USED" 0
}

@test "with every lane full a client is refused at once, over IPv4 and IPv6" {
	configure 1 2
	hold_many 1 3
	assert_lane 10.77.1.9 refused
	assert_lane fd77:0:9::1 refused
	assert_status "$TOTALS.refused" 2
	assert_status "$USED" 1
}

checksum_errors() { as_client nstat -asz TcpInCsumErrors | awk '/CsumErrors/ { print $2 }'; }

@test "a refusal has a right checksum, whether the interface is to complete it or the kernel" {
	local before offload
	configure 1 1
	before=$(checksum_errors)
	for offload in off on; do
		as_server ethtool -K "$WORLD_INTERFACE" tx "$offload"
		assert_lane 10.77.67.1 refused
		assert_lane fd77:0:67::1 refused
	done
	assert_equal "answers with a wrong checksum" "$before" "$(checksum_errors)"
}

@test "a class whose chain begins with the pooler never costs a direct slot" {
	configure 5 10
	assert_lane 10.77.64.1 pooler
	assert_lane fd77:0:64::1 pooler
	assert_status "$TOTALS.direct" 0
	assert_lane 10.77.65.1 direct
}

@test "a dropped class hears nothing, a refused or reset one is answered at once" {
	configure 5 10
	assert_lane 10.77.66.1 silent
	assert_lane 10.77.67.1 refused
	assert_lane fd77:0:67::1 refused
	assert_lane 10.77.68.1 refused
	assert_lane 10.77.1.1 direct
}

@test "a class with action allow gets in over the budget and is counted" {
	configure 1 1
	hold_many 1 2
	assert_lane 10.77.1.9 refused
	hold allowed 10.77.69.1
	assert_equal "lane of the allowed client" direct "$(held_lane allowed)"
}

@test "a port that no service names is nobody's business" {
	configure 5 10
	assert_lane 10.77.67.1 refused
	postgres_stop
	postgres_start port=5433
	assert_equal "address on the other port" 10.77.67.1 \
		"$(psql_from 10.77.67.1 -p 5433 -c "$WHERE_AM_I")"
	assert_status "$TOTALS.syn" 1
	postgres_stop
	postgres_start
}
