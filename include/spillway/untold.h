/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Wakeups that the ring buffer had no room for: of whom the daemon would have heard, by a hash of the source.
 * The gate's programs set a byte and then count; the daemon's clock looks at the count, and takes the bytes.
 */
#ifndef SPILLWAY_UNTOLD_H
#define SPILLWAY_UNTOLD_H

#include "spillway/decision.h"

/* Of those that wait for their own source few share a byte with one of whom nothing was told. */
#define SW_UNTOLD (1u << 14)

SW_INLINE __u32 sw_untold_place(const struct sw_source_key *source)
{
	return sw_sample_hash(source) & (SW_UNTOLD - 1);
}

#endif
