/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From what a database says to its service's budget.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/clock.h"
#include "core/log.h"
#include "daemon/change.h"
#include "daemon/monitor_parts.h"

static const struct sw_config_service *configured(const struct sw_monitor *monitor)
{
	const struct sw_plan_service *planned =
		sw_plan_service(monitor->daemon->plan, monitor->service);

	return planned ? sw_config_find_service(monitor->daemon->config, planned->name) : NULL;
}

static void count(struct sw_monitor_view *view, const struct sw_facts *facts,
		  const struct sw_backend_place *places)
{
	struct sw_budget_terms *terms = &view->terms;

	memset(terms, 0, sizeof(*terms));
	memset(view->states, 0, sizeof(view->states));
	view->backends = view->walsenders = 0;
	view->server_started_us = facts->server_started_us;
	terms->max_connections = facts->max_connections;
	terms->superuser_reserved = facts->superuser_reserved;
	terms->reserved = facts->reserved;
	for (size_t i = 0; i < facts->count; i++) {
		if (facts->backends[i].is_walsender) {
			terms->gate_walsenders += places[i].origin == SW_BACKEND_GATE;
			view->walsenders++;
			continue;
		}
		terms->backends[places[i].origin]++;
		view->states[facts->backends[i].state]++;
		view->backends++;
	}
}

/* Each change of what an operator sets is worth a line; who comes and goes is not. */
static void tell(const struct sw_monitor *monitor, const struct sw_config_service *config,
		 uint32_t max_connections_before)
{
	const struct sw_budget_terms *terms = &monitor->view.terms;

	if (config->budget.mode == SW_BUDGET_FIXED ||
	    terms->max_connections == max_connections_before)
		return;
	sw_log_info(
		"service %s: budget %s%u: %u max_connections, less %u for superusers, %u reserved, "
		"%llu that came past the gate, %u headroom%s",
		config->name, config->budget.mode == SW_BUDGET_ADAPTIVE ? "at most " : "",
		sw_budget_auto(terms), terms->max_connections, terms->superuser_reserved,
		terms->reserved, (unsigned long long)sw_budget_others(terms), terms->headroom,
		terms->bound && sw_budget_auto(terms) == terms->bound ? "; bounded by direct" : "");
}

/* What the terms are besides what the database says. */
static void set_terms(struct sw_monitor *monitor, const struct sw_config_service *config)
{
	monitor->view.is_budget = config->budget.mode != SW_BUDGET_FIXED;
	monitor->view.is_adaptive = config->budget.mode == SW_BUDGET_ADAPTIVE;
	monitor->view.terms.headroom = config->budget.headroom;
	monitor->view.terms.bound = config->budget.direct;
	monitor->view.terms.neighbours = sw_monitor_neighbours(monitor);
	/* Whoever comes back to it begins with what is in force then. */
	if (!monitor->view.is_adaptive)
		monitor->view.adaptive = (struct sw_adaptive){0};
}

static void apply(struct sw_monitor *monitor)
{
	const struct sw_config_service *config = configured(monitor);

	if (!config || !monitor->view.has_answered)
		return;
	set_terms(monitor, config);
	if (monitor->view.is_budget)
		sw_change_slots(monitor->daemon, monitor->service,
				monitor->view.is_adaptive ? sw_monitor_adapted(monitor, config)
							  : sw_budget_auto(&monitor->view.terms));
}

/* What the others keep of one database this one may not have; once they have let it go it may. */
void sw_monitor_set_budget(struct sw_monitor *monitor)
{
	const struct sw_daemon *daemon = monitor->daemon;
	bool is_shared = false;

	apply(monitor);
	for (uint32_t id = 0; id < SW_SERVICES_MAX; id++) {
		if (!sw_monitor_shares(daemon, monitor->service, id))
			continue;
		is_shared = true;
		apply(daemon->monitors->monitors[id]);
	}
	if (is_shared)
		apply(monitor);
}

void sw_monitor_set_bound(struct sw_monitor *monitor)
{
	const struct sw_config_service *config = configured(monitor);

	if (config && config->budget.mode != SW_BUDGET_FIXED && !monitor->view.has_answered &&
	    !config->budget.now)
		sw_change_slots(monitor->daemon, monitor->service,
				config->budget.mode == SW_BUDGET_ADAPTIVE
					? config->budget.min_direct
					: config->budget.direct);
}

int sw_monitor_digest(struct sw_monitor *monitor, const struct sw_facts *facts,
		      struct sw_error *err)
{
	const struct sw_plan_service *planned =
		sw_plan_service(monitor->daemon->plan, monitor->service);
	SW_FREE struct sw_backend_place *places = calloc(facts->count + 1, sizeof(*places));
	uint32_t max_connections_before = monitor->view.terms.max_connections;
	int failed;

	if (!facts->sees_all)
		return sw_error_set(
			err, -EPERM,
			"the role %s may not see what others do, so nobody knows how many "
			"connections came past the gate; as a superuser: GRANT pg_monitor TO %s",
			facts->role, facts->role);
	if (!places || !planned)
		return sw_error_set(err, -ENOMEM, "out of memory");
	failed = sw_backends_sort(&monitor->seen, monitor->daemon, planned, facts, places, err);
	if (failed)
		return failed;
	count(&monitor->view, facts, places);
	sw_budget_forget(&monitor->recent, monitor->seen.adopted);
	sw_budget_remember(&monitor->recent, sw_clock_monotonic_ns() / SW_NS_PER_S,
			   &monitor->view.terms);
	monitor->view.has_answered = true;
	set_terms(monitor, configured(monitor));
	if (monitor->view.is_adaptive)
		sw_monitor_adapt(monitor, configured(monitor), facts, places);
	sw_monitor_set_budget(monitor);
	tell(monitor, configured(monitor), max_connections_before);
	sw_monitor_choose_idle(monitor, configured(monitor), facts, places);
	return 0;
}
