/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How much of everything there can be. Both sides size their tables by these.
 */
#ifndef SPILLWAY_LIMITS_H
#define SPILLWAY_LIMITS_H

#define SW_SERVICES_MAX 64
/* Over all services, with the three that every service has: default, allowed, denied. */
#define SW_CLASSES_MAX	512
#define SW_PREFIXES_MAX 131072
#define SW_FLOWS_MAX	131072
#define SW_SOURCES_MAX	131072
#define SW_REFUSED_MAX	65536
#define SW_CHAIN_MAX	8
/* Room for the copies of 20,000 SYNs that come before the daemon looks. A power of two. */
#define SW_WAKEUPS_BYTES (4u << 20)

/*
 * A compare-and-swap that loses this often gives up and counts as "contended": each loss is another
 * CPU's win, so that many in a row need as many CPUs at the same word at the same moment.
 */
#define SW_CAS_TRIES 32

#endif
