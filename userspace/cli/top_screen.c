/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See top_screen.h. Signals that ask to end are told to the loop, which leaves in order; what kills at once gives
 * the terminal back by itself, with nothing but what a signal handler may call.
 */
#include "cli/top_screen.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

static const int asking[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static const int killing[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static struct termios before;	   /* as the terminal was found */
static char leaving[128];	   /* what makes it the shell's again */
static int pipe_fds[2] = {-1, -1}; /* from the handler to the loop */
static volatile sig_atomic_t asked;
static bool is_colored;

static void on_asked(int signal)
{
	int saved = errno;

	asked = signal;
	if (write(pipe_fds[1], "", 1) < 0)
		errno = saved;
	errno = saved;
}

static void on_killed(int number)
{
	ssize_t ignored = write(STDOUT_FILENO, leaving, strlen(leaving));

	(void)ignored;
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	signal(number, SIG_DFL);
	raise(number);
}

static void remember_leaving(void)
{
	const char *const parts[] = {tigetstr("sgr0"), tigetstr("cnorm"), tigetstr("rmcup")};
	size_t length = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		/* Not a string: -1; not in this terminal: NULL. */
		if (parts[i] && parts[i] != (const char *)-1 &&
		    length + strlen(parts[i]) < sizeof(leaving))
			length += (size_t)snprintf(leaving + length, sizeof(leaving) - length, "%s",
						   parts[i]);
	}
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_asked};

	for (size_t i = 0; i < sizeof(asking) / sizeof(asking[0]); i++)
		sigaction(asking[i], &action, NULL);
	action.sa_handler = on_killed;
	action.sa_flags = (int)SA_RESETHAND;
	for (size_t i = 0; i < sizeof(killing) / sizeof(killing[0]); i++)
		sigaction(killing[i], &action, NULL);
}

static int check_terminal(struct sw_error *err)
{
	const char *name = getenv("TERM");
	int found;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return sw_error_set(
			err, -ENOTTY,
			"standard input and output must be a terminal; for scripts there are "
			"`spillway status --json` and `spillway top --json`");
	if (!name || setupterm(name, STDOUT_FILENO, &found) != OK)
		return sw_error_set(
			err, -ENOTTY,
			"the terminal (TERM=%s) is not known to terminfo; set TERM to one that is",
			name ? name : "");
	if (!tigetstr("cup") || tigetstr("cup") == (char *)-1)
		return sw_error_set(err, -ENOTTY,
				    "the terminal (TERM=%s) cannot place its cursor; set TERM to "
				    "one that can",
				    name);
	return 0;
}

static void set_up_colors(const struct sw_term *term)
{
	is_colored = term->color && has_colors() && start_color() == OK;
	if (!is_colored)
		return;
	use_default_colors();
	init_pair(SW_STYLE_GOOD, COLOR_GREEN, -1);
	init_pair(SW_STYLE_WARN, COLOR_YELLOW, -1);
	init_pair(SW_STYLE_BAD, COLOR_RED, -1);
}

int sw_top_screen_open(const struct sw_term *term, struct sw_error *err)
{
	int failed = check_terminal(err);

	if (failed)
		return failed;
	if (tcgetattr(STDIN_FILENO, &before) < 0 || pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return sw_error_set(err, -errno, "the terminal: %s", strerror(errno));
	remember_leaving();
	catch_signals();
	if (!newterm(NULL, stdout, stdin))
		return sw_error_set(err, -ENOTTY, "curses cannot use this terminal");
	set_up_colors(term);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(50);
	curs_set(0);
	return 0;
}

void sw_top_screen_close(void)
{
	endwin();
}

int sw_top_screen_signal_fd(void)
{
	return pipe_fds[0];
}

int sw_top_screen_signal(void)
{
	return asked;
}

attr_t sw_top_screen_style(enum sw_style style)
{
	switch (style) {
	case SW_STYLE_BOLD:
		return A_BOLD;
	case SW_STYLE_DIM:
		return is_colored ? A_DIM : A_NORMAL;
	case SW_STYLE_GOOD:
		return is_colored ? (attr_t)COLOR_PAIR(style) : A_NORMAL;
	case SW_STYLE_WARN:
		return is_colored ? (attr_t)COLOR_PAIR(style) | A_BOLD : A_BOLD;
	case SW_STYLE_BAD:
		return is_colored ? (attr_t)COLOR_PAIR(style) | A_BOLD : A_REVERSE;
	default:
		return A_NORMAL;
	}
}
