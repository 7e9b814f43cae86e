/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Real sockets in the tests' own network namespace: listeners to be steered to, and connections
 * whose life the kernel tells.
 */
#ifndef TEST_PROG_LISTENER_H
#define TEST_PROG_LISTENER_H

#include "rig.h"

#define POOLER_PORT 6432

/* Where flows are steered to; it does not have to be there. */
struct sw_target listener_target(void);

/* Listens on loopback's POOLER_PORT, in the rig's family. */
int listener_open(const struct rig *rig);

/* Gives the packet's server (and client) address to the loopback interface and listens there. */
int listener_open_at(const struct rig *rig, const struct packet *packet);

/* Likewise the address of one more client, by a number of its own. */
void listener_add_client(const struct rig *rig, const struct packet *packet, int number);

/*
 * Connects from the packet's client to its server, with both ports and the number of its SYN: the
 * client's socket. listener_try() returns -errno if that fails.
 */
int listener_connect(const struct rig *rig, const struct packet *packet);
int listener_try(const struct rig *rig, const struct packet *packet);

#endif
