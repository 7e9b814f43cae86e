/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket's verbs that change something; each makes a new configuration or new rules and
 * gives them to change.c. Rows of verb_table.c; daemon is a struct sw_daemon.
 */
#ifndef SW_DAEMON_CHANGE_VERBS_H
#define SW_DAEMON_CHANGE_VERBS_H

#include <jansson.h>
#include <stdbool.h>

#include "core/error.h"

/* {"interface","mode"?} → {"interface","mode"} */
int sw_change_attach_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);
/* {"interface"} → {"interface"} */
int sw_change_detach_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);
/* {"service","value"?: n|"auto"|"adaptive"|"freeze"|"unfreeze"} → {"service","mode","direct","used","reserved","frozen"} */
int sw_change_budget_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);
/* {"service","class","set"?:{…}} → {"service","class":{…}} */
int sw_change_limit_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);
/* {"service","action":"list"|"add"|"remove","name"?,"sources"?} → {"service","classes":[…]} */
int sw_change_class_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);
/* {"service","for"?} → {"service","paused","ends_in_s","waiting"} */
int sw_change_pause_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);
/* {"service"} → the same; -EINVAL where there is no pause to end */
int sw_change_resume_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);
/* {"cidr","service"?,"for"?} → {"cidr","services","action","expires_in_s"} */
int sw_change_allow_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);
int sw_change_deny_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);
/* {"cidr","service"?} → {"cidr","services"} */
int sw_change_forget_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);
/* {} → {}, sent when the daemon has let go of everything */
int sw_change_handover_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);
/* {} → {"changed":[…]} */
int sw_change_reload_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);

/* Whether this request of a verb that can also just look changes anything. */
bool sw_change_budget_changes(json_t *args);
bool sw_change_limit_changes(json_t *args);
bool sw_change_class_changes(json_t *args);

#endif
