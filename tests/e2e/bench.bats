#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The benchmark beside peers (tests/bench): each scenario's smoke run measures every contestant, and the report says what
# was measured. Their figures mean nothing here; nothing looks at them.

. "$BATS_TEST_DIRNAME/lib/e2e.bash"

BENCH=$SPILLWAY_ROOT/tests/bench

setup() {
	OUT=$BATS_TEST_TMPDIR/bench
	mkdir -p "$OUT/samples"
}

# whole NAME: every contestant was measured, and the first one twice, each in every metric; all files are made.
whole() {
	local name=$1
	jq -e --slurpfile samples "$OUT/samples/$name.jsonl" '
		([.contestants[].name] + ["again"] | sort) == ([$samples[].contestant] | sort)
		and ([.metrics[].key] as $keys | all($samples[]; .metrics as $found | all($keys[]; $found[.] | type == "number" or . == null)))
		and ([.contestants[].name] as $names | all(.configurations | to_entries[]; .key | IN($names[])))
		and (.configurations | length) == (.contestants | length)' "$OUT/samples/$name.json"
	jq -e --arg name "$name" --slurpfile about "$OUT/samples/$name.json" '.scenarios[] | select(.name == $name)
		| ([.figures | keys[]] | length) == ($about[0].contestants | length) + 1
		and (.goals | length) == ($about[0].goals | length)' "$OUT/results.json"
	assert_matches "report" "^## $(jq -r '.title' "$OUT/samples/$name.json")" "$(cat "$OUT/report.md")"
	assert_matches "report" 'figures mean nothing' "$(cat "$OUT/report.md")"
	grep -q '^plot' "$OUT/$name.gnuplot"
	python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$OUT/$name.svg"
}

# smoke NAME
smoke() {
	need_root
	"$BENCH/run" --smoke --output "$OUT" "$1" 3>&- 4>&-
	whole "$1"
}

@test "storm: all contestants are measured and reported" { smoke storm; }

@test "hog: all contestants are measured and reported" { smoke hog; }

@test "tax: all contestants are measured and reported" { smoke tax; }

@test "exactness: all contestants are measured and reported" { smoke exactness; }

@test "steered: all contestants are measured and reported" { smoke steered; }

@test "refusal: all contestants are measured and reported" { smoke refusal; }

@test "beside_refusals: all contestants are measured and reported" { smoke beside_refusals; }

@test "restart: all contestants are measured and reported" { smoke restart; }

@test "handover: all contestants are measured and reported" { smoke handover; }

@test "waiters: all contestants are measured and reported" { smoke waiters; }

@test "flood: all contestants are measured and reported" { smoke flood; }

@test "verdicts: all contestants are measured and reported" { smoke verdicts; }

@test "growth: all contestants are measured and reported" { smoke growth; }

@test "every scenario is run by default, and has its test here" {
	local file name
	for file in "$BENCH"/scenarios/*.bash; do
		name=$(basename "$file" .bash)
		grep -q "^SCENARIOS=.*\b$name\b" "$BENCH/run" || grep -q "^	$name\b" "$BENCH/run"
		grep -q "^@test \"$name: .*{ smoke $name; }$" "$BATS_TEST_FILENAME"
	done
}

# --- the report, of made-up samples ------------------------------------------------------------------

# scenario [JQ-FILTER]: what a run of two contestants would say of itself, changed.
scenario() {
	jq -n '{name: "made", title: "Made up", notes: "", compared: "ms", served: "served", mode: "full", number: 1,
		rounds: 3, machine: {kernel: "k", cpus: 1, date: "d", cpu: "c", memory_mb: 1, load_before: 0}, versions: {},
		contestants: [{name: "own", label: "Spillway", ours: true}, {name: "other", label: "The other", ours: false},
			{name: "quitter", label: "The quitter", ours: false}],
		metrics: [{key: "ms", better: "lower", label: "time, ms"}, {key: "served", better: "higher", label: "served, %"}],
		goals: [{contestant: "own", metric: "ms", op: "<=", value: 1, of: "best_peer", text: "no slower"}],
		configurations: {own: "# spillway.yaml\nx", other: "", quitter: ""}}' | jq "${1:-.}" >"$OUT/samples/made.json"
}

# samples OWN OTHER QUITTER: their times in three rounds, a little apart.
samples() {
	jq -nc --argjson own "$1" --argjson other "$2" --argjson quitter "$3" 'range(1; 4) as $round
		| [["own", $own, 100], ["other", $other, 100], ["quitter", $quitter, 50], ["again", $own, 100]][]
		| {scenario: "made", $round, turn: 1, contestant: .[0],
			metrics: {ms: (.[1] + $round / 100), served: .[2], failures: (if .[2] < 100 then {reset: 5} else {} end)}}' \
		>"$OUT/samples/made.jsonl"
}

result() { jq -e ".scenarios[0] | $1" "$OUT/results.json"; }

@test "a goal beside the best peer does not count peers that left clients unserved" {
	scenario
	samples 90 100 10
	"$BENCH/report.py" "$OUT"
	result '.goals[0] | .met and .beside == "other" and (.found.median - 0.9 | fabs) < 0.01'
	result '[.wins_of_peers[] | [.metric, .peer, .served_all]] == [["ms", "quitter", false]]'
	assert_matches "report" 'time, ms: The quitter, x 0\.111 .*without serving everybody' "$(cat "$OUT/report.md")"
	assert_matches "report" 'The quitter \| 15 reset' "$(cat "$OUT/report.md")"
}

@test "a goal that is missed, and a peer that wins, are said" {
	scenario
	samples 100 50 100
	fails_with 3 'bench: missed: made: no slower' "$BENCH/report.py" "$OUT"
	# With fewer rounds and smaller loads nothing is judged by it.
	MODE=quick "$BENCH/report.py" "$OUT"
	result '.goals[0].met == false and .wins_of_peers[0].peer == "other" and .wins_of_peers[0].served_all'
	assert_matches "report" 'no slower .*missed' "$(cat "$OUT/report.md")"
	assert_matches "report" 'time, ms: The other, x 0\.5 ' "$(cat "$OUT/report.md")"
}

@test "with no peer that served everybody a goal beside the best is not judged" {
	scenario 'del(.contestants[1])'
	samples 100 0 50
	"$BENCH/report.py" "$OUT"
	result '.goals[0].met == null'
	assert_matches "report" 'no peer served everybody \| not judged' "$(cat "$OUT/report.md")"
}

@test "more than nothing is no better than a peer that has nothing" {
	scenario
	samples 0 0 0
	sed -i 's/"ms":0.01/"ms":0/; s/"ms":0.02/"ms":0/; s/"ms":0.03/"ms":0/' "$OUT/samples/made.jsonl"
	"$BENCH/report.py" "$OUT"
	result '.goals[0] | .met and .found.median == 1'
	sed -i '/"own"/s/"ms":0/"ms":3/' "$OUT/samples/made.jsonl"
	fails_with 3 'bench: missed: made: no slower' "$BENCH/report.py" "$OUT"
	result '.goals[0] | .met == false and .found.median == "infinity"'
}

@test "medians, intervals and ratios are of the rounds" {
	scenario
	samples 100 200 50
	"$BENCH/report.py" "$OUT"
	result '.figures.own.ms.value | .median == 100.02 and .low == 100.01 and .high == 100.03 and .rounds == 3'
	result '.figures.again.ms.ratio | .median == 1 and .low == 1 and .high == 1'
	result '.figures.other.ms.ratio | .median > 1.99 and .median < 2.01'
}

@test "growth along an axis is the last point beside the first, and is plotted by size" {
	scenario '.axes = [{label: "things", points: [{contestant: "own", size: 1000}, {contestant: "other", size: 1000000}]}]'
	samples 100 200 50
	"$BENCH/report.py" "$OUT"
	result '.growth[0] | .metric == "ms" and .from == 1000 and .to == 1000000 and .ratio.median > 1.99 and .ratio.median < 2.01'
	assert_matches "report" 'things \| 1,000 – 1,000,000 \| time, ms \| x 2' "$(cat "$OUT/report.md")"
	grep -q '^set logscale xy' "$OUT/made.gnuplot"
	grep -q '^1000000 200.02 ' "$OUT/made.gnuplot"
}

@test "samples that are not whole make no report" {
	scenario
	samples 100 200 50
	sed -i '/"round":2.*"other"/d' "$OUT/samples/made.jsonl"
	fails_with 1 'round 2 has no other' "$BENCH/report.py" "$OUT"
	samples 100 200 50
	sed -i 's/"served":50/"served":"50"/' "$OUT/samples/made.jsonl"
	fails_with 1 "round 1, quitter: served is '50', no number" "$BENCH/report.py" "$OUT"
	samples 100 200 50
	echo '{"round":' >>"$OUT/samples/made.jsonl"
	fails_with 1 'made.jsonl:13: no sample' "$BENCH/report.py" "$OUT"
	scenario '.rounds = 4'
	samples 100 200 50
	fails_with 1 '3 rounds, not 4' "$BENCH/report.py" "$OUT"
	[ ! -e "$OUT/report.md" ]
}

@test "a scenario or an option that there is not is named" {
	fails_with 2 'no scenario strom; there are storm' "$BENCH/run" strom
	fails_with 2 'unknown option --fast' "$BENCH/run" --fast
	fails_with 2 'needs a folder' "$BENCH/run" --output
}
