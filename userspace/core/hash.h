/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hash for tables whose keys strangers choose: keyed anew in each process, so that nobody can find keys that
 * meet in one bucket. Multilinear hashing, which is strongly universal (Lemire, Kaser 2014, "Strongly universal
 * string hashing is fast").
 */
#ifndef SW_CORE_HASH_H
#define SW_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define SW_HASH_BYTES_MAX 64

/* Of so many bytes, a multiple of 4 and the same for all keys of a table. All 32 bits are good. */
uint32_t sw_hash(const void *key, size_t bytes);

#endif
