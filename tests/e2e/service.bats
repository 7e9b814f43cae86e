#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The daemon as a service: what a service manager is told, going to the background, reloading under load.

load lib/e2e

setup_file() { world_with_database max_connections=40; }
teardown_file() { world_destroy; }
teardown() {
	end_test
	stop_process manager
	rm -f "$WORLD/log/manager" "$WORLD/notify.sock"
}

document() {
	cat <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: $1}
		    pooler: {address: "127.0.0.1:$POOLER_PORT", max_connections: 4000}
		    lanes: [direct, pooler, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

# What systemd would be: it writes down each message that arrives on the notification socket.
listen_as_manager() {
	spawn manager python3 -uc 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True:
    print(s.recv(4096).decode().replace("\n", " "), flush=True)' "$WORLD/notify.sock"
	wait_until "the manager listens" grep -q listening "$WORLD/log/manager"
}

manager_heard() { grep -q "$1" "$WORLD/log/manager"; }

@test "a service manager is told of readiness, reload, life and stop" {
	listen_as_manager
	document 5 | spillwayd_configure
	NOTIFY_SOCKET=$WORLD/notify.sock spillwayd_run
	wait_until "it is ready" manager_heard '^READY=1'
	wait_until "it feeds the watchdog" manager_heard '^WATCHDOG=1'
	kill -HUP "$(pid_of spillwayd)"
	wait_until "it reloads" manager_heard '^RELOADING=1 MONOTONIC_USEC=[0-9]'
	wait_until "it is ready again" manager_heard_twice_ready
	spillwayd_stop
	manager_heard '^STOPPING=1'
}

manager_heard_twice_ready() { [ "$(grep -c '^READY=1' "$WORLD/log/manager")" -ge 2 ]; }

@test "without --foreground the command returns once everything is in place, and the daemon goes on" {
	document 5 | spillwayd_configure
	as_server timeout 20 "$BUILD/spillwayd" --config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR" \
		>/dev/null 2>&1 3>&- 4>&-
	local pid
	pid=$(status_value .daemon.pid)
	assert_lane 10.77.1.1 direct
	kill "$pid"
	wait_until "it has stopped" daemon_is_gone "$pid"
	[ ! -e "$PIN_DIR" ]
}

daemon_is_gone() { [ ! -e "/proc/$1" ]; }

@test "a daemon that cannot start tells the one who called it, also on its way to the background" {
	document 5 | sed 's/^interfaces:.*//' | spillwayd_configure
	sed -i 's/name: eth0/name: nosuch0/' "$WORLD/spillway.yaml"
	fails_with 1 'nosuch0' as_server timeout 20 "$BUILD/spillwayd" --config "$WORLD/spillway.yaml" \
		--pin-dir "$PIN_DIR"
	[ ! -e "$PIN_DIR" ]
}

reload_until_storm_ends() {
	local budget=5
	while process_runs storm; do
		budget=$((budget == 5 ? 15 : 5))
		sed -i "s/direct: [0-9]*/direct: $budget/" "$WORLD/spillway.yaml"
		sw reload >/dev/null || return 1
		RELOADS=$((RELOADS + 1))
	done
}

@test "reloads in the middle of a storm lose no client and no count" {
	document 5 | spillwayd_start
	RELOADS=0
	spawn storm nsenter --net="/run/netns/$CLIENT_NS" "$BUILD/storm" --target "$SERVER_IPV4:5432" \
		--user app --database app --json --clients 1500 --source-base 10.77.0.1 \
		--source-count 300 --within 3s --query 'select 1' --timeout 30s
	reload_until_storm_ends
	cat "$WORLD/log/storm"
	printf 'reloads: %s\n' "$RELOADS"
	[ "$RELOADS" -ge 5 ]
	assert_equal "clients served" 1500 "$(jq .succeeded "$WORLD/log/storm")"
	assert_status "$TOTALS.syn" 1500
	eventually_status "$USED" 0
	eventually_status '.services[0].pooler.used' 0
}
