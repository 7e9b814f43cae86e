/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verb sources: who connects, how often, what they hold, and how many of theirs wait. The map of live connections,
 * the map of rates and the waiting rooms are read one after the other, sorted by key, and then they are merged.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/clock.h"
#include "daemon/daemon.h"
#include "daemon/read_args.h"
#include "daemon/room.h"
#include "daemon/verbs.h"
#include "kern/read.h"
#include "spillway/source.h"

#define LIMIT_DEFAULT 50

/* One source; after the walk of one map, part of it. */
struct row {
	struct sw_source_key key;
	uint32_t live;
	uint32_t direct;
	uint32_t waiting;
	uint32_t refused;
	double rate;
};

struct list {
	uint32_t room_of;		       /* the service whose waiting room is walked */
	const struct sw_plan_service *service; /* NULL: of all */
	uint64_t now_ns;
	struct row *rows;
	size_t count;
	size_t room;
};

static int add_row(struct list *list, const struct row *row)
{
	if (list->service && row->key.service != list->service->id)
		return 0;
	if (!row->live && !row->waiting && !row->refused && row->rate == 0)
		return 0;
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 256;
		struct row *rows = reallocarray(list->rows, room, sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		list->rows = rows;
		list->room = room;
	}
	list->rows[list->count++] = *row;
	return 0;
}

static int add_live(void *list, const struct sw_source_key *key, const struct sw_source_live *live)
{
	struct row row = {.key = *key};

	if (!sw_source_is_gone(live->word)) {
		row.live = sw_source_live_count(live->word);
		row.direct = sw_source_direct_count(live->word);
	}
	return add_row(list, &row);
}

static int add_rate(void *arg, const struct sw_source_key *key, const struct sw_source_rate *rate)
{
	struct list *list = arg;
	struct row row = {
		.key = *key,
		.refused = rate->refused,
		.rate = sw_read_rate_per_second(rate, list->now_ns),
	};

	return add_row(list, &row);
}

static int add_waiting(void *arg, const struct sw_queue_line *line)
{
	struct list *list = arg;
	struct row row = {
		.key = {.service = list->room_of, .address = line->source},
		.waiting = line->waiting,
	};

	return add_row(list, &row);
}

static int compare_keys(const struct row *a, const struct row *b)
{
	if (a->key.service != b->key.service)
		return a->key.service < b->key.service ? -1 : 1;
	return memcmp(&a->key.address, &b->key.address, sizeof(a->key.address));
}

static int by_key(const void *left, const void *right)
{
	return compare_keys(left, right);
}

/* Sorts by key and makes one row of a source's rows. */
static void merge(struct list *list)
{
	size_t count = 0;

	if (list->count == 0)
		return;
	qsort(list->rows, list->count, sizeof(*list->rows), by_key);
	for (size_t i = 1; i < list->count; i++) {
		struct row *into = &list->rows[count], *from = &list->rows[i];

		if (compare_keys(into, from) != 0) {
			list->rows[++count] = *from;
			continue;
		}
		/* A walk of a map may show an entry twice, and each figure comes from one map only. In a waiting room
		 * a source is there once for each class. */
		into->live = from->live > into->live ? from->live : into->live;
		into->direct = from->direct > into->direct ? from->direct : into->direct;
		into->waiting += from->waiting;
		into->refused = from->refused > into->refused ? from->refused : into->refused;
		into->rate = from->rate > into->rate ? from->rate : into->rate;
	}
	list->count = count + 1;
}

/* The most first; what is equal stands in the order of addresses. */
static int order(double a, double b, const void *left, const void *right)
{
	if (a != b)
		return a > b ? -1 : 1;
	return compare_keys(left, right);
}

static int by_live(const void *left, const void *right)
{
	return order(((const struct row *)left)->live, ((const struct row *)right)->live, left,
		     right);
}

static int by_rate(const void *left, const void *right)
{
	return order(((const struct row *)left)->rate, ((const struct row *)right)->rate, left,
		     right);
}

static int by_refused(const void *left, const void *right)
{
	return order(((const struct row *)left)->refused, ((const struct row *)right)->refused,
		     left, right);
}

static int by_waiting(const void *left, const void *right)
{
	return order(((const struct row *)left)->waiting, ((const struct row *)right)->waiting,
		     left, right);
}

static const struct sort {
	const char *name;
	int (*compare)(const void *left, const void *right);
} sorts[] = {
	{"live", by_live}, {"rate", by_rate}, {"refused", by_refused}, {"waiting", by_waiting}};

static int read_sort(const json_t *args, const struct sort **out, struct sw_error *err)
{
	const char *name = NULL;
	int rc = sw_read_args_text(args, "sort", &name, err);

	if (rc < 0 || !name)
		return rc;
	for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++) {
		if (strcmp(sorts[i].name, name) == 0) {
			*out = &sorts[i];
			return 0;
		}
	}
	return sw_error_set(err, -EINVAL,
			    "sort: found '%.32s', expected one of: live, rate, refused, waiting",
			    name);
}

static json_t *row_to_json(const struct sw_plan *plan, const struct row *row)
{
	const struct sw_plan_service *service = sw_plan_service(plan, row->key.service);
	const struct sw_plan_class *class = NULL;
	struct sw_addr addr;

	memcpy(addr.bytes, row->key.address.bytes, sizeof(addr.bytes));
	if (service)
		class = sw_plan_class_of(plan, service, &addr);
	return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:f, s:I}", "service",
			 sw_read_args_service_name(service), "source",
			 sw_read_args_source(service, &row->key.address), "class",
			 sw_read_args_class_name(class), "live", (json_int_t)row->live, "direct",
			 (json_int_t)row->direct, "pooler", (json_int_t)row->live - row->direct,
			 "waiting", (json_int_t)row->waiting, "rate", row->rate, "refused",
			 (json_int_t)row->refused);
}

static json_t *list_to_json(const struct sw_plan *plan, const struct list *list, size_t limit)
{
	SW_JSON_DROP json_t *sources = json_array();

	for (size_t i = 0; i < list->count && i < limit; i++) {
		if (json_array_append_new(sources, row_to_json(plan, &list->rows[i])))
			return NULL;
	}
	return json_pack("{s:O, s:I}", "sources", sources, "total", (json_int_t)list->count);
}

static int read_rooms(const struct sw_daemon *daemon, struct list *list)
{
	int rc = 0;

	for (uint32_t id = 0; !rc && id < SW_SERVICES_MAX; id++) {
		const struct sw_room *room = sw_room_of(daemon, id);

		list->room_of = id;
		if (room)
			rc = sw_queue_each_source(sw_room_queue(room), add_waiting, list);
	}
	return rc;
}

static int read_list(const struct sw_daemon *daemon, struct list *list, struct sw_error *err)
{
	int rc = sw_read_live(daemon->maps, add_live, list);

	if (rc == 0)
		rc = sw_read_rates(daemon->maps, add_rate, list);
	if (rc == 0)
		rc = read_rooms(daemon, list);
	if (rc < 0)
		return sw_error_set(err, rc, "the kernel's tables of sources: %s", strerror(-rc));
	merge(list);
	return 0;
}

int sw_read_sources_verb(void *arg, json_t *args, json_t **result, struct sw_error *err)
{
	const struct sw_daemon *daemon = arg;
	struct list list = {.now_ns = sw_clock_monotonic_ns()};
	const struct sort *sort = &sorts[0];
	SW_FREE struct row *rows = NULL;
	size_t limit = LIMIT_DEFAULT;
	int rc = sw_read_args_service(args, daemon->plan, &list.service, err);

	if (rc == 0)
		rc = read_sort(args, &sort, err);
	if (rc == 0)
		rc = sw_read_args_limit(args, &limit, err);
	if (rc < 0)
		return rc;
	rc = read_list(daemon, &list, err);
	rows = list.rows;
	if (rc < 0)
		return rc;
	if (list.count)
		qsort(rows, list.count, sizeof(*rows), sort->compare);
	*result = list_to_json(daemon->plan, &list, limit);
	return *result ? 0 : sw_error_set(err, -ENOMEM, "out of memory");
}
