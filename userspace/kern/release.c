/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running release_waiter. An skb program may be run on any frame, and what it redirects is sent for sure:
 * no program has to be attached anywhere, nor a device know XDP.
 */
#include "kern/release.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

int sw_kern_release(struct sw_kern *kern, const struct sw_release *what, struct sw_released *out)
{
	struct __sk_buff context = {
		.cb[SW_RELEASE_CB_OP] = what->op,
		.cb[SW_RELEASE_CB_IFINDEX] = what->ifindex,
		.cb[SW_RELEASE_CB_SINCE] = (uint32_t)what->since_ns,
		.cb[SW_RELEASE_CB_SINCE + 1] = (uint32_t)(what->since_ns >> 32),
		.cb[SW_RELEASE_CB_AGAIN] = what->is_again,
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = what->frame,
		    .data_size_in = (uint32_t)what->bytes, .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = 1);
	int failed = bpf_prog_test_run_opts(sw_kern_program_fd(kern, SW_PROGRAM_RELEASE), &opts);

	if (failed)
		return failed;
	out->lane = opts.retval & 0xff;
	out->reason = opts.retval >> 8 & 0xff;
	out->flags = opts.retval & ~0xffffu;
	return 0;
}
