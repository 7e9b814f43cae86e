/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What clients of a class are told when they are refused, in their protocol, ready to be sent: pure. Used by
 * plans.
 */
#ifndef SW_POLICY_REFUSAL_H
#define SW_POLICY_REFUSAL_H

#include "config/config.h"
#include "spillway/refusal.h"

enum sw_answers sw_refusal_answers_as(enum sw_protocol protocol);

/* class may be NULL: it has no message of its own. A protocol in which nothing can be told has no text. */
void sw_refusal_make(const struct sw_config_service *service, const struct sw_config_class *class,
		     struct sw_refusal_text *out);

#endif
