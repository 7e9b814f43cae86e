# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Assertions and questions to the daemon. Sourced by tests/e2e/lib/e2e.bash.

# assert_equal "what it is" EXPECTED ACTUAL
assert_equal() {
	[ "$2" = "$3" ] || {
		printf '%s: expected "%s", found "%s"\n' "$1" "$2" "$3" >&2
		return 1
	}
}

# assert_matches "what it is" EXTENDED_REGEX TEXT
assert_matches() {
	grep -Eqi -- "$2" <<<"$3" || {
		printf '%s: expected something like "%s", found:\n%s\n' "$1" "$2" "$3" >&2
		return 1
	}
}

assert_lane() {
	assert_equal "lane of a client from $1" "$2" "$(lane_of "$1")"
}

# status_is JQ-FILTER VALUE: for wait_until.
status_is() {
	[ "$(sw status --json | jq -r "$1")" = "$2" ]
}

status_value() {
	sw status --json | jq -r "$1"
}

assert_status() {
	assert_equal "status $1" "$2" "$(status_value "$1")"
}

# A slot is freed a moment after the client's process is gone: the server has to close first.
eventually_status() {
	wait_until "status $1 is $2" status_is "$1" "$2" || assert_status "$1" "$2"
}

# Where the first service's figures are; shellcheck cannot see the bats files that use them.
# shellcheck disable=SC2034
USED='.services[0].budget.used'
# shellcheck disable=SC2034
TOTALS='.services[0].totals'

# fails_with EXIT_CODE TEXT_PATTERN COMMAND...: the exit code as promised, and a message that says it.
fails_with() {
	local code=$1 pattern=$2
	shift 2
	run "$@"
	# shellcheck disable=SC2154 # status and output are bats'
	[ "$status" -eq "$code" ] || {
		printf 'exit code: expected %s, found %s; it said:\n%s\n' "$code" "$status" "$output" >&2
		return 1
	}
	assert_matches "message" "$pattern" "$output"
}
