/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers, durations and rates as people write them, in configuration, options and requests.
 * Strict: the whole text must be the value, so "12abc", "+5", " 5", "" and "0x10" are -EINVAL;
 * a value that does not fit is -ERANGE. The output is untouched on failure.
 */
#ifndef SW_CORE_NUMBER_H
#define SW_CORE_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* Room for every formatted duration and rate. */
#define SW_DURATION_TEXT 32
#define SW_RATE_TEXT	 32

/* count in per_ns; count 0 is "unlimited" (per_ns is then one second, so dividing by it is safe). */
struct sw_rate {
	uint64_t count;
	uint64_t per_ns;
};

int sw_parse_u32(const char *text, uint32_t *out);
int sw_parse_u64(const char *text, uint64_t *out);

/* "500ms", "10s", "5m", "2h"; also "us" and "ns". The unit is required, also for 0. */
int sw_parse_duration(const char *text, uint64_t *out_ns);

/*
 * "100/s", "30/m", "5/h", "unlimited". Zero is refused (-ERANGE): it could be taken for "nobody" as
 * well as for "no limit". So is more than one per nanosecond, the resolution of the limiter.
 */
int sw_parse_rate(const char *text, struct sw_rate *out);

/* In the largest unit that divides the value, so that parsing gives the same value back. */
int sw_format_duration(uint64_t ns, char *buf, size_t size);
int sw_format_rate(const struct sw_rate *rate, char *buf, size_t size);

#endif
