/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verb flows: the connections inside, one by one, the oldest first.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/words.h"
#include "core/cleanup.h"
#include "core/clock.h"
#include "daemon/daemon.h"
#include "daemon/read_args.h"
#include "daemon/verbs.h"
#include "kern/read.h"

#define LIMIT_DEFAULT 1000

struct row {
	struct sw_flow_key key;
	struct sw_flow flow;
};

struct list {
	const struct sw_plan_service *service; /* NULL: of all */
	unsigned int lane;		       /* SW_LANE_NONE: of all */
	struct row *rows;
	size_t count;
	size_t room;
};

static int add_row(void *arg, const struct sw_flow_key *key, const struct sw_flow *flow)
{
	struct list *list = arg;

	if ((flow->state != SW_FLOW_HALF_OPEN && flow->state != SW_FLOW_OPEN &&
	     flow->state != SW_FLOW_WAITING) ||
	    (list->service && flow->service != list->service->id) ||
	    (list->lane != SW_LANE_NONE && flow->lane != list->lane))
		return 0;
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 256;
		struct row *rows = reallocarray(list->rows, room, sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		list->rows = rows;
		list->room = room;
	}
	list->rows[list->count++] = (struct row){*key, *flow};
	return 0;
}

static int by_age(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	return a->flow.syn_ns < b->flow.syn_ns ? -1 : a->flow.syn_ns > b->flow.syn_ns;
}

static const char *state_name(unsigned int state)
{
	return state == SW_FLOW_OPEN ? "open" : state == SW_FLOW_WAITING ? "waiting" : "half_open";
}

static json_t *row_to_json(const struct sw_plan *plan, const struct row *row, uint64_t now_ns)
{
	uint64_t age_ns = now_ns > row->flow.syn_ns ? now_ns - row->flow.syn_ns : 0;

	return json_pack(
		"{s:o, s:o, s:s, s:s, s:o, s:i, s:o, s:i, s:I}", "service",
		sw_read_args_service_name(sw_plan_service(plan, row->flow.service)), "class",
		sw_read_args_class_name(sw_plan_class(plan, row->flow.class_id)), "lane",
		sw_words_name(SW_WORDS_LANE, row->flow.lane), "state", state_name(row->flow.state),
		"source", sw_read_args_address(&row->key.client), "source_port",
		ntohs(row->key.client_port_be), "destination",
		sw_read_args_address(&row->key.server), "destination_port",
		ntohs(row->key.server_port_be), "age_s", (json_int_t)(age_ns / SW_NS_PER_S));
}

static json_t *list_to_json(const struct sw_plan *plan, const struct list *list, size_t limit)
{
	SW_JSON_DROP json_t *flows = json_array();
	uint64_t now_ns = sw_clock_monotonic_ns();

	for (size_t i = 0; i < list->count && i < limit; i++) {
		if (json_array_append_new(flows, row_to_json(plan, &list->rows[i], now_ns)))
			return NULL;
	}
	return json_pack("{s:O, s:I}", "flows", flows, "total", (json_int_t)list->count);
}

int sw_read_flows_verb(void *arg, json_t *args, json_t **result, struct sw_error *err)
{
	const struct sw_daemon *daemon = arg;
	struct list list = {0};
	SW_FREE struct row *rows = NULL;
	size_t limit = LIMIT_DEFAULT;
	int rc = sw_read_args_service(args, daemon->plan, &list.service, err);

	if (rc == 0)
		rc = sw_read_args_lane(args, &list.lane, err);
	if (rc == 0)
		rc = sw_read_args_limit(args, &limit, err);
	if (rc < 0)
		return rc;
	rc = sw_read_flows(daemon->maps, add_row, &list);
	rows = list.rows;
	if (rc < 0)
		return sw_error_set(err, rc, "the kernel's table of flows: %s", strerror(-rc));
	if (list.count)
		qsort(rows, list.count, sizeof(*rows), by_age);
	*result = list_to_json(daemon->plan, &list, limit);
	return *result ? 0 : sw_error_set(err, -ENOMEM, "out of memory");
}
