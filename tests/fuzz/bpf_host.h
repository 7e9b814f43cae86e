/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the gate's own headers (bpf/) need to be compiled for the host: names that bpf_helpers.h has, and helpers that
 * the fuzz target defines. Included before them.
 */
#ifndef SW_TESTS_FUZZ_BPF_HOST_H
#define SW_TESTS_FUZZ_BPF_HOST_H

#include <linux/bpf.h>
#include <linux/stddef.h>
#include <linux/types.h>

/* Instead of <bpf/bpf_helpers.h>, whose helpers are numbers that the kernel knows. */
#define __BPF_HELPERS__
#define SEC(name)
/* NOLINTBEGIN(bugprone-macro-parentheses): they declare, and what is declared stands in no parentheses. */
#define __uint(name, val)  int(*name)[val]
#define __type(name, val)  typeof(val) *name
#define __array(name, val) typeof(val) *name[]
/* NOLINTEND(bugprone-macro-parentheses) */
#ifndef __weak
#define __weak __attribute__((weak))
#endif
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
/* inline, for not all of them are used. */
#undef __noinline
#define __noinline inline __attribute__((noinline))

static void *bpf_map_lookup_elem(void *map, const void *key);
static void *bpf_ringbuf_reserve(void *ring, __u64 bytes, __u64 flags);
static void bpf_ringbuf_submit(void *record, __u64 flags);
static void bpf_ringbuf_discard(void *record, __u64 flags);
static __u64 bpf_ktime_get_ns(void);
static struct bpf_sock *bpf_skc_lookup_tcp(void *ctx, struct bpf_sock_tuple *tuple, __u32 bytes,
					   __u64 netns, __u64 flags);
static void bpf_sk_release(struct bpf_sock *sk);

/* What is answered changes no map but by what it looked up. */
static inline long bpf_map_update_elem(void *map, const void *key, const void *value, __u64 flags)
{
	(void)map, (void)key, (void)value, (void)flags;
	return -1;
}

static inline long bpf_map_delete_elem(void *map, const void *key)
{
	(void)map, (void)key;
	return -1;
}

#endif
