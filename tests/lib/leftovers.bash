# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the end-to-end tests must not leave behind. Sourced by tests/run.

# check_world NAME FOLDER: a file takes its world down itself; nothing of it is there afterwards.
check_world() {
	local left
	if compgen -G "$2/world.*" >/dev/null; then
		fail "$1: left its world behind"
		world_destroy_all "$2"
	fi
	left=$(what_stays "$2")
	[ -z "$left" ] || { printf '%s\n' "$left" && fail "$1: left something behind"; }
}

# what_stays FOLDER: leftovers that are there for a second; a process of this script's own that just ends is none.
what_stays() {
	local left until=$((SECONDS + 2))
	while left=$(leftovers "$1") && [ -n "$left" ] && [ "$SECONDS" -lt "$until" ]; do
		sleep 0.1
	done
	printf '%s' "$left"
}

# leftovers FOLDER: every world that was made in a folder is on its list, whatever became of the file that
# made it.
leftovers() {
	local id
	if [ -e "$1/worlds" ]; then
		while read -r id; do
			compgen -G "/run/netns/sw-$id-*"
			compgen -G "/sys/fs/bpf/spillway-$id*"
		done <"$1/worlds"
	fi
	# The daemons have the folder in their arguments; so does this awk.
	ps -eo pid=,args= | awk -v folder="$1/" 'index($0, folder) && !/awk -v folder/'
}

# For the run as a whole, when all files have ended.
check_leftovers() {
	local left
	printf '\ne2e as a whole\n'
	left=$(what_stays "$SPILLWAY_RUN_DIR")
	if [ -z "$left" ]; then
		passed=$((passed + 1))
		printf '  ok    no namespace, pin or process is left behind\n'
	else
		printf '%s\n' "$left"
		fail "e2e: something is left behind"
	fi
}
