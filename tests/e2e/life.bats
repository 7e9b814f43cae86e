#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native generic tc
# What start, stop, crash and detach leave behind.

load lib/e2e

setup_file() { world_with_database max_connections=40; }
teardown_file() { world_destroy; }
# What a killed daemon leaves in place on purpose is no concern of the next test.
teardown() {
	end_test
	rm -rf "$PIN_DIR"
	as_server tc qdisc delete dev "$WORLD_INTERFACE" clsact 2>/dev/null || true
}

# configure [LINES]: with further lines on top.
configure() {
	spillwayd_start <<-YAML
		${1:-}
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 2}
		    lanes: [direct, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

# The server's interface as an operator would look at it.
traces_on_interface() {
	as_server ip -d link show dev "$WORLD_INTERFACE" | grep -o 'prog/xdp.*' || true
	as_server tc qdisc show dev "$WORLD_INTERFACE" clsact
	as_server tc filter show dev "$WORLD_INTERFACE" ingress
}

# Ids of the programs that this daemon holds, not of another run's beside it.
programs_of_spillway() {
	grep -hs '^prog_id:' "/proc/$(pid_of spillwayd)"/fdinfo/* | awk '{ print $2 }' | sort -u
}

# none_is_loaded ID...: programs hold their maps, so with them everything is gone.
none_is_loaded() {
	local id
	for id in "$@"; do
		! bpftool prog show id "$id" || return 1
	done
}

assert_nothing_is_left() {
	assert_equal "traces on the interface" "" "$(traces_on_interface)"
	assert_equal "pins" "" "$(find "$PIN_DIR" 2>/dev/null)"
}

@test "while it runs, the interface carries it in the mode asked for" {
	configure
	assert_status '.interfaces[0].name' "$WORLD_INTERFACE"
	assert_status '.interfaces[0].mode' "$SPILLWAY_ATTACH"
	local link
	link=$(as_server ip -d link show dev "$WORLD_INTERFACE")
	case $SPILLWAY_ATTACH in
	native) assert_matches "interface" ' xdp ' "$link" ;;
	generic) assert_matches "interface" ' xdpgeneric ' "$link" ;;
	tc) assert_equal "XDP programs on the interface" 0 "$(grep -c prog/xdp <<<"$link" || true)" ;;
	esac
	[ -d "$PIN_DIR" ]
}

@test "a stop leaves no program, no qdisc and no pin, and those inside go on" {
	local programs
	configure
	mapfile -t programs < <(programs_of_spillway)
	[ "${#programs[@]}" -ge 4 ]
	hold inside 10.77.1.1
	spillwayd_stop
	assert_nothing_is_left
	wait_until "the kernel holds no program of it any more" none_is_loaded "${programs[@]}"
	printf 'select 42;\n' >"$WORLD/hold-inside.fifo"
	wait_until "the session inside is answered" grep -qx 42 "$WORLD/log/hold-inside"
	assert_equal "the next client's address" 10.77.1.2 "$(psql_from 10.77.1.2 -c "$WHERE_AM_I")"
}

@test "a stop leaves a qdisc that was there before it" {
	as_server tc qdisc add dev "$WORLD_INTERFACE" clsact
	configure
	spillwayd_stop
	local left
	left=$(as_server tc qdisc show dev "$WORLD_INTERFACE")
	as_server tc qdisc delete dev "$WORLD_INTERFACE" clsact
	assert_matches "qdiscs after the stop" clsact "$left"
}

@test "detach takes an interface out, attach puts it back" {
	configure
	hold_many 1 2
	assert_lane 10.77.1.9 refused
	sw detach "$WORLD_INTERFACE"
	assert_equal "traces on the interface" "" "$(traces_on_interface)"
	assert_lane 10.77.1.9 direct
	sw attach "$WORLD_INTERFACE" --mode "$SPILLWAY_ATTACH"
	assert_status '.interfaces[0].mode' "$SPILLWAY_ATTACH"
	assert_lane 10.77.1.9 refused
}

@test "a gate that somebody took off is put back within a moment, and the log says so" {
	configure
	assert_lane 10.77.1.1 direct
	as_server tc qdisc delete dev "$WORLD_INTERFACE" clsact
	[ "$SPILLWAY_ATTACH" = tc ] || as_server ip link set dev "$WORLD_INTERFACE" xdp off 2>/dev/null || true
	wait_until "the gate is back" status_is '.interfaces[0].attached' true
	as_server tc filter show dev "$WORLD_INTERFACE" ingress | grep -q 0x5357
	grep -q 'the gate was taken off' "$WORLD/log/spillwayd"
	sw budget main 0
	assert_lane 10.77.1.2 refused
}

is_attached_again() { grep -q 'the gate is back' "$WORLD/log/spillwayd"; }

@test "an interface stays claimed while a gate that was taken off is put back" {
	configure
	spawn strace strace -qq -o "$WORLD/trace" -e trace=bind -p "$(pid_of spillwayd)"
	wait_until "the daemon is traced" traced_by_strace
	as_server tc qdisc delete dev "$WORLD_INTERFACE" clsact
	wait_until "the gate is back" is_attached_again
	stop_process strace
	# The kernel was asked, and the claim was not made anew.
	grep -q AF_NETLINK "$WORLD/trace"
	assert_equal "claims" 0 "$(grep -c 'spillway/interface' "$WORLD/trace" || true)"
}

traced_by_strace() { grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$(pid_of spillwayd)/status"; }

# The daemon's file descriptor of its program of that name.
descriptor_of() {
	local info
	grep -ls '^prog_type:' "/proc/$(pid_of spillwayd)"/fdinfo/* | while read -r info; do
		if bpftool -j prog show id "$(awk '$1 == "prog_id:" { print $2 }' "$info")" |
			jq -e --arg name "$1" '.name == $name' >/dev/null; then
			basename "$info"
		fi
	done
}

@test "the daemon looks whether the kernel left out the second of the programs that follow connections" {
	local last
	configure
	last=$(descriptor_of life_again)
	assert_matches "the program's descriptor" '^[0-9]+$' "$last"
	spawn strace strace -qq -o "$WORLD/trace" -e trace=bpf -p "$(pid_of spillwayd)"
	wait_until "the kernel is asked about it" grep -q "OBJ_GET_INFO_BY_FD.*bpf_fd=$last," "$WORLD/trace"
	stop_process strace
}

@test "whoever takes an interface's claim without being a spillwayd is named" {
	local number
	number=$(as_server ip -j link show dev "$WORLD_INTERFACE" | jq '.[0].ifindex')
	spawn squatter nsenter --net="/run/netns/$SERVER_NS" python3 -uc 'import os, socket, sys, time
os.setuid(int(sys.argv[2]))
taken = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
taken.bind("\0spillway/interface/" + sys.argv[1])
print("taken")
time.sleep(60)' "$number" "$(id -u nobody)"
	wait_until "the claim is taken" grep -q taken "$WORLD/log/squatter"
	printf 'services: [{listen: [":5432"]}]\n' | spillwayd_configure
	fails_with 1 "$WORLD_INTERFACE is claimed .* \(pid $(pid_of squatter), uid $(id -u nobody)\)" as_server timeout 20 \
		"$BUILD/spillwayd" --foreground --config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"
	stop_process squatter
	rm -f "$WORLD/log/squatter"
}

@test "a second daemon with pins of its own leaves the interface and its steering to the first" {
	configure
	local before
	before=$(traces_on_interface)
	sed "s|socket: $SOCKET|socket: $SOCKET.2|; s|127.0.0.1:9432||" "$WORLD/spillway.yaml" >"$WORLD/second.yaml"
	fails_with 1 "guarded by another spillwayd \(pid $(pid_of spillwayd), uid 0\): stop that one" as_server timeout 20 "$BUILD/spillwayd" --foreground \
		--config "$WORLD/second.yaml" --pin-dir "$PIN_DIR-second"
	[ ! -e "$PIN_DIR-second" ]
	assert_equal "what is on the interface" "$before" "$(traces_on_interface)"
	assert_status '.interfaces[0].attached' true
}

@test "what a killed daemon left on an interface is taken off by its successor, wherever it is attached now" {
	configure
	stop_process spillwayd KILL
	traces_on_interface | grep -q 0x5357
	sed -i 's/^interfaces:.*/interfaces: [{name: lo, mode: tc}]/' "$WORLD/spillway.yaml"
	spillwayd_run
	assert_equal "what is on the interface" "" "$(traces_on_interface)"
	spillwayd_stop
}

# Root's files are his own also without the capability to look into everybody's.
@test "with the three capabilities alone a daemon takes over, and says what it may not take off" {
	local three=-all,+bpf,+perfmon,+net_admin
	configure
	hold_many 1 2
	stop_process spillwayd KILL
	spawn spillwayd nsenter --net="/run/netns/$SERVER_NS" setpriv --bounding-set "$three" --inh-caps "$three" \
		"$BUILD/spillwayd" --foreground --config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"
	wait_until "it answers" sw status
	assert_status "$USED" 2
	assert_lane 10.77.1.9 refused
	stop_process spillwayd KILL
	sed -i 's/^interfaces:.*/interfaces: [{name: lo, mode: tc}]/' "$WORLD/spillway.yaml"
	spawn spillwayd nsenter --net="/run/netns/$SERVER_NS" setpriv --bounding-set "$three" --inh-caps "$three" \
		"$BUILD/spillwayd" --foreground --config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"
	wait_until "it says whose filter it may not see" \
		grep -q "$WORLD_INTERFACE: not permitted to see whose filter is there (CAP_SYS_ADMIN)" "$WORLD/log/spillwayd"
}

@test "limits and slots outlive a killed daemon" {
	configure
	hold_many 1 2
	stop_process spillwayd KILL
	assert_lane 10.77.1.9 refused
	release 1-1
	wait_until "the freed slot is the next client's" lane_is 10.77.1.9 direct
}

@test "on_daemon_loss: open admits everybody once the heartbeat is stale" {
	configure 'on_daemon_loss: open
heartbeat_timeout: 1s'
	hold_many 1 2
	assert_lane 10.77.1.9 refused
	stop_process spillwayd KILL
	wait_until "a client over the budget is admitted" lane_is 10.77.1.9 direct
}

@test "on_daemon_loss: closed refuses everybody but who is allowed once the heartbeat is stale" {
	configure 'on_daemon_loss: closed
heartbeat_timeout: 1s'
	assert_lane 10.77.1.1 direct
	sw allow 10.77.4.0/24
	stop_process spillwayd KILL
	wait_until "a client within the budget is refused" lane_is 10.77.1.9 refused
	assert_lane 10.77.4.1 direct
}

@test "the successor of a killed daemon goes on with its counts, serves, and stops cleanly" {
	configure
	hold_many 1 2
	stop_process spillwayd KILL
	spillwayd_run
	assert_matches "log" 'taking over from the daemon before' "$(cat "$WORLD/log/spillwayd")"
	assert_status "$USED" 2
	assert_lane 10.77.1.9 refused
	release_all
	eventually_status "$USED" 0
	spillwayd_stop
	assert_nothing_is_left
}

@test "connections from before it started take their slots and free them" {
	hold early 10.77.1.1
	configure
	assert_status "$USED" 1
	hold_many 2 1
	assert_lane 10.77.1.9 refused
	release early
	eventually_status "$USED" 1
	wait_until "the freed slot is the next client's" lane_is 10.77.1.9 direct
	release_all
	eventually_status "$USED" 0
}

@test "clients that are killed leave no slot behind" {
	configure
	hold_many 1 2
	kill -KILL "$(pid_of hold-1-1)" "$(pid_of hold-1-2)"
	eventually_status "$USED" 0
}
