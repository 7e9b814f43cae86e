# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A PostgreSQL cluster on a world's server, with a role and a database `app` that anybody may use.
# Sourced by tools/world/world.bash.

postgres_program() {
	local folder
	folder=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
	if [ -x "$folder/$1" ]; then printf '%s\n' "$folder/$1"; else command -v "$1"; fi
}

# PostgreSQL and PgBouncer refuse to run as root. setpriv, unlike runuser, leaves no parent behind.
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }

# initdb takes a second: it is done once a run and copied for each world.
postgres_template() {
	local template=${SPILLWAY_RUN_DIR:-$WORLD}/postgres-template
	if [ ! -d "$template" ]; then
		postgres_initialise "$template.new" >"$WORLD/log/initdb" 2>&1 || {
			show_log initdb
			return 1
		}
		mv "$template.new" "$template"
	fi
	printf '%s\n' "$template"
}

postgres_initialise() {
	install -d -m 700 -o postgres -g postgres "$1" &&
		as_postgres "$(postgres_program initdb)" -D "$1" -U postgres -A trust -E UTF8 \
			--locale=C --no-sync &&
		printf 'host all all 0.0.0.0/0 trust\nhost all all ::/0 trust\n' >>"$1/pg_hba.conf" &&
		printf 'create role app login;\ncreate database app owner app;\n' |
		as_postgres "$(postgres_program postgres)" --single -D "$1" postgres
}

# postgres_start [key=value]...: settings as in postgresql.conf.
postgres_start() {
	postgres_run "$@"
	wait_until "PostgreSQL answers" ask_postgres 'select 1' || {
		show_log postgres
		return 1
	}
}

# postgres_start_recovering [key=value]...: it listens, and says to everybody that it takes no connections
# (57P03), as a server in recovery does, until postgres_promote.
postgres_start_recovering() {
	as_postgres touch "$WORLD/postgres/standby.signal"
	postgres_run hot_standby=off "$@"
	wait_until "PostgreSQL turns everybody away" postgres_rejects || {
		show_log postgres
		return 1
	}
}

postgres_rejects() {
	local answer=0
	"$(postgres_program pg_isready)" -h "$WORLD/postgres" -p "${POSTGRES_PORT:-5432}" || answer=$?
	[ "$answer" -eq 1 ]
}

postgres_promote() { as_postgres "$(postgres_program pg_ctl)" promote -D "$WORLD/postgres"; }

postgres_run() {
	local template setting settings=()
	POSTGRES_PORT=5432
	if [ ! -d "$WORLD/postgres" ]; then
		template=$(postgres_template) || return 1
		# A run that shares it among its files puts a link there.
		cp -aH "$template" "$WORLD/postgres"
	fi
	for setting in listen_addresses='*' unix_socket_directories="$WORLD/postgres" fsync=off \
		autovacuum=off log_connections=on "$@"; do
		settings+=(-c "$setting")
		[[ $setting != port=* ]] || POSTGRES_PORT=${setting#port=}
	done
	spawn postgres nsenter --net="/run/netns/${POSTGRES_NS:-$SERVER_NS}" \
		setpriv --reuid=postgres --regid=postgres --init-groups \
		"$(postgres_program postgres)" -D "$WORLD/postgres" "${settings[@]}"
}

# Fast: sessions are ended, the cluster is left clean for the next start.
postgres_stop() { stop_process postgres INT; }

# postgres_freeze STOP|CONT: the postmaster, which forks nobody then, and all that it has forked.
postgres_freeze() {
	local pid
	pid=$(pid_of postgres) && kill -s "$1" "$pid" || return 1
	# One that has just gone does not matter, to kill either.
	# shellcheck disable=SC2046 # a list
	kill -s "$1" $(pgrep -P "$pid")
}

# ask_postgres SQL: as superuser over the unix socket, past every gate; bare values.
ask_postgres() {
	PGCONNECT_TIMEOUT=5 psql -XqAt -h "$WORLD/postgres" -p "${POSTGRES_PORT:-5432}" -U postgres -d app -c "$1"
}

# psql_from ADDRESS [psql argument]...: from a client's address to the guarded port.
psql_from() {
	local source=$1
	shift
	as_client_from "$source" env PGCONNECT_TIMEOUT="${PGCONNECT_TIMEOUT:-5}" \
		psql -XqAt -h "$(server_address_for "$source")" -p 5432 -U app -d app "$@"
}
