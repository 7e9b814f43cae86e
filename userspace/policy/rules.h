/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operator's allow and deny lists: prefixes that, while they last, overrule every class of a
 * service. Among themselves the longest prefix wins. Changed by the CLI's allow, deny and forget.
 */
#ifndef SW_POLICY_RULES_H
#define SW_POLICY_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "core/addr.h"

/* Classes by these names take whom the lists name. */
#define SW_RULES_ALLOWED "allowed"
#define SW_RULES_DENIED	 "denied"

struct sw_rule {
	char service[SW_CONFIG_NAME_MAX + 1];
	struct sw_prefix prefix;
	bool allow;	     /* else deny */
	uint64_t expires_ns; /* CLOCK_MONOTONIC; 0: never */
};

struct sw_rules {
	struct sw_rule *rules;
	size_t count;
};

/* Sets or replaces the rule for the service's prefix. 0 or -ENOMEM. */
int sw_rules_set(struct sw_rules *rules, const struct sw_rule *rule);
/* True if there was a rule for exactly this prefix. */
bool sw_rules_forget(struct sw_rules *rules, const char *service, const struct sw_prefix *prefix);
/* Removes what has expired; true if anything had. *next_ns is the next expiry, 0 for none. */
bool sw_rules_expire(struct sw_rules *rules, uint64_t now_ns, uint64_t *next_ns);
int sw_rules_copy(const struct sw_rules *from, struct sw_rules *to);
void sw_rules_clear(struct sw_rules *rules);

#endif
