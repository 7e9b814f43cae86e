# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Counts what a run of TAP came to, and finds what TAP alone would hide. Sourced by tests/run.

passed=0 failed=0 skipped=0
# What failed, and what each said of it, for the end of the report: of a long run only that may be to be seen.
failures=() said=()
# So many lines of each; the last ones say most.
SAID_LINES=15

# fail SENTENCE: what there is to say of it was shown where it happened.
fail() {
	failed=$((failed + 1))
	failures+=("$1")
	said+=('')
	printf '  FAIL  %s\n' "$1"
}

# Turns TAP into lines to read, as they come.
show_tap() {
	awk '
		/^ok .*# *(skip|SKIP)/ { sub(/^ok +[0-9]* *(- )?/, ""); print "  skip  " $0; next }
		/^ok/                  { sub(/^ok +[0-9]* *(- )?/, ""); print "  ok    " $0; next }
		/^not ok/              { sub(/^not ok +[0-9]* *(- )?/, ""); print "  FAIL  " $0; next }
		/^(TAP version|1\.\.|# (not )?ok - )/ { next }
		                       { print "        " $0 }
		                       { fflush() }'
}

# count_tap NAME EXIT_CODE FILE: adds up, and finds what TAP alone would hide.
count_tap() {
	local name=$1 code=$2 tap=$3 good bad skips planned line
	skips=$(grep -Eic '^ok .*# *skip' "$tap")
	good=$(($(grep -c '^ok\b' "$tap") - skips))
	bad=$(grep -c '^not ok\b' "$tap")
	planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$tap" | awk '{ n += $1 } END { print n + 0 }')
	passed=$((passed + good))
	skipped=$((skipped + skips))
	failed=$((failed + bad))
	while read -r line; do
		said+=("$(said_at_last "$line" "$tap")")
		failures+=("$name: $(sentence_of "$line")")
	done < <(grep '^not ok\b' "$tap")
	if [ "$code" -eq 124 ] || [ "$code" -eq 137 ]; then
		fail "$name: not done within $FILE_TIMEOUT s"
	elif [ $((good + bad + skips)) -eq 0 ]; then
		fail "$name: ran no test (exit code $code)"
	elif [ $((good + bad + skips)) -ne "$planned" ]; then
		fail "$name: planned $planned tests, ran $((good + bad + skips)) (exit code $code)"
	elif [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; then
		fail "$name: every test passed, and yet it ended with exit code $code"
	fi
}

# Tests of files that run once more by themselves, with what they said: in a report of a run that passed, too.
first_tries=()

# note_first_try NAME FILE
note_first_try() {
	local line
	while read -r line; do
		first_tries+=("$1: $(sentence_of "$line")"$'\n'"$(said_at_last "$line" "$2")")
	done < <(grep '^not ok\b' "$2")
}

# sentence_of LINE: of TAP.
sentence_of() {
	local line=${1#not ok }
	line=${line#* }
	printf '%s' "${line#- }"
}

said_at_last() { said_of "$1" <"$2" | tail -n "$SAID_LINES" | sed 's/^/        /'; }

# said_of LINE: what follows this line of TAP, up to the next test's.
said_of() {
	LINE=$1 awk '/^(not )?ok / { is_it = $0 == ENVIRON["LINE"]; next } /^1\.\./ { next } is_it'
}

# check_reports NAME FOLDER: of the sanitizers.
check_reports() {
	compgen -G "$2/*" >/dev/null || return 0
	sed 's/^/        /' "$2"/*
	fail "$1: a sanitizer has something to report"
}
