/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway forget`: see rule.c for what it has in common with its two sisters.
 */
#include "cli/rule.h"

const struct sw_verb sw_verb_forget = {
	.name = "forget",
	.usage = "CIDR [--service S]",
	.summary = "undo allow or deny",
	.description =
		"Takes back an earlier `spillway allow` or `spillway deny` of exactly this network. Classes of the configuration are left as they are.",
	.example = "spillway forget 192.0.2.0/24",
	.options = {{"service", "S", "on this service only"}},
	.min = 1,
	.max = 1,
	.request = sw_rule_request,
	.render = sw_rule_render,
};
