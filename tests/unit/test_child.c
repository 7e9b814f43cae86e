/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A question that a child asks: its answer, its silence, and its end, for which nobody waits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "db/child.h"

/* Where a test that hangs ends. */
#define PATIENCE_S 60

/* Its state, as ps(1) has it; 0: there is none. */
static char state_of(pid_t pid)
{
	char path[64], line[512] = {0};
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (!fgets(line, sizeof(line), file))
		line[0] = 0;
	fclose(file);
	return strrchr(line, ')') ? strrchr(line, ')')[2] : 0;
}

static void wait_until_it_is(pid_t pid, char state)
{
	while (state_of(pid) != state)
		poll(NULL, 0, 1);
}

static void echo(const char *what, void *answer)
{
	memcpy(answer, what, strlen(what));
}

/* Who likes may watch it. */
static void say_nothing(const char *what, void *answer)
{
	(void)what, (void)answer;
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	for (;;)
		pause();
}

static void die(const char *what, void *answer)
{
	(void)what, (void)answer;
	_exit(1);
}

static void wait_for(const struct sw_child *child)
{
	struct pollfd fd = {.fd = child->fd, .events = POLLIN};

	assert_int_equal(poll(&fd, 1, -1), 1);
}

static void it_answers_and_is_gone(void **state)
{
	struct sw_child child = {0};
	char answer[8];
	pid_t pid;

	(void)state;
	assert_int_equal(sw_child_start(&child, echo, sizeof(answer), "seven"), 0);
	pid = child.pid;
	wait_for(&child);
	assert_int_equal(sw_child_answer(&child, answer, sizeof(answer)), 0);
	assert_string_equal(answer, "seven");
	wait_until_it_is(pid, 0);
	sw_child_end(&child);
	assert_int_equal(child.pid, 0);
	sw_child_end(&child);
}

static void one_that_dies_has_no_answer(void **state)
{
	struct sw_child child = {0};
	char answer[8];

	(void)state;
	assert_int_equal(sw_child_start(&child, die, sizeof(answer), ""), 0);
	wait_for(&child);
	assert_int_equal(sw_child_answer(&child, answer, sizeof(answer)), -EPIPE);
	sw_child_end(&child);
}

static void one_that_says_nothing_is_ended(void **state)
{
	struct sw_child child = {0};
	char answer[8];
	pid_t pid;

	(void)state;
	assert_int_equal(sw_child_start(&child, say_nothing, sizeof(answer), ""), 0);
	pid = child.pid;
	assert_int_equal(sw_child_answer(&child, answer, sizeof(answer)), -EAGAIN);
	sw_child_end(&child);
	wait_until_it_is(pid, 0);
}

/* Watches that process until it is killed itself, and says when it does. */
static void watch(pid_t pid, int done)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (ptrace(PTRACE_SEIZE, pid, NULL, NULL))
		poll(NULL, 0, 1); /* it has not said yet that anybody may */
	if (write(done, "", 1) == 1)
		for (;;)
			pause();
	_exit(1);
}

/* Who is watched by a third is no more than dead, to his parent not even that, until the third lets go of him. */
static void its_end_is_not_waited_for_however_long_it_takes(void **state)
{
	struct sw_child child = {0};
	int ends[2];
	pid_t pid, watcher;
	char byte;

	(void)state;
	assert_int_equal(sw_child_start(&child, say_nothing, 8, ""), 0);
	pid = child.pid;
	assert_int_equal(pipe(ends), 0);
	watcher = fork();
	assert_true(watcher >= 0);
	if (!watcher)
		watch(pid, ends[1]);
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	sw_child_end(&child);
	wait_until_it_is(pid, 'Z');
	kill(watcher, SIGKILL);
	wait_until_it_is(pid, 0);
	wait_until_it_is(watcher, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_answers_and_is_gone),
		cmocka_unit_test(one_that_dies_has_no_answer),
		cmocka_unit_test(one_that_says_nothing_is_ended),
		cmocka_unit_test(its_end_is_not_waited_for_however_long_it_takes),
	};

	alarm(PATIENCE_S);
	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
