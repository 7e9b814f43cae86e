/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket's verbs.
 */
#include "daemon/verb_table.h"

#include "daemon/change_verbs.h"
#include "daemon/verbs.h"

const struct sw_control_verb sw_verb_table[] = {
	{"status", false, sw_read_status_verb, sw_read_status_changes},
	{"sources", false, sw_read_sources_verb, NULL},
	{"flows", false, sw_read_flows_verb, NULL},
	{"queue", false, sw_read_queue_verb, NULL},
	{"events", false, sw_read_events_verb, NULL},
	{"ends", false, sw_read_ends_verb, NULL},
	{"explain", false, sw_read_explain_verb, NULL},
	{"dump", false, sw_read_dump_verb, NULL},
	{"metrics", false, sw_read_metrics_verb, NULL},
	{"attach", true, sw_change_attach_verb, NULL},
	{"detach", true, sw_change_detach_verb, NULL},
	{"budget", true, sw_change_budget_verb, sw_change_budget_changes},
	{"limit", true, sw_change_limit_verb, sw_change_limit_changes},
	{"class", true, sw_change_class_verb, sw_change_class_changes},
	{"pause", true, sw_change_pause_verb, NULL},
	{"resume", true, sw_change_resume_verb, NULL},
	{"allow", true, sw_change_allow_verb, NULL},
	{"deny", true, sw_change_deny_verb, NULL},
	{"forget", true, sw_change_forget_verb, NULL},
	{"reload", true, sw_change_reload_verb, NULL},
	{"handover", true, sw_change_handover_verb, NULL},
};

const size_t sw_verb_table_count = sizeof(sw_verb_table) / sizeof(sw_verb_table[0]);
