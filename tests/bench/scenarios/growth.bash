# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# How verdict and release grow with what is in the tables. Sourced by tests/bench/scenario.
# shellcheck disable=SC2034 # describe() reads them

RUNS=$(sized 7 3 1)
# The first of each is what stays while another grows.
read -ra SOURCES <<<"$(sized '1000 10000 100000 1000000' '1000 10000 100000 1000000' '10 1000')"
read -ra FLOWS <<<"$(sized '100 1000 10000 100000' '100 1000 10000 100000' '10 100')"
read -ra SERVICES <<<"$(sized '1 4 16 64' '1 4 16 64' '1 64')"

TITLE="Growth: a SYN's verdict and a waiter's release by what is in the tables"
NOTES="Nanoseconds of this thread's own time, by BPF_PROG_TEST_RUN. Verdict: SYNs of known sources, admitted, net of a program
that only writes them. Release: as the daemon lets waiters in, a system call for each, until the SYN is handed to the
network stack, which drops it for its MAC. A measurement is a process of its own, and the median of $RUNS runs of 4,096 of each
kind. While one thing grows the others are ${SOURCES[0]} sources, ${FLOWS[0]} flows, ${SERVICES[0]} service. Sources are known (in both
tables), flows are of other clients; sources come to all services by turns. A million sources need larger tables than the
gate has (131,072): here they are 1,048,576 at every point."
COMPARED=verdict_ns
SERVED=

metric verdict_ns lower 'verdict, ns'
metric release_ns lower 'release, ns'

# grows LABEL NAME SIZE...: contestants, and the axis that they are on.
grows() {
	local size points=()
	for size in "${@:3}"; do
		contestant "$2_$size" ours "$size $1"
		points+=("$2_$size=$size")
	done
	axis "$1" "${points[@]}"
}
grows sources sources "${SOURCES[@]}"
grows flows flows "${FLOWS[@]}"
grows services services "${SERVICES[@]}"

prepare() { prepare_alone; }
finish() { :; }

measure() {
	local size=${1#*_}
	local sources=${SOURCES[0]} flows=${FLOWS[0]} services=${SERVICES[0]}
	case $1 in
	sources_*) sources=$size ;;
	flows_*) flows=$size ;;
	services_*) services=$size ;;
	esac
	"$BUILD/tests/bench/growth" "$sources" "$flows" "$services" "$RUNS"
}
