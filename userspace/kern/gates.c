/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See gates.h.
 */
#include "kern/gates.h"

#include <bpf/libbpf.h>
#include <errno.h>

static struct bpf_program *program_of(const struct spillway_bpf *skel, enum sw_gate which)
{
	return which == SW_GATE_TC ? skel->progs.gate_tc : skel->progs.gate_xdp;
}

void sw_gates_leave_out(const struct spillway_bpf *skel)
{
	for (enum sw_gate which = 0; which < SW_GATES; which++)
		bpf_program__set_autoload(program_of(skel, which), false);
}

/* Both were made from the same object: their maps are in the same order. */
static int share_maps(const struct spillway_bpf *loaded, const struct spillway_bpf *with)
{
	const struct bpf_map *from = bpf_object__next_map(loaded->obj, NULL);
	struct bpf_map *to;

	bpf_object__for_each_map(to, with->obj)
	{
		if (bpf_map__reuse_fd(to, bpf_map__fd(from)))
			return -errno;
		from = bpf_object__next_map(loaded->obj, from);
	}
	return 0;
}

int sw_gates_load(const struct spillway_bpf *loaded, enum sw_gate which, struct spillway_bpf **out)
{
	struct spillway_bpf *skel = spillway_bpf__open();
	struct bpf_program *program;
	int failed;

	if (!skel)
		return -errno;
	bpf_object__for_each_program(program, skel->obj)
		bpf_program__set_autoload(program, program == program_of(skel, which));
	failed = share_maps(loaded, skel);
	if (!failed)
		failed = bpf_object__load(skel->obj);
	if (failed)
		spillway_bpf__destroy(skel);
	else
		*out = skel;
	return failed;
}

int sw_gates_fd(const struct spillway_bpf *gate, enum sw_gate which)
{
	return bpf_program__fd(program_of(gate, which));
}
