# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What a scenario's file says of itself, row by row, and the JSON that tests/bench/report.py reads it from. Sourced by
# tests/bench/scenario.

CONTESTANTS=()
contestant_rows=() metric_rows=() goal_rows=() axis_rows=()
# Whoever of the contestants did not serve so many percent is beside the others, but no winner: NAME.json says so.
# shellcheck disable=SC2034 # describe() and scenarios use them
TITLE='' NOTES='' COMPARED='' SERVED=''

# contestant NAME ours|peer LABEL: the first one is the base of all ratios, and measured twice (the null pair).
contestant() {
	CONTESTANTS+=("$1")
	contestant_rows+=("$(jq -nc --arg name "$1" --arg side "$2" --arg text "$3" \
		'{$name, label: $text, ours: ($side == "ours")}')")
}

# metric KEY lower|higher|neither LABEL: what is better.
metric() {
	metric_rows+=("$(jq -nc --arg key "$1" --arg better "$2" --arg text "$3" '{$key, $better, label: $text}')")
}

# goal CONTESTANT METRIC '>='|'<=' VALUE [OF] TEXT: the median, or its ratio, round by round, to that of contestant OF;
# best_peer is the best of the others who served all.
goal() {
	local of=
	[ $# -lt 6 ] || of=$5
	goal_rows+=("$(jq -nc --arg contestant "$1" --arg metric "$2" --arg op "$3" --argjson value "$4" --arg of "$of" \
		--arg text "${!#}" '{$contestant, $metric, $op, $value, $of, $text}')")
}

# axis LABEL CONTESTANT=SIZE...: contestants that differ in the size of one thing. The report says how the metrics grow from the
# first to the last, and plots them by size.
axis() {
	axis_rows+=("$(printf '%s\n' "${@:2}" | jq -Rnc --arg text "$1" \
		'{label: $text, points: [inputs | split("=") | {contestant: .[0], size: (.[1] | tonumber)}]}')")
}

# sized FULL QUICK SMOKE: the one of this run.
sized() {
	case $MODE in full) printf '%s\n' "$1" ;; quick) printf '%s\n' "$2" ;; *) printf '%s\n' "$3" ;; esac
}

rows() { printf '%s\n' "$@" | jq -sc .; }

machine() {
	jq -nc --arg kernel "$(uname -r)" --argjson cpus "$(nproc)" --arg date "$(date -u +%Y-%m-%dT%H:%MZ)" \
		--arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
		--argjson memory_mb "$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)" \
		--argjson load_before "$LOAD_BEFORE" '$ARGS.named'
}

# first_line COMMAND...: what a program says of its version.
first_line() { "$@" 2>&1 | sed -n 1p; }

versions() {
	jq -nc --arg Spillway "$(first_line "$BUILD/spillwayd" --version)" \
		--arg PostgreSQL "$(first_line "$(postgres_program postgres)" --version)" \
		--arg HAProxy "$(first_line haproxy -v)" --arg PgBouncer "$(first_line pgbouncer --version)" \
		--arg pgpool-II "$(first_line pgpool --version)" --arg nftables "$(first_line nft --version)" '$ARGS.named'
}

# Their configurations as they were run, by contestant.
configurations() {
	local name
	for name in "${CONTESTANTS[@]}"; do
		jq -Rsc --arg name "$name" '{($name): .}' "$WORLD/shown.$name"
	done | jq -sc add
}

describe() {
	jq -n --arg name "$SCENARIO" --arg title "$TITLE" --arg notes "$NOTES" --arg compared "$COMPARED" --arg served "$SERVED" \
		--arg mode "$MODE" --argjson number "$NUMBER" --argjson rounds "$ROUNDS" --argjson machine "$(machine)" \
		--argjson versions "$(versions)" --argjson contestants "$(rows "${contestant_rows[@]}")" \
		--argjson metrics "$(rows "${metric_rows[@]}")" --argjson goals "$(rows "${goal_rows[@]}")" \
		--argjson axes "$(rows "${axis_rows[@]}")" \
		--argjson configurations "$(configurations)" '$ARGS.named'
}
