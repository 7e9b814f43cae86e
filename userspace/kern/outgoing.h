/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TCP connections of a process that holds a listener, by their local ends: a pool's connections to its
 * database are among them. Used by daemon/backends.c.
 */
#ifndef SW_KERN_OUTGOING_H
#define SW_KERN_OUTGOING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "kern/listeners.h"

struct sw_local_end {
	struct sw_addr addr;
	uint16_t port;
};

struct sw_outgoing {
	struct sw_local_end *list;
	size_t count;
};

/*
 * listeners: of one port, however many processes share it; but: others that they may hold as well. Where one
 * does, nothing tells which connection is whose, and none is listed. 0 or -errno with *out untouched; -EACCES: some process would not
 * show its files, and it may be the one.
 */
int sw_outgoing_read(const struct sw_inodes *listeners, const struct sw_inodes *but,
		     struct sw_outgoing *out);
void sw_outgoing_free(struct sw_outgoing *outgoing);
#define SW_OUTGOING_FREE __attribute__((cleanup(sw_outgoing_free)))

#endif
