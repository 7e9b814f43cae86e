/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One CancelRequest on its way to a listener, without waiting: the caller waits for the descriptor. What is
 * kept of its key is wiped as soon as it is sent.
 */
#ifndef SW_DB_CANCEL_H
#define SW_DB_CANCEL_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"

enum sw_cancel_state {
	SW_CANCEL_WRITES, /* step again when the descriptor is writable */
	SW_CANCEL_READS, /* it is sent; likewise readable, until the listener has done what it does */
	SW_CANCEL_DONE,
	SW_CANCEL_NOBODY, /* nobody listens there, so nobody there has the session */
	SW_CANCEL_FAILED,
};

struct sw_cancel_call;

/*
 * scope: of a link-local address, an interface's index. 0, and the descriptor is writable once it is connected;
 * or -errno.
 */
int sw_cancel_start(const struct sw_endpoint *to, uint32_t scope, const void *request, size_t bytes,
		    struct sw_cancel_call **out);
enum sw_cancel_state sw_cancel_step(struct sw_cancel_call *call);
int sw_cancel_fd(const struct sw_cancel_call *call);
/* From where it goes there. */
int sw_cancel_from(const struct sw_cancel_call *call, struct sw_endpoint *out);
void sw_cancel_free(struct sw_cancel_call *call); /* NULL is fine */

#endif
