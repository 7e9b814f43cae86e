/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See metrics_database.h. A database that is not asked, or has not answered yet, has no samples.
 */
#include "daemon/metrics_database.h"

#include "core/clock.h"
#include "daemon/monitor.h"
#include "daemon/read_database.h"
#include "daemon/read_service.h"
#include "kern/listeners.h"

/* One sample of a service, with one more label if it has one. */
struct sample {
	struct sw_exposition *page;
	const char *service;
};

static void put_of_service(struct sw_exposition *page, const char *service, const char *name,
			   const char *word, double value)
{
	const struct sw_label labels[] = {{"service", service}, {name, word}};

	sw_exposition_value(page, labels, name ? 2 : 1, value);
}

static void write_down(struct sw_exposition *page, const struct sw_plan *plan,
		       const enum sw_ready_state *states)
{
	sw_exposition_family(page, "spillway_database_down", SW_METRIC_GAUGE,
			     "Whether the database does not serve, and why");
	for (size_t i = 0; i < plan->service_count; i++)
		for (int why = SW_READY_SERVES + 1; why < SW_READY_STATES; why++)
			put_of_service(page, plan->services[i].name, "why",
				       sw_read_database_why((enum sw_ready_state)why),
				       (int)states[i] == why);
}

/* Where the kernel does not tell who listens, nothing is said. */
static void write_up(struct sw_exposition *page, const struct sw_daemon *daemon)
{
	const struct sw_plan *plan = daemon->plan;
	SW_LISTENERS_FREE struct sw_listeners listeners = {0};
	enum sw_ready_state states[SW_SERVICES_MAX];

	if (sw_listeners_read(&listeners) < 0)
		return;
	for (size_t i = 0; i < plan->service_count; i++)
		states[i] = sw_read_service_database_state(daemon, &plan->services[i], &listeners);
	sw_exposition_family(
		page, "spillway_database_up", SW_METRIC_GAUGE,
		"Whether somebody listens for direct connections and, if asked, takes them");
	for (size_t i = 0; i < plan->service_count; i++)
		put_of_service(page, plan->services[i].name, NULL, NULL,
			       states[i] == SW_READY_SERVES);
	write_down(page, plan, states);
}

/* Calls write() for each service whose database has answered. */
static void each_view(struct sw_exposition *page, const struct sw_daemon *daemon,
		      void (*write)(struct sw_exposition *page, const char *service,
				    const struct sw_monitor_view *view))
{
	const struct sw_plan *plan = daemon->plan;

	for (size_t i = 0; i < plan->service_count; i++) {
		const struct sw_monitor_view *view = sw_monitor_view(daemon, plan->services[i].id);

		if (view && view->has_answered)
			write(page, plan->services[i].name, view);
	}
}

static void write_max(struct sw_exposition *page, const char *service,
		      const struct sw_monitor_view *view)
{
	put_of_service(page, service, NULL, NULL, view->terms.max_connections);
}

static void write_states(struct sw_exposition *page, const char *service,
			 const struct sw_monitor_view *view)
{
	for (int state = 0; state < SW_BACKEND_STATES; state++)
		put_of_service(page, service, "state", sw_facts_state_name(state),
			       view->states[state]);
}

static void write_term(void *arg, const char *name, int64_t value)
{
	const struct sample *sample = arg;

	put_of_service(sample->page, sample->service, "term", name, (double)value);
}

static void write_terms(struct sw_exposition *page, const char *service,
			const struct sw_monitor_view *view)
{
	struct sample sample = {page, service};

	if (!view->is_budget)
		return;
	sw_read_budget_terms(&view->terms, write_term, &sample);
}

static void write_probe(struct sw_exposition *page, const char *service,
			const struct sw_monitor_view *view)
{
	put_of_service(page, service, NULL, NULL, (double)view->took_ns / SW_NS_PER_S);
}

/* Of a service whose budget is adaptive. */
static void write_bounds(struct sw_exposition *page, const char *service,
			 const struct sw_monitor_view *view)
{
	if (!view->is_adaptive)
		return;
	put_of_service(page, service, "bound", "floor", view->rules.floor);
	put_of_service(page, service, "bound", "ceiling", view->rules.ceiling);
}

static void write_gradient(struct sw_exposition *page, const char *service,
			   const struct sw_monitor_view *view)
{
	if (view->is_adaptive)
		put_of_service(page, service, NULL, NULL, view->adaptive.gradient);
}

static void write_ratios(struct sw_exposition *page, const char *service,
			 const struct sw_monitor_view *view)
{
	for (int i = 0; view->is_adaptive && i < SW_ADAPTIVE_SIGNALS; i++)
		put_of_service(page, service, "signal", sw_adaptive_signal_name(i),
			       view->adaptive.signals[i].ratio);
}

static void write_sessions(struct sw_exposition *page, const char *service,
			   const struct sw_monitor_view *view)
{
	if (!view->is_adaptive)
		return;
	put_of_service(page, service, "state", "at_work", view->adaptive.at_work);
	put_of_service(page, service, "state", "waiting", view->adaptive.waiting);
}

static void write_cuts(struct sw_exposition *page, const char *service,
		       const struct sw_monitor_view *view)
{
	if (view->is_adaptive)
		put_of_service(page, service, NULL, NULL, (double)view->adaptive.cuts);
}

static void write_frozen(struct sw_exposition *page, const char *service,
			 const struct sw_monitor_view *view)
{
	if (view->is_adaptive)
		put_of_service(page, service, NULL, NULL, view->rules.is_frozen);
}

static void write_adaptive(struct sw_exposition *page, const struct sw_daemon *daemon)
{
	sw_exposition_family(page, "spillway_adaptive_bound_slots", SW_METRIC_GAUGE,
			     "Between what an adaptive budget moves");
	each_view(page, daemon, write_bounds);
	sw_exposition_family(
		page, "spillway_adaptive_gradient", SW_METRIC_GAUGE,
		"What an adaptive budget is multiplied by when it is cut; 1: it is not");
	each_view(page, daemon, write_gradient);
	sw_exposition_family(page, "spillway_adaptive_slowness", SW_METRIC_GAUGE,
			     "How many times as long as usual it takes, by what says so");
	each_view(page, daemon, write_ratios);
	sw_exposition_family(
		page, "spillway_adaptive_sessions", SW_METRIC_GAUGE,
		"Sessions through the gate that run a statement, and those of them that "
		"wait for others");
	each_view(page, daemon, write_sessions);
	sw_exposition_family(page, "spillway_adaptive_cuts_total", SW_METRIC_COUNTER,
			     "How often an adaptive budget was cut since it began");
	each_view(page, daemon, write_cuts);
	sw_exposition_family(page, "spillway_adaptive_frozen", SW_METRIC_GAUGE,
			     "Whether an adaptive budget was told to stay");
	each_view(page, daemon, write_frozen);
}

void sw_metrics_database(struct sw_exposition *page, const struct sw_daemon *daemon)
{
	write_up(page, daemon);
	sw_exposition_family(page, "spillway_database_max_connections", SW_METRIC_GAUGE,
			     "The database's own limit of connections");
	each_view(page, daemon, write_max);
	sw_exposition_family(page, "spillway_database_backends", SW_METRIC_GAUGE,
			     "Connections inside the database, by what they do");
	each_view(page, daemon, write_states);
	sw_exposition_family(page, "spillway_budget_term", SW_METRIC_GAUGE,
			     "What the budget is the sum of, before its bound");
	each_view(page, daemon, write_terms);
	sw_exposition_family(page, "spillway_database_probe_seconds", SW_METRIC_GAUGE,
			     "How long the database took to answer the daemon's last question");
	each_view(page, daemon, write_probe);
	write_adaptive(page, daemon);
}
