# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Runs files of tests beside each other. Sourced by tests/run.
#
# Each job is one file with one command. It has a folder of its own within the run's, for its worlds and
# for what sanitizers report, so that whatever it leaves behind is known to be its own. What it says is
# shown in one piece when it has ended.

# At a time: most wait for longer than they compute.
JOBS=${JOBS:-$(($(nproc) * 2))}

job_names=() job_commands=() beside=() alone=()
# Job numbers by the process that timeout(1) is; its descendants are its process group, but for those in
# sessions of their own, which a world knows.
declare -A running=()

# add_job SOURCE NAME COMMAND...: of a file that says "runs alone" in a line of comment, saying why, for
# when all others are done.
add_job() {
	local source=$1 number=${#job_names[@]}
	job_names+=("$2")
	shift 2
	job_commands+=("${*@Q}")
	if grep -Eq '^(#|//| \*) runs alone' "$source"; then alone+=("$number"); else beside+=("$number"); fi
}

# With AGAIN=yes an end-to-end file in which a test failed runs once more by itself when all others are done: beside them
# it may have been the machine that had no time. If it passes then, the report says that it did not at first, and what
# it said; only what fails both times fails the run.
AGAIN=${AGAIN:-no}
again=() is_second=no

run_jobs() {
	run_at_most "$JOBS" "${beside[@]}"
	run_at_most 1 "${alone[@]}"
	is_second=yes
	run_at_most 1 "${again[@]}"
}

# may_run_again NAME CODE FOLDER: what a sanitizer reports, or a hang, is no matter of time.
may_run_again() {
	[ "$AGAIN" = yes ] && [ "$is_second" = no ] && [[ $1 == 'e2e '* ]] && grep -q '^not ok\b' "$3/tap" &&
		[ "$2" -ne 124 ] && [ "$2" -ne 137 ] && ! compgen -G "$3/reports/*" >/dev/null
}

run_at_most() {
	local most=$1 number
	shift
	for number in "$@"; do
		finish_jobs_until "$((most - 1))"
		start_job "$number"
	done
	finish_jobs_until 0
}

# Background processes of a script ignore SIGINT unless told otherwise, and tests send it.
start_job() {
	local folder=$SPILLWAY_RUN_DIR/$1 command
	# PostgreSQL's user has to get through; sanitized programs run as nobody, too.
	mkdir -m 755 "$folder" && mkdir -m 1777 "$folder/reports" || exit 1
	[ ! -e "$SPILLWAY_RUN_DIR/postgres-template" ] || ln -s ../postgres-template "$folder/"
	eval "command=(${job_commands[$1]})"
	env --default-signal=INT,QUIT SPILLWAY_RUN_DIR="$folder" \
		ASAN_OPTIONS="log_path=$folder/reports/asan:detect_stack_use_after_return=1" \
		UBSAN_OPTIONS="log_path=$folder/reports/ubsan:print_stacktrace=1" \
		timeout -k 10 "$FILE_TIMEOUT" "${command[@]}" </dev/null >"$folder/tap" 2>&1 &
	running[$!]=$1
	job_began[$1]=$SECONDS
}

# finish_jobs_until COUNT: no more than so many are running. Asks who is gone, as `wait -n` forgets those
# that end while nobody waits.
finish_jobs_until() {
	local pid code
	while [ ${#running[@]} -gt "$1" ]; do
		for pid in "${!running[@]}"; do
			! kill -0 "$pid" 2>/dev/null || continue
			code=0
			wait "$pid" || code=$?
			finish_job "${running[$pid]}" "$code"
			# One that was cut short may have left somebody of its group who does not listen.
			kill -s KILL -- "-$pid" 2>/dev/null
			unset "running[$pid]"
		done
		[ ${#running[@]} -le "$1" ] || sleep 0.02
	done
}

job_began=() job_took=()
finish_job() {
	local folder=$SPILLWAY_RUN_DIR/$1 name=${job_names[$1]} code=$2
	job_took[$1]=$((SECONDS - job_began[$1]))
	printf '\n%s, %d s\n' "$name" "${job_took[$1]}"
	show_tap <"$folder/tap"
	if may_run_again "$name" "$code" "$folder"; then
		again+=("$1")
		note_first_try "$name" "$folder/tap"
	else
		count_tap "$name" "$code" "$folder/tap"
	fi
	check_world "$name" "$folder"
	# Last: a daemon of a world that was left behind may have reported when it was stopped.
	check_reports "$name" "$folder/reports"
	cat "$folder/worlds" >>"$SPILLWAY_RUN_DIR/worlds" 2>/dev/null
	rm -rf "$folder"
}

# longest_jobs COUNT: where the time of a run has gone, a line.
longest_jobs() {
	local number
	for number in "${!job_took[@]}"; do
		printf '%d s %s\n' "${job_took[number]}" "${job_names[number]}"
	done | sort -rn | head -n "$1" | paste -sd , | sed 's/,/, /g'
}

# For those that are running when the run is ended early. timeout(1) passes it on to its group, and kills a
# command that does not go; who else of the group is still at it must not meet us at its world.
end_jobs() {
	local pid
	for pid in "${!running[@]}"; do
		kill "$pid" 2>/dev/null
	done
	wait
	for pid in "${!running[@]}"; do
		kill -s KILL -- "-$pid" 2>/dev/null
		world_destroy_all "$SPILLWAY_RUN_DIR/${running[$pid]}"
	done
}
