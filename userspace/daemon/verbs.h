/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket's verbs that only read, each in a read_*.c of its name. Rows of the daemon's
 * table of verbs; daemon is a struct sw_daemon. Arguments and results: one example each below.
 */
#ifndef SW_DAEMON_VERBS_H
#define SW_DAEMON_VERBS_H

#include <stdbool.h>
#include <jansson.h>

#include "core/error.h"

/*
 * {"reconcile"?:true} → {"services":[…],"interfaces":[…],"mode","on_daemon_loss","daemon":{…},
 * "reconcile"?:{"sockets","flows","adopted","confirmed","released","took_ms"}}; the flows are compared
 * with the kernel's sockets first.
 */
int sw_read_status_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);
bool sw_read_status_changes(json_t *args);

/* {"service"?,"sort"?:"live","limit"?:50} → {"sources":[…],"total":n} */
int sw_read_sources_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);

/* {"service"?,"lane"?,"limit"?:1000} → {"flows":[…],"total":n}, the oldest first */
int sw_read_flows_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);

/*
 * {"service"?} → {"services":[{"name","discipline","waiting","max_waiting","paused","ready","oldest_s",
 * "admitted_per_s","predicted_wait_s","max_wait_s","classes":[…],"sources":[…],"sources_total","lost_wakeup_s"}]};
 * seconds are null where nobody waits, nobody was let in lately, or no wakeup was lost: else the last slot that
 * only the clock found was free for that long at most. max_wait_s is the shortest of those of its classes that wait.
 */
int sw_read_queue_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);

/*
 * {"service"?,"lane"?,"since"?:"10m","after"?:0,"limit"?:500} → {"events":[{"number","at","event",…}],"next":n,
 * "more","missed":n,"started":us}, the oldest first. "after" the "next" of the answer before goes on from there;
 * "missed" of those are kept no more. "started" tells one daemon from the next, which counts from 0.
 */
int sw_read_events_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);

/* As events, of the connections that gave back a slot or a place at the pooler: {"ends":[…],…}, numbered apart. */
int sw_read_ends_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);

/* {"address","service"?} → {"address","source","service","class","lane","reason","mode","steps":[…],
 * "queue_position"?,"queue_wait_s"?}, the last two where the lane is queue */
int sw_read_explain_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);

/* {} → {"yaml":"…","config":{…}} */
int sw_read_dump_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);

/* {} → {"text":"…"}, what GET /metrics answers */
int sw_read_metrics_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err);

#endif
