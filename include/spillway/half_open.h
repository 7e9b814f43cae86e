/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Handshakes that are not complete: how many direct slots are reserved for them, in all and for each
 * source, and the caps on both. Counted are exactly the flows in HALF_OPEN on the direct lane.
 *
 * Each of both counts is raised before its cap is looked at and lowered again where that forbids it,
 * so that no race can pass a cap; one that is lost makes the verdict harsher for a moment.
 */
#ifndef SPILLWAY_HALF_OPEN_H
#define SPILLWAY_HALF_OPEN_H

#include "spillway/maps.h"

SW_INLINE void sw_half_open_add(struct sw_service_state *service, struct sw_source_live *source)
{
	if (source)
		__sync_fetch_and_add(&source->half_open, 1);
	__sync_fetch_and_add(&service->half_open, 1);
}

/* What both counts were before. */
struct sw_half_open {
	__u64 in_all;
	__u64 own;
};

SW_INLINE struct sw_half_open sw_half_open_free(struct sw_service_state *service,
						struct sw_source_live *source)
{
	struct sw_half_open before = {};

	before.in_all = __sync_fetch_and_sub(&service->half_open, 1);
	if (source)
		before.own = __sync_fetch_and_sub(&source->half_open, 1);
	return before;
}

/* True where the service's cap lets in a source that has `own` incomplete handshakes already. */
SW_INLINE int sw_half_open_is_within(const struct sw_service_conf *conf, __u64 in_all, __u64 own)
{
	return !conf->half_open_max || in_all < conf->half_open_max || !own;
}

/*
 * Counts one more for the source, which has a connection in `source->word` already. 0, or the reason
 * why not. The service's cap spares the first of each source: whoever keeps silent can neither hold
 * the budget with many handshakes nor lock others out with few.
 */
SW_SUBPROGRAM int sw_half_open_take(const struct sw_service_conf *conf,
				    struct sw_service_state *service, struct sw_source_live *source)
{
	__u64 own, in_all;

	if (!conf || !service || !source)
		return SW_REASON_HALF_OPEN;
	own = __sync_fetch_and_add(&source->half_open, 1);
	if (conf->half_open_per_source && own >= conf->half_open_per_source) {
		__sync_fetch_and_sub(&source->half_open, 1);
		return SW_REASON_SOURCE_HALF_OPEN;
	}
	in_all = __sync_fetch_and_add(&service->half_open, 1);
	if (sw_half_open_is_within(conf, in_all, own))
		return 0;
	sw_half_open_free(service, source);
	return SW_REASON_HALF_OPEN;
}

#endif
