/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several services at one database: how much of what it has room for is whose, as arithmetic alone. Used by
 * daemon/monitor_share.c.
 */
#ifndef SW_POLICY_SHARE_H
#define SW_POLICY_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One of the services. */
struct sw_sharer {
	uint32_t used;	 /* direct slots */
	uint32_t budget; /* as it is in force */
	uint32_t bound;	 /* 0: none */
	bool is_fixed;	 /* its budget is what it is, and follows nothing */
};

/*
 * What sharer `me` may have of `room`, the rest is for the others. Each has what it uses and an equal part of what
 * is free, whoever uses least first; and none more than the budgets in force leave, so that their sum is never
 * above the room, in whatever order they are changed.
 */
uint32_t sw_share_of(uint32_t room, const struct sw_sharer *sharers, size_t count, size_t me);

#endif
