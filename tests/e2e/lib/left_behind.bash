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

# The flows that the daemon counts by, wherever they are pinned.
flows_pin() {
	local pin
	for pin in "$PIN_DIR/current/map_flows" "$PIN_DIR/map_flows"; do
		[ ! -e "$pin" ] || break
	done
	printf '%s\n' "$pin"
}

# The key of the one flow there is, as bpftool wants it.
only_flow() {
	bpftool --json map dump pinned "$(flows_pin)" | jq -r 'if length == 1 then .[0].key else error("not one flow") end |
		if type == "array" then .[] else error("no bytes") end'
}

connected() {
	[ "$(as_server ss -Htn state established "sport = :5432" | wc -l)" -eq "$1" ]
}

# end_unheard NAME: the only session that is held ends, and its flow is not told.
end_unheard() {
	local key value i
	mapfile -t key < <(only_flow)
	mapfile -t value < <(bpftool --json map lookup pinned "$(flows_pin)" key "${key[@]}" | jq -r '.value[]')
	bpftool map delete pinned "$(flows_pin)" key "${key[@]}"
	release "$1"
	wait_until "its session is gone" connected 0
	# It began long ago: of one that is younger than a second the socket may still be on its way.
	for i in {16..31}; do value[i]=0x00; done
	bpftool map update pinned "$(flows_pin)" key "${key[@]}" value "${value[@]}"
}
