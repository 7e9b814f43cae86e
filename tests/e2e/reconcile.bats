#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# Flows against the kernel's own sockets: at attach, and whenever they are compared.

load lib/e2e
load lib/netlink_faults
load lib/left_behind

setup_file() { world_with_database max_connections=340; }
teardown_file() { world_destroy; }
teardown() { end_test; }

DRIFT='.services[0].counters.drift'
ADOPTED='.services[0].counters.adopted'

# configure [DIRECT]
configure() {
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: ${1:-20}}
		    pooler: {address: "127.0.0.1:6432", max_connections: 100}
		    lanes: [direct, pooler, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

reconciled() { sw status --reconcile --json | jq -r ".reconcile.$1"; }

@test "connections from before it started count, of both families" {
	hold four 10.77.1.1
	hold six fd77:0:1::1
	configure 2
	assert_status "$USED" 2
	assert_status "$ADOPTED" 2
	assert_status "$DRIFT" 0
	assert_lane 10.77.1.9 pooler
	release_all
	eventually_status "$USED" 0
	assert_equal "flows without a socket" 0 "$(reconciled released)"
}

# link_local_of SIDE: its address, once nobody else may have it.
link_local_of() {
	"$1" ip -j -6 address show dev "$WORLD_INTERFACE" scope link -tentative | jq -er 'first(.[].addr_info[]?.local | strings)'
}

@test "connections by link-local addresses count, which no route leads to: those from before, and one whose flow was lost" {
	local key
	wait_until "the client has its address" link_local_of as_client
	wait_until "the server has its address" link_local_of as_server
	# Whoever asks without saying by which link is led here.
	as_server ip link add other0 type veth peer name other1
	as_server ip link set other0 up
	as_server ip link set other1 up
	as_server ip -6 route add fe80::/64 dev other0 metric 1
	hold one link-local "$(link_local_of as_server)%$WORLD_INTERFACE"
	configure 2
	assert_status "$USED" 1
	assert_status "$ADOPTED" 1
	release one
	eventually_status "$USED" 0
	hold one link-local "$(link_local_of as_server)%$WORLD_INTERFACE"
	mapfile -t key < <(only_flow)
	bpftool map delete pinned "$(flows_pin)" key "${key[@]}"
	assert_equal "adopted" 1 "$(reconciled adopted)"
	assert_status "$DRIFT" 1
	as_server ip link delete other0
}

@test "those that were with the pooler before are told from those with the database" {
	configure 1
	hold direct 10.77.1.1
	hold pooled 10.77.1.2
	assert_equal "lane" pooler "$(held_lane pooled)"
	spillwayd_stop
	spillwayd_run
	assert_status "$USED" 1
	assert_status '.services[0].pooler.used' 1
	release_all
	eventually_status "$USED" 0
	eventually_status '.services[0].pooler.used' 0
}

@test "connections over loopback take no slot" {
	spawn local nsenter --net="/run/netns/$SERVER_NS" \
		psql -XqAt -h 127.0.0.1 -p 5432 -U app -d app -c "select 'in'" -c 'select pg_sleep(60)'
	wait_until "it is connected" grep -qx in "$WORLD/log/local"
	configure
	assert_equal "adopted" 0 "$(reconciled adopted)"
	assert_status "$USED" 0
	stop_process local
}

@test "a session whose flow was lost counts again, as drift" {
	local key
	configure
	hold one 10.77.1.1
	mapfile -t key < <(only_flow)
	bpftool map delete pinned "$(flows_pin)" key "${key[@]}"
	assert_equal "adopted" 1 "$(reconciled adopted)"
	assert_status "$DRIFT" 1
	assert_equal "adopted by the next pass" 0 "$(reconciled adopted)"
	assert_matches "log" 'differed' "$(cat "$WORLD/log/spillwayd")"
}

@test "a flow without a session is released, as drift" {
	configure
	hold one 10.77.1.1
	end_unheard one
	assert_status "$USED" 1
	wait_until "it is old enough to be looked at" has_released
	assert_status "$USED" 0
	assert_status "$DRIFT" 1
}

has_released() { [ "$(sw status --json --reconcile | jq -r '.services[0].counters.drift')" = 1 ]; }

@test "nothing differs where nothing was tampered with" {
	configure
	hold_many 1 3
	release 1-2
	assert_equal "reconcile" "0 0 0" \
		"$(sw status --reconcile --json | jq -r '.reconcile | "\(.adopted) \(.confirmed) \(.released)"')"
	assert_status "$DRIFT" 0
}

# More than one answer of the kernel's holds.
hold_300() {
	spawn storm nsenter --net="/run/netns/$CLIENT_NS" prlimit --nofile=4096:4096 \
		"$BUILD/storm" --target "$SERVER_IPV4:5432" --user app --database app --no-progress \
		--source-base 10.77.3.1 --source-count 100 --clients 300 --hold 60s
	wait_until "300 are connected" connected 300
}

@test "300 sessions, more than one answer of the kernel's holds, are all found" {
	hold_300
	configure 310
	assert_status "$USED" 300
	stop_process storm
	eventually_status "$USED" 0
}

@test "an error of the kernel's at any answer to what sockets there are is told, and nothing is released" {
	local nth told=0
	hold_300
	configure 310
	for nth in {1..12}; do
		run with_netlink_failing "$nth" sw status --reconcile
		[ "$status" -eq 0 ] || {
			assert_matches "message" "comparing flows with the kernel's sockets: No buffer space" "$output"
			told=$((told + 1))
		}
		assert_status "$USED" 300
	done
	[ "$told" -ge 3 ]
	assert_equal "adopted, confirmed, released by the next pass" "0 0 0" \
		"$(sw status --reconcile --json | jq -r '.reconcile | "\(.adopted) \(.confirmed) \(.released)"')"
	assert_status "$DRIFT" 0
	stop_process storm
	eventually_status "$USED" 0
}

@test "an error at any answer to where clients come from is told as well, and the next pass finds who has no flow" {
	local key nth told=0
	configure
	hold one 10.77.1.1
	for nth in {1..12}; do
		mapfile -t key < <(only_flow)
		bpftool map delete pinned "$(flows_pin)" key "${key[@]}"
		run with_netlink_failing "$nth" sw status --reconcile
		[ "$status" -eq 0 ] || told=$((told + 1))
		# Found by this pass, or told and found by the next.
		[ "$status" -ne 0 ] || assert_flow_is_there
		sw status --reconcile
		assert_flow_is_there
	done
	[ "$told" -ge 4 ]
}

assert_flow_is_there() {
	assert_equal "flows" 1 "$(bpftool --json map dump pinned "$(flows_pin)" | jq length)"
}

# two_services NAME PORT: main, and one more.
two_services() {
	spillwayd_configure <<-YAML
		services:
		  - name: main
		    listen: [":5433"]
		    budget: {mode: fixed, direct: 20}
		    lanes: [direct, refuse]
		  - name: $1
		    listen: [":$2"]
		    budget: {mode: fixed, direct: 2}
		    lanes: [direct, refuse]
	YAML
}

@test "a reload that cannot count who is inside already guards nothing more, and what runs stays whole" {
	local nth failed=0
	hold_many 1 2
	for nth in {1..12}; do
		two_services old 5434
		spillwayd_run
		as_client bash -c "exec 3<>/dev/tcp/$SERVER_IPV4/5434" || true
		assert_status '.services[1] | "\(.name) \(.totals.syn)"' 'old 1'
		two_services new 5432
		run with_netlink_failing "$nth" sw reload
		if [ "$status" -ne 0 ]; then
			assert_matches "message" 'connections from before the gate cannot be counted: No buffer space' "$output"
			failed=$((failed + 1))
			assert_status '.services[1] | "\(.name) \(.totals.syn)"' 'old 1'
			assert_equal "open flows" 0 "$(open_flows)"
			sw reload
		fi
		assert_status '.services[1] | "\(.name) \(.budget.used)"' 'new 2'
		assert_lane 10.77.1.9 refused
		spillwayd_stop
	done
	[ "$failed" -ge 4 ]
}

@test "an interface whose connections cannot be counted is not attached" {
	local nth first failed=0
	spillwayd_configure <<-YAML
		interfaces: []
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 2}
		    lanes: [direct, refuse]
	YAML
	spillwayd_run
	hold_many 1 2
	with_answers_traced trace=recvmsg sw attach "$WORLD_INTERFACE" --mode "$SPILLWAY_ATTACH"
	spillwayd_stop
	spillwayd_run
	first=$(first_count)
	for ((nth = first; nth < first + 12; nth++)); do
		run with_netlink_failing "$nth" sw attach "$WORLD_INTERFACE" --mode "$SPILLWAY_ATTACH"
		# What comes after that is another matter.
		grep -q 'connections from before the gate cannot be counted: No buffer space' <<<"$output" || break
		failed=$((failed + 1))
		assert_status '.interfaces | length' 0
		assert_status "$USED" 0
		assert_lane 10.77.1.9 direct
	done
	[ "$failed" -ge 4 ]
	sw attach "$WORLD_INTERFACE" --mode "$SPILLWAY_ATTACH"
	assert_status "$USED" 2
	assert_lane 10.77.1.9 refused
}

run_before_the_reload() {
	rm -f "$WORLD/log/spillwayd"
	sed 's/^interfaces:.*/interfaces: []/; /name: more/,$d' "$WORLD/after.yaml" >"$WORLD/spillway.yaml"
	spillwayd_run
	cp "$WORLD/after.yaml" "$WORLD/spillway.yaml"
}

@test "a reload that fails after a new interface was attached takes it off, and nobody counts by it" {
	local nth again late=0
	hold_many 1 2
	two_services more 5434
	sed "s/:5433/:5432/" "$WORLD/spillway.yaml" >"$WORLD/after.yaml"
	run_before_the_reload
	with_answers_traced trace=recvmsg sw reload
	spillwayd_stop
	again=$(next_count)
	# While it is attached, and when what is new is counted then.
	for nth in $((again - 11)) $(seq $((again - 3)) $((again + 9))); do
		run_before_the_reload
		run with_netlink_failing "$nth" sw reload
		if [ "$status" -ne 0 ]; then
			assert_status '[(.interfaces, .services) | length | tostring] | join(" ")' '0 1'
			assert_equal "open flows at answer $nth" 0 "$(open_flows)"
			assert_lane 10.77.1.9 direct
			late=$((late + $(grep -c 'detaching from' "$WORLD/log/spillwayd" || true)))
		fi
		spillwayd_stop
	done
	[ "$late" -ge 1 ]
}

@test "while the kernel tells nothing of sockets the log says so, and afterwards what differed is put right" {
	configure 1
	hold one 10.77.1.1
	with_netlink_failing 1+ a_flow_is_lost_and_the_log_says_what_fails
	WAIT_SECONDS=15 eventually_status "$DRIFT" 1
	# Nor did the daemon think that its gate was gone, of which the kernel told nothing either.
	assert_equal "gates taken off" 0 "$(grep -c 'the gate' "$WORLD/log/spillwayd" || true)"
	assert_lane 10.77.1.2 pooler
}

# By the clock, every ten seconds.
a_flow_is_lost_and_the_log_says_what_fails() {
	local key
	mapfile -t key < <(only_flow)
	bpftool map delete pinned "$(flows_pin)" key "${key[@]}"
	WAIT_SECONDS=15 wait_until "the log says so" \
		grep -q "comparing flows with the kernel's sockets: .*; trying again every 10 s" "$WORLD/log/spillwayd"
}

@test "in monitor mode those who would have been refused stay without a slot" {
	spillwayd_start <<-YAML
		mode: monitor
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 1}
		    lanes: [direct, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
	hold_many 1 2
	assert_equal "adopted" 0 "$(reconciled adopted)"
	assert_status "$USED" 1
	assert_status "$DRIFT" 0
}
