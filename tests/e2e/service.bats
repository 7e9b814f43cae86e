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
	wait_until "it is ready" manager_heard '^READY=1 STATUS=guards 1 service on 1 interface$'
	wait_until "it feeds the watchdog" manager_heard '^WATCHDOG=1'
	kill -HUP "$(pid_of spillwayd)"
	wait_until "it reloads" manager_heard '^RELOADING=1 MONOTONIC_USEC=[0-9]'
	wait_until "it is ready again" manager_heard_twice_ready
	spillwayd_stop
	manager_heard '^STOPPING=1 STATUS=detaches everything$'
}

@test "a service manager is told of a reload by spillway reload, of one that failed and why, and of a hand-over" {
	listen_as_manager
	document 5 | spillwayd_configure
	NOTIFY_SOCKET=$WORLD/notify.sock spillwayd_run
	sw reload
	wait_until "it reloads" manager_heard '^RELOADING=1 MONOTONIC_USEC=[0-9]'
	wait_until "it is ready again" manager_heard_twice_ready
	sed -i 's/direct: 5/direct: five/' "$WORLD/spillway.yaml"
	fails_with 2 'five' sw reload
	wait_until "it says what is wrong" manager_heard '^READY=1 STATUS=the last reload failed: .*five.*; guards 1 service'
	sw detach "$WORLD_INTERFACE"
	wait_until "it says how much it guards" manager_heard '^WATCHDOG=1 STATUS=guards 1 service on 0 interfaces$'
	sw handover
	wait_until "it hands over" manager_heard '^STOPPING=1 STATUS=has handed over'
	wait_until "the daemon is gone" process_is_gone spillwayd
	document 5 | spillwayd_configure
	spillwayd_run
	spillwayd_stop
}

# Of a unit's setting, sets of calls in place of their names.
calls_of() {
	local name
	for name in $1; do
		case $name in
		@*) calls_of "$(systemd-analyze syscall-filter --no-pager "$name" | sed -n 's/^    \([^#]\)/\1/p' | xargs)" ;;
		*) printf '%s\n' "$name" ;;
		esac
	done
}

# What the unit would do with the daemon, as far as that goes without systemd.
@test "with the capabilities of its unit the daemon does all its work, by system calls that the unit allows" {
	local unit=$SPILLWAY_ROOT/tools/deploy/spillwayd.service.in allowed forbidden capabilities traced
	capabilities=$(sed -n 's/^CapabilityBoundingSet=//p' "$unit" | sed 's/CAP_/+/g; s/ /,/g' | tr '[:upper:]' '[:lower:]')
	assert_equal "what its user gets of them" "$(sed -n 's/^CapabilityBoundingSet=//p' "$unit")" \
		"$(sed -n 's/^AmbientCapabilities=//p' "$unit")"
	# Folders of its own, as RuntimeDirectory and ExecStartPre make them.
	install -d -o games "$WORLD/run" "$WORLD/traces"
	install -d -m 700 -o games "$PIN_DIR"
	SOCKET=$WORLD/run/s
	{
		printf 'control: {socket: %s, group: daemon}\n' "$SOCKET"
		document 5
	} | spillwayd_configure
	spawn spillwayd nsenter --net="/run/netns/$SERVER_NS" setpriv --reuid=games --regid=games --groups=daemon \
		--bounding-set "-all,$capabilities" --inh-caps "-all,$capabilities" --ambient-caps "-all,$capabilities" \
		--no-new-privs strace -D -f -q -e signal=none -o "$WORLD/traces/trace" \
		-E "ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0" \
		"$BUILD/spillwayd" --foreground --config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"
	traced=$(pid_of spillwayd)
	wait_until "it answers" sw status
	assert_lane 10.77.1.1 direct
	sw reload
	sw attach lo --mode tc
	sw detach lo
	sw sources && sw flows && sw metrics && sw explain 10.77.1.1
	assert_equal "group of the socket" daemon "$(stat -c %G "$SOCKET")"
	spillwayd_stop
	wait_until "the trace is whole" grep -q "^$traced .*exited with 0" "$WORLD/traces/trace"
	assert_equal "pins" "" "$(find "$PIN_DIR" -mindepth 1 2>/dev/null)"
	allowed=$(calls_of "$(sed -n 's/^SystemCallFilter=\([^~]\)/\1/p' "$unit")" | sort -u)
	forbidden=$(calls_of "$(sed -n 's/^SystemCallFilter=~//p' "$unit")" | sort -u)
	sed -nE 's/^[0-9]+ +([a-z0-9_]+)\(.*/\1/p' "$WORLD/traces/trace" | sort -u >"$WORLD/calls"
	grep -qx bpf "$WORLD/calls"
	assert_equal "system calls that the unit forbids" '' \
		"$(comm -23 "$WORLD/calls" <(comm -23 <(printf '%s\n' "$allowed") <(printf '%s\n' "$forbidden")))"
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
