/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers the server's Authentication messages. Called by session.c during the login.
 */
#ifndef STORM_AUTH_H
#define STORM_AUTH_H

#include "client.h"

/* The client's reader holds an Authentication message. */
void sw_auth_receive(struct sw_storm *storm, struct sw_client *client);

#endif
