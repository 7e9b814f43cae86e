/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Handshakes that are not complete: how many direct slots are reserved for them, in all and for each
 * source, and the caps on both. Counted are exactly the flows in HALF_OPEN on the direct lane.
 *
 * Each of both counts is raised before its cap is looked at and lowered again where that forbids it,
 * so that no race can pass a cap; one that is lost makes the verdict harsher for a moment.
 *
 * The service's cap spares the first handshake of a source, so that who keeps silent cannot lock others
 * out with a few. But addresses cost nothing: sources of which nobody has heard yet share half of what
 * the cap leaves of the budget, and the rest is for those that completed a handshake lately. So of any
 * budget from 4 on some slots go round among clients that are alive, however many are silent. The price
 * is that a client from nowhere takes its next lane while as many others from nowhere are on their way
 * in; where that is the queue, it gets in as they complete theirs or expire.
 */
#ifndef SPILLWAY_HALF_OPEN_H
#define SPILLWAY_HALF_OPEN_H

#include "spillway/maps.h"
#include "spillway/source.h"

/* What a connection takes of its source. */
enum sw_source_share {
	SW_SHARE_POOLED, /* one connection */
	SW_SHARE_DIRECT, /* one on the direct lane, whose handshake is not complete */
	SW_SHARE_ANYWAY, /* the same, whatever the caps on handshakes say */
};

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

/* How many there may be while those of new sources are let in. */
SW_INLINE __u32 sw_half_open_newcomers(const struct sw_service_conf *conf)
{
	__u32 left = conf->budget > conf->half_open_max ? conf->budget - conf->half_open_max : 0;

	return conf->half_open_max + left / 2;
}

/* True where the service's cap lets in a source that has `own` incomplete handshakes already. */
SW_INLINE int sw_half_open_is_within(const struct sw_service_conf *conf, __u64 in_all, __u64 own,
				     int is_proven)
{
	if (!conf->half_open_max || in_all < conf->half_open_max)
		return 1;
	return !own && (is_proven || in_all < sw_half_open_newcomers(conf));
}

/*
 * Counts one more for the source, which has a connection in `source->word` already. 0, or the reason
 * why not.
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
	if (sw_half_open_is_within(conf, in_all, own, source->is_proven))
		return 0;
	sw_half_open_free(service, source);
	return SW_REASON_HALF_OPEN;
}

/* Likewise, of a connection that `source` has counted already: where it may not be, the source has let it go. */
SW_INLINE int sw_half_open_begin(const struct sw_service_conf *conf,
				 struct sw_service_state *service, struct sw_source_live *source,
				 enum sw_source_share share)
{
	int reason;

	if (share == SW_SHARE_POOLED)
		return 0;
	if (share == SW_SHARE_ANYWAY) {
		sw_half_open_add(service, source);
		return 0;
	}
	reason = sw_half_open_take(conf, service, source);
	if (reason && source)
		sw_source_free(&source->word, 1);
	return reason;
}

#endif
