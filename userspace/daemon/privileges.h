/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From root to the configured user, and from all capabilities to those that a running daemon needs. Called by run.c, once
 * each: the user before anything is asked of a database, which may go by who asks; the capabilities when the gate is
 * where it belongs, as what a daemon before this one has left may take more to find.
 */
#ifndef SW_DAEMON_PRIVILEGES_H
#define SW_DAEMON_PRIVILEGES_H

#include "daemon/daemon.h"

/*
 * The pins become the user's, and so does the process, with all its capabilities. Nothing is done where root was not who
 * started it, or `user` is empty; and nothing but a warning where there is no such user.
 */
int sw_privileges_become_user(struct sw_daemon *daemon, struct sw_error *err);

/* For good. Root that stays root keeps what it has. */
int sw_privileges_reduce(struct sw_error *err);

#endif
