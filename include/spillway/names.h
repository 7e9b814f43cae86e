/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names under which programs, maps and links are known to the kernel and pinned in bpffs.
 */
#ifndef SPILLWAY_NAMES_H
#define SPILLWAY_NAMES_H

#define SW_PIN_DIR_DEFAULT "/sys/fs/bpf/spillway"

/*
 * The layout of keys, values and rows in this folder. Raised whenever one of them changes in a way
 * that an older daemon's pinned maps would be misread.
 */
#ifndef SW_LAYOUT_VERSION
#define SW_LAYOUT_VERSION 3
#endif

#endif
