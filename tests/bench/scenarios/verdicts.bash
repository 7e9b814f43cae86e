# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What a verdict costs, by kind of packet. Sourced by tests/bench/scenario.
# shellcheck disable=SC2034 # describe() reads them

VERDICT_COST=$BUILD/tests/bench/verdict_cost
RUNS=$(sized 5 3 1)
FULL=$(sed -n 's/^#define SW_SOURCES_MAX[[:space:]]*//p' include/spillway/limits.h)

TITLE="Verdict cost: nanoseconds a packet, by kind and by how many sources are known"
NOTES="BPF_PROG_TEST_RUN of the gate in XDP, net of a program that does nothing but write the same packets, in turns with it;
this thread's own time, of 4,096 SYNs of as many flows in one run. A measurement is a process of its own, with tables of
its own, and the median of $RUNS such runs. A spoofed source is one that was never seen while both tables of sources are
full ($FULL each): the kernel makes room in the one and there is none in the other. It meets the same full
tables in all columns. Network and driver are in no figure."
COMPARED=ns_1000
SERVED=

metric ns_1 lower 'ns, 1 source'
metric ns_1000 lower 'ns, 1,000'
metric ns_100000 lower 'ns, 100,000'

# Which rows there are, and what their goals are, the program says.
while IFS=$'\t' read -r key most label; do
	contestant "$key" ours "$label"
	[ "$most" -eq 0 ] || goal "$key" ns_1000 '<=' "$most" "$label, 1,000 known: at the most $most ns"
	[ "$most" -eq 0 ] || goal "$key" ns_100000 '<=' "$most" "$label, 100,000 known: at the most $most ns"
done < <("$VERDICT_COST" --rows)

prepare() { prepare_alone; }
finish() { :; }

measure() { "$VERDICT_COST" --row "$1" "$RUNS" 1 1000 100000; }
