#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What lies ready for Prometheus and Grafana: rules that fire when they should, and queries that find what they ask for
# in a running daemon.

load lib/e2e

DEPLOY=$SPILLWAY_ROOT/tools/deploy
RULES=$DEPLOY/prometheus/alerts.yml
DASHBOARD=$DEPLOY/grafana/spillway.json

setup_file() {
	world_with_database max_connections=40
	ask_postgres 'create role spillway login; grant pg_monitor to spillway'
}
teardown_file() { world_destroy; }
teardown() {
	stop_process prometheus
	end_test
}

# Every family has samples: a budget that adapts, a pooler, a queue; and somebody is refused.
daemon_with_everything() {
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: adaptive, min_direct: 2, direct: 2, conninfo: "host=$WORLD/postgres dbname=postgres user=spillway"}
		    pooler: {address: "127.0.0.1:6432", max_connections: 1}
		    lanes: [direct, pooler, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
	hold_many 1 3
	assert_lane 10.77.1.9 refused
}

# The rules with what people are to read left out, for promtool compares that to the letter.
bare_rules() { awk '/^      (- alert|#)/ { text = 0 } /^        annotations:/ { text = 1 } !text' "$RULES"; }

alerts() { sed -n 's/^      - alert: //p' "$RULES"; }

# shellcheck disable=SC2016 # the dollars are Grafana's
queries_of_dashboard() {
	jq -r '.panels[].targets[]?.expr' "$DASHBOARD" |
		sed -e 's/=~"\$[a-z]*"/=~".*"/g' -e 's/\$__rate_interval/10s/g' -e 's/\$__range/10s/g'
}

queries_of_alerts() {
	python3 - "$RULES" <<-'PYTHON'
		import re, sys
		text = open(sys.argv[1]).read()
		for folded, plain in re.findall(r"^        expr: (?:>-\n((?:          .*\n)+)|(.*)\n)", text, re.M):
		    print(" ".join((folded or plain).split()))
	PYTHON
}

# Names that start like ours, wherever a query has them.
names_in() { grep -oE '\bspillway_[a-z0-9_]+' | sort -u; }
names_of_page() { as_server curl -sf http://127.0.0.1:9432/metrics | sed -n 's/^\(spillway_[a-z0-9_]*\).*/\1/p' | sort -u; }

prometheus_start() {
	{
		printf 'global: {evaluation_interval: 500ms}\n'
		sed 's/scrape_interval: .*/scrape_interval: 500ms/' "$DEPLOY/prometheus/scrape.yml"
	} >"$WORLD/prometheus.yml"
	cp "$RULES" "$WORLD/alerts.yml"
	spawn prometheus nsenter --net="/run/netns/$SERVER_NS" prometheus --config.file="$WORLD/prometheus.yml" \
		--storage.tsdb.path="$WORLD/tsdb" --web.listen-address=127.0.0.1:9090
	wait_until "Prometheus is ready" as_server curl -sf http://127.0.0.1:9090/-/ready
}

# found QUERY: whether it has a sample. A query that is none is an answer without a result.
found() {
	as_server curl -s --data-urlencode "query=$1" http://127.0.0.1:9090/api/v1/query |
		jq -e '.data.result | length > 0'
}

is_known() { as_server curl -s http://127.0.0.1:9090/api/v1/rules | jq -e '[.data.groups[].rules[] | select(.health == "ok")] | length == '"$1"; }

@test "promtool has nothing to say against the alert rules and the scrape example" {
	promtool check rules --lint-fatal "$RULES"
	cp "$DEPLOY/prometheus/"*.yml "$BATS_TEST_TMPDIR"
	promtool check config --lint-fatal "$BATS_TEST_TMPDIR/scrape.yml"
}

@test "each alert fires when it should, and does not when something is only like it" {
	local alert cases=$BATS_TEST_DIRNAME/alerts/cases.yml
	[ "$(alerts | wc -l)" -ge 7 ]
	while read -r alert; do
		grep -q -- "{alertname: $alert, eval_time: .*, exp_alerts: \[\]}" "$cases"
		grep -A 2 -- "- alertname: $alert\$" "$cases" | grep -q 'exp_alerts: \[{exp_labels'
	done < <(alerts)
	cp "$cases" "$BATS_TEST_TMPDIR"
	bare_rules >"$BATS_TEST_TMPDIR/alerts.yml"
	assert_equal "alerts with a text" "$(alerts | wc -l)" "$(grep -c 'summary: ' "$RULES")"
	(cd "$BATS_TEST_TMPDIR" && promtool test rules cases.yml)
}

@test "alert rules and dashboard ask for no metric that the page has not" {
	daemon_with_everything
	local asked
	asked=$({ queries_of_alerts && queries_of_dashboard; } | names_in)
	[ "$(wc -l <<<"$asked")" -ge 30 ]
	assert_equal "metrics that nobody has" '' "$(comm -23 <(printf '%s\n' "$asked") <(names_of_page))"
}

@test "in Prometheus itself every query of the dashboard finds something, by its labels as well, and each rule can be asked" {
	local query
	daemon_with_everything
	prometheus_start
	[ "$(queries_of_dashboard | wc -l)" -ge 40 ]
	while read -r query; do
		wait_until "Prometheus finds something for $query" found "$query"
	done < <(queries_of_dashboard)
	wait_until "the rules were asked" is_known "$(alerts | wc -l)"
	# What the dashboard's lists are filled from.
	for query in spillway_build_info spillway_budget_slots; do
		grep -q "label_values($query" "$DASHBOARD"
		found "$query"
	done
}
