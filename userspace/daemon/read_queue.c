/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verb queue: who waits, by service, class and source, and how long it may take.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/words.h"
#include "core/cleanup.h"
#include "core/clock.h"
#include "daemon/read_args.h"
#include "daemon/read_service.h"
#include "daemon/room.h"
#include "daemon/verbs.h"

/* Sources shown of a service; the rest is in the sums. */
#define SOURCES_SHOWN 100

struct list {
	struct sw_queue_line *lines;
	size_t count;
	size_t room;
	uint64_t now_ns; /* all is as at one moment */
};

static int add_line(void *arg, const struct sw_queue_line *line)
{
	struct list *list = arg;

	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		struct sw_queue_line *lines = reallocarray(list->lines, room, sizeof(*lines));

		if (!lines)
			return -ENOMEM;
		list->lines = lines;
		list->room = room;
	}
	list->lines[list->count++] = *line;
	return 0;
}

static int by_waiting(const void *left, const void *right)
{
	const struct sw_queue_line *a = left, *b = right;

	if (a->waiting != b->waiting)
		return a->waiting > b->waiting ? -1 : 1;
	return a->oldest_syn_ns < b->oldest_syn_ns ? -1 : a->oldest_syn_ns > b->oldest_syn_ns;
}

static double seconds_since(const struct list *list, uint64_t ns)
{
	return list->now_ns > ns ? (double)(list->now_ns - ns) / SW_NS_PER_S : 0;
}

static json_t *sources_to_json(const struct sw_daemon *daemon,
			       const struct sw_plan_service *service, const struct list *list)
{
	json_t *sources = json_array();

	for (size_t i = 0; i < list->count && i < SOURCES_SHOWN; i++) {
		const struct sw_queue_line *line = &list->lines[i];

		json_array_append_new(
			sources, json_pack("{s:o, s:o, s:I, s:f}", "source",
					   sw_read_args_source(service, &line->source), "class",
					   sw_read_args_class_name(
						   sw_plan_class(daemon->plan, line->class_id)),
					   "waiting", (json_int_t)line->waiting, "oldest_s",
					   seconds_since(list, line->oldest_syn_ns)));
	}
	return sources;
}

/* Of one class, or with NULL of all: null where nobody waits. */
static json_t *oldest_to_json(const struct list *list, const struct sw_plan_class *only)
{
	uint64_t oldest_ns = UINT64_MAX;

	for (size_t i = 0; i < list->count; i++) {
		const struct sw_queue_line *line = &list->lines[i];

		if ((!only || line->class_id == only->id) && line->oldest_syn_ns < oldest_ns)
			oldest_ns = line->oldest_syn_ns;
	}
	return oldest_ns != UINT64_MAX ? json_real(seconds_since(list, oldest_ns)) : json_null();
}

static json_t *class_to_json(const struct sw_plan_class *class,
			     const struct sw_config_class *config, const struct list *list,
			     const struct sw_queue *queue)
{
	json_int_t waiting = 0;

	for (size_t i = 0; i < list->count; i++)
		if (list->lines[i].class_id == class->id)
			waiting += list->lines[i].waiting;
	return json_pack("{s:s, s:I, s:I, s:o, s:f}", "name", class->name, "weight",
			 (json_int_t)config->weight, "waiting", waiting, "oldest_s",
			 oldest_to_json(list, class), "max_wait_s",
			 (double)sw_queue_max_wait_ns(queue, class->id, list->now_ns) /
				 SW_NS_PER_S);
}

static json_t *classes_to_json(const struct sw_daemon *daemon,
			       const struct sw_plan_service *service,
			       const struct sw_config_service *config, const struct list *list,
			       const struct sw_queue *queue)
{
	json_t *classes = json_array();

	for (size_t i = 0; i < config->class_count; i++) {
		const struct sw_plan_class *class =
			sw_plan_class_named(daemon->plan, service->id, config->classes[i].name);

		if (class && class->conf.action == SW_ACTION_LIMIT)
			json_array_append_new(
				classes, class_to_json(class, &config->classes[i], list, queue));
	}
	return classes;
}

/* Of the classes that wait; of one that does not, if none does. */
static uint64_t shortest_wait_ns(const struct sw_queue *queue, const struct list *list)
{
	uint64_t shortest_ns = sw_queue_max_wait_ns(queue, UINT32_MAX, list->now_ns);

	for (size_t i = 0; i < list->count; i++) {
		uint64_t ns = sw_queue_max_wait_ns(queue, list->lines[i].class_id, list->now_ns);

		shortest_ns = ns < shortest_ns ? ns : shortest_ns;
	}
	return shortest_ns;
}

/* Those that the gate counts and this daemon has not heard of yet come by their next SYN. */
static json_t *service_to_json(const struct sw_daemon *daemon,
			       const struct sw_plan_service *service,
			       const struct sw_config_service *config, const struct list *list)
{
	const struct sw_room *room = sw_room_of(daemon, service->id);
	const struct sw_queue *queue = sw_room_queue(room);
	uint64_t lost_ns = sw_room_lost_for_ns(room);
	double rate = sw_queue_rate(queue, list->now_ns);

	return json_pack("{s:s, s:s, s:I, s:I, s:b, s:b, s:o, s:f, s:o, s:f, s:o, s:o, s:I, s:o}",
			 "name", service->name, "discipline",
			 sw_words_name(SW_WORDS_DISCIPLINE, config->queue.discipline), "waiting",
			 (json_int_t)sw_read_service_waiting(daemon->maps, service->id),
			 "max_waiting", (json_int_t)config->queue.max_waiting, "paused",
			 (int)sw_room_is_paused(room), "ready", (int)sw_room_is_ready(room),
			 "oldest_s", oldest_to_json(list, NULL), "admitted_per_s", rate,
			 "predicted_wait_s", sw_read_args_wait(sw_queue_count(queue), rate),
			 "max_wait_s", (double)shortest_wait_ns(queue, list) / SW_NS_PER_S,
			 "classes", classes_to_json(daemon, service, config, list, queue),
			 "sources", sources_to_json(daemon, service, list), "sources_total",
			 (json_int_t)list->count, "lost_wakeup_s",
			 lost_ns ? json_real((double)lost_ns / SW_NS_PER_S) : json_null());
}

static int add_service(const struct sw_daemon *daemon, const struct sw_plan_service *service,
		       json_t *services)
{
	const struct sw_config_service *config =
		sw_config_find_service(daemon->config, service->name);
	const struct sw_room *room = sw_room_of(daemon, service->id);
	SW_FREE struct sw_queue_line *lines = NULL;
	struct list list = {.now_ns = sw_clock_monotonic_ns()};
	int failed;

	if (!config || !room)
		return 0;
	failed = sw_queue_each_source(sw_room_queue(room), add_line, &list);
	lines = list.lines;
	if (failed)
		return failed;
	if (list.count)
		qsort(lines, list.count, sizeof(*lines), by_waiting);
	return json_array_append_new(services, service_to_json(daemon, service, config, &list))
		       ? -ENOMEM
		       : 0;
}

int sw_read_queue_verb(void *arg, json_t *args, json_t **result, struct sw_error *err)
{
	const struct sw_daemon *daemon = arg;
	const struct sw_plan_service *only = NULL;
	SW_JSON_DROP json_t *services = json_array();
	int failed = sw_read_args_service(args, daemon->plan, &only, err);

	if (failed)
		return failed;
	for (size_t i = 0; !failed && i < daemon->plan->service_count; i++)
		if (!only || only == &daemon->plan->services[i])
			failed = add_service(daemon, &daemon->plan->services[i], services);
	if (!failed)
		*result = json_pack("{s:O}", "services", services);
	return !failed && *result ? 0 : sw_error_set(err, -ENOMEM, "out of memory");
}
