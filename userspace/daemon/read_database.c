/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See read_database.h.
 */
#include "daemon/read_database.h"

#include "core/clock.h"
#include "daemon/monitor.h"
#include "daemon/read_service.h"
#include "kern/read.h"

static json_t *states_to_json(const struct sw_monitor_view *view)
{
	json_t *object = json_object();

	for (int state = 0; state < SW_BACKEND_STATES; state++)
		json_object_set_new(object, sw_facts_state_name(state),
				    json_integer(view->states[state]));
	return object;
}

static void add_view(json_t *object, const struct sw_monitor_view *view)
{
	if (view->error[0])
		json_object_set_new(object, "error", json_string(view->error));
	if (!view->has_answered)
		return;
	json_object_set_new(object, "max_connections", json_integer(view->terms.max_connections));
	json_object_set_new(object, "backends", json_integer(view->backends));
	json_object_set_new(object, "walsenders", json_integer(view->walsenders));
	json_object_set_new(object, "states", states_to_json(view));
	json_object_set_new(object, "probe_ms", json_real((double)view->took_ns / SW_NS_PER_MS));
}

const char *sw_read_database_why(enum sw_ready_state state)
{
	static const char *const names[SW_READY_STATES] = {
		[SW_READY_NOBODY_LISTENS] = "nobody_listens",
		[SW_READY_TURNS_AWAY] = "turns_away",
		[SW_READY_SILENT] = "silent",
		[SW_READY_UNASKED] = "monitor_unanswered",
	};

	return names[state];
}

/* Whether it accepts connections is known; what it has inside is only where somebody asks it. */
json_t *sw_read_database_json(const struct sw_daemon *daemon, const struct sw_plan_service *service,
			      const struct sw_listeners *listeners)
{
	const struct sw_monitor_view *view = sw_monitor_view(daemon, service->id);
	enum sw_ready_state state = SW_READY_SERVES;
	json_t *up = json_null(), *object;

	if (listeners) {
		state = sw_read_service_database_state(daemon, service, listeners);
		up = json_boolean(state == SW_READY_SERVES);
	}
	object = json_pack("{s:o, s:s?, s:n, s:n}", "up", up, "why", sw_read_database_why(state),
			   "max_connections", "backends");
	if (object && view)
		add_view(object, view);
	return object;
}

void sw_read_budget_terms(const struct sw_budget_terms *terms,
			  void (*each)(void *arg, const char *name, int64_t value), void *arg)
{
	const struct {
		const char *name;
		int64_t value;
	} rows[] = {
		{"max_connections", terms->max_connections},
		{"superuser_reserved", -(int64_t)terms->superuser_reserved},
		{"reserved", -(int64_t)terms->reserved},
		{"unix_sockets", -(int64_t)terms->backends[SW_BACKEND_UNIX]},
		{"from_this_host", -(int64_t)terms->backends[SW_BACKEND_LOCAL]},
		{"past_the_gate", -(int64_t)terms->backends[SW_BACKEND_ELSEWHERE]},
		{"monitor", -(int64_t)terms->backends[SW_BACKEND_MONITOR]},
		{"lately", -(int64_t)terms->lately},
		{"other_services", -(int64_t)terms->neighbours},
		{"headroom", -(int64_t)terms->headroom},
		{"replication_by_gate", terms->gate_walsenders},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		each(arg, rows[i].name, rows[i].value);
}

static void add_term(void *object, const char *name, int64_t value)
{
	json_object_set_new(object, name, json_integer(value));
}

json_t *sw_read_budget_terms_json(const struct sw_daemon *daemon, uint32_t service)
{
	const struct sw_monitor_view *view = sw_monitor_view(daemon, service);
	json_t *object;

	if (!view || !view->has_answered || !view->is_budget)
		return json_null();
	object = json_object();
	sw_read_budget_terms(&view->terms, add_term, object);
	json_object_set_new(object, "bound",
			    view->terms.bound ? json_integer(view->terms.bound) : json_null());
	return object;
}

/* Two of them are times, and one is only ever known as a ratio. */
static json_t *signals_to_json(const struct sw_adaptive *adaptive)
{
	json_t *object = json_object();

	for (int i = 0; i < SW_ADAPTIVE_SIGNALS; i++) {
		json_t *signal = json_pack("{s:f}", "ratio", adaptive->signals[i].ratio);

		if (i != SW_ADAPTIVE_WAITS) {
			json_object_set_new(signal, "now_ms",
					    json_real(adaptive->signals[i].now * 1e3));
			json_object_set_new(signal, "usual_ms",
					    json_real(adaptive->signals[i].usual * 1e3));
		}
		json_object_set_new(object, sw_adaptive_signal_name(i), signal);
	}
	return object;
}

json_t *sw_read_adaptive_json(const struct sw_daemon *daemon, uint32_t service)
{
	const struct sw_monitor_view *view = sw_monitor_view(daemon, service);

	if (!view || !view->has_answered || !view->is_adaptive)
		return json_null();
	return json_pack("{s:I, s:I, s:b, s:s, s:f, s:I, s:f, s:f, s:o}", "floor",
			 (json_int_t)view->rules.floor, "ceiling", (json_int_t)view->rules.ceiling,
			 "frozen", view->rules.is_frozen, "state",
			 sw_adaptive_state_name(view->adaptive.state), "gradient",
			 view->adaptive.gradient, "cuts", (json_int_t)view->adaptive.cuts,
			 "at_work", view->adaptive.at_work, "waiting", view->adaptive.waiting,
			 "signals", signals_to_json(&view->adaptive));
}

void sw_read_database_explain(const struct sw_daemon *daemon, const struct sw_plan_service *service,
			      json_t *result)
{
	SW_LISTENERS_FREE struct sw_listeners listeners = {0};
	bool is_told = sw_listeners_read(&listeners) == 0;
	uint64_t counters[SW_COUNTER_COUNT];

	sw_read_counters(daemon->maps, service->id, counters);
	json_object_set_new(result, "budget",
			    json_pack("{s:I, s:o, s:o}", "direct", (json_int_t)service->conf.budget,
				      "terms", sw_read_budget_terms_json(daemon, service->id),
				      "adaptive", sw_read_adaptive_json(daemon, service->id)));
	json_object_set_new(result, "database",
			    sw_read_database_json(daemon, service, is_told ? &listeners : NULL));
	json_object_set_new(result, "evicted",
			    json_integer((json_int_t)counters[SW_COUNTER_EVICTED]));
	json_object_set_new(result, "unanswered",
			    json_integer((json_int_t)counters[SW_COUNTER_UNANSWERED]));
}
