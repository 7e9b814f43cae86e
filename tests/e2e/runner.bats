#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# tests/run itself: files run beside each other, and whatever goes wrong with one of them fails the run.

load lib/e2e

setup() {
	need_root
	TREE=$(mktemp -d "${SPILLWAY_RUN_DIR:-/tmp}/tree.XXXXXX")
	mkdir -p "$TREE/tests/e2e"
	cp "$SPILLWAY_ROOT/tests/run" "$TREE/tests/"
	ln -s "$SPILLWAY_ROOT/tests/lib" "$TREE/tests/"
	ln -s "$SPILLWAY_ROOT/tests/e2e/lib" "$TREE/tests/e2e/"
	ln -s "$SPILLWAY_ROOT/tools" "$TREE/"
}
teardown() { rm -rf "$TREE"; }

# file NAME <LINES: a bats file of the tree; bats would take a line with @test for one of this file.
file() { sed 's/^%test/@test/' >"$TREE/tests/e2e/$1.bats"; }

# run_tree FILE_TIMEOUT [NAME=VALUE]...: without the settings of the run that this is part of.
run_tree() {
	env -u SPILLWAY_ATTACH -u CI -u JOBS -u AGAIN FILE_TIMEOUT="$1" "${@:2}" "$TREE/tests/run" e2e
}

# run_fails WORDS [NAME=VALUE]...
run_fails() {
	local words=$1
	shift
	fails_with 1 "$words" run_tree "${SECONDS_A_FILE:-60}" "$@"
	assert_matches "verdict" '^[0-9]+ passed, [1-9][0-9]* failed' "$output"
}

good_file() { file good <<<'%test "it is well" { true; }'; }

@test "files that pass pass, and each is counted" {
	good_file
	file other <<<'%test "so is this" { true; }'
	run run_tree 60
	assert_equal "exit code" 0 "$status"
	# And that nothing is left behind.
	assert_equal "verdict" "3 passed, 0 failed" "${lines[-1]}"
}

@test "as many files as are asked for run at once" {
	local name
	for name in one two; do
		file "$name" <<-BATS
			load lib/e2e
			%test "$name meets the other" {
				touch "$TREE/$name"
				wait_until "the other is there" test -e "$TREE/one" -a -e "$TREE/two"
			}
		BATS
	done
	run run_tree 60 JOBS=2
	assert_equal "verdict" "3 passed, 0 failed" "${lines[-1]}"
	rm "$TREE/one" "$TREE/two"
	run_fails 'failed: e2e one .*meets the other' JOBS=1 WAIT_SECONDS=1
}

@test "a file that says so runs alone, after the others" {
	file alone <<-BATS
		# runs alone: it looks who was there.
		%test "the other is through" { [ -e "$TREE/through" ]; }
	BATS
	file other <<-BATS
		%test "the other takes its time" { sleep 1; touch "$TREE/through"; }
	BATS
	run run_tree 60 JOBS=2
	assert_equal "verdict" "3 passed, 0 failed" "${lines[-1]}"
}

@test "a test that fails fails the run" {
	good_file
	file bad <<<'%test "it is not well" { false; }'
	run_fails 'failed: e2e bad \(native\): it is not well'
}

@test "what tests that fail say is said again at the end, with each its own" {
	file bad <<-'BATS'
		%test "one" { echo "said of one"; false; }
		%test "two" { true; }
		%test "three" { echo "said of three"; false; }
	BATS
	run_fails 'failed: e2e bad \(native\): one'
	local end=${output#*failed: }
	assert_matches "of one" 'said of one' "${end%failed: *}"
	assert_matches "of three" 'said of three' "${end#*failed: }"
}

@test "where it is asked for a file with a failed test runs once more by itself, and the report says so" {
	good_file
	file twice <<-BATS
		%test "only the second time" {
			[ ! -e "$TREE/tried" ] || return 0
			echo "said at first" >"$TREE/tried"
			cat "$TREE/tried"
			false
		}
	BATS
	run run_tree 60 AGAIN=yes
	assert_equal "exit code" 0 "$status"
	assert_equal "verdict" "3 passed, 0 failed" "${lines[-1]}"
	assert_matches "the end" 'not at first, beside others: e2e twice \(native\): only the second time' "$output"
	rm "$TREE/tried"
	run_fails 'failed: e2e twice \(native\): only the second time'
}

@test "what fails both times fails the run" {
	file bad <<<'%test "it is not well" { false; }'
	run_fails 'failed: e2e bad \(native\): it is not well' AGAIN=yes
}

@test "a file that cannot be read fails the run" {
	good_file
	file broken <<<'%test "it is well" { if'
	run_fails 'failed: e2e broken \(native\)'
}

@test "a file that dies on its way fails the run" {
	good_file
	file dies <<-'BATS'
		%test "it is well" { true; }
		%test "it takes the whole file along" { kill -s KILL $(ps -o ppid= -p "$PPID") "$PPID" $$; }
		%test "nobody comes here" { true; }
	BATS
	run_fails 'failed: e2e dies \(native\)'
}

@test "a file without a test fails the run" {
	good_file
	file empty <<<'nothing() { :; }'
	run_fails 'failed: e2e empty \(native\): ran no test'
}

@test "a file that hangs is ended in time, with those that do not listen, and fails the run" {
	good_file
	file hangs <<-BATS
		%test "it hangs" {
			bash -c 'trap "" TERM; while :; do sleep 0.1; done' "$TREE/deaf"
		}
	BATS
	SECONDS_A_FILE=2 run_fails 'failed: e2e hangs \(native\): not done within 2 s'
	assert_equal "those who do not listen" "" "$(pgrep -af "$TREE/deaf")"
}

@test "a skipped test fails the run where CI says so" {
	file skips <<<'%test "it cannot" { skip "missing capability: luck"; }'
	run_fails 'CI allows no skip' CI=true || assert_equal "verdict" "1 passed, 0 failed, 1 skipped" "${lines[-1]}"
}

@test "a file that leaves its world behind fails the run, and the world is taken down" {
	good_file
	file leaves <<-BATS
		load lib/e2e
		%test "it forgets its world" { world_create; printf '%s\n' "\$WORLD_ID" >"$TREE/id"; }
	BATS
	run_fails 'failed: e2e leaves \(native\): left its world behind'
	assert_equal "namespaces" "" "$(compgen -G "/run/netns/sw-$(cat "$TREE/id")-*")"
}

@test "a file that leaves a process behind fails the run and is named" {
	good_file
	file leaves <<-BATS
		%test "it forgets a process" {
			setsid bash -c 'while [ -e "$TREE" ]; do sleep 0.1; done' "\$SPILLWAY_RUN_DIR/forgotten" \
				</dev/null >/dev/null 2>&1 3>&- 4>&- &
		}
	BATS
	run_fails 'failed: e2e leaves \(native\): left something behind'
}

@test "what a sanitizer reports fails the run, though every test passed" {
	good_file
	file reports <<-'BATS'
		%test "it is well" { printf 'heap-use-after-free\n' >"$SPILLWAY_RUN_DIR/reports/asan.1"; }
	BATS
	run_fails 'failed: e2e reports \(native\): a sanitizer has something to report'
}

@test "a run that is interrupted ends its files and takes their worlds down" {
	local run code=0
	file waits <<-BATS
		load lib/e2e
		%test "it waits in its world" {
			world_create
			printf '%s\n' "\$WORLD_ID" >"$TREE/id.new"
			mv "$TREE/id.new" "$TREE/id"
			WAIT_SECONDS=100 wait_until "nothing comes" false || touch "$TREE/waited"
		}
	BATS
	# In the background a function would be a process of its own, between the two.
	env -u CI "$TREE/tests/run" e2e </dev/null >"$TREE/output" 2>&1 3>&- 4>&- &
	run=$!
	WAIT_SECONDS=60 wait_until "the world is there" test -e "$TREE/id"
	# Not INT, which is ignored by what a script runs in the background.
	kill -s TERM "$run"
	wait "$run" || code=$?
	assert_equal "exit code" 143 "$code"
	assert_equal "how long it waited" "not to the end" "$([ -e "$TREE/waited" ] || echo "not to the end")"
	assert_equal "namespaces" "" "$(compgen -G "/run/netns/sw-$(cat "$TREE/id")-*")"
	assert_equal "processes" "" "$(pgrep -af "$TREE/tests/e2e")"
}
