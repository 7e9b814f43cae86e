/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ring buffer that the gate fills. It outlives the daemon: the next one finds what this one has not read.
 */
#ifndef SW_KERN_RING_H
#define SW_KERN_RING_H

#include <stdbool.h>
#include <stddef.h>

struct sw_ring;

/* 0 or -errno. arg must outlive it. */
int sw_ring_open(int map_fd, void (*each)(void *arg, const void *record, size_t bytes), void *arg,
		 struct sw_ring **out);
void sw_ring_close(struct sw_ring *ring); /* NULL is fine */

/* Readable while there is something to read. */
int sw_ring_fd(const struct sw_ring *ring);

/* Hands on what is there, oldest first, so many records at the most (1 or more): false if there may be more. */
bool sw_ring_read(struct sw_ring *ring, unsigned int most);

#endif
