#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# attach modes: native
# The status page, in headless Chromium: as it is served, as it goes on, and what it does to others.

load lib/e2e
load lib/waiters
load lib/looked_at

PAGE=http://127.0.0.1:9432/

setup_file() {
	command -v chromium chromium-browser google-chrome >/dev/null || skip "missing capability: chromium"
	world_with_database
}
teardown_file() { world_destroy; }
teardown() {
	local name
	for name in browser reader-{1..16}; do
		stop_process "$name" KILL
	done
	send_away waiter storm
	end_test
}

start() { configuration "$1" | spillwayd_start; }

# browse [OPTION]... EXPRESSION...: see lib/browser.py; what it says is in $output.
browse() {
	local options=()
	while [[ $1 == --* ]]; do
		case $1 in --no-script | --dark) options+=("$1") ;; *) options+=("$1" "$2") && shift ;; esac
		shift
	done
	run as_server python3 "$BATS_TEST_DIRNAME/lib/browser.py" "${options[@]}" "$PAGE" "$@"
	[ "$status" -eq 0 ] || {
		printf '%s\n' "$output" >&2
		return 1
	}
}

# browse_on EXPRESSION...: the same in the background, while the test goes on; has_reached N says how far it is.
browse_on() {
	rm -f "$WORLD/log/browser"
	spawn browser nsenter --net="/run/netns/$SERVER_NS" python3 "$BATS_TEST_DIRNAME/lib/browser.py" "$PAGE" "$@"
}
has_reached() { grep -qx "reached $1" "$WORLD/log/browser"; }
reaches() {
	WAIT_SECONDS=25 wait_until "the page has reached $1" has_reached "$1" || {
		cat "$WORLD/log/browser" >&2
		return 1
	}
}
# What it has seen in all, once it is through: a filter of jq's.
seen() {
	wait_until "the browser is through" process_is_gone browser
	tail -n 1 "$WORLD/log/browser" | jq -c "$1"
}

# In JavaScript: an element, its text without gaps; of the first service.
text_of() { printf 'document.querySelector("%s").innerText.replace(/\\s+/g, " ")' "$1"; }
IS_LIVE='document.getElementById("live").className === "on"'

@test "without JavaScript the page is a snapshot of what status says" {
	start 2
	hold_many 1 2
	come_and_wait waiter 10.77.1.7
	assert_lane 10.77.9.1 refused
	browse --no-script "$(text_of '#now-0 .big') === '2 of 2 direct slots'" \
		"$(text_of '#now-0 dl').startsWith('Waiting 1 of 40')" \
		"$(text_of '#now-0').includes('database up')" \
		"$(text_of '#now-0 .lanes').includes('refused') && $(text_of '#now-0 li.refuse').endsWith('1 in all')" \
		"$(text_of '#sources').includes('10.77.1.7')" \
		"$(text_of '#classes').includes('shut')" \
		"$(text_of '#head').includes('enforcing eth0 native')" \
		"$(text_of footer).includes('A snapshot')" \
		"getComputedStyle(document.getElementById('live')).display === 'none'"
	assert_equal "requests" "[\"$PAGE\"]" "$(tail -n 1 <<<"$output" | jq -c '[.requests[] | select(startswith("data:") | not)]')"
}

@test "in a storm its values change by themselves, and nothing comes from elsewhere" {
	start 2
	hold a 10.77.1.1
	browse_on "$IS_LIVE" "$(text_of '#now-0 li.refuse b') === '0/s'" \
		"parseFloat($(text_of '#now-0 li.refuse b')) > 20" \
		"$(text_of '#sources').includes('10.77.9.')" \
		"$(text_of '#now-0 .big') === '2 of 2 direct slots'" \
		"document.querySelectorAll('#charts-0 polygon.refuse').length === 1" \
		"$(text_of '#now-0 li.refuse b') === '0/s'"
	reaches 2
	storm_from storm 10.77.9.1 20 10000 --connect-rate 100/s
	reaches 4
	hold b 10.77.1.2
	reaches 6
	send_away storm
	reaches 7
	assert_equal "console" '[]' "$(seen .console)"
	assert_equal "cookies" '[]' "$(seen .cookies)"
	assert_equal "requests" "[\"$PAGE\",\"${PAGE}live\"]" "$(seen '[.requests[] | select(startswith("data:") | not)]')"
}

@test "it goes on when the daemon is restarted" {
	start 5
	browse_on "$IS_LIVE" "document.getElementById('live').className === 'off'" "$IS_LIVE" \
		"$(text_of '#now-0 .big') === '1 of 5 direct slots'"
	reaches 1
	stop_process spillwayd KILL
	reaches 2
	spillwayd_run
	reaches 3
	hold a 10.77.1.1
	reaches 4
}

@test "a service that a reload brings is on an open page" {
	start 5
	browse_on "$IS_LIVE" "document.querySelectorAll('h2').length === 2 && document.querySelectorAll('h2')[1].innerText === 'other'" "$IS_LIVE"
	reaches 1
	printf '  - {name: other, listen: [":5433"], budget: {mode: fixed, direct: 3}}\n' >>"$WORLD/spillway.yaml"
	sw reload
	reaches 3
}

@test "a name that would be markup is text" {
	start 5
	as_server ip link add '<b>a"&' type veth peer name other0
	as_server ip link set '<b>a"&' up
	sw attach '<b>a"&' --mode tc
	browse "$IS_LIVE" "$(text_of '#head').includes('<b>a\"& tc')" "!document.querySelector('#head b')"
	sw detach '<b>a"&'
	as_server ip link delete '<b>a"&'
}

@test "it is light or dark as the user prefers, and fits a phone" {
	start 5
	local brightness='getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).slice(0, 3).reduce((a, b) => a + +b, 0)'
	browse "$brightness > 600"
	browse --dark "$brightness < 200"
	browse --size 360x740 "$IS_LIVE" "document.documentElement.scrollWidth <= 360" \
		"$(text_of '#now-0 .big') === '0 of 5 direct slots'"
}

# ask_status PATH: the code of the answer.
ask_status() { as_server curl -s -o /dev/null -w '%{http_code}' "$PAGE$1"; }
reader_hears() { grep -q '^event: parts' "$WORLD/log/reader-$1"; }

@test "sixteen may watch, one more is told so, and who is gone makes room" {
	local i
	start 5
	for i in {1..16}; do
		spawn "reader-$i" nsenter --net="/run/netns/$SERVER_NS" curl -sN "${PAGE}live"
		wait_until "reader $i hears" reader_hears "$i"
	done
	assert_equal "the next one" 503 "$(ask_status live)"
	assert_equal "the page" 200 "$(ask_status '')"
	assert_equal "metrics" 200 "$(ask_status metrics)"
	stop_process reader-1 KILL
	one_more() {
		spawn reader-1 nsenter --net="/run/netns/$SERVER_NS" curl -sfN "${PAGE}live"
		wait_until "he hears or is told no" told_or_gone
		process_runs reader-1
	}
	told_or_gone() { process_is_gone reader-1 || reader_hears 1; }
	rm -f "$WORLD/log/reader-1"
	wait_until "there is room for one" one_more
}
