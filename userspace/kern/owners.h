/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose sockets are whose: the kernel does not say which listener a connection came in by, but the
 * process that accepted it has both. Used by reconciliation for connections that have no flow.
 */
#ifndef SW_KERN_OWNERS_H
#define SW_KERN_OWNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sw_owners {
	uint32_t *inodes; /* sorted */
	size_t count;
};

/*
 * All sockets of the processes that hold one of the listeners, given by their inodes. 0; -EACCES: some
 * process would not show its files, and *out has what the others hold; -ENOMEM.
 */
int sw_owners_read(const uint32_t *listeners, size_t count, struct sw_owners *out);
bool sw_owners_have(const struct sw_owners *owners, uint32_t inode);
void sw_owners_free(struct sw_owners *owners);
/* A process that has the socket; 0: none that can be seen. */
int sw_owners_pid(uint32_t inode);
#define SW_OWNERS_FREE __attribute__((cleanup(sw_owners_free)))

#endif
