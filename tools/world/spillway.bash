# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Spillway on a world's server: daemon, command line, storm client.
# Sourced by tools/world/world.bash.

# spillwayd_start <YAML: the services, and whatever else. Interfaces, control and http are added
# when the document does not say them: eth0 in the attach mode under test, and the world's socket.
spillwayd_start() {
	spillwayd_configure
	spillwayd_run
}

spillwayd_configure() {
	local document
	document=$(cat)
	{
		grep -q '^interfaces:' <<<"$document" ||
			printf 'interfaces: [{name: %s, mode: %s}]\n' "$WORLD_INTERFACE" "${SPILLWAY_ATTACH:-native}"
		grep -q '^control:' <<<"$document" || printf 'control: {socket: %s}\n' "$SOCKET"
		grep -q '^http:' <<<"$document" || printf 'http: {listen: "127.0.0.1:9432"}\n'
		printf '%s\n' "$document"
	} >"$WORLD/spillway.yaml"
}

spillwayd_run() {
	spawn spillwayd nsenter --net="/run/netns/$SERVER_NS" \
		"$BUILD/spillwayd" --foreground --config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"
	wait_until "spillwayd knows of its databases or is gone" spillwayd_knows_or_is_gone
	if ! sw status >/dev/null; then
		show_log spillwayd
		return 1
	fi
}

# It answers before it is attached, while it asks its databases; and until one has answered for the first time,
# newcomers wait for those milliseconds.
spillwayd_knows_or_is_gone() {
	local answer
	process_is_gone spillwayd && return
	# Until it answers jq is not asked, which takes longer than all the rest.
	answer=$(sw status --json) &&
		jq -e '.daemon.ready and all(.services[]; .queue.ready or .database.up == false)' <<<"$answer"
}

spillwayd_stop() { stop_process spillwayd TERM; }

sw() { as_server "$BUILD/spillway" --socket "$SOCKET" "$@"; }

# storm [option]...: from the client's side at the guarded port, JSON on stdout.
storm() {
	as_client prlimit --nofile=16384:16384 "$BUILD/storm" --target "$SERVER_IPV4:5432" \
		--user app --database app --json "$@"
}
