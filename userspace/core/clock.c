/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the clocks, and writes what one says. clock_gettime() with these two ids cannot fail on Linux.
 */
#include "core/clock.h"

#include <stdio.h>
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

void sw_clock_format(uint64_t realtime_ns, char *buf, size_t size)
{
	time_t seconds = (time_t)(realtime_ns / SW_NS_PER_S);
	char day[SW_CLOCK_TEXT];
	struct tm utc;

	gmtime_r(&seconds, &utc);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(buf, size, "%.24s.%06uZ", day,
		 (unsigned int)(realtime_ns % SW_NS_PER_S / SW_NS_PER_US));
}
