/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking a database for no other reason than that time has gone by and connections end.
 */
#include "core/clock.h"
#include "daemon/monitor.h"
#include "daemon/read_service.h"
#include "daemon/ready_parts.h"

/* Of one that has a monitor, while nobody comes or goes. */
#define QUIET_NS (10 * SW_NS_PER_S)

/* One that shuts down smartly answers its monitor as before, and waits for it to go. */
static bool is_watched(const struct sw_ready *ready)
{
	const struct sw_monitor_view *view = sw_monitor_view(ready->daemon, ready->service);

	return view && view->is_up;
}

/* Whom a database turns away, he ends soon: while no connection ends there is nothing that clients would miss. */
void sw_ready_tick(struct sw_ready *ready, uint64_t now_ns)
{
	uint64_t since_ns = now_ns - ready->asked_ns, ended;

	if (!ready->is_postgres || !ready->can_ask || since_ns < SW_READY_AGAIN_NS)
		return;
	ended = sw_read_service_ended(ready->daemon->maps, ready->service);
	if (ended == ready->ended && (since_ns < QUIET_NS || !is_watched(ready)))
		return;
	ready->is_quiet = ended == ready->ended;
	ready->ended = ended;
	sw_ready_suspect(ready, false);
}
