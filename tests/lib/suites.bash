# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The suites: which files each has, and what runs one. Sourced by tests/run.

# cmocka binaries, one for each source; what is left over from a source that is gone does not count.
add_cmocka() {
	local suite=$1 only=$2 source name found=0
	for source in tests/"$suite"/test_*.c; do
		name=$(basename "$source" .c)
		if [ ! -e "$source" ] || [[ -n $only && $name != "test_$only" ]]; then continue; fi
		found=1
		if [ -x "$BUILD/tests/$suite/$name" ]; then
			add_job "$source" "$suite $name" env CMOCKA_MESSAGE_OUTPUT=TAP "$BUILD/tests/$suite/$name"
		else
			fail "$suite $name: not built (make tests)"
		fi
	done
	[ "$found" -eq 1 ] || fail "$suite: there is no test to run"
}

# A file that says "# attach modes: a b" runs once for each; SPILLWAY_ATTACH picks one.
modes_of() {
	local modes
	modes=$(sed -n 's/^# attach modes: //p' "$1")
	if [ -z "$modes" ]; then
		printf 'native\n'
	elif [ -n "${SPILLWAY_ATTACH:-}" ]; then
		grep -ow -- "$SPILLWAY_ATTACH" <<<"$modes"
	else
		tr ' ' '\n' <<<"$modes"
	fi
}

e2e_is_run=no

# initdb takes a second: it is done once, and each file's worlds copy the outcome. If it fails each file tries
# for itself, and says what was wrong.
prepare_worlds() {
	local template=$SPILLWAY_RUN_DIR/postgres-template
	postgres_initialise "$template" >/dev/null 2>&1 || rm -rf "$template"
}

add_e2e() {
	local only=$1 file name mode found=0
	for file in tests/e2e/*.bats; do
		name=$(basename "$file" .bats)
		if [ ! -e "$file" ] || [[ -n $only && $name != "$only" ]]; then continue; fi
		for mode in $(modes_of "$file"); do
			found=1
			add_job "$file" "e2e $name ($mode)" env SPILLWAY_ATTACH="$mode" bats --tap "$file"
		done
	done
	[ "$found" -eq 1 ] || fail "e2e: there is no test to run"
	# shellcheck disable=SC2034 # tests/run asks
	e2e_is_run=yes
}

add_fuzz() {
	local only=$1 source name found=0
	for source in tests/fuzz/fuzz_*.c; do
		name=$(basename "$source" .c)
		name=${name#fuzz_}
		if [ ! -e "$source" ] || [[ -n $only && $name != "$only" ]]; then continue; fi
		found=1
		add_job "$source" "fuzz $name" env BUILD="$BUILD" tests/fuzz/run "$FUZZ_SECONDS" "$name"
	done
	[ "$found" -eq 1 ] || fail "fuzz: there is no target to run"
}

# The kernels one after another, as each takes two CPUs, and the demo in one of them.
add_kernels() {
	local only=$1
	# shellcheck disable=SC2086 # one kernel, or several
	case $only in
	demo) add_job tests/kernels/demo "kernels demo" env BUILD="$BUILD" tests/kernels/demo ;;
	?*) add_job tests/kernels/run "kernels $only" env BUILD="$BUILD" tests/kernels/run $only ;;
	*)
		add_kernels '6.1 6.12'
		add_kernels demo
		;;
	esac
}

add_suite() {
	local suite=${1%%:*} only=
	[[ $1 != *:* ]] || only=${1#*:}
	case $suite in
	unit | prog) add_cmocka "$suite" "$only" ;;
	model) add_job tests/model/run model env BUILD="$BUILD" tests/model/run ;;
	fuzz) add_fuzz "$only" ;;
	e2e) add_e2e "$only" ;;
	kernels) add_kernels "$only" ;;
	lint) add_job tools/lint/run lint tools/lint/run --tap ;;
	*)
		printf 'tests/run: there is no suite "%s"; there are unit, prog, model, fuzz, e2e, kernels and lint\n' "$suite" >&2
		exit 2
		;;
	esac
}
