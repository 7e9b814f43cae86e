# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What a daemon that is gone has left in the maps, and starts that fail and must not touch it. Loaded by the
# tests of restarts and interfaces.

# The configuration by which the gate goes on, and the notes. Of tables the rows that main has.
left_behind() {
	local name
	for name in services classes ports control state; do
		bpftool --json map dump pinned "$PIN_DIR/current/$(sed "/^state/!s/^/map_/" <<<"$name")"
	done
	bpftool --json map dump pinned "$PIN_DIR/current/map_service_conf" | jq -c '.[0].value'
	bpftool --json map dump pinned "$PIN_DIR/current/map_class_conf" | jq -c '[.[0, 1, 2].value]'
}

# start_fails_with TEXT_PATTERN
start_fails_with() {
	fails_with 1 "$1" as_server timeout 20 "$BUILD/spillwayd" --foreground \
		--config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"
}

# start_changes_nothing TEXT_PATTERN: fails with that.
start_changes_nothing() {
	local before
	before=$(left_behind)
	start_fails_with "$1"
	diff <(printf '%s\n' "$before") <(left_behind)
}

# Those that hold a slot, whatever service it is of.
open_flows() {
	bpftool --json map dump pinned "$PIN_DIR/current/map_flows" |
		jq '[.[] | select((.value[4] | ltrimstr("0x") | tonumber) == 2)] | length'
}
