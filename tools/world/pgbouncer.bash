# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# PgBouncer on a world's server: transaction pooling, on loopback only, as an operator who never
# heard of Spillway would set it up. Sourced by tools/world/world.bash.

POOLER_PORT=6432

# pgbouncer_start [key=value]...: settings as in pgbouncer.ini. POOLED_HOST is the server, if not PostgreSQL by its socket.
pgbouncer_start() {
	install -d -m 755 -o postgres -g postgres "$WORLD/pgbouncer"
	{
		printf '[databases]\napp = host=%s user=app dbname=app\n[pgbouncer]\n' "${POOLED_HOST:-$WORLD/postgres}"
		printf '%s\n' listen_addr=127.0.0.1,::1 listen_port=$POOLER_PORT unix_socket_dir= \
			auth_type=any pool_mode=transaction max_client_conn=4000 default_pool_size=10 \
			ignore_startup_parameters=extra_float_digits "$@"
	} >"$WORLD/pgbouncer/pgbouncer.ini"
	# Two descriptors a client are more than the usual 1,024.
	spawn pgbouncer nsenter --net="/run/netns/$SERVER_NS" prlimit --nofile="${POOLER_FILES:-8192}:${POOLER_FILES:-8192}" \
		setpriv --reuid=postgres --regid=postgres --init-groups \
		pgbouncer "$WORLD/pgbouncer/pgbouncer.ini"
	wait_until "PgBouncer answers" ask_pgbouncer 'show version' || {
		show_log pgbouncer
		return 1
	}
}

pgbouncer_stop() { stop_process pgbouncer INT; }

# ask_pgbouncer COMMAND: on its console; bare values, columns parted by |.
ask_pgbouncer() {
	as_server env PGCONNECT_TIMEOUT=5 psql -XqAt -h 127.0.0.1 -p $POOLER_PORT -U pgbouncer \
		-d pgbouncer -c "$1"
}
