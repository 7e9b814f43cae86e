#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# What drivers make of a refusal: each gives its program the text and the code, and comes once. psql's ways are in
# refuse.bats.

load lib/e2e

setup_file() {
	need_root
	world_create
}
teardown_file() { world_destroy; }
teardown() { end_test; }

# configure PROTOCOL: everybody is refused.
configure() {
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    protocol: $1
		    budget: {mode: fixed, direct: 0}
		    lanes: [direct, refuse]
		    refuse: {message: "no room here", retry_after: 700ms}
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

# hears PATTERN CONNECTIONS ADDRESS COMMAND...: what the client at ADDRESS says, and for how many connections that was.
# Who has said nothing after half a minute hangs.
hears() {
	local pattern=$1 connections=$2 source=$3 before
	shift 3
	before=$(status_value "$TOTALS.syn")
	run as_client_from "$source" timeout 30 env NODE_PATH="$BUILD/drivers/node_modules" "$@"
	assert_matches "what $1 says" "$pattern" "$(tr '\n' ' ' <<<"$output" | sed 's/ *$//')"
	assert_equal "its connections" "$connections" "$(($(status_value "$TOTALS.syn") - before))"
}

# npm_hears DRIVER ADDRESS SSL PATTERN [CONNECTIONS]
npm_hears() {
	hears "$4" "${5:-1}" "$2" node "$BATS_TEST_DIRNAME/drivers/refused.js" "$1" "$(server_address_for "$2")" "$3"
}

# libpq_hears ADDRESS SSLMODE PATTERN [CONNECTIONS]
libpq_hears() {
	hears "$3" "${4:-1}" "$1" "$BUILD/drivers/libpq_async" \
		"host=$(server_address_for "$1") port=5432 user=app dbname=app gssencmode=disable sslmode=$2"
}

# mariadb_hears ADDRESS PATTERN [OPTION]...
mariadb_hears() {
	local source=$1 pattern=$2
	shift 2
	hears "$pattern" 1 "$source" mariadb --no-defaults --host "$(server_address_for "$source")" --port 5432 --user app \
		--execute 'select 1' "$@"
}

TOLD='^severity=FATAL code=53300 message=no room here hint=Retry in [0-9 ]{4} ms\.$'

@test "libpq's asynchronous connect reports text, code and hint; with allow it comes twice" {
	configure postgres
	local said='FATAL:  53300: no room here HINT:  Retry in [0-9 ]{4} ms\.'
	libpq_hears 10.77.1.1 disable "$said$"
	libpq_hears 10.77.1.1 prefer "$said$"
	libpq_hears fd77:0:1::1 prefer "$said$"
	libpq_hears 10.77.1.1 allow "$said .*$said$" 2
	libpq_hears 10.77.1.1 require 'server does not support SSL, but SSL was required$'
}

@test "node-postgres reports text, code and hint, and with any sslmode that there is no encryption" {
	configure postgres
	npm_hears pg 10.77.1.1 false "$TOLD"
	npm_hears pg fd77:0:1::1 false "$TOLD"
	npm_hears pg 10.77.1.1 disable "$TOLD"
	npm_hears pg 10.77.1.1 prefer '^message=The server does not support SSL connections$'
	npm_hears pg fd77:0:1::1 true '^message=The server does not support SSL connections$'
}

@test "postgres.js reports text, code and hint, and is cut off where it insists on encryption" {
	configure postgres
	npm_hears postgres 10.77.1.1 false "$TOLD"
	npm_hears postgres fd77:0:1::1 false "$TOLD"
	npm_hears postgres 10.77.1.1 prefer "$TOLD"
	npm_hears postgres fd77:0:1::1 prefer "$TOLD"
	npm_hears postgres 10.77.1.1 require '^code=ECONNRESET '
}

@test "mysql2 reports text and code, with TLS or without" {
	configure mysql
	local told='^code=ER_CON_COUNT_ERROR errno=1040 sqlState=08004 message=no room here$'
	npm_hears mysql2 10.77.1.1 false "$told"
	npm_hears mysql2 fd77:0:1::1 false "$told"
	npm_hears mysql2 10.77.1.1 true "$told"
}

@test "the mariadb client reports text and code, with TLS or without" {
	configure mysql
	mariadb_hears 10.77.1.1 '^ERROR 1040 \(08004\): no room here$' --skip-ssl
	mariadb_hears fd77:0:1::1 '^ERROR 1040 \(08004\): no room here$' --skip-ssl
	mariadb_hears 10.77.1.1 '^ERROR .*1040.* no room here$' --ssl
}
