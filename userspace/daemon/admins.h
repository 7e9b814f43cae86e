/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may change anything by the control socket: root, the daemon's own user, and whom control.admin_users names. Whether
 * they get at the socket at all is its group's.
 */
#ifndef SW_DAEMON_ADMINS_H
#define SW_DAEMON_ADMINS_H

#include "daemon/daemon.h"

/* Looks the names up, which may take its time: at a start and a reload, not at each request. */
void sw_admins_read(struct sw_daemon *daemon, const struct sw_config *config);

/* For the control socket; daemon is a struct sw_daemon. */
bool sw_admins_include(void *daemon, uid_t uid);

#endif
