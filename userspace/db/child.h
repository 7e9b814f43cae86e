/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A question that a child process asks, because asking may block: a descriptor says when its answer, a few
 * bytes, is there. Whoever does not want to wait any longer ends it, and nobody ever waits for its end: SIGCHLD
 * is ignored from the first one on, so that the kernel forgets it. Used by db/ping.c and db/scout.c.
 */
#ifndef SW_DB_CHILD_H
#define SW_DB_CHILD_H

#include <stddef.h>
#include <sys/types.h>

struct sw_child {
	pid_t pid;   /* 0: there is none */
	int process; /* it and no other that gets its pid (pidfd); -1: it ended at once */
	int fd;	     /* readable when it has answered, or died */
};

/* At most so much goes through a pipe in one piece (PIPE_BUF). */
#define SW_CHILD_ANSWER_MAX 4096

/*
 * ask() is run in the child, which has no descriptor of this process but stderr, and fills an answer of so
 * many bytes, zero to begin with. -errno.
 */
int sw_child_start(struct sw_child *child, void (*ask)(const char *what, void *answer),
		   size_t bytes, const char *what);
/* 0; -EAGAIN: no answer yet; -EPIPE: there will be none. */
int sw_child_answer(const struct sw_child *child, void *answer, size_t bytes);
/* It may take its time to go: a child that hangs in the kernel keeps nobody. */
void sw_child_end(struct sw_child *child);

#endif
