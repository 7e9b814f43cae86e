# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The rounds of a scenario: in each all contestants one after another, and the first of them a second time; whose turn
# is first moves on by one. Sourced by tests/bench/scenario.

# Not beside the one that it repeats, but for when there are only two.
turns() {
	local half=$(((${#CONTESTANTS[@]} + 1) / 2))
	printf '%s\n' "${CONTESTANTS[@]:0:half}" again "${CONTESTANTS[@]:half}"
}

# progress ROUND WHO DONE ALL: a line on stderr; on a terminal always the same one.
progress() {
	local left='' line end='\n'
	[ "$3" -eq 0 ] || left=", about $((((SECONDS - BEGAN) * ($4 - $3) / $3 + 59) / 60)) min left of this scenario"
	line=$(printf 'bench: %s (%d of %d): round %d of %d, %s%s' "$SCENARIO" "$NUMBER" "$ALL" "$1" "$ROUNDS" "$2" "$left")
	if [ -t 2 ]; then
		line="\r\033[K$line"
		[ "$3" -eq "$4" ] || end=
	fi
	printf "%b$end" "$line" >&2
}

# take_turn ROUND TURN WHO: one measurement, one line of JSON. Not within a condition: errors are to end it all.
take_turn() {
	local who=$3
	[ "$who" != again ] || who=${CONTESTANTS[0]}
	wait_until "the server is at rest" nobody_is_left
	SHOWN=$WORLD/shown.$who
	: >"$SHOWN"
	measure "$who" >"$WORLD/metrics"
	jq -c --arg scenario "$SCENARIO" --argjson round "$1" --argjson turn "$2" --arg contestant "$3" \
		'{$scenario, $round, $turn, $contestant, metrics: .}' "$WORLD/metrics" >>"$OUTPUT/samples/$SCENARIO.jsonl"
}

run_rounds() {
	local order round turn count who done=0
	mapfile -t order < <(turns)
	count=${#order[@]}
	BEGAN=$SECONDS
	for ((round = 0; round < ROUNDS; round++)); do
		for ((turn = 0; turn < count; turn++)); do
			who=${order[(round + turn) % count]}
			progress "$((round + 1))" "$who" "$done" $((count * ROUNDS))
			take_turn "$((round + 1))" "$((turn + 1))" "$who"
			done=$((done + 1))
		done
	done
	progress "$ROUNDS" "all is measured" "$done" "$done"
}
