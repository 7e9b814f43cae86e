#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native tc
# Whose turn it is, under each discipline, as the server sees it. All come during a pause, and get in one
# after another.

load lib/e2e
load lib/waiters

setup_file() { world_with_database max_connections=26; }
teardown_file() { world_destroy; }
teardown() { end_test; }

# start_paused DISCIPLINE
start_paused() {
	spillwayd_start <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 1}
		    queue: {max_wait: 60s, discipline: $1, resume_rate: unlimited}
		    lanes: [direct, queue, refuse]
		    classes:
		      - {name: default, rate: unlimited}
		      - {name: heavy, sources: ["10.77.13.0/24"], rate: unlimited, weight: 3}
		      - {name: light, sources: ["10.77.14.0/24"], rate: unlimited, weight: 1}
	YAML
	sw pause main
	mark_log
}

five_come() {
	local i
	for i in 1 2 3 4 5; do
		come_and_wait "client-$i" "10.77.1.$i"
	done
}

five_are_served() {
	local i
	sw resume main
	for i in 1 2 3 4 5; do
		wait_until_served "client-$i"
	done
	assert_quiet
}

@test "fifo: who came first is first" {
	start_paused fifo
	five_come
	five_are_served
	assert_equal "order" "10.77.1.1 10.77.1.2 10.77.1.3 10.77.1.4 10.77.1.5" "$(arrivals | xargs)"
}

@test "lifo: who came last is first" {
	start_paused lifo
	five_come
	five_are_served
	assert_equal "order" "10.77.1.5 10.77.1.4 10.77.1.3 10.77.1.2 10.77.1.1" "$(arrivals | xargs)"
}

# The longest first, as `spillway queue` has it of classes and sources at one moment.
oldest_of() {
	sw queue --json | jq -r ".services[0] as \$all | \$all.$1 | sort_by(-.oldest_s)
		| map(select(.oldest_s != null)) | (.[0].oldest_s == \$all.oldest_s), .[].$2" | xargs
}

@test "how long its oldest waits is shown of each class and source" {
	start_paused lifo
	come_and_wait client-1 10.77.14.1
	come_and_wait client-2 10.77.13.1
	come_and_wait client-3 10.77.1.1
	come_and_wait client-4 10.77.14.1
	come_and_wait client-5 10.77.13.2
	assert_equal "classes" "true light heavy default" "$(oldest_of classes name)"
	assert_equal "sources" "true 10.77.14.1 10.77.13.1 10.77.1.1 10.77.13.2" "$(oldest_of sources source)"
	# When those who came first have left those who came next are the oldest.
	send_away client-1 client-2
	WAIT_SECONDS=40 wait_until "they are forgotten" status_is "$WAITING" 3
	assert_equal "classes" "true default light heavy" "$(oldest_of classes name)"
	assert_equal "sources" "true 10.77.1.1 10.77.14.1 10.77.13.2" "$(oldest_of sources source)"
	sw resume main
	for i in 3 4 5; do
		wait_until_served "client-$i"
	done
	assert_quiet
}

@test "fair: sources have their turns, and within a source who came first is first" {
	start_paused fair
	come_and_wait client-1 10.77.1.1
	come_and_wait client-2 10.77.1.1
	come_and_wait client-3 10.77.1.1
	come_and_wait client-4 10.77.1.2
	come_and_wait client-5 10.77.1.2
	five_are_served
	assert_equal "order" "10.77.1.1 10.77.1.2 10.77.1.1 10.77.1.2 10.77.1.1" "$(arrivals | xargs)"
}

@test "fair: of one source with 500 and ten with 5 each the ten are done first" {
	local last
	start_paused fair
	storm_from noisy 10.77.1.1 1 500 --within 500ms
	wait_until "500 wait" status_is "$WAITING" 500
	storm_from quiet 10.77.2.1 10 50 --within 100ms
	wait_until "550 wait" status_is "$WAITING" 550
	sw resume main
	storm_is_served quiet
	storm_is_served noisy
	assert_equal "arrivals" 550 "$(arrivals | wc -l)"
	last=$(arrivals | grep -n '^10\.77\.2\.' | tail -n 1)
	# Five rounds of eleven sources.
	[ "${last%%:*}" -le 55 ] || {
		printf 'the last of the ten sources came as number %s\n' "${last%%:*}"
		return 1
	}
	assert_quiet
}

# One at a time gets in, whose turn it is: of each four in a row three are of the heavy class, whatever the machine does.
@test "fair: weights of 3 and 1 come out 3 to 1" {
	local heavy light
	start_paused fair
	storm_from heavy 10.77.13.1 20 200 --within 300ms
	storm_from light 10.77.14.1 20 200 --within 300ms
	wait_until "400 wait" status_is "$WAITING" 400
	sw resume main
	storm_is_served heavy
	storm_is_served light
	# While both have waiters.
	heavy=$(arrivals | head -n 240 | grep -c '^10\.77\.13\.')
	light=$((240 - heavy))
	[ $((10 * heavy)) -ge $((27 * light)) ] && [ $((10 * heavy)) -le $((33 * light)) ] || {
		printf 'of the first 240 the heavy class had %s, and the light one %s\n' "$heavy" "$light"
		return 1
	}
	assert_quiet
}
