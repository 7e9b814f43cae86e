/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the daemon does by the clock.
 */
#include "daemon/timers.h"

#include <errno.h>
#include <string.h>

#include "core/log.h"
#include "daemon/change.h"
#include "daemon/notify.h"
#include "daemon/reconcile.h"
#include "daemon/room.h"
#include "kern/steps.h"

/* Several beats within the shortest heartbeat_timeout (100 ms) that can be configured. */
#define HEARTBEAT_US 25000
#define SWEEP_S	     1

static void on_heartbeat(evutil_socket_t fd, short what, void *arg)
{
	struct sw_daemon *daemon = arg;

	(void)fd, (void)what;
	sw_kern_beat(daemon->kern);
	sw_rooms_watch(daemon);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct sw_daemon *daemon = arg;
	struct sw_sweep sweep;
	int failed = sw_kern_sweep(daemon->kern, &sweep);

	(void)fd, (void)what;
	if (failed)
		sw_log_error("sweep of unfinished handshakes: %s", strerror(-failed));
	sw_reconcile_untold(daemon);
	sw_change_control(daemon);
	sw_change_repair_interfaces(daemon);
	sw_notify_alive(daemon);
}

static void on_expiry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	sw_change_expire_rules(arg);
}

int sw_timers_start(struct sw_daemon *daemon)
{
	const struct timeval beat = {0, HEARTBEAT_US};
	const struct timeval sweep = {SWEEP_S, 0};

	daemon->heartbeat = event_new(daemon->base, -1, EV_PERSIST, on_heartbeat, daemon);
	daemon->sweep = event_new(daemon->base, -1, EV_PERSIST, on_sweep, daemon);
	daemon->expiry = evtimer_new(daemon->base, on_expiry, daemon);
	if (!daemon->heartbeat || !daemon->sweep || !daemon->expiry ||
	    event_add(daemon->heartbeat, &beat) || event_add(daemon->sweep, &sweep))
		return -ENOMEM;
	return 0;
}

void sw_timers_stop(struct sw_daemon *daemon)
{
	struct event *all[] = {daemon->heartbeat, daemon->sweep, daemon->expiry};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i])
			event_free(all[i]);
}
