# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Background processes of a world, each recorded by name, pid and start time, and waiting for things
# to become true. Sourced by tools/world/world.bash.

# wait_until "what is waited for" COMMAND...: polls until COMMAND succeeds; less often what takes longer, so
# that asking leaves the CPUs to what is waited for. The deadline is WAIT_SECONDS (default 10); past it, the
# sentence is printed and the answer is 1.
wait_until() {
	local what=$1 began=$SECONDS deadline=$((SECONDS + ${WAIT_SECONDS:-10})) pause=0.02
	shift
	until "$@" >/dev/null 2>&1; do
		if [ "$SECONDS" -gt "$deadline" ]; then
			printf 'waited %s s in vain until %s\n' "${WAIT_SECONDS:-10}" "$what" >&2
			return 1
		fi
		[ $((SECONDS - began)) -lt 2 ] || pause=0.1
		sleep "$pause"
	done
}

# Field 22 of /proc/PID/stat; with the pid it names one process for good.
process_started_at() {
	local stat
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
	stat=${stat##*) }
	# A zombie is over: its parent may be gone with nobody to reap it.
	[ "${stat%% *}" != Z ] || return 1
	# shellcheck disable=SC2086 # the fields are to be split
	set -- $stat
	printf '%s\n' "${20}"
}

# spawn NAME COMMAND...: starts a program (not a function: the pid must be the program's) in a
# session of its own, so that an interrupt meant for the caller does not reach it, its output in
# $WORLD/log/NAME. Descriptors 3 and 4 are bats' own; a child holding them would make bats wait.
spawn() {
	local name=$1 pid
	shift
	setsid "$@" </dev/null >>"$WORLD/log/$name" 2>&1 3>&- 4>&- &
	pid=$!
	printf '%s %s\n' "$pid" "$(process_started_at "$pid")" >"$WORLD/pid/$name"
}

pid_of() {
	local pid rest
	read -r pid rest <"$WORLD/pid/$1" && printf '%s\n' "$pid"
}

process_runs() {
	local pid started
	[ -e "$WORLD/pid/$1" ] || return 1
	read -r pid started <"$WORLD/pid/$1"
	[ -n "$started" ] && [ "$(process_started_at "$pid")" = "$started" ]
}

process_is_gone() {
	! process_runs "$1"
}

# stop_process NAME [SIGNAL]: ends it and waits until it is gone; one that does not go is killed
# and the answer is 1.
stop_process() {
	local name=$1 signal=${2:-TERM} answer=0
	if process_runs "$name"; then
		kill -s "$signal" "$(pid_of "$name")" 2>/dev/null || true
		if ! wait_until "$name has ended after SIG$signal" process_is_gone "$name"; then
			kill -s KILL "$(pid_of "$name")" 2>/dev/null || true
			answer=1
		fi
	fi
	rm -f "$WORLD/pid/$name"
	return "$answer"
}

# The last lines of a process' output, to be shown when it did not do what it should.
show_log() {
	printf -- '--- the end of the log of %s:\n' "$1" >&2
	tail -n "${2:-30}" "$WORLD/log/$1" >&2 || true
}
