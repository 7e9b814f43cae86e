#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native generic tc
# A SYN is kept and sent in as it came: whatever its checksum, its tags and its length.

load lib/e2e
load lib/waiters

setup_file() { world_with_database max_connections=26; }
teardown_file() { world_destroy; }
teardown() {
	as_client ethtool -K "$WORLD_INTERFACE" tx on
	clear_client_filters
	end_test
}

start() {
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 1}
		    queue: {max_wait: 40s}
		    pooler: {address: "127.0.0.1:6432", max_connections: 1}
		    lanes: [direct, queue, refuse]
		    classes:
		      - {name: default, rate: unlimited}
		      - {name: pooled, sources: ["10.77.7.0/24", "fd77:0:7::/48"], rate: unlimited, lanes: [pooler, queue, refuse]}
	YAML
}

# By the kernel's own count no frame was dropped for its checksum since.
checksum_errors() { as_server nstat -asz TcpInCsumErrors | awk '$1 == "TcpInCsumErrors" { print $2 }'; }

# both_families_wait: a client each waits, for the database and for the pooler, and gets in without having to
# send its SYN again.
both_families_wait() {
	local errors
	errors=$(checksum_errors)
	hold a 10.77.1.1
	hold b 10.77.7.1
	come_and_wait first 10.77.1.2
	come_and_wait second fd77:0:1::2
	come_and_wait third 10.77.7.2
	come_and_wait fourth fd77:0:7::2
	release a
	wait_until_served first
	wait_until_served second
	release b
	wait_until_served third
	wait_until_served fourth
	assert_quiet
	assert_equal "released unsent" 0 "$(counter released_unsent)"
	assert_equal "checksum errors" "$errors" "$(checksum_errors)"
}

raw_syn() { as_client python3 "$BATS_TEST_DIRNAME/lib/raw_syn.py" "$SERVER_IPV4" 5432 10.77.6.1 "$@"; }

@test "a checksum that was left to the device is completed" {
	as_client ethtool -K "$WORLD_INTERFACE" tx on
	start
	both_families_wait
}

@test "a checksum that is whole stays as it is" {
	as_client ethtool -K "$WORLD_INTERFACE" tx off
	start
	both_families_wait
}

@test "a checksum that is wrong is not put right: the SYN neither waits nor gets a slot" {
	start
	hold a 10.77.1.1
	raw_syn corrupt
	wait_until "it is dropped" verdicts_are 'lane="drop",reason="checksum"' 1
	assert_status "$WAITING" 0
	# The client repeats what was broken on its way: that waits. A broken repetition changes nothing. Sent by one
	# program: who is not heard of for long is taken for gone.
	raw_syn plain corrupt
	wait_until "the sound one waits" status_is "$WAITING" 1
	release a
	# Nobody is behind it: when it is let in its host answers with a RST.
	eventually_status '.services[0].counters.handshake_resets' 1
	assert_quiet
}

@test "a SYN that carries data cannot wait: the next lane answers" {
	start
	hold a 10.77.1.1
	raw_syn data
	wait_until "it is refused" status_is "$TOTALS.refused" 1
	assert_equal "refused as unparkable" 1 "$(verdicts 'lane="refuse",reason="unparkable"')"
	assert_status "$WAITING" 0
}

@test "a SYN with more headers than are kept cannot wait: the next lane answers" {
	start
	hold a 10.77.1.1
	raw_syn long
	wait_until "it is refused" status_is "$TOTALS.refused" 1
	assert_equal "refused as unparkable" 1 "$(verdicts 'lane="refuse",reason="unparkable"')"
	assert_status "$WAITING" 0
}

@test "frames with VLAN tags wait as well" {
	local tags
	for tags in once twice; do
		tag_client_frames "$tags"
		start
		both_families_wait
		spillwayd_stop
		clear_client_filters
	done
}
