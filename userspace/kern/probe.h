/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The doctor: whether this machine can do what Spillway needs. Used by `spillway probe`, which adds what the
 * configuration's services find here.
 */
#ifndef SW_KERN_PROBE_H
#define SW_KERN_PROBE_H

#include <stddef.h>

#include "config/config.h"

enum sw_probe_level {
	SW_PROBE_OK,
	SW_PROBE_WARN,
	SW_PROBE_FAIL,
};

#define SW_PROBE_LINES_MAX 256

struct sw_probe_line {
	const char *check;
	enum sw_probe_level level;
	char text[320];
};

/* Begins empty; lines beyond the last are left out. */
struct sw_probe {
	struct sw_probe_line lines[SW_PROBE_LINES_MAX];
	size_t count;
};

/* One finding, with what to do about it; check has to outlive the probe. */
void __attribute__((format(printf, 4, 5)))
sw_probe_say(struct sw_probe *probe, const char *check, enum sw_probe_level level, const char *fmt,
	     ...);

/* Kernel, privileges, bpffs, programs: what is missing here nothing else makes up for. */
void sw_probe_host(struct sw_probe *probe);
/* Interfaces as configured, or all but loopback where none is. */
void sw_probe_interfaces(struct sw_probe *probe, const struct sw_config_interface *configured,
			 size_t count);
/* The kernel's settings of sockets. */
void sw_probe_sockets(struct sw_probe *probe);

#endif
