/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The generic cell rate algorithm, virtual scheduling form (ITU-T I.371, annex A): a source's whole
 * state is one time, the theoretical arrival time of its next connection.
 *
 *   interval  = 1 s / rate                  tolerance = (burst - 1) * interval
 *   an arrival at `now` conforms  <=>  theoretical - now <= tolerance
 *   and then moves it on to            max(now, theoretical) + interval
 *
 * An arrival that does not conform changes nothing, so a source that hammers is not punished beyond
 * its rate. A source never seen has theoretical = 0.
 */
#ifndef SPILLWAY_GCRA_H
#define SPILLWAY_GCRA_H

#include "spillway/limits.h"
#include "spillway/types.h"

enum sw_gcra_result {
	SW_GCRA_CONFORMS = 0,
	SW_GCRA_EXCEEDS,
	SW_GCRA_CONTENDED, /* lost SW_CAS_TRIES races; nothing was taken */
};

/* The new theoretical arrival time, or 0 when the arrival does not conform. All times in ns. */
SW_INLINE __u64 sw_gcra_next(__u64 theoretical_ns, __u64 now_ns, __u64 interval_ns,
			     __u64 tolerance_ns)
{
	__u64 base_ns = theoretical_ns > now_ns ? theoretical_ns : now_ns;

	if (base_ns - now_ns > tolerance_ns)
		return 0;
	return base_ns + interval_ns;
}

/* Takes one arrival from a time that other CPUs change at the same moment: enum sw_gcra_result. */
SW_SUBPROGRAM int sw_gcra_take(__u64 *theoretical_ns, __u64 now_ns, __u64 interval_ns,
			       __u64 tolerance_ns)
{
	if (!theoretical_ns)
		return SW_GCRA_CONFORMS;
	for (int i = 0; i < SW_CAS_TRIES; i++) {
		__u64 seen = *(volatile __u64 *)theoretical_ns;
		__u64 next = sw_gcra_next(seen, now_ns, interval_ns, tolerance_ns);

		if (!next)
			return SW_GCRA_EXCEEDS;
		if (__sync_val_compare_and_swap(theoretical_ns, seen, next) == seen)
			return SW_GCRA_CONFORMS;
	}
	return SW_GCRA_CONTENDED;
}

#endif
