/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the clocks. clock_gettime() with these two ids cannot fail on Linux.
 */
#include "core/clock.h"

#include <time.h>

static uint64_t read_clock(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * SW_NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t sw_clock_monotonic_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t sw_clock_realtime_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}
