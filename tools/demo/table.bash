# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The table of a demo: two results of the storm client side by side. Sourced by tools/demo/demo.

# 12345 -> 12,345, in every locale.
grouped() {
	sed -E ':again; s/^([0-9]+)([0-9]{3})/\1,\2/; t again' <<<"$1"
}

# row LABEL WITHOUT WITH
row() {
	printf '  %-38s %18s %18s\n' "$@"
}

# number_row LABEL JQ-FILTER [UNIT]: the figure from both results.
number_row() {
	local side cells=()
	for side in without with; do
		cells+=("$(grouped "$(jq -r "$2 // 0 | round" "$WORLD/$side.json")")${3:+ $3}")
	done
	row "$1" "${cells[@]}"
}

# One row for every cause that any of the two storms met.
failure_rows() {
	local cause
	while read -r cause; do
		number_row "  $(cause_in_words "$cause")" ".failures[\"$cause\"].count"
	done < <(jq -rs '[.[].failures | keys[]] | unique[]' "$WORLD/without.json" "$WORLD/with.json")
}

cause_in_words() {
	case $1 in
	sqlstate_53300) echo "53300 too many connections" ;;
	*) tr _ ' ' <<<"$1" ;;
	esac
}

# Those that waited went on to a lane of their own.
lanes_taken() {
	jq -r '.services[0] | {direct: .totals.direct, pooler: .totals.pooler,
		"direct after a wait": .counters.wait_admitted, "pooler after a wait": .counters.wait_steered,
		"refused": (.totals.refused + .counters.wait_timed_out), "abandoned": .counters.wait_abandoned}
		| to_entries | map(select(.value > 0) | "\(.key) \(.value)") | join(", ")' "$WORLD/status.json"
}

print_table() {
	row "" "without Spillway" "with Spillway"
	number_row "succeeded" .succeeded
	number_row "failed" .failed
	failure_rows
	number_row "login p50" .login_ms.p50 ms
	number_row "login p99" .login_ms.p99 ms
	number_row "makespan" .makespan_ms ms
	# Those forked only to say "too many connections" are processes as well.
	row "peak backend processes (slots: $1)" "$(cat "$WORLD/without.peak")" "$(cat "$WORLD/with.peak")"
	printf '  lanes taken with Spillway: %s\n' "$(lanes_taken)"
}
