#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The check that holds the man pages to the programs' tables: whatever is missing from one or too much is found.
# Needs no root and no kernel feature.

load lib/e2e

CHECK=$SPILLWAY_ROOT/tools/lint/man

setup() {
	export MAN=$BATS_TEST_TMPDIR/man NAMES=$BUILD/lint/names
	cp -r "$SPILLWAY_ROOT/userspace/man" "$MAN"
}

# change PAGE SED_SCRIPT: which has to change something.
change() {
	sed -i.before -E "$2" "$MAN/$1"
	cmp -s "$MAN/$1" "$MAN/$1.before" && return 1
	rm "$MAN/$1.before"
}

# finds PATTERN...
finds() {
	local pattern
	fails_with 1 "$1" "$CHECK"
	for pattern in "${@:2}"; do
		assert_matches "it says" "$pattern" "$output"
	done
}

@test "the pages as they are have nothing missing and nothing too much" {
	"$CHECK"
}

@test "storm's page: an option, a cause or a key that is missing or too much is found" {
	change storm.1 '/^\.It Fl -hold Ar DURATION$/d; s/^(\.It Fl -think Ar) DURATION$/\1 N/'
	change storm.1 's/^\.It Dv reset$/&s/; s/peak_in_flight/peak/'
	finds 'without \(options\): --hold DURATION' 'without \(options\): --think DURATION' \
		'not in tools/storm \(options\): --think N' 'without \(causes\): reset' \
		'not in tools/storm \(causes\): resets' 'without \(keys\): peak_in_flight'
}

@test "a verb that is missing, too much, or has another form than its usage is found" {
	change spillway.8 '/^\.It Cm dump$/d; s/^\.It Cm reload$/&\n&s/; s/(Ar SERVICE Cm) remove/\1 drop/'
	finds 'without \(verb\): dump' 'not in the programs \(verb\): reloads' \
		'without \(verb\): class SERVICE remove NAME' 'not in the programs \(verb\): class SERVICE drop NAME'
}

@test "an option that is missing or too much is found: of a verb, of all, of the daemon" {
	change spillway.8 's/^\.It Fl -reconcile$/&d/; s/^\.It Fl -color Ar WHEN$/.It Fl -color/'
	change spillwayd.8 's/^\.It Fl -pin-dir Ar DIR$/.It Fl -pins Ar DIR/'
	finds 'without \(option\): status --reconcile' 'not in the programs \(option\): status --reconciled' \
		'without \(option\): spillway --color WHEN' 'without \(option\): spillwayd --pin-dir DIR' \
		'not in the programs \(option\): spillwayd --pins DIR'
}

@test "a key that is missing or too much is found, and a default or an allowed word that is another" {
	change spillway.yaml.5 's/^(\.It Va queue\.max_wait :).*/\1 Cm 11s/; s/^\.It Va http\.listen/&ing/'
	change spillway.yaml.5 's/^(\.Cm fair , fifo) , lifo/\1/'
	finds 'without \(key\): service queue\.max_wait 10s' 'without \(key\): file http\.listen ' \
		'not in the programs \(key\): file http\.listening ' \
		'without \(word\): service queue\.discipline lifo'
}

@test "a counter or a metric that is missing or too much is found" {
	change spillwayd.8 's/^\.It Va drift$/&ed/; s/^(\.It Va spillway_syn)_total/\1s_total/'
	finds 'without \(counter\): drift' 'not in the programs \(counter\): drifted' \
		'without \(metric\): spillway_syn_total counter' \
		'not in the programs \(metric\): spillway_syns_total counter'
}

@test "tables that cannot be read are no tables that are empty" {
	NAMES=true finds 'the programs: no verb found' 'the programs: no metric found'
}

@test "whatever mandoc warns of is found" {
	change spillway.8 's/^\.Sh VERBS$/&\n.Nonsense/'
	finds 'unknown macro: \.Nonsense'
}
