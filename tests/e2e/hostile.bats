#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Those who ask too much, too slowly, or more than fits: they are cut off, and it costs nobody else anything.

load lib/e2e

HOSTILE=$BATS_TEST_DIRNAME/lib/hostile.py

setup_file() { world_with_database max_connections=60; }
teardown_file() { world_destroy; }
teardown() {
	stop_process hostile || true
	stop_process scrapes || true
	stop_process storm || true
	rm -f "$WORLD"/log/{hostile,scrapes,storm}
	end_test
}

# The daemon lets each waiter in by hand: whoever keeps it busy keeps them waiting.
setup() {
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 20}
		    lanes: [direct, queue, refuse]
		    queue: {max_waiting: 4000, max_wait: 60s}
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

# hostile NAME MODE ADDRESS [COUNT]: see lib/hostile.py.
hostile() {
	local name=$1
	shift
	mkfifo "$WORLD/$name.fifo"
	# shellcheck disable=SC2016 # expanded by the inner shell
	spawn "$name" bash -c 'exec "$@" <"$0"' "$WORLD/$name.fifo" nsenter --net="/run/netns/$SERVER_NS" \
		prlimit --nofile=4096 python3 "$HOSTILE" "$@"
	exec {HOSTILE_END}>"$WORLD/$name.fifo"
	rm "$WORLD/$name.fifo"
}

says() { grep -q -- "$2" "$WORLD/log/$1"; }
ask_metrics() { as_server curl -sf --max-time 5 http://127.0.0.1:9432/metrics; }
health() { as_server curl -s --max-time 5 -o /dev/null -w '%{http_code}' http://127.0.0.1:9432/healthz; }
is_healthy() { assert_equal "health" 200 "$(health)"; }
counter() { status_value ".services[0].counters.$1"; }

# Descriptors of the daemon's.
descriptors() { find "/proc/$(pid_of spillwayd)/fd" -type l | wc -l; }
has_descriptors() { [ "$(descriptors)" -le "$1" ]; }

# request TEXT: its bytes, in printf's notation, to the HTTP port; the first line of what comes back until it is closed.
request() {
	# shellcheck disable=SC2059 # the notation is the point
	printf "$1" | as_server timeout 20 python3 -c 'import socket, sys
s = socket.create_connection(("127.0.0.1", 9432))
try:
    s.sendall(sys.stdin.buffer.read())
    answer = s.makefile("rb").read()
except ConnectionError:
    answer = b""
print(answer.split(b"\r\n")[0].decode())'
}

@test "a storm does not notice two hundred who read metrics and the status page all the while" {
	hostile scrapes scrape 9432 200
	spawn storm nsenter --net="/run/netns/$CLIENT_NS" "$BUILD/storm" --target "$SERVER_IPV4:5432" --user app \
		--database app --json --clients 1000 --source-base 10.77.0.1 --source-count 200 --within 3s \
		--query 'select 1' --timeout 60s
	WAIT_SECONDS=90 wait_until "the storm is over" process_is_gone storm
	is_healthy
	exec {HOSTILE_END}>&-
	WAIT_SECONDS=30 wait_until "those who scrape have ended" process_is_gone scrapes
	cat "$WORLD/log/scrapes"
	[ "$(awk '$1 == "/metrics" { print $2 }' "$WORLD/log/scrapes")" -ge 200 ]
	[ "$(awk '$1 == "/" { print $2 }' "$WORLD/log/scrapes")" -ge 200 ]
	assert_equal "served" 1000 "$(jq .succeeded "$WORLD/log/storm")"
	eventually_status "$USED" 0
	assert_equal "wakeups lost" 0 "$(counter wakeups_lost)"
	assert_equal "over the budget" 0 "$(counter overcommitted)"
	assert_equal "drift" 0 "$(counter drift)"
	assert_equal "timed out" 0 "$(counter wait_timed_out)"
}

@test "three hundred who never come to the end of their request are cut off, and meanwhile all others are answered" {
	local before
	before=$(descriptors)
	hostile hostile slow 9432 300
	wait_until "they have begun" says hostile dripping
	ask_metrics | grep -q '^spillway_build_info'
	is_healthy
	sw status >/dev/null
	assert_lane 10.77.1.1 direct
	# No more than there may be of them, with all else that the daemon has open.
	[ "$(descriptors)" -le $((before + 256 + 8)) ]
	WAIT_SECONDS=40 wait_until "all are cut off" says hostile 'cut after'
	wait_until "their descriptors are free" has_descriptors "$before"
	ask_metrics >/dev/null
}

@test "six hundred who say nothing keep nobody out" {
	local before
	before=$(descriptors)
	hostile hostile silent 9432 600
	wait_until "they are there" says hostile there
	ask_metrics >/dev/null
	is_healthy
	[ "$(descriptors)" -le $((before + 256 + 8)) ]
	WAIT_SECONDS=40 wait_until "all are cut off" has_descriptors "$before"
}

@test "a request with more header, body or path than there may be is refused, and cut off" {
	local long
	long=$(printf 'x%.0s' {1..9000})
	assert_matches "header" '^HTTP/1.1 4[0-9][0-9]|^$' "$(request "GET /metrics HTTP/1.1\r\nX: $long\r\n\r\n")"
	assert_matches "path" '^HTTP/1.1 4[0-9][0-9]|^$' "$(request "GET /$long HTTP/1.1\r\n\r\n")"
	assert_matches "body" '^HTTP/1.1 4[0-9][0-9]|^$' "$(request "POST /metrics HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n$long")"
	assert_matches "no request" '^HTTP/1.1 4[0-9][0-9]|^$' "$(request "$long$long\r\n\r\n")"
	ask_metrics >/dev/null
	is_healthy
}

@test "on the control socket, too, half a line and a line too long are cut off" {
	local before
	before=$(descriptors)
	hostile hostile slow "$SOCKET" 50
	wait_until "they have begun" says hostile dripping
	sw status >/dev/null
	assert_matches "answer" 'over 65,536 bytes' "$(python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"x" * 65537)
print(s.makefile().read())' "$SOCKET")"
	WAIT_SECONDS=40 wait_until "all are cut off" says hostile 'cut after'
	wait_until "their descriptors are free" has_descriptors "$before"
}

@test "whoever may only look cannot take root's place at the control socket" {
	spillwayd_stop
	install -m 755 "$BUILD/spillway" "$WORLD"
	cp "$HOSTILE" "$WORLD/hostile.py"
	sed -i "s|control: {socket: [^}]*}|control: {socket: $SOCKET, group: games}|" "$WORLD/spillway.yaml"
	spillwayd_run
	hostile_as_games
	wait_until "they are there" says hostile there
	fails_with 1 'too many clients' setpriv --reuid=games --regid="$(id -g games)" --clear-groups \
		"$WORLD/spillway" --socket "$SOCKET" status
	sw status >/dev/null
	sw pause main
	sw resume main
}

hostile_as_games() {
	spawn hostile setpriv --reuid=games --regid="$(id -g games)" --clear-groups /usr/bin/python3 "$WORLD/hostile.py" silent "$SOCKET" 80
}
