# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Answers of the kernel's that are errors. Which is which changes with what a daemon asks before, so the numbers are
# taken from a whole run's trace. Loaded by reconcile.bats and restart.bats.

# with_answers_traced OPTION COMMAND...: while the daemon's answers from the kernel are traced, to $WORLD/trace. From
# within its namespace, or strace would not know what its netlink sockets are.
with_answers_traced() {
	local option=$1 answer=0
	shift
	rm -f "$WORLD/log/strace"
	spawn strace nsenter --net="/run/netns/$SERVER_NS" strace -o "$WORLD/trace" -p "$(pid_of spillwayd)" -e "$option"
	wait_until "the daemon is traced" grep -q attached "$WORLD/log/strace"
	"$@" || answer=$?
	stop_process strace INT
	return "$answer"
}

# with_netlink_failing N COMMAND...: the Nth answer that the daemon waits for is an error.
with_netlink_failing() {
	local nth=$1
	shift
	with_answers_traced "inject=recvmsg:error=ENOBUFS:when=$nth" "$@"
}

# The number of the answer that lists who is inside: for each of them a route is asked then. And of the next list.
first_count() {
	awk '/^recvmsg/ { n++ }
		/SOCK_DIAG_BY_FAMILY.*NLM_F_MULTI/ { list = n }
		/RTM_NEWROUTE/ { print list; exit }' "$WORLD/trace"
}
next_count() {
	awk '/^recvmsg/ { n++ }
		/RTM_NEWROUTE/ { counted = 1 }
		/SOCK_DIAG_BY_FAMILY.*NLM_F_MULTI/ && counted { print n; exit }' "$WORLD/trace"
}
