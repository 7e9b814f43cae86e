/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the kernel's numbers out of /proc/sys.
 */
#include "core/sysctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/number.h"

int sw_sysctl_read(const char *name, uint32_t *out)
{
	char path[128], line[32];
	SW_FCLOSE FILE *file = NULL;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (!fgets(line, sizeof(line), file))
		return -EINVAL;
	line[strcspn(line, "\n")] = '\0';
	return sw_parse_u32(line, out);
}
