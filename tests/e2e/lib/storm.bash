# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The storm client under test: a PostgreSQL on loopback, a server that misbehaves as told, and what its JSON
# must say. Sourced by tests/e2e/storm*.bats behind e2e.bash; a file may not define setup_file or teardown.

SCRIPTED_SERVER=$SPILLWAY_ROOT/tools/storm/scripted_server.py
STORM=$BUILD/storm
unset PGPASSWORD

setup_file() {
	need_root
	WORLD=$(mktemp -d "${SPILLWAY_RUN_DIR:-/tmp}/storm.XXXXXX")
	mkdir "$WORLD/log" "$WORLD/pid"
	chmod 755 "$WORLD"
	PORT=$(free_port)
	export WORLD PORT
	install -d -m 700 -o postgres -g postgres "$WORLD/data"
	as_postgres "$(postgres_program initdb)" -D "$WORLD/data" -U postgres -A trust --locale=C \
		-E UTF8 --no-sync >"$WORLD/log/initdb"
	printf '%s\n' 'local all all trust' 'host all scram_user all scram-sha-256' \
		'host all md5_user all md5' 'host all clear_user all password' \
		'host all all all trust' >"$WORLD/data/pg_hba.conf"
	start_postgres 10
	ask "create role scram_user login password 'right'" "create role clear_user login password 'right'" \
		"set password_encryption = 'md5'" "create role md5_user login password 'right'"
}

teardown_file() {
	[ -n "${WORLD:-}" ] || return 0
	stop_process postgres INT || true
	rm -rf "$WORLD"
}

teardown() {
	stop_process server KILL
	rm -f "$WORLD/log/server"
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_postgres MAX_CONNECTIONS
start_postgres() {
	spawn postgres setpriv --reuid=postgres --regid=postgres --init-groups \
		"$(postgres_program postgres)" -D "$WORLD/data" -c port="$PORT" \
		-c listen_addresses=127.0.0.1,::1 -c unix_socket_directories="$WORLD/data" \
		-c fsync=off -c max_connections="$1" -c superuser_reserved_connections=1
	wait_until "PostgreSQL answers" ask 'select 1'
}

# ask SQL...: past the client under test.
ask() {
	local sql commands=()
	for sql in "$@"; do commands+=(-c "$sql"); done
	psql -XqAt -h "$WORLD/data" -p "$PORT" -U postgres "${commands[@]}"
}

# scripted BEHAVIOUR: starts the server, sets $SERVER.
# shellcheck disable=SC2034 # the bats files use it
scripted() {
	local address=127.0.0.1
	[ "$1" != ipv6 ] || address='[::1]'
	spawn server python3 "$SCRIPTED_SERVER" "$1"
	wait_until "the scripted server listens" test -s "$WORLD/log/server"
	SERVER=$address:$(cat "$WORLD/log/server")
}

# storm_to TARGET [option]...: $RESULT is its JSON. The connections must add up, whatever happened.
storm_to() {
	RESULT=$("$STORM" --target "$1" --timeout 10s --json "${@:2}") || {
		printf 'storm ended with %s: %s\n' "$?" "$RESULT" >&2
		return 1
	}
	assert_result '.succeeded + .failed + .unfinished + .not_started == .connections'
	assert_result '([.failures[].count] | add // 0) == .failed'
	assert_result '.total_ms.count == .succeeded and .login_ms.count >= .succeeded'
	assert_result '.connect_ms.count >= .login_ms.count and .generator.lateness_ms.count == .launched'
}

storm_to_postgres() { storm_to "127.0.0.1:$PORT" --database postgres "$@"; }

# assert_result JQ-CONDITION
assert_result() {
	jq -e "$1" <<<"$RESULT" >/dev/null || {
		printf 'not so: %s\n%s\n' "$1" "$RESULT" >&2
		return 1
	}
}

# assert_all_failed CAUSE SAMPLE-PATTERN: every client for this one reason, which --help explains.
assert_all_failed() {
	assert_result ".succeeded == 0 and .failures.$1.count == .clients"
	assert_matches "sample" "$2" "$(jq -r ".failures.$1.sample" <<<"$RESULT")"
	assert_matches "--help" "^  ${1/sqlstate_*/sqlstate_XXXXX} " "$("$STORM" --help)"
}

assert_usage_error() {
	fails_with 2 "^storm: error: .*$1" "$STORM" --target 127.0.0.1:1 "${@:2}"
}

backends_are() {
	[ "$(ask "select count(*) from pg_stat_activity where application_name = 'storm'")" = "$1" ]
}

# The exit code is bats' child's: spawn leaves it to be waited for.
# shellcheck disable=SC2034 # the bats files use $CODE
interrupt_and_collect() {
	local pid
	pid=$(pid_of "$1")
	kill -s INT "$pid"
	CODE=0
	wait "$pid" || CODE=$?
	RESULT=$(sed -n '/^{/,$p' "$WORLD/log/$1")
	rm -f "$WORLD/pid/$1" "$WORLD/log/$1"
}
