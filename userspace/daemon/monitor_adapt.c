/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the adaptive budget (policy/adaptive.h) goes by, out of what the database and the gate say.
 */
#include <stdlib.h>

#include "core/clock.h"
#include "core/log.h"
#include "daemon/monitor_parts.h"
#include "spillway/slots.h"

/*
 * One that sends rows to a slow client, or takes them from it, is no work of the database's. One that starts (its
 * state is not known yet) is, and ends transactions.
 */
static bool is_at_work(const struct sw_backend *backend)
{
	return !backend->is_walsender && backend->wait != SW_BACKEND_WAITS_FOR_CLIENT &&
	       (backend->state == SW_BACKEND_ACTIVE || backend->state == SW_BACKEND_FASTPATH ||
		backend->state == SW_BACKEND_UNKNOWN);
}

static void count_sessions(struct sw_adaptive_sample *sample, const struct sw_facts *facts,
			   const struct sw_backend_place *places)
{
	for (size_t i = 0; i < facts->count; i++) {
		if (!is_at_work(&facts->backends[i]) || places[i].origin == SW_BACKEND_MONITOR)
			continue;
		sample->active++;
		if (places[i].origin != SW_BACKEND_GATE)
			continue;
		sample->at_work++;
		sample->waiting += facts->backends[i].wait == SW_BACKEND_WAITS_FOR_OTHERS;
	}
}

static uint32_t left(uint32_t limit, uint32_t taken)
{
	return taken < limit ? limit - taken : 0;
}

static void count_slots(struct sw_adaptive_sample *sample, const struct sw_maps *maps,
			uint32_t service)
{
	const struct sw_service_conf *conf = &maps->service_conf[service];
	uint64_t slots = maps->service_state[service].direct;
	uint32_t room = left(conf->budget, sw_slots_total(slots));
	uint32_t shared = left(conf->shared_limit, sw_slots_shared(slots));

	sample->used = sw_slots_total(slots);
	sample->room = room < shared ? room : shared;
}

/* Once for each cause, once when it is over. */
static void tell(struct sw_monitor *monitor, const char *service, uint32_t before)
{
	static const char *const what[SW_ADAPTIVE_SIGNALS] = {
		[SW_ADAPTIVE_PROBE] = "a question is answered",
		[SW_ADAPTIVE_TRANSACTION] = "a transaction ends",
		[SW_ADAPTIVE_WAITS] = "sessions wait for each other, a statement ends",
	};
	const struct sw_adaptive *adaptive = &monitor->view.adaptive;
	uint32_t slots = sw_adaptive_slots(adaptive, &monitor->view.rules);
	unsigned int cause = 1u << adaptive->slowest;
	const struct sw_log_fields about = {.service = service};

	if (adaptive->state == SW_ADAPTIVE_CUT && !(monitor->cuts_told & cause))
		sw_log_about(SW_LOG_INFO, &about,
			     "service %s: budget cut from %u to %u: %s after %.1f times as long as "
			     "usual",
			     service, before, slots, what[adaptive->slowest],
			     adaptive->signals[adaptive->slowest].ratio);
	if (adaptive->state == SW_ADAPTIVE_GROWS && monitor->cuts_told)
		sw_log_about(SW_LOG_INFO, &about, "service %s: budget %u grows again", service,
			     slots);
	if (adaptive->state == SW_ADAPTIVE_BACK)
		sw_log_about(
			SW_LOG_INFO, &about,
			"service %s: budget back at %u: it took as long with fewer, so that is "
			"usual now",
			service, slots);
	if (adaptive->state == SW_ADAPTIVE_CUT)
		monitor->cuts_told |= cause;
	else if (adaptive->state == SW_ADAPTIVE_GROWS)
		monitor->cuts_told = 0;
}

uint32_t sw_monitor_adapted(struct sw_monitor *monitor, const struct sw_config_service *config)
{
	struct sw_monitor_view *view = &monitor->view;
	const struct sw_maps *maps = monitor->daemon->maps;
	uint32_t begin = sw_slots_total(maps->service_state[monitor->service].direct);

	view->rules = (struct sw_adaptive_rules){
		.floor = config->budget.min_direct,
		.ceiling = sw_budget_auto(&view->terms),
		.tolerance = config->budget.tolerance_percent / 100.0,
		.is_frozen = config->budget.freeze == SW_YES,
	};
	if (begin < view->rules.floor)
		begin = view->rules.floor;
	if (view->adaptive.limit <= 0)
		sw_adaptive_begin(&view->adaptive, config->budget.now ? config->budget.now : begin);
	return sw_adaptive_slots(&view->adaptive, &view->rules);
}

void sw_monitor_adapt(struct sw_monitor *monitor, const struct sw_config_service *config,
		      const struct sw_facts *facts, const struct sw_backend_place *places)
{
	struct sw_adaptive_sample sample = {
		.now_ns = sw_clock_monotonic_ns(),
		.probe_ns = monitor->view.took_ns,
		.transactions = facts->transactions,
	};
	uint32_t before = sw_monitor_adapted(monitor, config);

	count_sessions(&sample, facts, places);
	count_slots(&sample, monitor->daemon->maps, monitor->service);
	sw_adaptive_step(&monitor->view.adaptive, &monitor->view.rules, &sample);
	tell(monitor, config->name, before);
}
