# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What sessions notice of others' refusals. Sourced by tests/bench/scenario.
# shellcheck disable=SC2034 # describe() reads them
# shellcheck source=tests/bench/lib/refusing.bash
. tests/bench/lib/refusing.bash

SESSIONS=$(sized 100 50 4)
SECONDS_EACH=$(sized 5 3 1)
REFUSALS=$((SECONDS_EACH * $(sized 4000 2000 50)))
PLACES=$((SESSIONS + 10))

TITLE="$SESSIONS sessions of pgbench -S while $((REFUSALS / SECONDS_EACH)) clients a second are refused"
NOTES="The refused come evenly for $SECONDS_EACH s. They compute on the same CPUs as the sessions, whoever refuses them: nftables
shows what that takes by itself. With Spillway they hear why, with nftables they get a RST."
COMPARED=tps
SERVED=

contestant alone peer 'the sessions alone'
contestant native ours 'beside clients that Spillway tells'
contestant nftables peer 'beside clients that nftables resets'

metric tps higher 'transactions a second'

goal native tps '>=' 0.9 nftables 'the sessions have 0.9 of what they have beside resets'

# The sessions go through the gate in all of them.
prepare() {
	prepare_server "$PLACES"
	prepare_tables
	PORT=5432
	SHOWN=/dev/null start_spillway native "$PLACES"
}
finish() { spillwayd_stop; }

measure() {
	local load=
	case $1 in
	native) shows spillway.yaml "$WORLD/spillway.yaml" ;;
	nftables) begin_refusing_nftables ;;
	esac
	if [ "$1" != alone ]; then
		load_refused "$REFUSALS" "${REFUSING_PORT[$1]}" --within "${SECONDS_EACH}s" --even >"$WORLD/refused.json" &
		load=$!
	fi
	short_queries >"$WORLD/counted"
	if [ -n "$load" ]; then
		wait "$load"
		check_causes "${CAUSES[$1]}" "$WORLD/refused.json"
	fi
	[ "$1" != nftables ] || end_refusing_nftables
	jq -sc '{tps: .[1]}' "$WORLD/counted"
}
