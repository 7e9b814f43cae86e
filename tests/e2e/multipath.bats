#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Multipath TCP: each of its paths is a TCP connection, and only those count; the kernel tells of the whole, too,
# under the addresses of the first path.

load lib/e2e

setup_file() {
	need_root
	multipath probe || skip "missing capability: Multipath TCP"
	world_create
}
teardown_file() { [ -z "${WORLD:-}" ] || world_destroy; }
teardown() {
	stop_process first KILL
	stop_process second KILL
	stop_process server KILL
	rm -f "$WORLD"/log/{first,second,server}
	end_test
}

PATH_OF_FIRST='sport = :5432 and dport = :45678'

multipath() { python3 "$BATS_TEST_DIRNAME/lib/multipath.py" "$@"; }

configure() {
	spawn server nsenter --net="/run/netns/$SERVER_NS" python3 "$BATS_TEST_DIRNAME/lib/multipath.py" serve 5432
	wait_until "somebody listens" is_listened
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    protocol: tcp
		    budget: {mode: fixed, direct: 2}
		    lanes: [direct, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

is_listened() { [ -n "$(as_server ss -Htln "sport = :5432")" ]; }

# call NAME PROTOCOL: from the one port.
call() {
	spawn "$1" nsenter --net="/run/netns/$CLIENT_NS" python3 "$BATS_TEST_DIRNAME/lib/multipath.py" \
		call "$2" "$SERVER_IPV4" 5432 10.77.1.1 45678
	wait_until "$1 is connected" grep -qx connected "$WORLD/log/$1"
}

have_been_accepted() { [ "$(grep -c accepted "$WORLD/log/server")" -eq "$1" ]; }

# Connections as a whole, of both ends or of none.
multipaths() { as_server ss -HtnM state established "sport = :5432" | grep -c mptcp; }

@test "a connection over Multipath TCP holds one slot from its handshake to its end" {
	configure
	call first mptcp
	wait_until "it was accepted" have_been_accepted 1
	assert_equal "Multipath TCP" 1 "$(multipaths)"
	assert_status "$USED" 1
	kill -USR1 "$(pid_of server)"
	stop_process first KILL
	eventually_status "$USED" 0
	assert_status '.services[0].counters.drift' 0
	assert_equal "reconcile" "0 0 0" \
		"$(sw status --reconcile --json | jq -r '.reconcile | "\(.adopted) \(.confirmed) \(.released)"')"
}

@test "the end of one whose only path is gone takes no slot from who has its addresses by then" {
	configure
	call first mptcp
	wait_until "it was accepted" have_been_accepted 1
	as_server ss -HtK "$PATH_OF_FIRST" >/dev/null
	stop_process first KILL
	eventually_status "$USED" 0
	assert_equal "Multipath TCP" 1 "$(multipaths)"
	call second tcp
	wait_until "it was accepted" have_been_accepted 2
	assert_status "$USED" 1
	kill -USR1 "$(pid_of server)"
	wait_until "the first is closed" no_multipath
	assert_status "$USED" 1
	stop_process second KILL
}

no_multipath() { [ "$(multipaths)" -eq 0 ]; }
