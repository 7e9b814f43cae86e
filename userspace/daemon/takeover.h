/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a daemon before this one left in the maps that are taken over, kept until this one's start is
 * through: a start that fails puts it back. Used by daemon/run.c and daemon/change.c.
 */
#ifndef SW_DAEMON_TAKEOVER_H
#define SW_DAEMON_TAKEOVER_H

#include "daemon/daemon.h"

/*
 * Right after the maps are there, and again when their ids are known from the notes: then daemon->plan becomes
 * what the maps hold. Nothing is to be taken over, and daemon->takeover stays NULL, with maps that are new.
 */
int sw_takeover_begin(struct sw_daemon *daemon, struct sw_error *err);
int sw_takeover_read_plan(struct sw_daemon *daemon, struct sw_error *err);

/* True while the plan is still needed by an undo. */
bool sw_takeover_keeps(const struct sw_daemon *daemon, const struct sw_plan *plan);

/* Those that a change has adopted, for the undo; NULL: there will be none. */
struct sw_flow_list *sw_takeover_adopted(const struct sw_daemon *daemon);

/*
 * Whether all that is guarded now was guarded already, so that each socket there has a flow in the maps, if its
 * interface had a gate.
 */
bool sw_takeover_has_stood(const struct sw_daemon *daemon);

/* Maps and notes are what they were, and whoever was adopted by the start holds nothing. */
void sw_takeover_undo(struct sw_daemon *daemon);

/* The start is through, or undone. */
void sw_takeover_end(struct sw_daemon *daemon);

#endif
