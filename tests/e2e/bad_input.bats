#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Whatever is wrong ends in one clear message and the promised exit code; what ran before goes on.

load lib/e2e

setup_file() {
	need_root
	world_create
	postgres_start
}
teardown_file() { world_destroy; }
teardown() {
	end_test
	as_server ip link set dev "$WORLD_INTERFACE" xdp off
}

# Programs where an unprivileged user can reach them, wherever the build is.
setup() {
	install -m 755 "$BUILD/spillwayd" "$BUILD/spillway" "$WORLD"
}

# The plain configuration; its lines may be changed by sed expressions.
configure_with() {
	local edits=() expression
	for expression in "$@"; do edits+=(-e "$expression"); done
	sed -e '' "${edits[@]}" <<-YAML | spillwayd_configure
		interfaces: [{name: $WORLD_INTERFACE, mode: native}]
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 2}
		    lanes: [direct, refuse]
	YAML
}

# Runs a daemon that is expected to end by itself; one that serves would stay until the timeout (124).
daemon() { as_server timeout -k 1 10 "$@" "$WORLD/spillwayd" --foreground --config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"; }

# The same in a mount namespace of its own, after COMMANDS have changed what is mounted there.
daemon_where() {
	as_server unshare --mount --propagation private sh -c "$1"' && shift && exec "$@"' sh - \
		timeout -k 1 10 "$BUILD/spillwayd" --foreground --config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"
}

nothing_is_left() {
	assert_equal "pins" "" "$(find "$PIN_DIR" 2>/dev/null)"
	assert_equal "qdisc" "" "$(as_server tc qdisc show dev "$WORLD_INTERFACE" clsact)"
}

@test "an interface that does not exist is named" {
	configure_with "s/name: $WORLD_INTERFACE/name: nosuch0/"
	fails_with 1 'nosuch0' daemon
	nothing_is_left
}

@test "an interface that already runs an XDP program keeps it, and the message says what to do" {
	attach_xdp_pass as_server
	configure_with
	fails_with 1 "$WORLD_INTERFACE.*(already|another).*XDP" daemon
	assert_matches "interface" 'xdp_pass' "$(as_server ip -d link show dev "$WORLD_INTERFACE")"
	nothing_is_left
}

@test "in mode auto an interface that already runs an XDP program is guarded by tc" {
	attach_xdp_pass as_server
	configure_with 's/mode: native/mode: auto/'
	spillwayd_run
	assert_status '.interfaces[0].mode' tc
}

@test "a port claimed by two services is a configuration error" {
	# shellcheck disable=SC2016 # $ is sed's last line
	configure_with '$a\  - {name: second, listen: [":5432"]}'
	fails_with 2 'spillway\.yaml:[0-9]+.*5432' daemon
	nothing_is_left
}

@test "an unknown key, a wrong type and a value out of range are each named with their line" {
	configure_with 's/budget:/bugdet:/'
	fails_with 2 'spillway\.yaml:[0-9]+:[0-9]+.*bugdet' daemon
	configure_with 's/direct: 2/direct: many/'
	fails_with 2 'spillway\.yaml:[0-9]+:[0-9]+.*direct.*many' daemon
	configure_with 's/":5432"/":70000"/'
	fails_with 2 'spillway\.yaml:[0-9]+:[0-9]+.*70000' daemon
}

@test "more slots reserved than the budget has is a configuration error" {
	# shellcheck disable=SC2016 # $ is sed's last line
	configure_with '$a\    classes: [{name: admin, sources: ["10.0.0.5/32"], reserved: 3}]'
	fails_with 2 'spillway\.yaml:[0-9]+.*reserve 3 slots' daemon
}

@test "more classes than the kernel has room for are refused alike by check and by the daemon" {
	# shellcheck disable=SC2016 # $ is sed's last line
	configure_with '$a\    classes:'
	# With default, allowed and denied these are 513.
	for ((i = 0; i < 510; i++)); do
		printf '      - {name: c%d, sources: ["10.0.%d.%d/32"]}\n' "$i" $((i / 256)) $((i % 256))
	done >>"$WORLD/spillway.yaml"
	fails_with 2 'spillway\.yaml:[0-9]+.*513 classes.*at most 512' sw check "$WORLD/spillway.yaml"
	fails_with 2 'spillway\.yaml:[0-9]+.*513 classes.*at most 512' daemon
	sed -i '$d' "$WORLD/spillway.yaml"
	spillwayd_run
	assert_status '.services[0].classes | length' 510
}

@test "a missing configuration file is named" {
	rm -f "$WORLD/spillway.yaml"
	fails_with 2 "$WORLD/spillway.yaml" daemon
}

@test "without permission it says which capability is missing" {
	configure_with
	fails_with 3 'CAP_|root|permission' daemon setpriv --reuid=nobody --regid=nogroup --clear-groups
	nothing_is_left
}

@test "without bpffs it mounts one or says how" {
	configure_with
	run daemon_where 'umount -l /sys/fs/bpf'
	# 124: it served until the timeout ended it, so it had mounted one for itself.
	[ "$status" -eq 124 ] || {
		assert_equal "exit code" 3 "$status"
		assert_matches "message" 'mount -t bpf' "$output"
	}
}

@test "without BTF it names the kernel feature" {
	configure_with
	fails_with 3 'BTF' daemon_where 'mount -t tmpfs none /sys/kernel/btf'
	nothing_is_left
}

@test "a second daemon leaves the first alone" {
	configure_with
	spillwayd_run
	fails_with 1 "another spillwayd is running on $PIN_DIR: stop it first, or give this one its own --pin-dir" daemon
	assert_status '.daemon.pid' "$(pid_of spillwayd)"
	hold one 10.77.1.1
	assert_status "$USED" 1
}

@test "a control client that talks nonsense, halves or a megabyte is told so and nobody else notices" {
	configure_with
	spillwayd_run
	hold one 10.77.1.1
	local kind
	for kind in garbage megabyte unknown list; do
		assert_matches "answer to $kind" '"error".*"code" *: *2' \
			"$(python3 "$BATS_TEST_DIRNAME/lib/control_abuse.py" "$SOCKET" $kind)"
	done
	for kind in half hangup; do
		python3 "$BATS_TEST_DIRNAME/lib/control_abuse.py" "$SOCKET" $kind
	done
	assert_status "$USED" 1
	process_runs spillwayd
}

@test "who is neither root nor the daemon may look and not touch" {
	configure_with
	spillwayd_run
	chmod 666 "$SOCKET"
	as_nobody() { as_server setpriv --reuid=nobody --regid=nogroup --clear-groups "$WORLD/spillway" --socket "$SOCKET" "$@"; }
	as_nobody status
	fails_with 3 'permi|root|privilege' as_nobody budget main 7
	assert_status '.services[0].budget.direct' 2
}

@test "without a daemon the command line exits 4" {
	fails_with 4 'spillwayd|daemon' sw status
}

@test "unknown options and trailing junk in numbers are usage errors" {
	configure_with
	spillwayd_run
	fails_with 2 'frob' sw status --frob
	fails_with 2 '12abc' sw budget main 12abc
	fails_with 2 'nosuch' sw budget nosuch 3
	fails_with 2 'frob' as_server "$BUILD/spillwayd" --frob
	fails_with 2 "unknown option '--che'" as_server "$BUILD/spillwayd" --che --service 5432
	fails_with 2 '8x' as_server "$BUILD/spillwayd" --interface "$WORLD_INTERFACE" --service 5432 --budget 8x
	assert_status '.services[0].budget.direct' 2
}

@test "attach to an interface that does not exist leaves the others attached" {
	configure_with
	spillwayd_run
	fails_with 1 'nosuch0' sw attach nosuch0
	fails_with 1 'nosuch0' sw detach nosuch0
	assert_status '.interfaces | length' 1
	hold one 10.77.1.1
	assert_status "$USED" 1
}

@test "a pin directory that the BPF file system cannot have is named with the reason" {
	document_for_pins | spillwayd_configure
	fails_with 2 'no dot in a name' as_server timeout 20 "$BUILD/spillwayd" --foreground \
		--config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR.2"
	fails_with 3 'not on a BPF file system' as_server timeout 20 "$BUILD/spillwayd" --foreground \
		--config "$WORLD/spillway.yaml" --pin-dir "$WORLD/pins"
}

document_for_pins() { printf 'services: [{listen: [":5432"]}]\n'; }

# refuses_pin NAME: the daemon says what is foreign, ends, and has touched nothing.
refuses_pin() {
	local before
	before=$(find "$PIN_DIR-foreign" | sort)
	fails_with 1 "holds '$1', which Spillway did not pin: move it away" as_server timeout 20 \
		"$BUILD/spillwayd" --foreground --config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR-foreign"
	assert_equal "what is pinned" "$before" "$(find "$PIN_DIR-foreign" | sort)"
}

pin_strangers_map() { bpftool map create "$1" type array key 4 value 8 entries 1 name stranger; }

@test "a pin directory with something foreign in it is left as it is" {
	local name
	document_for_pins | spillwayd_configure
	mkdir -p "$PIN_DIR-foreign/not-ours"
	refuses_pin not-ours
	rmdir "$PIN_DIR-foreign/not-ours"
	# Names much like ours.
	for name in map_mine map_flows2 next_mine gen_x gen_1 gen_01 link_mine link_xdp_x link_xdp_99999 qdisc_99999 \
		current_mine state_of_mine; do
		pin_strangers_map "$PIN_DIR-foreign/$name"
		refuses_pin "$name"
		rm "$PIN_DIR-foreign/$name"
	done
	mkdir "$PIN_DIR-foreign/gen_7"
	pin_strangers_map "$PIN_DIR-foreign/gen_7/map_mine"
	refuses_pin gen_7/map_mine
	rm -r "$PIN_DIR-foreign"
}

@test "what a stranger pins beside ours while the daemon runs outlives its stop" {
	configure_with
	spillwayd_run
	pin_strangers_map "$PIN_DIR/map_mine"
	pin_strangers_map "$PIN_DIR/current/map_mine"
	spillwayd_stop
	assert_equal "pins" "gen_1/map_mine map_mine" "$(cd "$PIN_DIR" && find . -type f -printf '%P\n' | sort | xargs)"
	rm -r "$PIN_DIR"
}
