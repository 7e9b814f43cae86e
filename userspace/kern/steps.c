/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running the programs that wait for the daemon's call.
 */
#include "kern/steps.h"

#include <bpf/bpf.h>
#include <errno.h>

/* The context goes in and out; a program returns 0 or a -errno of its own. */
static int run(const struct sw_kern *kern, enum sw_program program, void *context, __u32 bytes)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = context, .ctx_size_in = bytes);
	int failed = bpf_prog_test_run_opts(sw_kern_program_fd(kern, program), &opts);

	return failed ? failed : (int)opts.retval;
}

int sw_kern_sweep(struct sw_kern *kern, struct sw_sweep *result)
{
	struct sw_sweep sweep = {0};
	int failed = run(kern, SW_PROGRAM_SWEEP, &sweep, sizeof(sweep));

	if (!failed)
		*result = sweep;
	return failed;
}

int sw_kern_arm_sweep(struct sw_kern *kern)
{
	return run(kern, SW_PROGRAM_ARM_SWEEP, NULL, 0);
}

int sw_kern_reconcile(struct sw_kern *kern, struct sw_flow_op *op)
{
	struct sw_flow_op done = *op;
	int failed = run(kern, SW_PROGRAM_RECONCILE, &done, sizeof(done));

	if (!failed)
		*op = done;
	return failed;
}

int sw_kern_count(struct sw_kern *kern, uint32_t service, enum sw_counter counter, uint64_t by)
{
	struct sw_count_up what = {.service = service, .counter = counter, .by = by};

	return run(kern, SW_PROGRAM_COUNT_UP, &what, sizeof(what));
}

int sw_kern_beat(struct sw_kern *kern)
{
	return run(kern, SW_PROGRAM_BEAT, NULL, 0);
}
