# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What it takes of memory that many wait. Sourced by tests/bench/scenario.
# shellcheck disable=SC2034 # describe() reads them

FEW=$(sized 10000 2000 50)
MANY=$(sized 50000 10000 100)
SOURCES=250
PLACES=10
# So long nobody is sent away, however slowly they come.
QUEUE_WAIT=600s
# HAProxy reckons with two files for each, the client's and the server's.
HAPROXY_EACH=2
FILES_BESIDE=200

# may_open: how many files a process may have, as far as the kernel and this user's rights let it be raised.
may_open() {
	local most
	most=$(cat /proc/sys/fs/nr_open)
	prlimit --nofile="$most:$most" true 2>/dev/null || most=$(ulimit -Hn)
	[ "$most" != unlimited ] || most=$(cat /proc/sys/fs/nr_open)
	printf '%s\n' "$most"
}
FILES=$(may_open)

# with_commas NUMBER
with_commas() { sed ':more; s/^\([0-9]*[0-9]\)\([0-9]\{3\}\)/\1,\2/; t more' <<<"$1"; }
FEW_TEXT=$(with_commas "$FEW") MANY_TEXT=$(with_commas "$MANY")
KERNEL_FILES=$(with_commas "$(cat /proc/sys/fs/nr_open)") HARD_FILES=$(with_commas "$(ulimit -Hn)")
HAPROXY_STOPS=$(with_commas $(((FILES - FILES_BESIDE) / HAPROXY_EACH)))
PGBOUNCER_STOPS=$(with_commas $((FILES - FILES_BESIDE)))
SPILLWAY_STOPS=$(with_commas "$(sed -n 's/^#define SW_FLOWS_MAX[[:space:]]*//p' include/spillway/limits.h)")

TITLE="Waiting: the memory of $FEW_TEXT and of $MANY_TEXT clients that wait"
NOTES="One client is inside and stays, all others wait for its place; measured when 95 in 100 do, or when
more of them leave than come. Processes: growth of the anonymous memory of whoever lets
them wait. Kernel: growth of its slabs, which has the clients' own sockets as well, the same for all; for Spillway also
the entries that its tables have for a waiter, although those tables are allocated at the start. HAProxy and PgBouncer
need a file for each who waits, and HAProxy reckons with $HAPROXY_EACH. A process may have $(with_commas "$FILES") here (fs.nr_open is
$KERNEL_FILES, ulimit -Hn $HARD_FILES): HAProxy stops at $HAPROXY_STOPS clients, PgBouncer at $PGBOUNCER_STOPS; of who stops before all
wait, the figures are of as many as it takes. Spillway opens none; it stops where its table of flows is full, at
$SPILLWAY_STOPS."
COMPARED=bytes
SERVED=

contestant spillway_few ours "Spillway, queue, $FEW_TEXT"
contestant spillway_many ours "Spillway, queue, $MANY_TEXT"
contestant haproxy_few peer "HAProxy, maxconn and queue, $FEW_TEXT"
contestant haproxy_many peer "HAProxy, maxconn and queue, $MANY_TEXT"
contestant pgbouncer_few peer "PgBouncer, session pooling, $FEW_TEXT"
contestant pgbouncer_many peer "PgBouncer, session pooling, $MANY_TEXT"

metric bytes lower 'bytes a waiter'
metric waiting higher 'clients that wait'
metric process_bytes lower 'of the process'
metric kernel_bytes lower 'of the kernel, both ends'

goal spillway_few bytes '<=' 1 haproxy_few "no more than with HAProxy, $FEW_TEXT"
goal spillway_many bytes '<=' 1 haproxy_many "no more than with HAProxy, $MANY_TEXT"
goal spillway_few process_bytes '<=' 256 "at the most 256 bytes of the daemon, $FEW_TEXT"
goal spillway_many process_bytes '<=' 256 "at the most 256 bytes of the daemon, $MANY_TEXT"

# Sockets that nobody has any more would leave the slabs a minute later, while those of the next are measured.
prepare() {
	prepare_server "$PLACES"
	as_server sysctl -qw net.ipv4.tcp_max_tw_buckets=0
	as_client sysctl -qw net.ipv4.tcp_max_tw_buckets=0
}
finish() { :; }

# can_wait WHO MOST: as many as there are, or as its files allow.
can_wait() {
	local files=$FILES
	case $1 in
	spillway) files=$(($2 + FILES_BESIDE)) ;;
	haproxy) files=$(((FILES - FILES_BESIDE) / HAPROXY_EACH + FILES_BESIDE)) ;;
	esac
	printf '%d\n' $(($2 + FILES_BESIDE < files ? $2 : files - FILES_BESIDE))
}

# One more than wait, and a few who look.
begin() {
	local most=$((WAITERS + FILES_BESIDE / 5))
	case $1 in
	spillway) QUEUE_MOST=$most begin_spillway 1 'direct, queue, refuse' ;;
	haproxy) HAPROXY_FILES=$FILES HAPROXY_MAXCONN=$most begin_haproxy 1 ;;
	pgbouncer) POOLER_FILES=$FILES begin_pgbouncer session 1 max_client_conn="$most" query_wait_timeout=600 ;;
	esac
}

process_of() {
	case $1 in
	spillway) pid_of spillwayd ;;
	*) pid_of "$1" ;;
	esac
}

waiting_now() {
	case $1 in
	spillway) sw status --json | jq '.services[0].queue.waiting' ;;
	haproxy) echo $(($(as_server ss -Htn state established "sport = :$PORT" | wc -l) - 1)) ;;
	pgbouncer) ask_pgbouncer 'show pools' | awk -F '|' '$1 == "app" { print $4 }' ;;
	esac
}
# Nearly: on a busy machine repetitions of so many SYNs get lost, and who is not heard for long waits no more, until his next.
# Where more leave than come it does not become better.
nearly_all_wait() {
	WAITING=$(waiting_now "$1")
	[ "$WAITING" -le "$MOST_WAITED" ] || MOST_WAITED=$WAITING
	[ "$WAITING" -ge $((WAITERS * 95 / 100)) ] || [ "$WAITING" -lt $((MOST_WAITED * 9 / 10)) ]
}

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
	spawn "$1" nsenter --net="/run/netns/$CLIENT_NS" prlimit --nofile="$FILES:$FILES" "$BUILD/storm" \
		--target "$SERVER_IPV4:$PORT" --user app --database app --no-progress --clients "$2" --timeout 600s \
		--source-base "$3" --source-count "$4" "${@:5}"
}

# They need files as well: no process is more than 10,000 clients. Some 3,000 a second.
all_come() {
	local left=$WAITERS part
	STORMS=()
	while [ "$left" -gt 0 ]; do
		part=$((left < 10000 ? left : 10000))
		STORMS+=("waiters${#STORMS[@]}")
		stay "${STORMS[-1]}" "$part" 10.77.1.1 "$SOURCES" --within "$((1 + WAITERS / 3000))s" --even
		left=$((left - part))
	done
}

all_leave() {
	local storm
	for storm in "${STORMS[@]}" holder; do
		stop_process "$storm"
	done
}

measure() {
	local who=${1%_*} process slab
	case $1 in *_few) WAITERS=$(can_wait "$who" "$FEW") ;; *) WAITERS=$(can_wait "$who" "$MANY") ;; esac
	begin "$who"
	stay holder 1 10.77.200.1 1 --hold 1h
	wait_until "one is inside" holds
	process=$(anonymous_bytes "$who") slab=$(slab_bytes)
	all_come
	MOST_WAITED=0
	WAIT_SECONDS=120 wait_until "nearly all others wait" nearly_all_wait "$who"
	process=$((($(anonymous_bytes "$who") - process) / WAITING))
	slab=$((($(slab_bytes) - slab) / WAITING + $(table_bytes "$who")))
	all_leave
	"end_$who"
	jq -nc --argjson waiting "$WAITING" --argjson process_bytes "$process" --argjson kernel_bytes "$slab" \
		'{bytes: ($process_bytes + $kernel_bytes), $waiting, $process_bytes, $kernel_bytes}'
}
