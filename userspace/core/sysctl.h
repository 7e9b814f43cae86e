/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the kernel's numbers out of /proc/sys. Used by the daemon and by the probe.
 */
#ifndef SW_CORE_SYSCTL_H
#define SW_CORE_SYSCTL_H

#include <stdint.h>

/* name as in "net/ipv4/tcp_syncookies". 0; -errno of opening it; -EINVAL if it is no number. */
int sw_sysctl_read(const char *name, uint32_t *out);

#endif
