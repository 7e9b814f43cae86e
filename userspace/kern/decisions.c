/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libbpf's ring buffer, read by the clock.
 */
#include "kern/decisions.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

struct sw_decisions {
	struct ring_buffer *ring;
	void (*each)(void *arg, const struct sw_decision *decision);
	void *arg;
	unsigned int left; /* of this look */
};

static int hand_on(void *context, void *record, size_t bytes)
{
	struct sw_decisions *decisions = context;

	if (bytes >= sizeof(struct sw_decision))
		decisions->each(decisions->arg, record);
	return --decisions->left ? 0 : -EAGAIN;
}

int sw_decisions_open(const struct sw_maps *maps,
		      void (*each)(void *arg, const struct sw_decision *decision), void *arg,
		      struct sw_decisions **out)
{
	struct sw_decisions *decisions = calloc(1, sizeof(*decisions));
	int failed;

	if (!decisions)
		return -ENOMEM;
	decisions->each = each;
	decisions->arg = arg;
	decisions->ring = ring_buffer__new(maps->decisions_fd, hand_on, decisions, NULL);
	if (!decisions->ring) {
		failed = errno ? -errno : -ENOMEM;
		free(decisions);
		return failed;
	}
	*out = decisions;
	return 0;
}

void sw_decisions_close(struct sw_decisions *decisions)
{
	if (!decisions)
		return;
	ring_buffer__free(decisions->ring);
	free(decisions);
}

void sw_decisions_read(struct sw_decisions *decisions)
{
	decisions->left = SW_DECISIONS_BYTES / sizeof(struct sw_decision);
	ring_buffer__consume(decisions->ring);
}
