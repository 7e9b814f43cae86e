# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the end-to-end tests must not leave behind. Sourced by tests/run.

# Every world of this run is on the list, whatever became of the file that made it.
leftovers() {
	local id
	while read -r id; do
		compgen -G "/run/netns/sw-$id-*"
		compgen -G "/sys/fs/bpf/spillway-$id*"
	done < <(cat "$SPILLWAY_RUN_DIR/worlds" 2>/dev/null)
	# The daemons have the folder in their arguments; so does this awk.
	ps -eo pid=,args= | awk -v folder="$SPILLWAY_RUN_DIR" 'index($0, folder) && !/awk -v folder/'
}

check_leftovers() {
	local left
	left=$(leftovers)
	if [ -z "$left" ]; then
		passed=$((passed + 1))
		printf '\ne2e as a whole\n  ok    no namespace, pin or process is left behind\n'
	else
		printf '\ne2e as a whole\n%s\n' "$left"
		fail "e2e: something is left behind"
	fi
}
