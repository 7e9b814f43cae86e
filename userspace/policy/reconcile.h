/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where flows and sockets differ: the rules, without doing anything about it. Used by
 * daemon/reconcile.c, which asks the kernel and carries them out.
 */
#ifndef SW_POLICY_RECONCILE_H
#define SW_POLICY_RECONCILE_H

#include <stdbool.h>
#include <stdint.h>

#include "spillway/maps.h"

/* Younger flows may be of connections that were made while the sockets were being listed. */
#define SW_RECONCILE_YOUNG_NS 1000000000ull

/* flow_state: of the socket's flow, SW_FLOW_NONE if it has none. */
bool sw_reconcile_is_missed(bool half_open, uint8_t flow_state);

/* A flow whose socket was not listed, by the kernel's clock. */
bool sw_reconcile_is_stale(const struct sw_flow *flow, uint64_t now_ns);

#endif
