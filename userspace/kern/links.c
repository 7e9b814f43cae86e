/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See links.h.
 */
#include "kern/links.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "kern/load.h"
#include "kern/pins.h"
#include "spillway.skel.h"

static int attach(struct bpf_program *program, struct bpf_link **link)
{
	*link = bpf_program__attach(program);
	return *link ? 0 : -errno;
}

int sw_links_attach(struct spillway_bpf *skel)
{
	/* In this order: see life.bpf.c. */
	int failed = attach(skel->progs.life, &skel->links.life);

	if (!failed)
		failed = attach(skel->progs.life_again, &skel->links.life_again);
	/* What the first has taken while it was alone nobody takes off. */
	memset(skel->bss->taken_by_cpu, 0, sizeof(skel->bss->taken_by_cpu));
	return failed ? failed : attach(skel->progs.refused_accept, &skel->links.refused_accept);
}

int sw_links_pin(const struct spillway_bpf *skel, const char *generation, struct sw_error *err)
{
	const struct {
		const char *name;
		const struct bpf_link *link;
	} rows[] = {
		{"link_refused", skel->links.refused_accept},
		{"link_life_again", skel->links.life_again},
		{"link_life", skel->links.life},
	};
	int failed = 0;

	for (size_t i = 0; !failed && i < sizeof(rows) / sizeof(rows[0]); i++)
		failed = sw_pins_replace(generation, rows[i].name, bpf_link__fd(rows[i].link), err);
	return failed;
}

int sw_links_count_untold(const struct sw_kern *kern, uint64_t *out)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(sw_kern_program_fd(kern, SW_PROGRAM_LIFE_AGAIN), &info, &size))
		return -errno;
	*out = info.recursion_misses;
	return 0;
}
