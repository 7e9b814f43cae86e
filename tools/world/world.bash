# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A world: a server and a client host in network namespaces of their own, with PostgreSQL, PgBouncer
# and Spillway to be started in it. Sourced by tools/demo/demo and tests/e2e/lib; needs root.
#
# Everything of a world is named after its folder $WORLD, so that two worlds never meet and
# `world_destroy` finds all of it from that one name, in whatever state it was left.

SPILLWAY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-$SPILLWAY_ROOT/build}
case $BUILD in /*) ;; *) BUILD=$SPILLWAY_ROOT/$BUILD ;; esac
export BUILD
# Administrators' programs (ip, ethtool, bpftool) are not in everybody's PATH.
PATH=$PATH:/usr/sbin:/sbin

for world_part in process net postgres pgbouncer spillway; do
	# shellcheck source=/dev/null
	. "$SPILLWAY_ROOT/tools/world/$world_part.bash"
done
unset world_part

# The names that follow from $WORLD; called again wherever $WORLD came in through the environment.
world_names() {
	WORLD_ID=${WORLD##*.}
	SERVER_NS=sw-$WORLD_ID-server
	CLIENT_NS=sw-$WORLD_ID-client
	DATABASE_NS=sw-$WORLD_ID-database
	PIN_DIR=/sys/fs/bpf/spillway-$WORLD_ID
	SOCKET=$WORLD/spillway.sock
	export WORLD WORLD_ID SERVER_NS CLIENT_NS DATABASE_NS PIN_DIR SOCKET
}

# world_create: sets $WORLD and builds the two hosts. On a failure nothing of it stays.
world_create() {
	WORLD=$(mktemp -d "${SPILLWAY_RUN_DIR:-/tmp}/world.XXXXXX")
	world_names
	chmod 755 "$WORLD"
	mkdir "$WORLD/log" "$WORLD/pid"
	[ -z "${SPILLWAY_RUN_DIR:-}" ] || printf '%s\n' "$WORLD_ID" >>"$SPILLWAY_RUN_DIR/worlds"
	if ! world_mount_bpffs || ! net_create; then
		world_destroy
		return 1
	fi
}

# One after another: a second file system on top of the first would hide what worlds beside this one have pinned.
world_mount_bpffs() {
	# shellcheck disable=SC2094 # a folder is opened to be locked, not to be read
	(
		flock 9
		[ "$(stat -f -c %T /sys/fs/bpf 2>/dev/null)" = bpf_fs ] || mount -t bpf bpf /sys/fs/bpf
	) 9</sys/fs/bpf
}

# The daemon first, so that it detaches as it would in life; then everything by force.
world_destroy() {
	local name
	[ -n "${WORLD:-}" ] && [ -d "$WORLD" ] || return 0
	world_names
	for name in spillwayd pgbouncer; do
		stop_process "$name" || true
	done
	stop_process postgres QUIT || true
	for name in "$WORLD"/pid/*; do
		[ ! -e "$name" ] || stop_process "${name##*/}" KILL || true
	done
	net_destroy
	rm -rf "$PIN_DIR" "$PIN_DIR-world"
	rm -rf "$WORLD"
}

# world_destroy_all FOLDER: every world that was left in a run's folder.
world_destroy_all() {
	for WORLD in "$1"/world.*; do
		world_destroy
	done
	WORLD=
}
