/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway allow`: see rule.c for what it has in common with its two sisters.
 */
#include "cli/rule.h"

const struct sw_verb sw_verb_allow = {
	.name = "allow",
	.usage = "CIDR [--service S] [--for DURATION]",
	.summary = "let a network in, whatever the limits",
	.description =
		"Lets every source of a network in: never limited, never refused, even above the budget, and counted. Holds until it is forgotten, or for a duration. Without --service, on all services.",
	.example = "spillway allow 10.0.0.5/32 --for 30m",
	.options = {{"service", "S", "on this service only"},
		    {"for", "DURATION", "end by itself after 30s, 10m, 2h, ..."}},
	.min = 1,
	.max = 1,
	.request = sw_rule_request,
	.render = sw_rule_render,
};
