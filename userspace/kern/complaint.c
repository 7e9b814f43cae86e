/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See complaint.h.
 */
#include "kern/complaint.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"

/* The last thing libbpf complained about; it says more than its -errno. */
static char last_complaint[256];

static int hear_libbpf(enum libbpf_print_level level, const char *fmt, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, args);
	text[strcspn(text, "\n")] = '\0';
	if (level == LIBBPF_WARN && text[0] && !strstr(text, "-- BEGIN PROG LOAD LOG --"))
		snprintf(last_complaint, sizeof(last_complaint), "%.255s", text);
	sw_log_debug("%s", text);
	return 0;
}

int sw_complaint_error(int failed, struct sw_error *err)
{
	if (failed == -EPERM)
		return sw_error_set(err, failed, "the kernel refuses to load programs: %s",
				    last_complaint[0] ? last_complaint : strerror(EPERM));
	return sw_error_set(err, failed == -ENOMEM ? failed : -ENOTSUP,
			    "the kernel does not take the programs (%s): %s", strerror(-failed),
			    last_complaint[0] ? last_complaint : "no reason given");
}

void sw_complaint_hear(void)
{
	libbpf_set_print(hear_libbpf);
	last_complaint[0] = '\0';
}
