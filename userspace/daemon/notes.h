/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the daemon writes down for its successor, and taking it over: the running configuration with
 * all tuning, the rules, the pauses, under which ids the maps count what, and what of that was told. Kept by
 * kern/notes.h.
 */
#ifndef SW_DAEMON_NOTES_H
#define SW_DAEMON_NOTES_H

#include "daemon/daemon.h"

/* Called after each change. A failure is logged: the successor then starts from the change before. */
void sw_notes_save(const struct sw_daemon *daemon);

/*
 * Before a plan with new ids is put into the maps, where things count under them at once: who is killed on the
 * way leaves nothing that counts under no name. At the start `next` is what is to run.
 */
void sw_notes_save_ids(const struct sw_daemon *daemon, const struct sw_config *next,
		       const struct sw_plan *plan);

/*
 * At start, with *config as read from file and options. If a daemon before this one left notes: fills
 * in daemon->rules, with inherited maps also daemon->plan with the ids, and replaces *config by that
 * daemon's running one, unless the file has become another since it was read or this version does not
 * know what that daemon's said.
 * -EBADMSG: the notes are not what a daemon writes.
 */
int sw_notes_restore(struct sw_daemon *daemon, struct sw_config **config, struct sw_error *err);

/* When the plan is in the maps: pauses that are not in them already, because none were inherited. */
void sw_notes_restore_pauses(const struct sw_daemon *daemon);

/* Remembers the running configuration as what file and options say. */
void sw_notes_take_base(struct sw_daemon *daemon);

#endif
