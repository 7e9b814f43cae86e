/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handover: the daemon leaves, the datapath stays.
 */
#include "core/log.h"
#include "daemon/change_verbs.h"
#include "daemon/daemon.h"
#include "daemon/notify.h"

int sw_change_handover_verb(void *arg, json_t *args, json_t **result, struct sw_error *err)
{
	struct sw_daemon *daemon = arg;

	(void)args, (void)result, (void)err;
	sw_log_info("handing over: everything in the kernel stays for the next daemon");
	sw_notify_stopping("has handed over: the gate goes on without it");
	daemon->hand_over = true;
	event_base_loopexit(daemon->base, NULL);
	return 0;
}
