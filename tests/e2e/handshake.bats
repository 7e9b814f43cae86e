#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native generic tc
# Handshakes that do not go as they should.

load lib/e2e

setup_file() {
	need_root
	world_create
	# A network that no host has: nobody answers its SYN-ACKs.
	as_server ip route add 10.79.0.0/24 via "$GATEWAY_IPV4"
}
teardown_file() { world_destroy; }
teardown() {
	end_test
	stop_process listener KILL
}

# Takes whom the kernel gives it, and keeps silent.
listen() {
	spawn listener nsenter --net="/run/netns/$SERVER_NS" \
		python3 -c 'import signal, socket; s = socket.create_server(("", 5432), backlog=4096); signal.pause()'
	wait_until "somebody listens" is_listened
}

is_listened() { [ -n "$(as_server ss -Htln "sport = :5432")" ]; }

connections() { as_server ss -Htn state established "sport = :5432" | wc -l; }

@test "a handshake that is completed on two CPUs at once makes one connection, and that keeps its slot" {
	listen
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 1000}
		    classes:
		      - {name: default, rate: unlimited}
	YAML
	assert_equal "answered" 500 \
		"$(as_client python3 "$BATS_TEST_DIRNAME/lib/twin_acks.py" "$WORLD_INTERFACE" "$SERVER_IPV4" 10.79.0 500)"
	assert_equal "connections" 500 "$(connections)"
	assert_status "$USED" 500
	assert_equal "adopted" 0 "$(sw status --reconcile --json | jq -r .reconcile.adopted)"
}
