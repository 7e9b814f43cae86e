/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names under which programs, maps and links are known to the kernel and pinned in bpffs.
 */
#ifndef SPILLWAY_NAMES_H
#define SPILLWAY_NAMES_H

#define SW_PIN_DIR_DEFAULT "/sys/fs/bpf/spillway"

/* The maps, each pinned as "map_" and its name. One that is taken out of the programs stays in here. */
#define SW_MAP_NAMES(X)                                                                            \
	X(class_conf)                                                                              \
	X(class_state)                                                                             \
	X(classes)                                                                                 \
	X(control)                                                                                 \
	X(cookie_secrets)                                                                          \
	X(counters)                                                                                \
	X(decisions)                                                                               \
	X(flows)                                                                                   \
	X(lifetimes)                                                                               \
	X(ports)                                                                                   \
	X(refusal_texts)                                                                           \
	X(refused)                                                                                 \
	X(sampled)                                                                                 \
	X(service_conf)                                                                            \
	X(service_state)                                                                           \
	X(services)                                                                                \
	X(source_live)                                                                             \
	X(source_rate)                                                                             \
	X(sweep_timer)                                                                             \
	X(verdicts)                                                                                \
	X(waits)                                                                                   \
	X(wakeups)

/*
 * The layout of keys, values and rows in this folder. Raised whenever one of them changes in a way
 * that an older daemon's pinned maps would be misread.
 */
#ifndef SW_LAYOUT_VERSION
#define SW_LAYOUT_VERSION 7
#endif

#endif
