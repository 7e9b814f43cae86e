/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who was told, and when he is told again: a list of bounded size, as long as that of the refusals that are
 * remembered. Whoever has no room is not told again. Its memory is used as far as it was ever full.
 */
#include "daemon/retells.h"

#include <stdlib.h>

#include "core/clock.h"
#include "core/log.h"
#include "kern/release.h"
#include "policy/frame.h"
#include "spillway/limits.h"

#define AT_ONCE SW_REFUSED_MAX
/* After 1, 3 and 7 s, as TCP would (RFC 6298: the time-out is 1 s at first and doubles). */
#define TIMES	3
#define TICK_US 100000

struct retell {
	struct sw_frame frame;
	uint32_t ifindex;
	unsigned int times; /* TIMES: done */
	uint64_t due_ns;
};

struct sw_retells {
	struct sw_daemon *daemon;
	struct event *tick;
	size_t count;
	struct retell list[AT_ONCE];
};

/* False: it has heard, or is gone. */
static bool tell(const struct sw_retells *retells, const struct retell *retell)
{
	const struct sw_release what = {
		.op = SW_RELEASE_TELL,
		.ifindex = retell->ifindex,
		.frame = retell->frame.bytes,
		.bytes = retell->frame.length,
	};
	struct sw_released released;

	return !sw_kern_release(retells->daemon->kern, &what, &released) &&
	       released.lane == SW_LANE_REFUSE;
}

static void step(const struct sw_retells *retells, struct retell *retell, uint64_t now_ns)
{
	if (retell->times == TIMES || now_ns < retell->due_ns)
		return;
	retell->times = tell(retells, retell) ? retell->times + 1 : TIMES;
	retell->due_ns = now_ns + (SW_NS_PER_S << retell->times);
}

static void schedule(struct sw_retells *retells)
{
	const struct timeval next = {0, TICK_US};

	if (retells->count && event_add(retells->tick, &next))
		sw_log_error("refused clients are not told again: out of memory");
}

static void drop_done(struct sw_retells *retells)
{
	size_t kept = 0;

	for (size_t i = 0; i < retells->count; i++) {
		if (retells->list[i].times == TIMES)
			continue;
		if (kept != i)
			retells->list[kept] = retells->list[i];
		kept++;
	}
	retells->count = kept;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct sw_retells *retells = arg;
	uint64_t now_ns = sw_clock_monotonic_ns();

	(void)fd, (void)what;
	for (size_t i = 0; i < retells->count; i++)
		step(retells, &retells->list[i], now_ns);
	drop_done(retells);
	schedule(retells);
}

void sw_retells_add(struct sw_retells *retells, const struct sw_parked *told)
{
	struct retell *retell;

	if (retells->count == AT_ONCE)
		return;
	retell = &retells->list[retells->count];
	if (sw_frame_complete(told, &retell->frame))
		return;
	retell->ifindex = told->ifindex;
	retell->times = 0;
	retell->due_ns = sw_clock_monotonic_ns() + SW_NS_PER_S;
	if (!retells->count++)
		schedule(retells);
}

struct sw_retells *sw_retells_new(struct sw_daemon *daemon)
{
	struct sw_retells *retells = calloc(1, sizeof(*retells));

	if (!retells)
		return NULL;
	retells->daemon = daemon;
	retells->tick = evtimer_new(daemon->base, on_tick, retells);
	if (retells->tick)
		return retells;
	free(retells);
	return NULL;
}

void sw_retells_free(struct sw_retells *retells)
{
	if (!retells)
		return;
	event_free(retells->tick);
	free(retells);
}
