#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native generic tc
# Two interfaces, one budget: and a start that fails at the second leaves the first as it was.

load lib/e2e
load lib/left_behind

setup_file() {
	world_with_database max_connections=40
	net_add_second
}
teardown_file() { world_destroy; }
teardown() {
	stop_process other
	rm -rf "$PIN_DIR-other"
	as_server ip link set dev "$WORLD_SECOND_INTERFACE" xdp off
	end_test
	# What a test left in the kernel on purpose goes with the next daemon that stops.
	[ ! -e "$PIN_DIR" ] || { guard "$WORLD_INTERFACE" && spillwayd_run && spillwayd_stop; } || true
	rm -rf "$PIN_DIR"
}

# guard NAME[:MODE]...: the configuration for these interfaces.
guard() {
	local at
	{
		printf 'interfaces:\n'
		for at in "$@"; do
			printf '  - {name: %s, mode: %s}\n' "${at%:*}" \
				"$(grep -o '[^:]*$' <<<"$at" | sed "s/^${at%:*}\$/$SPILLWAY_ATTACH/")"
		done
		cat <<-YAML
			services:
			  - name: main
			    listen: [":5432"]
			    budget: {mode: fixed, direct: 2}
			    lanes: [direct, refuse]
			    classes:
			      - {name: default, rate: unlimited}
		YAML
	} | spillwayd_configure
}

# The daemon goes and leaves everything to the next one.
hand_over() {
	sw handover
	wait_until "the daemon is gone" process_is_gone spillwayd
	rm -f "$WORLD/log/spillwayd"
}

# The gate is there and it counts: who leaves makes room for one, and not for two.
assert_the_gate_counts() {
	assert_lane 10.77.1.9 refused
	release "$1"
	wait_until "the slot is free" lane_is 10.77.1.9 direct
	wait_until "the next one stays" stays again 10.77.1.5
	assert_lane 10.77.1.9 refused
}

# stays NAME ADDRESS: who came before may not have closed yet on the server's side.
stays() { hold "$@" || {
	release "$1"
	return 1
}; }

xdp_of() { as_server ip -d link show dev "$1" | grep -o 'prog/xdp.*'; }

@test "clients of two interfaces share one budget" {
	guard "$WORLD_INTERFACE" "$WORLD_SECOND_INTERFACE"
	spillwayd_run
	hold one 10.77.1.1
	hold two 10.87.1.1
	assert_status "$USED" 2
	assert_lane 10.77.1.9 refused
	assert_lane 10.87.1.9 refused
	release two
	wait_until "the slot is free" lane_is 10.77.1.9 direct
}

@test "connections from before of both interfaces count from the first moment on" {
	hold one 10.77.1.1
	hold two 10.87.1.1
	guard "$WORLD_INTERFACE" "$WORLD_SECOND_INTERFACE"
	spillwayd_run
	assert_status "$USED" 2
	assert_status '.services[0].counters.drift' 0
	assert_lane 10.77.1.9 refused
	assert_lane 10.87.1.9 refused
}

@test "a start that fails at an interface that is gone leaves the gate on the one before it" {
	guard "$WORLD_INTERFACE"
	spillwayd_run
	hold_many 1 2
	stop_process spillwayd KILL
	guard "$WORLD_INTERFACE" nosuch0
	start_fails_with nosuch0
	assert_the_gate_counts 1-1
	guard "$WORLD_INTERFACE"
	spillwayd_run
	assert_status "$USED" 2
}

@test "such a start of another layout leaves the last daemon's maps as those that count" {
	guard "$WORLD_INTERFACE"
	BUILD="$BUILD/other-layout" spillwayd_run
	hold_many 1 2
	hand_over
	local before
	before=$(readlink "$PIN_DIR/current")
	guard "$WORLD_INTERFACE" nosuch0
	start_fails_with nosuch0
	assert_equal "generations" "$before" "$(cd "$PIN_DIR" && echo gen_*)"
	assert_equal "the current one" "$before" "$(readlink "$PIN_DIR/current")"
	assert_the_gate_counts 1-1
}

@test "a start that fails at an interface with a foreign XDP program leaves the gate on the one before it" {
	guard "$WORLD_INTERFACE"
	spillwayd_run
	hold_many 1 2
	stop_process spillwayd KILL
	WORLD_INTERFACE=$WORLD_SECOND_INTERFACE attach_xdp_pass as_server
	guard "$WORLD_INTERFACE" "$WORLD_SECOND_INTERFACE:native"
	start_fails_with "$WORLD_SECOND_INTERFACE has an XDP program already"
	assert_the_gate_counts 1-1
	assert_matches "the second interface" 'xdp_pass' "$(xdp_of "$WORLD_SECOND_INTERFACE")"
}

@test "a start that fails there with another file leaves limits, services, notes and counts as they were" {
	guard "$WORLD_INTERFACE"
	sed -i 's/:5432/:5433/' "$WORLD/spillway.yaml"
	spillwayd_run
	hold_many 1 2
	sw limit main default connections_per_source=7
	sw pause main
	stop_process spillwayd KILL
	cp "$WORLD/spillway.yaml" "$WORLD/before.yaml"
	WORLD_INTERFACE=$WORLD_SECOND_INTERFACE attach_xdp_pass as_server
	guard "$WORLD_INTERFACE" "$WORLD_SECOND_INTERFACE:native"
	sed -i 's/":5432"/":5433", ":5432"/; s/direct: 2/direct: 1/' "$WORLD/spillway.yaml"
	cat >>"$WORLD/spillway.yaml" <<-YAML
		      - {name: some, sources: [10.77.1.9], action: drop}
		mode: monitor
	YAML
	start_changes_nothing "$WORLD_SECOND_INTERFACE has an XDP program already"
	assert_equal "those who count" 0 "$(open_flows)"
	assert_lane 10.77.1.9 direct
	mv "$WORLD/before.yaml" "$WORLD/spillway.yaml"
	spillwayd_run
	assert_status '.services[0] | "\(.name) \(.budget.direct) \(.budget.used) \(.queue.paused)"' 'main 2 0 true'
	assert_status '.services[0].classes[] | select(.name == "default") | .connections_per_source' 7
}

@test "where the file gives an address to another service, those inside count again where they did" {
	guard "$WORLD_INTERFACE"
	cat >>"$WORLD/spillway.yaml" <<-YAML
		  - {name: other, listen: [":5433"]}
	YAML
	spillwayd_run
	hold_many 1 2
	stop_process spillwayd KILL
	WORLD_INTERFACE=$WORLD_SECOND_INTERFACE attach_xdp_pass as_server
	guard "$WORLD_INTERFACE" "$WORLD_SECOND_INTERFACE:native"
	sed -i 's/:5432/:5433/' "$WORLD/spillway.yaml"
	cat >>"$WORLD/spillway.yaml" <<-YAML
		  - {name: other, listen: [":5432"]}
	YAML
	start_changes_nothing "$WORLD_SECOND_INTERFACE has an XDP program already"
	assert_the_gate_counts 1-1
}

@test "such a start of another layout leaves a gate that counts" {
	guard "$WORLD_INTERFACE"
	BUILD="$BUILD/other-layout" spillwayd_run
	hold_many 1 2
	hand_over
	local before
	before=$(readlink "$PIN_DIR/current")
	WORLD_INTERFACE=$WORLD_SECOND_INTERFACE attach_xdp_pass as_server
	guard "$WORLD_INTERFACE" "$WORLD_SECOND_INTERFACE:native"
	start_fails_with "$WORLD_SECOND_INTERFACE has an XDP program already"
	assert_equal "generations" "$before" "$(cd "$PIN_DIR" && echo gen_*)"
	assert_equal "the current one" "$before" "$(readlink "$PIN_DIR/current")"
	assert_the_gate_counts 1-1
	guard "$WORLD_INTERFACE"
	spillwayd_run
	assert_status "$USED" 2
	assert_equal "generations" 1 "$(find "$PIN_DIR" -name 'gen_*' | wc -l)"
}

# What daemons before 0.2 left: everything in the one directory, and nothing that says which maps count.
make_pins_old() {
	mv "$PIN_DIR/current/"* "$PIN_DIR"
	rm "$PIN_DIR/state" "$PIN_DIR/current"
	rmdir "$PIN_DIR"/gen_*
}

@test "a start that fails beside a gate of before 0.2 leaves it, and it counts on" {
	guard "$WORLD_INTERFACE"
	spillwayd_run
	hold_many 1 2
	stop_process spillwayd KILL
	make_pins_old
	local before
	before=$(cd "$PIN_DIR" && echo *)
	guard "$WORLD_INTERFACE" nosuch0
	start_fails_with nosuch0
	assert_equal "pins" "$before" "$(cd "$PIN_DIR" && echo *)"
	assert_the_gate_counts 1-1
	WORLD_INTERFACE=$WORLD_SECOND_INTERFACE attach_xdp_pass as_server
	guard "$WORLD_INTERFACE" "$WORLD_SECOND_INTERFACE:native"
	start_fails_with "$WORLD_SECOND_INTERFACE has an XDP program already"
	assert_equal "pins" "$before" "$(cd "$PIN_DIR" && echo *)"
	release again
	wait_until "the slot is free" lane_is 10.77.1.9 direct
	guard "$WORLD_INTERFACE"
	spillwayd_run
	assert_status "$USED" 1
}

@test "a start that fails takes its gate off where none was before" {
	guard "$WORLD_INTERFACE"
	spillwayd_run
	stop_process spillwayd KILL
	WORLD_INTERFACE=$WORLD_SECOND_INTERFACE attach_xdp_pass as_server
	ip link add lost0 netns "$SERVER_NS" type veth peer name lost1 netns "$SERVER_NS"
	guard "$WORLD_INTERFACE" lost0 "$WORLD_SECOND_INTERFACE:native"
	start_fails_with "$WORLD_SECOND_INTERFACE has an XDP program already"
	assert_equal "qdisc" "" "$(as_server tc qdisc show dev lost0 clsact)"
	assert_equal "XDP" "" "$(xdp_of lost0)"
	as_server ip link delete lost0
}

@test "a first start that fails leaves nothing" {
	guard "$WORLD_INTERFACE" nosuch0
	start_fails_with nosuch0
	assert_equal "pins" "" "$(find "$PIN_DIR" 2>/dev/null)"
	assert_equal "qdisc" "" "$(as_server tc qdisc show dev "$WORLD_INTERFACE" clsact)"
	assert_equal "XDP" "" "$(xdp_of "$WORLD_INTERFACE")"
	assert_lane 10.77.1.9 direct
}

@test "a mark that a dead daemon left takes no gate off that is another daemon's" {
	guard "$WORLD_SECOND_INTERFACE:tc"
	sed "s,^control:.*,control: {socket: $WORLD/other.sock}," "$WORLD/spillway.yaml" >"$WORLD/other.yaml"
	spawn other nsenter --net="/run/netns/$SERVER_NS" "$BUILD/spillwayd" --foreground \
		--config "$WORLD/other.yaml" --pin-dir "$PIN_DIR-other"
	wait_until "the other daemon answers" as_server "$BUILD/spillway" --socket "$WORLD/other.sock" status
	mkdir -p "$PIN_DIR/qdisc_$(as_server ip -j link show dev "$WORLD_SECOND_INTERFACE" | jq ".[0].ifindex")"
	guard "$WORLD_INTERFACE"
	sed -i 's/^http:.*/http: {listen: ""}/' "$WORLD/spillway.yaml"
	spillwayd_run
	assert_matches "the other daemon's filter" gate_tc "$(as_server tc filter show dev "$WORLD_SECOND_INTERFACE" ingress)"
	stop_process other
	spillwayd_stop
	assert_equal "pins" "" "$(find "$PIN_DIR" "$PIN_DIR-other" 2>/dev/null)"
}

# gates_of_daemon: the names of those that it has loaded.
gates_of_daemon() {
	local pid
	pid=$(pid_of spillwayd)
	sed -n 's/^prog_id:[[:space:]]*//p' "/proc/$pid/fdinfo/"* | sort -u | while read -r id; do
		bpftool --json prog show id "$id" | jq -r '.name | select(startswith("gate_"))'
	done | sort | paste -sd ' '
}

@test "a gate that no interface needs is not loaded until one does" {
	local one=gate_xdp other=tc
	[ "$SPILLWAY_ATTACH" != tc ] || one=gate_tc other=native
	guard "$WORLD_INTERFACE"
	spillwayd_run
	assert_equal "gates" "$one" "$(gates_of_daemon)"
	guard "$WORLD_INTERFACE" "$WORLD_SECOND_INTERFACE:$other"
	sw reload
	assert_equal "gates" "gate_tc gate_xdp" "$(gates_of_daemon)"
	hold one 10.77.1.1
	hold two 10.87.1.1
	assert_lane 10.77.1.9 refused
	spillwayd_stop
}
