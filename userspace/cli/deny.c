/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway deny`: see rule.c for what it has in common with its two sisters.
 */
#include "cli/rule.h"

const struct sw_verb sw_verb_deny = {
	.name = "deny",
	.usage = "CIDR [--service S] [--for DURATION]",
	.summary = "keep a network out",
	.description =
		"Keeps every source of a network out: its new connections are dropped; those that are inside go on. Holds until it is forgotten, or for a duration. Without --service, on all services.",
	.example = "spillway deny 192.0.2.0/24 --service main --for 10m",
	.options = {{"service", "S", "on this service only"},
		    {"for", "DURATION", "end by itself after 30s, 10m, 2h, ..."}},
	.min = 1,
	.max = 1,
	.request = sw_rule_request,
	.render = sw_rule_render,
};
