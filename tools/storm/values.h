/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The latencies that a record holds, one by one: what stats.c sums up, histogram.c sorts into buckets
 * and by_source.c divides.
 */
#ifndef STORM_VALUES_H
#define STORM_VALUES_H

#include "storm.h"

/* All but lateness count from the record's from_ns: its SYN, or with --connect-rate when it was due. */
enum sw_value {
	SW_VALUE_CONNECT,  /* to the handshake seen complete */
	SW_VALUE_LOGIN,	   /* to the first ReadyForQuery */
	SW_VALUE_TOTAL,	   /* to the last answer, without --hold; who succeeded */
	SW_VALUE_LATENESS, /* of the SYN, for which nothing but this process is to blame */
};

/* False: the connection did not come so far, *out_ns is untouched. */
bool sw_value_of(const struct sw_record *record, enum sw_value value, uint64_t *out_ns);

/* Those of all connections into out_ns[connections]; how many they are. */
uint32_t sw_values_collect(const struct sw_storm *storm, enum sw_value value, uint64_t *out_ns);

#endif
