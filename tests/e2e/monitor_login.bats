#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native
# How the monitor logs in is libpq's: a remote database over TLS with an authority of its own, SCRAM, a service
# file, a password file; a slow database holds up nobody.

load lib/e2e
load lib/waiters

BUDGET='.services[0].budget.direct'
DATABASE='.services[0].database'

# Who was seen past the gate counts for ten seconds more, and so does a test that asks PostgreSQL something.
export WAIT_SECONDS=30

setup_file() {
	need_root
	world_create
	net_add_database
	make_certificates
	POSTGRES_NS=$DATABASE_NS postgres_start max_connections=23 ssl=on ssl_cert_file="$WORLD/tls/server.crt" \
		ssl_key_file="$WORLD/tls/server.key" password_encryption=scram-sha-256
	ask_postgres "create role keyed login password 'right'; grant pg_monitor to keyed"
	sed -i '1i hostssl all keyed all scram-sha-256\nhostnossl all keyed all reject' "$WORLD/postgres/pg_hba.conf"
	ask_postgres 'select pg_reload_conf()'
	printf '%s:*:*:keyed:right\n' "$DATABASE_IPV4" >"$WORLD/pgpass"
	chmod 600 "$WORLD/pgpass"
	service_file ca >"$WORLD/services.conf"
	export PGSERVICEFILE="$WORLD/services.conf"
}
teardown_file() { world_destroy; }
teardown() {
	asker CONT
	end_test
	send_away slow-file
	rm -f "$WORLD/services.conf"
	service_file ca >"$WORLD/services.conf"
}

# An authority, another one, and a server's certificate of the first.
make_certificates() {
	local name
	install -d -m 755 -o postgres -g postgres "$WORLD/tls"
	for name in ca other; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$name" \
			-keyout "$WORLD/tls/$name.key" -out "$WORLD/tls/$name.crt"
	done
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=database" \
		-keyout "$WORLD/tls/server.key" -out "$WORLD/tls/server.csr"
	openssl x509 -req -in "$WORLD/tls/server.csr" -CA "$WORLD/tls/ca.crt" -CAkey "$WORLD/tls/ca.key" \
		-CAcreateserial -days 2 -extfile <(printf 'subjectAltName=IP:%s\n' "$DATABASE_IPV4") -out "$WORLD/tls/server.crt"
	chown postgres:postgres "$WORLD"/tls/*
	chmod 600 "$WORLD/tls/server.key"
}

# service_file AUTHORITY
service_file() {
	printf '%s\n' '[watched]' "host=$DATABASE_IPV4" dbname=postgres user=keyed sslmode=verify-full gssencmode=prefer \
		"sslrootcert=$WORLD/tls/$1.crt" "passfile=$WORLD/pgpass"
}

configuration() {
	cat <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: auto, direct: ${DIRECT:-0}, headroom: 0, conninfo: "service=watched"}
		    lanes: [direct, refuse]
		    classes: [{name: default, rate: unlimited}]
	YAML
}

asking() { ask_postgres "select $1 from pg_stat_activity join pg_stat_ssl using (pid) where usename = 'keyed'"; }
# asker SIGNAL: to the processes in the database that answer, or answered, the monitor.
asker() {
	local pid
	for pid in $(asking pid); do
		kill "-$1" "$pid"
	done
}

@test "a remote database is asked over TLS with SCRAM, by a service file and a password file" {
	configuration | spillwayd_start
	eventually_status "$BUDGET" 19
	assert_status "$DATABASE.max_connections" 23
	assert_equal "encrypted, name" 't|spillwayd' "$(asking 'ssl, application_name')"
	assert_equal "passwords in the log" 0 "$(grep -c right "$WORLD/log/spillwayd")"
}

@test "a certificate of another authority is refused, which is said once, and the bound is the budget" {
	service_file other >"$WORLD/services.conf"
	DIRECT=7 configuration | spillwayd_start
	eventually_status "$BUDGET" 7
	assert_matches "status" 'certificate verify failed' "$(sw status)"
	assert_equal "sessions there" '' "$(asking pid)"
	service_file ca >"$WORLD/services.conf"
	WAIT_SECONDS=40 eventually_status "$DATABASE.max_connections" 23
	assert_equal "times it was said" 1 "$(grep -c 'certificate verify failed' "$WORLD/log/spillwayd")"
}

@test "a database that is slow to answer keeps neither the daemon from its work nor its budget from being in force" {
	configuration | spillwayd_start
	asker STOP
	wait_until "it was waited for in vain" grep -q 'budget stays at 1[89]: no answer within 5 s' "$WORLD/log/spillwayd"
	assert_equal "it is healthy" "200" "$(as_server curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9432/healthz)"
	# Another session answers; the first one is a stranger then.
	eventually_status "$DATABASE.error" null
	asker CONT
	WAIT_SECONDS=40 eventually_status "$BUDGET" 19
}

# Whoever reads it is kept until the daemon was seen to be at work, so it is not the daemon.
@test "a service file that takes its time keeps nobody but a child" {
	configuration | spillwayd_start
	local before
	before=$(asking pid)
	rm "$WORLD/services.conf"
	mkfifo "$WORLD/services.conf"
	service_file ca >"$WORLD/services.said"
	# shellcheck disable=SC2016 # expanded by the inner shell
	spawn slow-file nsenter --net="/run/netns/$SERVER_NS" bash -c 'while :; do
			{
				curl -s -m 5 -o /dev/null http://127.0.0.1:9432/healthz && echo at work || echo stands still
				cat "$0.said" >&3
			} 3>"$0.conf"
		done' "$WORLD/services"
	ask_postgres "select pg_terminate_backend($before)"
	wait_until "it has connected again" test_other_asks "$before"
	eventually_status "$DATABASE.error" null
	assert_equal "while the file was read the daemon" 'at work' "$(sort -u "$WORLD/log/slow-file")"
}
test_other_asks() { [[ $(asking pid) =~ ^[0-9]+$ ]] && [ "$(asking pid)" != "$1" ]; }

@test "while a start waits for a database status says that it is starting, and attached to nothing" {
	rm "$WORLD/services.conf"
	mkfifo "$WORLD/services.conf"
	configuration | spillwayd_configure
	spillwayd_run &
	wait_until "it says that it is starting" says 'starting: it asks the databases first'
	wait $!
	says 'attached to eth0 '
	assert_equal "starting" 0 "$(sw status | grep -c starting)"
}
says() { sw status | grep -q "$1"; }
