/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the times that sw_clock_format() writes. Used by recording_read.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/recording.h"
#include "core/clock.h"

#define FRACTION_DIGITS 6

int sw_recording_parse_time(const char *text, uint64_t *at_ns)
{
	struct tm utc = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
	char *end;
	unsigned long micros;
	time_t seconds;

	if (!rest || *rest != '.' || strspn(rest + 1, "0123456789") != FRACTION_DIGITS)
		return -EINVAL;
	micros = strtoul(rest + 1, &end, 10);
	if (strcmp(end, "Z") != 0)
		return -EINVAL;
	seconds = timegm(&utc);
	/* What is before 1970 is beyond it, without its sign. */
	if ((uint64_t)seconds >= SW_RECORDING_SECONDS_MOST)
		return -EINVAL;
	*at_ns = (uint64_t)seconds * SW_NS_PER_S + micros * SW_NS_PER_US;
	return 0;
}
