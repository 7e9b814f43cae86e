# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# PostgreSQL clients that stay connected until they are let go, and what lane a client got.
# Sourced by tests/e2e/lib/e2e.bash.

# A session over TCP knows the client's address; the pooler's own are over the unix socket.
WHERE_AM_I="select coalesce(host(inet_client_addr()), 'pooler')"

# begin_hold NAME ADDRESS [SERVER_ADDRESS]: sets out to connect, and stays when it is in.
begin_hold() {
	local name=hold-$1 source=$2 fifo="$WORLD/hold-$1.fifo" words
	mkfifo "$fifo"
	# Before he comes: who is refused at once would leave nobody to read it, and whoever writes then waits for ever.
	exec {words}<>"$fifo"
	printf '%s;\n' "$WHERE_AM_I" >&"$words"
	# Opened for reading and writing a fifo never ends, so psql waits for more until it is killed.
	# shellcheck disable=SC2016 # expanded by the inner shell
	spawn "$name" bash -c 'exec "$@" <>"$0"' "$fifo" nsenter --net="/run/netns/$CLIENT_NS" \
		env LD_PRELOAD="$BUILD/world/bind_source.so" BIND_SOURCE="$source" \
		PGCONNECT_TIMEOUT="${PGCONNECT_TIMEOUT:-5}" \
		psql -XqAt -h "${3:-$(server_address_for "$source")}" -p 5432 -U app -d app
	exec {words}>&-
}

# hold NAME ADDRESS [SERVER_ADDRESS]: connects, waits for the answer to a first query, stays. Fails if it cannot.
hold() {
	local name=hold-$1
	begin_hold "$@"
	wait_until "$name got an answer or gave up" held_or_gone "$name"
	process_runs "$name" && [ -s "$WORLD/log/$name" ]
}

held_or_gone() { [ -s "$WORLD/log/$1" ] || process_is_gone "$1"; }

# hold_many PREFIX COUNT [FIRST]: COUNT clients from 10.77.PREFIX.FIRST on, one address each.
hold_many() {
	local i
	for ((i = ${3:-1}; i < ${3:-1} + $2; i++)); do
		hold "$1-$i" "10.77.$1.$i"
	done
}

# Where a held client ended up: its own address (direct), or "pooler".
held_lane() {
	local answer
	read -r answer <"$WORLD/log/hold-$1"
	case $answer in pooler) echo pooler ;; *.* | *:*) echo direct ;; *) echo refused ;; esac
}

# How many of the held clients got a lane.
held_count() {
	local log lane=$1 count=0
	for log in "$WORLD"/pid/hold-*; do
		log=${log##*/hold-}
		[ "$(held_lane "$log")" != "$lane" ] || count=$((count + 1))
	done
	echo "$count"
}

release() {
	stop_process "hold-$1"
	rm -f "$WORLD/hold-$1.fifo" "$WORLD/log/hold-$1"
}

release_all() {
	local pid
	for pid in "$WORLD"/pid/hold-*; do
		[ ! -e "$pid" ] || release "${pid##*/hold-}"
	done
	rm -f "$WORLD"/hold-*.fifo "$WORLD"/log/hold-*
}

# lane_of ADDRESS: connects, asks, leaves; prints direct, pooler, refused (an answer came) or
# silent (none did). Two seconds are the least libpq waits.
lane_of() {
	local answer
	if answer=$(PGCONNECT_TIMEOUT=2 psql_from "$1" -c "$WHERE_AM_I" 2>&1); then
		case $answer in
		"$1") echo direct ;;
		pooler) echo pooler ;;
		*) echo "reached PostgreSQL as $answer" ;;
		esac
		return
	fi
	case $answer in
	*refused* | *reset* | *closed* | *'budget exhausted'*) echo refused ;;
	*timeout*) echo silent ;;
	*) echo "failed: $answer" ;;
	esac
}

# lane_is ADDRESS LANE: for wait_until.
lane_is() {
	[ "$(lane_of "$1")" = "$2" ]
}

# is_in LANE: whether that is a way in at all; how a denied client is turned away is not the point.
is_in() {
	case $1 in direct | pooler) echo yes ;; *) echo no ;; esac
}
