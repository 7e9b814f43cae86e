# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A storm of which one source is four fifths: what the others notice of it, beside the same without that source. Sourced
# by tests/bench/scenario.
# shellcheck disable=SC2034 # describe() reads them

OTHERS=$(sized 400 100 12)
HOG=$((OTHERS * 4))
PLACES=$(sized 40 40 8)
SOURCES=$(sized 200 50 6)
PATIENCE=$(sized 60s 10s 4s)
WORK_MS=10

TITLE="A storm of which one source is 80 %: $HOG clients of one address, $OTHERS of $SOURCES others"
NOTES="All at once, each for $WORK_MS ms of work, PostgreSQL with $PLACES places. In each turn the storm comes without the one
source, and then with it. Login times are of the others only."
COMPARED=p99_x_alone
SERVED=others_served_percent

contestant spillway_queue ours 'Spillway, queue'
contestant haproxy peer 'HAProxy, maxconn a tenth lower'
contestant pgbouncer_session peer 'PgBouncer, session pooling'
contestant pgbouncer_transaction peer 'PgBouncer, transaction pooling'
contestant pgpool peer 'pgpool-II'
contestant nftables peer 'nftables, ct count and drop'

metric others_served_percent higher 'others served, %'
metric hog_served_percent neither 'the one source served, %'
metric alone_p99_ms lower "others' login p99 without it, ms"
metric p50_ms lower "others' login p50 with it, ms"
metric p99_ms lower "others' login p99 with it, ms"
metric p99_x_alone lower 'p99 with it, x without'

goal spillway_queue others_served_percent '>=' 100 'the others are served'
goal spillway_queue p99_x_alone '<=' 1.5 "the others' p99 stays within 1.5 x of what it is without the one source"

prepare() { prepare_server "$PLACES"; }
finish() { :; }

begin() {
	case $1 in
	haproxy) begin_haproxy $((PLACES - (PLACES + 9) / 10)) ;;
	pgbouncer_*) begin_pgbouncer "${1#pgbouncer_}" "$PLACES" ;;
	pgpool) begin_pgpool "$PLACES" ;;
	nftables) begin_nftables "$PLACES" ;;
	spillway_queue) begin_spillway "$PLACES" 'direct, queue, refuse' ;;
	esac
}

# come NAME CLIENTS FIRST SOURCES
come() {
	storm_at "$PORT" --clients "$2" --timeout "$PATIENCE" --query "select pg_sleep($WORK_MS / 1000.0)" --source-base "$3" \
		--source-count "$4" >"$WORLD/$1.json"
}

measure() {
	local hog
	begin "$1"
	come alone "$OTHERS" 10.77.1.1 "$SOURCES"
	settle
	come hog "$HOG" 10.77.200.1 1 &
	hog=$!
	come beside "$OTHERS" 10.77.1.1 "$SOURCES"
	wait "$hog"
	settle
	"end_${1%%_*}"
	jq -nc --slurpfile alone "$WORLD/alone.json" --slurpfile beside "$WORLD/beside.json" --slurpfile hog "$WORLD/hog.json" '
		def served: 100 * .succeeded / .clients;
		{
			others_served_percent: ($beside[0] | served), hog_served_percent: ($hog[0] | served),
			alone_p99_ms: $alone[0].login_ms.p99, p50_ms: $beside[0].login_ms.p50, p99_ms: $beside[0].login_ms.p99,
			p99_x_alone: (if $beside[0].login_ms.p99 and $alone[0].login_ms.p99
				then $beside[0].login_ms.p99 / $alone[0].login_ms.p99 else null end),
			failures: ($beside[0].failures | map_values(.count))
		}'
}
