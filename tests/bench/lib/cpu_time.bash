# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the server's side takes of the CPUs, told apart from the client's on the same machine. Sourced by
# tests/bench/scenario.

# Over veth a packet is received on the CPU and in the time of whoever sent it. With threaded NAPI a kernel thread
# receives it, at each end its own: what the server does for a packet is in no process of the client's. Without
# XDP veth uses NAPI for GRO only, and that only for frames of a sender that does not segment in the device (TSO).
separate_packets() {
	receive_by_threads "$CLIENT_NS"
	CLIENT_THREADS=$(receiving_threads)
	as_client ethtool -K "$WORLD_INTERFACE" tso off
	as_server ethtool -K "$WORLD_INTERFACE" gro on
	receive_by_threads "$SERVER_NS"
	find_server_threads
}

# /sys shows the namespace in which it was mounted, so it is mounted anew, for this one command.
receive_by_threads() {
	ip netns exec "$1" sh -c "echo 1 >'/sys/class/net/$WORLD_INTERFACE/threaded'"
}

# Of this world's interface, by its name: one for each queue, at each end.
receiving_threads() { pgrep "^napi/$WORLD_INTERFACE-" || true; }

# The kernel starts others whenever a program comes to the interface or goes.
find_server_threads() {
	SERVER_THREADS=$(receiving_threads | grep -vxF "$CLIENT_THREADS" || true)
	if [ -z "$CLIENT_THREADS" ] || [ "$(wc -w <<<"$SERVER_THREADS")" -ne "$(nproc)" ]; then
		printf 'bench: threads that receive on %s: client "%s", server "%s"; not one for each queue\n' \
			"$WORLD_INTERFACE" "$CLIENT_THREADS" "$SERVER_THREADS" >&2
		return 1
	fi
}

# Processes of the server: pid and children that are over already.
SERVER_PROCESSES=()

# threads_ns PID: what all its threads ran, to the nanosecond.
threads_ns() { cat "/proc/$1"/task/*/schedstat 2>/dev/null | awk '{ sum += $1 } END { printf "%d\n", sum }'; }

# ended_children_ns PID: of those that it has reaped, in ticks of the clock.
ended_children_ns() {
	local stat
	# Who ended between the list and this is in his parent's account.
	read -r stat 2>/dev/null <"/proc/$1/stat" || {
		echo 0
		return
	}
	stat=${stat##*) }
	# shellcheck disable=SC2086 # the fields are to be split
	set -- $stat
	printf '%d\n' $(((${14} + ${15}) * (1000000000 / $(getconf CLK_TCK))))
}

# cpu_ns: of the server's receiving threads, and of SERVER_PROCESSES with the children that are over.
cpu_ns() {
	local pid sum=0
	for pid in $SERVER_THREADS "${SERVER_PROCESSES[@]}"; do
		sum=$((sum + $(threads_ns "$pid")))
	done
	for pid in "${SERVER_PROCESSES[@]}"; do
		sum=$((sum + $(ended_children_ns "$pid")))
	done
	printf '%d\n' "$sum"
}
