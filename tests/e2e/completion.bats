#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Completion in bash and zsh, driven as those shells drive it, against a stand-in for the daemon and without one.
# Needs no root and no kernel feature.

load lib/e2e

LIB=$BATS_TEST_DIRNAME/lib
DEPLOY=$SPILLWAY_ROOT/tools/deploy

setup() {
	export SPILLWAY_SOCKET=$BATS_TEST_TMPDIR/s
	export PATH=$BUILD:$PATH
	FAKE_PID=
}
teardown() { [ -z "$FAKE_PID" ] || kill "$FAKE_PID"; }

# A daemon with the services main (classes default, admin) and edge, and the interfaces eth0 and eth1.
daemon_answers() {
	python3 "$LIB/fake_daemon.py" "$SPILLWAY_SOCKET" "$BATS_TEST_TMPDIR/requests" reply "$LIB/replies/status.json" 3>&- &
	FAKE_PID=$!
	wait_until "the fake daemon listens" test -S "$SPILLWAY_SOCKET"
}

# in_bash LINE: what TAB at its end offers, in one line.
in_bash() {
	bash --norc -c '. "$1"; COMP_LINE=$2 COMP_POINT=${#2}; _spillway; printf "%s\n" "${COMPREPLY[*]}"' \
		bash "$DEPLOY/completion.bash" "$1"
}

# in_zsh LINE: the same; the file is the body of a function, which finds its words in $words.
in_zsh() {
	zsh -f -c 'words=("${(@s: :)2}") CURRENT=$#words
		compadd() { while [[ $1 != -- ]]; do shift; done; shift
			local -a fitting; fitting=("${(@M)@:#${words[CURRENT]}*}"); print -r -- "$fitting" }
		_files() { print files }
		_spillway() { . "$1" }
		_spillway "$1"' zsh "$DEPLOY/completion.zsh" "$1"
}

# offers LINE EXPECTED: both shells do.
offers() {
	assert_equal "bash: $1" "$2" "$(in_bash "$1")"
	assert_equal "zsh: $1" "$2" "$(in_zsh "$1")"
}

@test "verbs are completed, all of those in --help" {
	offers 'spillway re' 'resume reload record replay'
	offers 'spillway --json sta' 'status'
	assert_equal "verbs" "$(spillway --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p')" "$(in_bash 'spillway ' | tr ' ' '\n')"
	offers 'spillway nosuch ' ''
}

@test "options are completed: the verb's and those of all" {
	offers 'spillway status --re' '--reconcile'
	offers 'spillway sources --' '--service --sort --limit --socket --json --color --help --version'
	offers 'spillway --c' '--color'
	offers 'spillway reload --service' ''
}

@test "values are completed: from the usage, from the lists of words" {
	offers 'spillway sources --sort ' 'rate live refused waiting'
	offers 'spillway flows --lane re' 'refuse reset'
	offers 'spillway attach eth7 --mode ' 'auto native generic tc'
	offers 'spillway status --color n' 'never'
	offers 'spillway pause main --for ' ''
}

@test "services, classes and interfaces are the daemon's" {
	daemon_answers
	offers 'spillway pause ' 'main edge'
	offers 'spillway queue --service e' 'edge'
	offers 'spillway limit main ' 'default admin'
	offers 'spillway limit edge ' ''
	offers 'spillway class main remove a' 'admin'
	offers 'spillway detach ' 'eth0 eth1'
	assert_equal "asked for" '{"verb":"status","args":{}}' "$(sort -u "$BATS_TEST_TMPDIR/requests")"
}

@test "--socket on the line names the daemon that is asked" {
	daemon_answers
	local path=$SPILLWAY_SOCKET
	export SPILLWAY_SOCKET=$BATS_TEST_TMPDIR/nobody
	offers "spillway --socket $path pause m" 'main'
}

@test "a place that takes words and a name offers them, settings come with their equals sign, each once" {
	offers 'spillway budget main f' 'freeze'
	offers 'spillway class main ' 'list add remove'
	offers 'spillway class main list ' ''
	offers 'spillway limit main default r' 'rate= reserved='
	offers 'spillway limit main default rate=5/s r' 'reserved='
}

@test "behind an equals sign the value is completed" {
	daemon_answers
	assert_equal "bash" 'main' "$(in_bash 'spillway queue --service=m')"
	assert_equal "zsh" '--service=main' "$(in_zsh 'spillway queue --service=m')"
}

@test "files are left to the shell" {
	: >"$BATS_TEST_TMPDIR/one.yaml"
	cd "$BATS_TEST_TMPDIR"
	assert_equal "bash" 'one.yaml' "$(in_bash 'spillway check o')"
	assert_equal "zsh" 'files' "$(in_zsh 'spillway check o')"
}

@test "without a daemon names are the configuration's, without either there are none" {
	local file=$BATS_TEST_TMPDIR/other.yaml
	printf '%s\n' 'interfaces: [{name: wan0}]' 'services:' '  - {name: one, listen: [":1"], classes: [{name: blue}]}' \
		'  - {name: two, listen: [":2"]}' >"$file"
	assert_equal "services" 'one two' "$(spillway complete --config "$file" -- pause '' | xargs)"
	assert_equal "interfaces" 'wan0' "$(spillway complete --config "$file" -- detach '' | xargs)"
	assert_matches "classes" 'blue' "$(spillway complete --config "$file" -- limit one '' | xargs)"
	assert_equal "classes of the other" '' "$(spillway complete --config "$file" -- limit two b)"
	assert_equal "none" '' "$(spillway complete --config /nonexistent -- pause '' 2>&1)"
}

@test "complete --json prints the same as a list" {
	assert_equal "list" '["resume","reload","record","replay"]' "$(spillway complete --json -- re | jq -c .)"
}
