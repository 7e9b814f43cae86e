/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The doctor: whether this machine can do what Spillway needs. Used by `spillway probe`.
 */
#ifndef SW_KERN_PROBE_H
#define SW_KERN_PROBE_H

#include <stddef.h>

enum sw_probe_level {
	SW_PROBE_OK,
	SW_PROBE_WARN,
	SW_PROBE_FAIL,
};

struct sw_probe_line {
	const char *check;
	enum sw_probe_level level;
	char text[256];
};

/* Fills at most cap lines, each one finding with what to do about it. The number of lines. */
int sw_probe_run(struct sw_probe_line *lines, size_t cap);

#endif
