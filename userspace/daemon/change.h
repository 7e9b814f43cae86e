/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing what runs: the one way by which a new configuration or new rules reach the kernel. Used at
 * start, on reload, by the CLI's changing verbs, and when a rule expires.
 */
#ifndef SW_DAEMON_CHANGE_H
#define SW_DAEMON_CHANGE_H

#include "daemon/daemon.h"
#include "daemon/reconcile.h"

/*
 * Takes `next` and, unless NULL, `rules` into force, and owns them from then on. On failure both
 * are still the caller's, and everything is as it was.
 */
int sw_change(struct sw_daemon *daemon, struct sw_config *next, struct sw_rules *rules,
	      struct sw_error *err);

/*
 * The same at start, when it may still have to be undone: interfaces are claimed, and `adopted` (NULL: nobody
 * will ask) gets the flows that were made for what is newly guarded, on failure too.
 */
int sw_change_first(struct sw_daemon *daemon, struct sw_config *next, struct sw_flow_list *adopted,
		    struct sw_error *err);

/* How many direct connections a service whose budget is not fixed may have, from now on. */
void sw_change_slots(struct sw_daemon *daemon, uint32_t service, uint32_t slots);

/* A copy of the running configuration to change. -ENOMEM. */
int sw_change_begin(const struct sw_daemon *daemon, struct sw_config **next, struct sw_error *err);

/*
 * sw_change() of a configuration that may name other interfaces, and they with it: all of it, or nothing. Until
 * nothing can fail any more each interface that had a gate keeps it.
 */
int sw_change_with_interfaces(struct sw_daemon *daemon, struct sw_config *next,
			      struct sw_error *err);

/*
 * Interfaces at start, in halves: nothing is put on any of them, or changed anywhere, before all of them are
 * claimed. On failure the attachments stay as far as they have come: what becomes of them is for who knows
 * whether a daemon before this one had the interfaces.
 */
int sw_change_claim_interfaces(struct sw_daemon *daemon, const struct sw_config *next,
			       struct sw_error *err);
int sw_change_take_claimed(struct sw_daemon *daemon, size_t first, struct sw_flow_list *adopted,
			   struct sw_error *err);

/* Puts the gate back where somebody took it off or made the interface anew. */
void sw_change_repair_interfaces(struct sw_daemon *daemon);

/* Loads the file again and takes it into force. Rules stay. */
int sw_change_reload(struct sw_daemon *daemon, struct sw_error *err);

/* Removes rules whose time has come, and sets the timer for the next. */
void sw_change_expire_rules(struct sw_daemon *daemon);

/* What programs read from the control map, as the configuration and the host have it. */
void sw_change_control(struct sw_daemon *daemon);

#endif
