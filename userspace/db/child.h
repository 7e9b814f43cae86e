/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A question that a child process asks, because asking may block: its answer is one byte, and a descriptor
 * says when it is there. Whoever does not want to wait any longer ends it. Used by db/ping.c.
 */
#ifndef SW_DB_CHILD_H
#define SW_DB_CHILD_H

#include <sys/types.h>

struct sw_child {
	pid_t pid; /* 0: there is none */
	int fd;	   /* readable when it has answered, or died */
};

/* ask() is run in the child, which has no descriptor of this process but stderr. -errno. */
int sw_child_start(struct sw_child *child, unsigned char (*ask)(const char *what),
		   const char *what);
/* The answer; -EAGAIN: none yet; -EPIPE: there will be none. */
int sw_child_answer(const struct sw_child *child);
void sw_child_end(struct sw_child *child);

#endif
