# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The server under test, what it takes of the CPUs, and when it is at rest. Sourced by tests/bench/scenario.
# shellcheck disable=SC2034 # scenarios and peers read what is set here

note_load() {
	local rest
	read -r LOAD_BEFORE rest </proc/loadavg
}

# For what is measured without a server.
prepare_alone() {
	note_load
	world_create
	IS_ALONE=1
}

# prepare_server PLACES [key=value]...: a PostgreSQL with so many places, and three for superusers, of which
# ask_postgres() needs one. It writes no line for each connection, or that would be counted.
prepare_server() {
	note_load
	world_create
	as_server sysctl -qw net.core.somaxconn=65535 net.ipv4.tcp_max_syn_backlog=65535
	separate_packets
	SERVER_SETTINGS=(max_connections=$(($1 + 3)) superuser_reserved_connections=3 log_connections=off "${@:2}")
	postgres_start "${SERVER_SETTINGS[@]}"
	POSTGRES_SETTINGS="max_connections = $(($1 + 3))"$'\n'"superuser_reserved_connections = 3"
	CHILDREN_AT_REST=$(postmaster_children)
}

# For short_queries.
prepare_tables() {
	as_server "$(postgres_program pgbench)" -q -i -s 1 -h "$WORLD/postgres" -U app app >/dev/null 2>"$WORLD/log/pgbench"
}

postmaster_children() {
	local pid pids
	pid=$(pid_of postgres)
	read -ra pids <"/proc/$pid/task/$pid/children"
	echo "${#pids[@]}"
}

# shows TITLE [FILE]: from FILE or stdin, for the report; without the folder, which is another one each time.
shows() {
	{
		printf '# %s\n' "$1"
		sed "s|$WORLD|/world|g" "${2:--}"
	} >>"$SHOWN"
}

# Sessions of others, whoever holds them.
others() { ask_postgres "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"; }
nobody_is_left() { [ "${IS_ALONE:-0}" = 1 ] || [ "$(others)" = 0 ]; }
# POOLED: what a pooler keeps when its clients are gone, at most; begin_X says.
only_the_pooled_are_left() { [ "$(others)" -le "$POOLED" ]; }
nobody_closes() {
	[ -z "$(as_client ss -Htn state fin-wait-1 state last-ack state closing state close-wait)" ]
}

# What is under way belongs to those who are served: a client's last ACK, a process that ends.
settle() {
	WAIT_SECONDS=60 wait_until "no connection is being closed" nobody_closes
	WAIT_SECONDS=60 wait_until "the processes of those who left have ended" only_the_pooled_are_left
}

# nftables_load: what is in $WORLD/rules.nft, and shows it.
nftables_load() {
	as_server nft -f "$WORLD/rules.nft"
	shows 'nft -f' "$WORLD/rules.nft"
}

# haproxy_start PORT: by $WORLD/haproxy.cfg, which is shown, until it listens there. It needs two files a connection,
# HAPROXY_FILES for all.
haproxy_start() {
	local files=${HAPROXY_FILES:-20000}
	spawn haproxy nsenter --net="/run/netns/$SERVER_NS" prlimit --nofile="$files:$files" haproxy -db -f "$WORLD/haproxy.cfg"
	wait_until "HAProxy listens" listens "$1" || {
		show_log haproxy
		return 1
	}
	shows haproxy.cfg "$WORLD/haproxy.cfg"
}

listens() { [ -n "$(as_server ss -Htln "sport = :$1")" ]; }

# descendants PID...: themselves, and all that came of them and lives.
descendants() {
	local pid children
	for pid in "$@"; do
		echo "$pid"
		children=$(cat "/proc/$pid"/task/*/children 2>/dev/null) || true
		# shellcheck disable=SC2086 # the pids are to be split
		[ -z "$children" ] || descendants $children
	done
}

# server_cpu_ns: of the threads that receive and of SERVER_PROCESSES with all who came of them: the living, and by
# their parents' accounts those that are over.
server_cpu_ns() {
	local all
	mapfile -t all < <(descendants "${SERVER_PROCESSES[@]}")
	local SERVER_PROCESSES=("${all[@]}")
	cpu_ns
}

# storm_at PORT [OPTION]...: the same program for all; JSON on stdout.
storm_at() {
	local port=$1
	shift
	as_client prlimit --nofile=16384:16384 "$BUILD/storm" --target "$SERVER_IPV4:$port" --user app --database app --json \
		--no-progress "$@"
}

# short_queries: pgbench -S of SESSIONS for SECONDS_EACH at $PORT; prints how many transactions, and how many a second.
# shellcheck disable=SC2153 # PORT, SESSIONS and SECONDS_EACH are the scenario's
short_queries() {
	as_client_from 10.77.1.1 "$(postgres_program pgbench)" -n -S -c "$SESSIONS" -j 2 -T "$SECONDS_EACH" -h "$SERVER_IPV4" \
		-p "$PORT" -U app app >"$WORLD/pgbench" 2>"$WORLD/log/pgbench"
	sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p; s/^tps = \([0-9.]*\).*/\1/p' "$WORLD/pgbench"
}

# begin_peak, end_peak: the most backends at one time, also those that only say no, from the one to the other.
begin_peak() {
	echo "$CHILDREN_AT_REST" >"$WORLD/peak"
	spawn sample-peak "$SPILLWAY_ROOT/tools/demo/sample-peak" "$(pid_of postgres)" "$WORLD/peak"
}
end_peak() {
	stop_process sample-peak
	PEAK_BACKENDS=$(($(cat "$WORLD/peak") - CHILDREN_AT_REST))
}

# start_counter PORT: a server that only counts, instead of PostgreSQL, until `counter` is stopped; then its log is JSON.
start_counter() {
	rm -f "$WORLD/log/counter"
	spawn counter nsenter --net="/run/netns/$SERVER_NS" prlimit --nofile=16384:16384 \
		"$BUILD/tests/bench/world/bench_counter" "$1"
	wait_until "the counting server listens" listens "$1"
}
