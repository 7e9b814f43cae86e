/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See child.h. The process that forks has one thread, so the child may do whatever it likes.
 */
#include "db/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/cleanup.h"

/* What is left open: stderr, and where the answer goes. */
#define ANSWER_FD 3

/* Handlers would write into descriptors of the parent's loop. */
static void forget_handlers(void)
{
	for (int signal_id = 1; signal_id < NSIG; signal_id++)
		if (signal_id != SIGPIPE)
			signal(signal_id, SIG_DFL);
}

/* Locks, listeners and maps are the parent's: none may stay taken because a child lives longer. */
static void leave_parent(pid_t parent, int fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	forget_handlers();
	if ((fd != ANSWER_FD && dup2(fd, ANSWER_FD) < 0) ||
	    close_range(ANSWER_FD + 1, UINT32_MAX, 0))
		_exit(0);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
}

/* -errno, and the child is gone. One that has answered by now and ended needs no end; its pid may be another's. */
static int find_process(pid_t pid, int *process)
{
	int failed;

	*process = pidfd_open(pid, 0);
	if (*process >= 0 || errno == ESRCH)
		return 0;
	failed = -errno;
	kill(pid, SIGKILL);
	return failed;
}

int sw_child_start(struct sw_child *child, void (*ask)(const char *what, void *answer),
		   size_t bytes, const char *what)
{
	const pid_t parent = getpid();
	int ends[2], process = -1, failed;
	pid_t pid;

	if (signal(SIGCHLD, SIG_IGN) == SIG_ERR || pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	pid = fork();
	if (!pid) {
		unsigned char answer[SW_CHILD_ANSWER_MAX] __attribute__((aligned(8))) = {0};

		leave_parent(parent, ends[1]);
		ask(what, answer);
		_exit(write(ANSWER_FD, answer, bytes) == (ssize_t)bytes ? 0 : 1);
	}
	close(ends[1]);
	failed = pid < 0 ? -errno : find_process(pid, &process);
	if (failed) {
		sw_cleanup_close(&ends[0]);
		return failed;
	}
	*child = (struct sw_child){.pid = pid, .process = process, .fd = ends[0]};
	return 0;
}

int sw_child_answer(const struct sw_child *child, void *answer, size_t bytes)
{
	ssize_t got = read(child->fd, answer, bytes);

	if (got == (ssize_t)bytes)
		return 0;
	return got < 0 && errno == EAGAIN ? -EAGAIN : -EPIPE;
}

void sw_child_end(struct sw_child *child)
{
	if (!child->pid)
		return;
	close(child->fd);
	if (child->process >= 0) {
		pidfd_send_signal(child->process, SIGKILL, NULL, 0);
		close(child->process);
	}
	child->pid = 0;
}
