/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two clocks: one to measure with, one to print.
 */
#ifndef SW_CORE_CLOCK_H
#define SW_CORE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define SW_NS_PER_US UINT64_C(1000)
#define SW_NS_PER_MS UINT64_C(1000000)
#define SW_NS_PER_S  UINT64_C(1000000000)

/* CLOCK_MONOTONIC, the clock of bpf_ktime_get_ns(): comparable with times in maps. */
uint64_t sw_clock_monotonic_ns(void);

/*
 * A process in a time namespace of its own has another CLOCK_MONOTONIC than the kernel's programs. Told
 * what theirs was a moment ago, sw_clock_monotonic_ns() goes by theirs from here on.
 */
void sw_clock_follow_kernel(uint64_t kernel_ns);

/* Since the epoch; jumps when somebody sets the clock. */
uint64_t sw_clock_realtime_ns(void);

#define SW_CLOCK_TEXT 40

/* RFC 3339 in UTC, "2026-03-29T02:17:45.123456Z": sorted as text such times are sorted by time. */
void sw_clock_format(uint64_t realtime_ns, char *buf, size_t size);

#endif
