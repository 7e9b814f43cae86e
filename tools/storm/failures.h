/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why clients failed: one row per cause with its count and the first message met. Filled by
 * client.c, printed by the reports. Causes are names scripts may rely on; --help explains them.
 */
#ifndef STORM_FAILURES_H
#define STORM_FAILURES_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SW_FAILURES_MAX 64

struct sw_failure {
	char cause[32];
	char sample[256]; /* one line, no control characters */
	uint32_t count;
};

/* All zeros is empty. A server inventing more causes than fit has the rest counted as "other". */
struct sw_failures {
	struct sw_failure rows[SW_FAILURES_MAX];
	size_t count;
};

void sw_failures_note(struct sw_failures *failures, const char *cause, const char *fmt,
		      va_list args);

/* Every cause and what it means, for --help. */
void sw_failures_explain(FILE *to);

#endif
