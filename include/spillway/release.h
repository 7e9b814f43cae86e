/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Giving back what a lane took: the counterpart of spillway/decide.h, for all who end flows.
 */
#ifndef SPILLWAY_RELEASE_H
#define SPILLWAY_RELEASE_H

#include "spillway/half_open.h"
#include "spillway/slots.h"
#include "spillway/source.h"

/*
 * Gives back what a verdict took, when the flow ends or could not be noted. The source's connection
 * last: it is what keeps the entry.
 */
SW_INLINE void sw_release(struct sw_service_state *service, struct sw_class_state *class,
			  struct sw_source_live *source, __u8 lane, int is_half_open)
{
	if (lane == SW_LANE_DIRECT) {
		if (is_half_open)
			sw_half_open_free(service, source);
		sw_slots_free(service, class);
	} else if (lane == SW_LANE_POOLER) {
		sw_pooler_free(service, class);
	} else {
		return;
	}
	if (source)
		sw_source_free(&source->word, lane == SW_LANE_DIRECT);
}

#endif
