/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libbpf's ring buffer, read in portions.
 */
#include "kern/ring.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

struct sw_ring {
	struct ring_buffer *buffer;
	void (*each)(void *arg, const void *record, size_t bytes);
	void *arg;
	unsigned int left; /* of this portion */
};

static int hand_on(void *context, void *record, size_t bytes)
{
	struct sw_ring *ring = context;

	ring->each(ring->arg, record, bytes);
	return --ring->left ? 0 : -EAGAIN;
}

int sw_ring_open(int map_fd, void (*each)(void *arg, const void *record, size_t bytes), void *arg,
		 struct sw_ring **out)
{
	struct sw_ring *ring = calloc(1, sizeof(*ring));
	int failed;

	if (!ring)
		return -ENOMEM;
	ring->each = each;
	ring->arg = arg;
	ring->buffer = ring_buffer__new(map_fd, hand_on, ring, NULL);
	if (!ring->buffer) {
		failed = errno ? -errno : -ENOMEM;
		free(ring);
		return failed;
	}
	*out = ring;
	return 0;
}

void sw_ring_close(struct sw_ring *ring)
{
	if (!ring)
		return;
	ring_buffer__free(ring->buffer);
	free(ring);
}

int sw_ring_fd(const struct sw_ring *ring)
{
	return ring_buffer__epoll_fd(ring->buffer);
}

bool sw_ring_read(struct sw_ring *ring, unsigned int most)
{
	ring->left = most;
	return ring_buffer__consume(ring->buffer) >= 0;
}
