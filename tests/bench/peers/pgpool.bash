# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# pgpool-II before a single server, by the unix socket. As its manual (5.2 "num_init_children", 7.2) says: as many children
# as the server has places, one cached connection each, for there is one user and one database; clients beyond that wait
# in the listen queue, which is made long enough for all. A full server is no reason for a failover. Sourced by
# tests/bench/scenario.
# shellcheck disable=SC2034 # others read them

# begin_pgpool CHILDREN
begin_pgpool() {
	local folder=$WORLD/pgpool
	PORT=9999 POOLED=$1
	install -d -m 755 -o postgres -g postgres "$folder"
	cat >"$folder/pgpool.conf" <<-CONFIG
		backend_clustering_mode = 'raw'
		backend_hostname0 = '$WORLD/postgres'
		backend_port0 = 5432
		listen_addresses = '*'
		port = $PORT
		pcp_listen_addresses = ''
		socket_dir = '$folder'
		pcp_socket_dir = '$folder'
		pid_file_name = '$folder/pgpool.pid'
		logdir = '$folder'
		num_init_children = $1
		max_pool = 1
		listen_backlog_multiplier = 200
		failover_on_backend_error = off
	CONFIG
	spawn pgpool nsenter --net="/run/netns/$SERVER_NS" setpriv --reuid=postgres --regid=postgres --init-groups \
		pgpool -n -f "$folder/pgpool.conf" -F "$folder/pcp.conf" -a "$folder/pool_hba.conf"
	wait_until "pgpool-II listens" listens "$PORT" || {
		show_log pgpool
		return 1
	}
	SERVER_PROCESSES=("$(pid_of postgres)" "$(pid_of pgpool)")
	find_server_threads
	shows pgpool.conf "$folder/pgpool.conf"
}
# Fast: it does not wait for clients that are there.
end_pgpool() { stop_process pgpool INT; }
