# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What a refusal costs the server's side, a complete exchange from the client's SYN to the error that its driver raises.
# Sourced by tests/bench/scenario.
# shellcheck disable=SC2034 # describe() reads them
# shellcheck source=tests/bench/lib/refusing.bash
. tests/bench/lib/refusing.bash

CLIENTS=$(sized 8000 2000 100)

TITLE="A refusal, from SYN to error: $CLIENTS clients, 100 at a time"
NOTES="Spillway tells a client why, in PostgreSQL's words, as PgBouncer and PostgreSQL do; HAProxy and nftables only end the
connection. A class whose only lane is refuse is the easy case; by a full budget is the hard one: a whole decision, at the end of
which there is no room. CPU: the kernel threads that receive for the server, and all processes of the one who refuses. PostgreSQL has a
tenth of the clients, PgBouncer half of them. That threads are woken is in all figures, and takes more the busier others
keep the CPUs."
COMPARED=cpu_us
SERVED=

contestant native ours 'Spillway, native XDP'
contestant full ours 'Spillway, native XDP, by a full budget'
contestant tc ours 'Spillway, TC'
contestant nftables peer 'nftables, reject with tcp reset'
contestant haproxy peer 'HAProxy, tcp-request connection reject'
contestant pgbouncer peer 'PgBouncer at max_client_conn'
contestant postgres peer 'PostgreSQL at max_connections'

metric cpu_us lower 'CPU a refusal, us'
metric per_s higher 'refusals a second'

goal postgres cpu_us '>=' 20 full "20 times less than PostgreSQL's own"
goal pgbouncer cpu_us '>=' 5 full "5 times less than PgBouncer's"

prepare() { prepare_server "$POSTGRES_PLACES"; }
finish() { :; }

clients_for() {
	case $1 in
	postgres) echo $((CLIENTS / 10)) ;;
	pgbouncer) echo $((CLIENTS / 2)) ;;
	*) echo "$CLIENTS" ;;
	esac
}

measure() {
	local before after
	"begin_refusing_$1"
	find_server_threads
	before=$(cpu_ns)
	BASE=$([ "$1" != full ] || echo "$OTHERS_BASE") load_refused "$(clients_for "$1")" "${REFUSING_PORT[$1]}" >"$WORLD/refused.json"
	settle_refusing "$1"
	after=$(cpu_ns)
	check_causes "${CAUSES[$1]}" "$WORLD/refused.json"
	"end_refusing_$1"
	jq -c --argjson ns $((after - before)) '{cpu_us: ($ns / 1000 / .clients), per_s: (.clients * 1000 / .makespan_ms)}' \
		"$WORLD/refused.json"
}
