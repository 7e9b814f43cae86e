/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verb status: what is guarded, and how it is doing.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "config/words.h"
#include "core/clock.h"
#include "daemon/daemon.h"
#include "daemon/read_args.h"
#include "daemon/read_database.h"
#include "daemon/read_service.h"
#include "daemon/reconcile.h"
#include "daemon/room.h"
#include "daemon/verbs.h"
#include "kern/listeners.h"
#include "kern/read.h"
#include "policy/refusal.h"

/* What the parts of one answer are made from. listeners is NULL where the kernel does not tell. */
struct view {
	const struct sw_daemon *daemon;
	const struct sw_listeners *listeners;
};

static json_t *listen_to_json(const struct sw_config_service *config)
{
	json_t *list = json_array();
	char text[SW_ENDPOINT_TEXT];

	for (size_t i = 0; i < config->listen_count; i++) {
		sw_endpoint_format(&config->listen[i].endpoint, text, sizeof(text));
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *budget_to_json(const struct view *view, const struct sw_plan_service *service,
			      const struct sw_config_service *config, const uint64_t *counters)
{
	const struct sw_daemon *daemon = view->daemon;

	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "mode",
			 sw_words_name(SW_WORDS_BUDGET_MODE, config->budget.mode), "direct",
			 (json_int_t)service->conf.budget, "used",
			 (json_int_t)sw_read_service_direct(daemon->maps, service->id), "reserved",
			 (json_int_t)sw_read_service_reserved(daemon->plan, service),
			 "overcommitted", (json_int_t)counters[SW_COUNTER_OVERCOMMITTED], "terms",
			 sw_read_budget_terms_json(daemon, service->id), "adaptive",
			 sw_read_adaptive_json(daemon, service->id));
}

static json_t *lanes_to_json(const struct view *view, const struct sw_plan_service *service)
{
	const struct sw_maps *maps = view->daemon->maps;

	return json_pack("{s:I, s:I}", "direct",
			 (json_int_t)sw_read_service_direct(maps, service->id), "pooler",
			 (json_int_t)sw_read_service_pooler(maps, service->id));
}

static json_t *pooler_to_json(const struct view *view, const struct sw_plan_service *service,
			      const struct sw_config_service *config)
{
	const struct sw_maps *maps = view->daemon->maps;
	char address[SW_ENDPOINT_TEXT];
	json_t *up = json_null();

	if (config->pooler.address.port == 0)
		return json_pack("{s:n, s:b, s:i, s:i}", "address", "up", 0, "used", 0, "max", 0);
	if (view->listeners)
		up = json_boolean(sw_read_service_pooler_is_up(service, view->listeners));
	sw_endpoint_format(&config->pooler.address, address, sizeof(address));
	return json_pack("{s:s, s:o, s:I, s:I}", "address", address, "up", up, "used",
			 (json_int_t)sw_read_service_pooler(maps, service->id), "max",
			 (json_int_t)service->conf.pooler_max);
}

static json_t *queue_to_json(const struct view *view, const struct sw_plan_service *service)
{
	const struct sw_room *room = sw_room_of(view->daemon, service->id);

	return json_pack("{s:I, s:b, s:b}", "waiting",
			 (json_int_t)sw_read_service_waiting(view->daemon->maps, service->id),
			 "paused", room && sw_room_is_paused(room), "ready",
			 !room || sw_room_is_ready(room));
}

static json_t *totals_to_json(const struct view *view, const struct sw_plan_service *service)
{
	struct sw_read_totals totals;

	sw_read_service_totals(view->daemon->maps, service, &totals);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "syn", (json_int_t)totals.syn,
			 "direct", (json_int_t)totals.lane[SW_LANE_DIRECT], "pooler",
			 (json_int_t)totals.lane[SW_LANE_POOLER], "queued",
			 (json_int_t)totals.lane[SW_LANE_QUEUE], "refused",
			 (json_int_t)totals.lane[SW_LANE_REFUSE], "reset",
			 (json_int_t)totals.lane[SW_LANE_RESET], "dropped",
			 (json_int_t)totals.lane[SW_LANE_DROP]);
}

static json_t *counters_to_json(const uint64_t *counters)
{
#define SW_COUNTER_NAME(id, name, help) (name),
	static const char *const names[] = {SW_COUNTERS(SW_COUNTER_NAME)};
#undef SW_COUNTER_NAME
	json_t *object = json_object();

	for (size_t i = 0; i < SW_COUNTER_COUNT; i++)
		json_object_set_new(object, names[i], json_integer((json_int_t)counters[i]));
	return object;
}

/* Only a class that limits has limits; of one that has an answer for all they are null. */
static void add_limits(json_t *object, const struct sw_config_class *config)
{
	char rate[SW_RATE_TEXT];

	sw_format_rate(&config->rate, rate, sizeof(rate));
	json_object_set_new(object, "max_direct", json_integer(config->max_direct));
	json_object_set_new(object, "rate", json_string(rate));
	json_object_set_new(object, "burst", json_integer(config->burst));
	json_object_set_new(object, "weight", json_integer(config->weight));
	json_object_set_new(object, "connections_per_source",
			    json_integer(config->connections_per_source));
	json_object_set_new(object, "direct_per_source", json_integer(config->direct_per_source));
}

static json_t *class_to_json(const struct view *view, const struct sw_plan_class *class,
			     const struct sw_config_class *config)
{
	json_t *object = json_pack(
		"{s:s, s:s, s:I, s:I, s:n, s:n, s:n, s:n}", "name", class->name, "action",
		sw_words_name(SW_WORDS_ACTION, class->conf.action), "used",
		(json_int_t)sw_read_class_direct(view->daemon->maps, class->id), "reserved",
		(json_int_t) class->conf.reserved, "max_direct", "rate", "burst", "weight");

	if (config && class->conf.action == SW_ACTION_LIMIT)
		add_limits(object, config);
	return object;
}

/* The classes of the allow and deny lists are shown while somebody is on the list or still inside. */
static bool is_shown(const struct view *view, const struct sw_plan_service *service,
		     const struct sw_plan_class *class)
{
	const struct sw_rules *rules = &view->daemon->rules;
	bool allowed = strcmp(class->name, SW_RULES_ALLOWED) == 0;

	for (size_t i = 0; i < rules->count; i++) {
		if (rules->rules[i].allow == allowed &&
		    strcmp(rules->rules[i].service, service->name) == 0)
			return true;
	}
	return sw_read_class_direct(view->daemon->maps, class->id) > 0;
}

static json_t *classes_to_json(const struct view *view, const struct sw_plan_service *service,
			       const struct sw_config_service *config)
{
	const struct sw_plan *plan = view->daemon->plan;
	json_t *list = json_array();

	for (size_t i = 0; i < plan->class_count; i++) {
		const struct sw_plan_class *class = &plan->classes[i];
		const struct sw_config_class *class_config;

		if (class->service != service->id)
			continue;
		class_config = sw_config_find_class(config, class->name);
		if (class_config || is_shown(view, service, class))
			json_array_append_new(list, class_to_json(view, class, class_config));
	}
	return list;
}

static json_t *service_to_json(const struct view *view, const struct sw_config_service *config)
{
	const struct sw_plan_service *service =
		sw_plan_service_named(view->daemon->plan, config->name);
	uint64_t counters[SW_COUNTER_COUNT];

	if (!service)
		return NULL;
	sw_read_counters(view->daemon->maps, service->id, counters);
	return json_pack(
		"{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name",
		config->name, "protocol", sw_words_name(SW_WORDS_PROTOCOL, config->protocol),
		"refuses_by",
		sw_refusal_answers_as(config->protocol) == SW_ANSWERS_RESET ? "reset" : "error",
		"listen", listen_to_json(config), "budget",
		budget_to_json(view, service, config, counters), "lanes",
		lanes_to_json(view, service), "pooler", pooler_to_json(view, service, config),
		"queue", queue_to_json(view, service), "database",
		sw_read_database_json(view->daemon, service, view->listeners), "totals",
		totals_to_json(view, service), "counters", counters_to_json(counters), "classes",
		classes_to_json(view, service, config));
}

static json_t *services_to_json(const struct view *view)
{
	const struct sw_config *config = view->daemon->config;
	json_t *list = json_array();

	for (size_t i = 0; i < config->service_count; i++)
		json_array_append_new(list, service_to_json(view, &config->services[i]));
	return list;
}

static json_t *interfaces_to_json(const struct sw_daemon *daemon)
{
	json_t *list = json_array();

	for (size_t i = 0; i < daemon->attachment_count; i++) {
		const struct sw_attachment *at = &daemon->attachments[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:b}", "name", at->name, "mode",
					sw_words_name(SW_WORDS_ATTACH_MODE, at->mode), "wanted",
					sw_words_name(SW_WORDS_ATTACH_MODE, at->wanted), "attached",
					(int)sw_attachment_holds(at)));
	}
	return list;
}

static json_t *daemon_to_json(const struct sw_daemon *daemon, uint64_t now_ns)
{
	uint64_t heartbeat_ns =
		__atomic_load_n(&daemon->maps->control->heartbeat_ns, __ATOMIC_RELAXED);
	uint64_t age_ns = now_ns > heartbeat_ns ? now_ns - heartbeat_ns : 0;

	return json_pack("{s:i, s:s, s:I, s:f, s:b}", "pid", (int)getpid(), "version", SW_VERSION,
			 "uptime_s", (json_int_t)((now_ns - daemon->started_ns) / SW_NS_PER_S),
			 "heartbeat_age_s", (double)age_ns / SW_NS_PER_S, "ready",
			 (int)daemon->is_ready);
}

static json_t *reconcile_to_json(const struct sw_reconcile *done)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f}", "sockets",
			 (json_int_t)done->sockets, "flows", (json_int_t)done->flows, "adopted",
			 (json_int_t)done->adopted, "confirmed", (json_int_t)done->confirmed,
			 "released", (json_int_t)done->released, "closed", (json_int_t)done->closed,
			 "no_room", (json_int_t)done->no_room, "took_ms",
			 (double)done->took_ns / 1e6);
}

bool sw_read_status_changes(json_t *args)
{
	return json_is_true(json_object_get(args, "reconcile"));
}

int sw_read_status_verb(void *arg, json_t *args, json_t **result, struct sw_error *err)
{
	struct sw_daemon *daemon = arg;
	SW_LISTENERS_FREE struct sw_listeners listeners = {0};
	struct view view = {.daemon = daemon};
	struct sw_reconcile done = {0};
	int failed = sw_read_status_changes(args) ? sw_reconcile(daemon, &done, err) : 0;

	if (failed)
		return failed;
	if (sw_listeners_read(&listeners) == 0)
		view.listeners = &listeners;
	*result = json_pack("{s:o, s:o, s:s, s:s, s:o}", "services", services_to_json(&view),
			    "interfaces", interfaces_to_json(daemon), "mode",
			    sw_words_name(SW_WORDS_MODE, daemon->config->mode), "on_daemon_loss",
			    sw_words_name(SW_WORDS_ON_LOSS, daemon->config->on_daemon_loss),
			    "daemon", daemon_to_json(daemon, sw_clock_monotonic_ns()));
	if (*result && sw_read_status_changes(args))
		json_object_set_new(*result, "reconcile", reconcile_to_json(&done));
	return *result ? 0 : sw_error_set(err, -ENOMEM, "out of memory");
}
