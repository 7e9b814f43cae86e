# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What it takes of memory that many wait. Sourced by tests/bench/scenario.
# shellcheck disable=SC2034 # describe() reads them

WAITERS=$(sized 9000 5000 100)
SOURCES=250
PLACES=10

TITLE="Waiting: the memory of $WAITERS clients that wait"
NOTES="One client is inside and stays, all others wait for its place. Processes: growth of the anonymous memory of whoever lets
them wait. Kernel: growth of its slabs, which has the clients' own sockets as well, the same for all; for Spillway also
the entries that its tables have for a waiter, although those tables are allocated at the start. $WAITERS, since HAProxy and
PgBouncer need a file for each, and this scenario keeps below 10,000. tests/bench/waiting has more waiters for Spillway."
COMPARED=bytes
SERVED=

contestant spillway ours 'Spillway, queue'
contestant haproxy peer 'HAProxy, maxconn and queue'
contestant pgbouncer_session peer 'PgBouncer, session pooling'

metric bytes lower 'bytes a waiter'
metric process_bytes lower 'of the process'
metric kernel_bytes lower 'of the kernel, both ends'

goal spillway bytes '<=' 1 haproxy 'no more than with HAProxy'
goal spillway process_bytes '<=' 256 'at the most 256 bytes of the daemon'

prepare() { prepare_server "$PLACES"; }
finish() { :; }

begin() {
	case $1 in
	spillway) begin_spillway 1 'direct, queue, refuse' ;;
	haproxy) HAPROXY_MAXCONN=9900 begin_haproxy 1 ;;
	pgbouncer_session) POOLER_FILES=16384 begin_pgbouncer session 1 max_client_conn=9900 ;;
	esac
}

process_of() {
	case $1 in
	spillway) pid_of spillwayd ;;
	*) pid_of "${1%%_*}" ;;
	esac
}

waiting_now() {
	case $1 in
	spillway) sw status --json | jq '.services[0].queue.waiting' ;;
	haproxy) echo $(($(as_server ss -Htn state established "sport = :$PORT" | wc -l) - 1)) ;;
	pgbouncer_session) ask_pgbouncer 'show pools' | awk -F '|' '$1 == "app" { print $4 }' ;;
	esac
}
all_wait() { [ "$(waiting_now "$1")" = "$WAITERS" ]; }

anonymous_bytes() { awk '/^RssAnon:/ { print $2 * 1024 }' "/proc/$(process_of "$1")/status"; }
slab_bytes() { awk '/^Slab:/ { print $2 * 1024 }' /proc/meminfo; }

# Of one waiter: its flow, and its part of a source.
table_bytes() {
	local name sum=0 key value
	[ "$1" = spillway ] || {
		echo 0
		return
	}
	for name in flows source_live; do
		read -r key value < <(bpftool --json map show pinned "$PIN_DIR/current/map_$name" | jq -r '"\(.bytes_key) \(.bytes_value)"')
		# Of a hash table's element 48 bytes are the kernel's; key and value are rounded up to eight each.
		value=$((48 + (key + 7) / 8 * 8 + (value + 7) / 8 * 8))
		[ "$name" = flows ] || value=$((value * SOURCES / WAITERS))
		sum=$((sum + value))
	done
	echo "$sum"
}

holds() { [ "$(ask_postgres "select count(*) from pg_stat_activity where usename = 'app'")" = 1 ]; }

# stay NAME CLIENTS FIRST SOURCES [OPTION]...: clients in the background.
stay() {
	spawn "$1" nsenter --net="/run/netns/$CLIENT_NS" prlimit --nofile=16384:16384 "$BUILD/storm" \
		--target "$SERVER_IPV4:$PORT" --user app --database app --no-progress --clients "$2" --timeout 600s \
		--source-base "$3" --source-count "$4" "${@:5}"
}

measure() {
	local process slab
	begin "$1"
	stay holder 1 10.77.200.1 1 --hold 1h
	wait_until "one is inside" holds
	process=$(anonymous_bytes "$1") slab=$(slab_bytes)
	stay waiters "$WAITERS" 10.77.1.1 "$SOURCES" --within 3s --even
	WAIT_SECONDS=60 wait_until "all others wait" all_wait "$1"
	process=$((($(anonymous_bytes "$1") - process) / WAITERS)) slab=$((($(slab_bytes) - slab) / WAITERS + $(table_bytes "$1")))
	stop_process waiters
	stop_process holder
	"end_${1%%_*}"
	jq -nc --argjson process_bytes "$process" --argjson kernel_bytes "$slab" \
		'{bytes: ($process_bytes + $kernel_bytes), $process_bytes, $kernel_bytes}'
}
