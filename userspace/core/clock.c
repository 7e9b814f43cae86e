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

/* The kernel's less ours: a namespace's offset is fixed, and so is a process' namespace. */
static uint64_t offset_ns;

uint64_t sw_clock_monotonic_ns(void)
{
	return read_clock(CLOCK_MONOTONIC) + offset_ns;
}

void sw_clock_follow_kernel(uint64_t kernel_ns)
{
	offset_ns = kernel_ns - read_clock(CLOCK_MONOTONIC);
}

uint64_t sw_clock_realtime_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}
