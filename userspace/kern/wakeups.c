/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libbpf's ring buffer, read in portions.
 */
#include "kern/wakeups.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "core/log.h"

struct sw_wakeups {
	struct ring_buffer *ring;
	const struct sw_wakeups_handlers *handlers;
	void *arg;
	unsigned int left; /* of this portion */
};

/* The kernel is younger or older than this program only by a mistake; then the record is passed over. */
static int hand_on(void *context, void *record, size_t bytes)
{
	struct sw_wakeups *wakeups = context;
	const uint32_t *kind = record;

	if (*kind == SW_WAKEUP_PARKED && bytes >= sizeof(struct sw_parked))
		wakeups->handlers->parked(wakeups->arg, record);
	else if ((*kind == SW_WAKEUP_FREED || *kind == SW_WAKEUP_COMPLETED) &&
		 bytes >= sizeof(struct sw_freed))
		wakeups->handlers->freed(wakeups->arg, record);
	else if (*kind == SW_WAKEUP_CANCEL && bytes >= sizeof(struct sw_cancel))
		wakeups->handlers->cancel(wakeups->arg, record);
	else if (*kind == SW_WAKEUP_TOLD && bytes >= sizeof(struct sw_parked))
		wakeups->handlers->told(wakeups->arg, record);
	else
		sw_log_debug("a record of kind %u and %zu bytes in the ring buffer", *kind, bytes);
	return --wakeups->left ? 0 : -EAGAIN;
}

int sw_wakeups_open(const struct sw_maps *maps, const struct sw_wakeups_handlers *handlers,
		    void *arg, struct sw_wakeups **out)
{
	struct sw_wakeups *wakeups = calloc(1, sizeof(*wakeups));
	int failed;

	if (!wakeups)
		return -ENOMEM;
	wakeups->handlers = handlers;
	wakeups->arg = arg;
	wakeups->ring = ring_buffer__new(maps->wakeups_fd, hand_on, wakeups, NULL);
	if (!wakeups->ring) {
		failed = errno ? -errno : -ENOMEM;
		free(wakeups);
		return failed;
	}
	*out = wakeups;
	return 0;
}

void sw_wakeups_close(struct sw_wakeups *wakeups)
{
	if (!wakeups)
		return;
	ring_buffer__free(wakeups->ring);
	free(wakeups);
}

int sw_wakeups_fd(const struct sw_wakeups *wakeups)
{
	return ring_buffer__epoll_fd(wakeups->ring);
}

bool sw_wakeups_read(struct sw_wakeups *wakeups, unsigned int most)
{
	wakeups->left = most;
	return ring_buffer__consume(wakeups->ring) >= 0;
}
