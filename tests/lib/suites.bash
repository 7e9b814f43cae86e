# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The suites: which files each has, and how one is run. Sourced by tests/run.

# cmocka binaries, one for each source; what is left over from a source that is gone does not count.
run_cmocka() {
	local suite=$1 only=$2 source name found=0
	for source in tests/"$suite"/test_*.c; do
		name=$(basename "$source" .c)
		if [ ! -e "$source" ] || [[ -n $only && $name != "test_$only" ]]; then continue; fi
		found=1
		if [ -x "$BUILD/tests/$suite/$name" ]; then
			run_tap "$suite $name" env CMOCKA_MESSAGE_OUTPUT=TAP "$BUILD/tests/$suite/$name"
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

run_e2e() {
	local only=$1 file name mode found=0
	for file in tests/e2e/*.bats; do
		name=$(basename "$file" .bats)
		if [ ! -e "$file" ] || [[ -n $only && $name != "$only" ]]; then continue; fi
		for mode in $(modes_of "$file"); do
			found=1
			run_tap "e2e $name ($mode)" env SPILLWAY_ATTACH="$mode" bats --tap "$file"
			! compgen -G "$SPILLWAY_RUN_DIR/world.*" >/dev/null || fail "e2e $name ($mode): left its world behind"
			world_destroy_all "$SPILLWAY_RUN_DIR"
		done
	done
	[ "$found" -eq 1 ] || fail "e2e: there is no test to run"
	check_leftovers
}

run_fuzz() {
	# shellcheck disable=SC2086 # one target, or all
	run_tap fuzz env BUILD="$BUILD" tests/fuzz/run "$FUZZ_SECONDS" $1
}

# One file of TAP for each kernel, and the demo in one of them.
run_kernels() {
	local what
	for what in ${1:-6.1 6.12 demo}; do
		case $what in
		demo) run_tap "kernels demo" env BUILD="$BUILD" tests/kernels/demo ;;
		*) run_tap "kernels $what" env BUILD="$BUILD" tests/kernels/run "$what" ;;
		esac
	done
}

run_suite() {
	local suite=${1%%:*} only=
	[[ $1 != *:* ]] || only=${1#*:}
	case $suite in
	unit | prog) run_cmocka "$suite" "$only" ;;
	model) run_tap model env BUILD="$BUILD" tests/model/run ;;
	fuzz) run_fuzz "$only" ;;
	e2e) run_e2e "$only" ;;
	kernels) run_kernels "$only" ;;
	lint) run_tap lint tools/lint/run --tap ;;
	*)
		printf 'tests/run: there is no suite "%s"; there are unit, prog, model, fuzz, e2e, kernels and lint\n' "$suite" >&2
		exit 2
		;;
	esac
}
