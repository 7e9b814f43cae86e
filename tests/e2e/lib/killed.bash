# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A daemon under strace, once whole and then killed at each of its steps, in a world with two interfaces. Loaded by
# killed*.bats, which are several because each takes minutes.

setup_file() {
	world_with_database max_connections=40
	net_add_second
}
teardown_file() { world_destroy; }
teardown() {
	end_test
	[ ! -e "$PIN_DIR" ] || { spillwayd_run && spillwayd_stop; } || true
	rm -rf "$PIN_DIR"
}

# configure [INTERFACE]...
configure() {
	local name interfaces=()
	for name in "${@:-$WORLD_INTERFACE}"; do
		interfaces+=("{name: $name, mode: $SPILLWAY_ATTACH},")
	done
	spillwayd_configure <<-YAML
		interfaces: [${interfaces[*]}]
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: 2}
		    lanes: [direct, refuse]
		    classes:
		      - {name: default, rate: unlimited}
	YAML
}

# What changes anything outside the process: bpffs, programs, links, filters.
CALLS=bpf,mkdir,symlink,rename,unlink,rmdir,sendto,sendmsg

# strace_daemon NAME [STRACE-OPTION]... Who is traced cannot look for its leaks.
strace_daemon() {
	local name=$1
	shift
	spawn "$name" nsenter --net="/run/netns/$SERVER_NS" strace -qq -o "$WORLD/trace" \
		-E "ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0" -e "trace=$CALLS" "$@" \
		"$BUILD/spillwayd" --foreground --config "$WORLD/spillway.yaml" --pin-dir "$PIN_DIR"
}

# Of those what is there for others to see: pins, links, filters. And what the gate counts and goes by.
PIN_STEPS='BPF_OBJ_PIN|BPF_LINK_|BPF_RAW_TRACEPOINT_OPEN|RTM_(NEW|DEL)(TFILTER|QDISC)|^(mkdir|symlink|rename|unlink|rmdir)'
# Before it comes to the interfaces a start is the same in every mode, and so is what is changed in maps: killed there
# in native mode, in TC mode at the interfaces, and at a few of the others.
LEAST_STEPS=10 LEAST_CHANGES=8 MOST_CHANGES=10
if [ "$SPILLWAY_ATTACH" = tc ]; then
	PIN_STEPS='BPF_LINK_|RTM_(NEW|DEL)(TFILTER|QDISC)|^(symlink|rename)'
	# shellcheck disable=SC2034 # killed_changes.bats uses them
	LEAST_STEPS=3 LEAST_CHANGES=2 MOST_CHANGES=3
fi
# shellcheck disable=SC2034 # killed_changes.bats uses it
MAP_STEPS='BPF_MAP_(UPDATE|DELETE)_ELEM|BPF_PROG_TEST_RUN|^rename'

# steps PATTERN [MOST]: those calls of the trace as CALL:N:LINE, the Nth of this call in line LINE. Pins of maps
# are alike: two will do. A running daemon sweeps all the time: a run of a program is a step of the change only between
# two others. Of more than MOST the first, the last, and some between; if that is `last`, it alone.
steps() {
	awk -F '(' -v "pattern=$1" -v "most=${2:-1000}" '
		{ count[$1]++ }
		/BPF_OBJ_PIN/ && /map_/ { if (seen++ > 1) next }
		$0 ~ pattern && /BPF_PROG_TEST_RUN/ { if (n) run[runs++] = $1 ":" count[$1] ":" NR; next }
		$0 ~ pattern {
			for (i = 0; i < runs; i++)
				step[n++] = run[i]
			runs = 0
			step[n++] = $1 ":" count[$1] ":" NR
		}
		END {
			if (most == "last") {
				print step[n - 1]
				exit
			}
			picks = n < most ? n : most
			for (i = 0; i < picks; i++)
				print step[(picks > 1) ? int(i * (n - 1) / (picks - 1)) : 0]
		}' "$WORLD/trace"
}

# killed_at LINE: of the whole trace, for who reads what failed.
killed_at() {
	printf 'killed at: %s\n' "$(sed -n "${1}p" "$WORLD/whole-trace")" >&2
	return 1
}

# kill_at_each_step PREPARE CHECK [PATTERN [LEAST [MOST]]]: the start that begins from what PREPARE leaves, once whole
# and then killed at each of its steps; CHECK looks at what that leaves and puts everything back.
kill_at_each_step() {
	local prepare=$1 check=$2 call nth line found count=0
	"$prepare"
	strace_daemon traced
	wait_until "the traced daemon answers" sw status
	found=$(steps "${3:-$PIN_STEPS}" "${5:-}")
	cp "$WORLD/trace" "$WORLD/whole-trace"
	sw handover
	wait_until "the traced daemon is gone" process_is_gone traced
	release_all
	spillwayd_run
	spillwayd_stop
	while IFS=: read -r call nth line; do
		"$prepare"
		strace_daemon traced -e "inject=$call:signal=KILL:when=$nth"
		wait_until "the daemon is killed at $call number $nth" process_is_gone traced
		"$check" || killed_at "$line"
		count=$((count + 1))
	done <<<"$found"
	printf '%s steps\n' "$count"
	[ "$count" -ge "${4:-$LEAST_STEPS}" ]
}

# strace_running [STRACE-OPTION]...: the daemon that runs already; it stands still until act_on. From within its
# namespace, or strace would not know what its netlink sockets are.
strace_running() {
	local pid
	pid=$(pid_of spillwayd)
	kill -STOP "$pid"
	spawn tracer nsenter --net="/run/netns/$SERVER_NS" strace -qq -o "$WORLD/trace" -e "trace=$CALLS" "$@" -p "$pid"
	wait_until "the daemon is traced" grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$pid/status"
}

# kill_at_steps_of ACT DONE PREPARE CHECK PATTERN LEAST MOST: likewise what the daemon that PREPARE leaves running does
# when the signal ACT tells it to, until DONE. It beats all the time, and more or fewer calls may come before: what
# counts are the kills that hit a call of the PATTERN, and where it was done before that it has to be right, too.
kill_at_steps_of() {
	local act=$1 done=$2 prepare=$3 check=$4 call nth line found count=0
	"$prepare"
	strace_running
	act_on "$act"
	wait_until "the daemon has done it" "$done"
	stop_process tracer INT
	found=$(steps "$5" "$7")
	mv "$WORLD/trace" "$WORLD/whole-trace"
	stop_process spillwayd KILL
	"$check"
	while IFS=: read -r call nth line; do
		if kill_running_at "$call" "$nth" "$line" "$@"; then count=$((count + 1)); fi
	done <<<"$found"
	printf '%s steps\n' "$count"
	[ "$count" -ge "$6" ]
}

# kill_running_at CALL N LINE ACT DONE PREPARE CHECK PATTERN: whether one of five tries hit such a call. What is
# wrong after any of them fails the test. A miss shows how many calls came before this time: the next try aims by that.
kill_running_at() {
	local tries nth=$2 hit=no
	for tries in 1 2 3 4 5; do
		"$6" || exit
		strace_running -e "inject=$1:signal=KILL:when=$nth" || exit
		act_on "$4"
		wait_until "the daemon is killed at $1 number $nth, or is done, try $tries" is_killed_or "$5" || exit
		stop_process tracer INT
		if was_killed_at "$8"; then hit=yes; fi
		stop_process spillwayd KILL
		"$7" || killed_at "$3" || exit
		[ "$hit" = no ] || return 0
		nth=$(aim_again "$1" "$2" "$nth" "$8")
	done
	return 1
}

# aim_again CALL N LAST PATTERN: which of the calls would have been the Nth of the whole trace in the one that missed at
# number LAST. Where that did not come to the first step, there are more than so many before it.
aim_again() {
	local first first_now
	first=$(first_step "$1" "$4" "$WORLD/whole-trace")
	first_now=$(first_step "$1" "$4" "$WORLD/trace")
	[ "$first_now" -gt 0 ] || first_now=$((first + $3 - $2 + 1))
	printf '%s\n' "$(($2 + first_now - first))"
}

# first_step CALL PATTERN TRACE: its number among the calls of its name; 0 if there is none.
first_step() {
	awk -F '(' -v "call=$1" -v "pattern=$2" '
		$1 == call { count++ }
		$1 == call && $0 ~ pattern && !/BPF_PROG_TEST_RUN/ { first = count; exit }
		END { print first + 0 }' "$3"
}

act_on() {
	kill -s "$1" "$(pid_of spillwayd)"
	kill -CONT "$(pid_of spillwayd)"
}

# was_killed_at PATTERN: the trace ends with such a call, which did not return, and the kill.
was_killed_at() {
	tail -n 1 "$WORLD/trace" | grep -q 'killed by SIGKILL' &&
		tail -n 2 "$WORLD/trace" | grep '= ?$' | grep -Eq "$1"
}

is_killed_or() { process_is_gone spillwayd || "$1"; }

assert_nothing_is_left() {
	assert_equal "pins" "" "$(find "$PIN_DIR" 2>/dev/null)"
	local name
	for name in "$WORLD_INTERFACE" "$WORLD_SECOND_INTERFACE"; do
		assert_equal "qdisc" "" "$(as_server tc qdisc show dev "$name" clsact)"
		assert_equal "XDP" "" "$(as_server ip -d link show dev "$name" | grep -o 'prog/xdp.*')"
	done
}

# Two are inside and the budget is two: nobody else gets in, now or with the next daemon.
the_count_is_right() { assert_lane 10.77.1.9 refused && the_next_start_counts_right; }

# nobody_gets_in_by ADDRESS: refused by a gate, or kept for later by one that is changing over to other maps.
nobody_gets_in_by() {
	lane=$(lane_of "$1")
	assert_matches "lane of $1" '^(refused|silent)$' "$lane"
}

# a_gate_answers ADDRESS: nobody is let in, or kept for later for ever.
a_gate_answers() {
	local lane
	nobody_gets_in_by "$1" || return
	[ "$lane" = refused ] || wait_until "a gate answers $1" lane_is "$1" refused
}

the_next_start_counts_right() {
	spillwayd_run &&
		assert_status "$USED" 2 &&
		assert_lane 10.77.1.9 refused &&
		assert_status '.services[0].budget.overcommitted' 0 &&
		release_all &&
		eventually_status "$USED" 0 &&
		spillwayd_stop &&
		assert_nothing_is_left
}
