/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rates of sources in their map, from which the kernel may drop the longest unused; the arithmetic is
 * in spillway/gcra.h. Used by the gate.
 */
#ifndef SPILLWAY_RATE_BPF_H
#define SPILLWAY_RATE_BPF_H

#include "count.bpf.h"
#include "spillway/decision.h"
#include "spillway/gcra.h"

/* For the eye only: two CPUs may lose one of each other's arrivals. */
static __always_inline void note_arrival(struct sw_source_rate *rate, __u64 now_ns)
{
	__u32 second = now_ns / NS_PER_SECOND;

	if (rate->second != second) {
		rate->previous = rate->second + 1 == second ? rate->current : 0;
		rate->current = 0;
		rate->second = second;
	}
	rate->current++;
}

/*
 * The first entry of a source that nothing limits, which is for the eye alone. It has one from its second arrival on,
 * if that is in the second of the first or in the next: of that one `sampled` knows, for it was told of. So who comes
 * but once, to wait perhaps, takes no memory. False: it has come but once, as far as is known.
 */
static __always_inline int came_before(const struct sw_source_key *key,
				       struct sw_source_rate *first)
{
	__u64 hash = sw_sample_hash(key);
	__u32 place = sw_sample_place(hash);
	struct sw_sampled *last = bpf_map_lookup_elem(&sampled, &place);

	switch (last ? sw_sample_age(last, hash, first->second) : SW_SAMPLE_UNKNOWN) {
	case 0:
		first->current++;
		return 1;
	case 1:
		first->previous++;
		return 1;
	default:
		return 0;
	}
}

/* Takes one arrival from the source's rate. A source that cannot be noted conforms. */
static __noinline enum sw_gcra_result source_arrives(const struct sw_source_key *key,
						     const struct sw_class_conf *conf, __u64 now_ns)
{
	struct sw_source_rate *rate = bpf_map_lookup_elem(&source_rate, key);

	if (!rate) {
		struct sw_source_rate first = {
			.second = now_ns / NS_PER_SECOND,
			.theoretical_ns = now_ns + conf->interval_ns,
			.current = 1,
		};

		if (!conf->interval_ns && !came_before(key, &first))
			return SW_GCRA_CONFORMS;
		if (!bpf_map_update_elem(&source_rate, key, &first, BPF_NOEXIST))
			return SW_GCRA_CONFORMS;
		rate = bpf_map_lookup_elem(&source_rate, key);
		if (!rate)
			return SW_GCRA_CONFORMS;
	}
	note_arrival(rate, now_ns);
	if (!conf->interval_ns)
		return SW_GCRA_CONFORMS;
	return sw_gcra_take(&rate->theoretical_ns, now_ns, conf->interval_ns, conf->tolerance_ns);
}

/* Gives back the arrival that was just taken. */
static __always_inline void source_returns(const struct sw_source_key *key,
					   const struct sw_class_conf *conf)
{
	struct sw_source_rate *rate = bpf_map_lookup_elem(&source_rate, key);

	if (rate)
		__sync_fetch_and_sub(&rate->theoretical_ns, conf->interval_ns);
}

/* Whom no rate was asked for, denied sources above all, gets its entry here. */
static __noinline int note_refusal(const struct sw_source_key *key, __u64 now_ns)
{
	struct sw_source_rate *rate = bpf_map_lookup_elem(&source_rate, key);
	struct sw_source_rate first = {.second = now_ns / NS_PER_SECOND, .refused = 1};

	if (rate)
		rate->refused++;
	else
		bpf_map_update_elem(&source_rate, key, &first, BPF_NOEXIST);
	return 0;
}

#endif
