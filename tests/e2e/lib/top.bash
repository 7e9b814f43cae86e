# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# `spillway top` in a terminal of tmux's: what it shows, and keys to it. Loaded behind e2e.bash.

in_tmux() { tmux -S "$WORLD/tmux" -f /dev/null "$@" 3>&- 4>&-; }

# top_start [NAME=VALUE]...: in 80x24, with a shell around it that says how it ended and what it did to the terminal.
top_start() {
	top_stop
	rm -f "$WORLD"/stty-*
	cat >"$WORLD/top.sh" <<-SHELL
		trap : INT HUP QUIT
		stty -g >"$WORLD/stty-before"
		env -u NO_COLOR $* "$BUILD/spillway" --socket "$SOCKET" top
		echo "top ended with \$?"
		stty -g >"$WORLD/stty-after"
		exec sleep 600
	SHELL
	in_tmux new-session -d -s top -x 80 -y 24 "exec bash $WORLD/top.sh"
	in_tmux set-option -t top remain-on-exit on
}
top_stop() { in_tmux kill-server 2>/dev/null || true; }

screen() { in_tmux capture-pane -p -t top; }
styled_screen() { in_tmux capture-pane -p -e -t top; }
keys() { in_tmux send-keys -t top "$@"; }
shows() { screen | grep -Eq -- "$1"; }
hides() { ! shows "$1"; }

# wait_until_shown PATTERN; and what was there instead, if it does not come.
wait_until_shown() {
	wait_until "the screen shows: $1" shows "$1" || {
		screen >&2
		return 1
	}
}
wait_until_hidden() { wait_until "the screen does not show: $1" hides "$1"; }

# top_pid: of the program itself, below the shell.
top_pid() { pgrep -P "$(in_tmux display-message -p -t top '#{pane_pid}')" -x spillway; }

# top_ended CODE: and the terminal is as it was before, in its modes and on its screen.
top_ended() {
	wait_until_shown "^top ended with $1\$" || return
	wait_until "the shell has looked at the terminal" test -s "$WORLD/stty-after"
	assert_equal "modes of the terminal" "$(cat "$WORLD/stty-before")" "$(cat "$WORLD/stty-after")"
	assert_equal "alternate screen" 0 "$(in_tmux display-message -p -t top '#{alternate_on}')"
	assert_equal "cursor" 1 "$(in_tmux display-message -p -t top '#{cursor_flag}')"
}
