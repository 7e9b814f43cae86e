/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ending idle sessions for those who wait: clients that were frozen with their connection open, as serverless
 * instances are, hold slots that nobody works in.
 */
#include <stdlib.h>

#include "core/cleanup.h"
#include "core/clock.h"
#include "core/log.h"
#include "daemon/events.h"
#include "daemon/monitor_parts.h"
#include "daemon/read_service.h"
#include "daemon/reconcile.h"
#include "db/evict.h"
#include "kern/steps.h"
#include "spillway/chain.h"
#include "spillway/slots.h"

/* Whoever is served in one go; the next is a second later. */
#define AT_ONCE 64
/* A slot of a class's own reserve would be free for nobody but the class. */
static bool has_shared(const struct sw_monitor *monitor, uint32_t class_id)
{
	return sw_slots_low(monitor->daemon->maps->class_state[class_id].direct) > 0;
}

static bool may_end(const struct sw_monitor *monitor, const struct sw_config_service *config,
		    const struct sw_backend *backend, const struct sw_backend_place *place)
{
	const struct sw_plan_class *planned;
	const struct sw_config_class *class;

	if (!place->has_flow || backend->state != SW_BACKEND_IDLE || backend->is_walsender ||
	    backend->is_superuser ||
	    backend->in_state_ms * SW_NS_PER_MS < config->budget.evict_idle_after_ns)
		return false;
	/* A class that is always let in, by rule or by its action, is never shown the door either. */
	planned = sw_plan_class(monitor->daemon->plan, place->class_id);
	class = planned ? sw_config_find_class(config, planned->name) : NULL;
	return class && class->evict == SW_YES && class->action == SW_ACTION_LIMIT &&
	       has_shared(monitor, planned->id);
}

static int longest_first(const void *left, const void *right)
{
	const struct sw_backend *a = left, *b = right;

	return a->in_state_ms < b->in_state_ms ? 1 : -(a->in_state_ms > b->in_state_ms);
}

static bool has_free_slot(const struct sw_monitor *monitor)
{
	const struct sw_maps *maps = monitor->daemon->maps;
	const struct sw_service_conf *conf = &maps->service_conf[monitor->service];
	uint64_t slots = maps->service_state[monitor->service].direct;

	return sw_slots_total(slots) < conf->budget && sw_slots_shared(slots) < conf->shared_limit;
}

/* Slots that no session is behind may be of clients that are gone, the frozen ones that were ended too. */
static void free_unanswered(const struct sw_monitor *monitor, size_t sessions)
{
	const struct sw_service_state *state =
		&monitor->daemon->maps->service_state[monitor->service];

	if (sw_read_service_waiting(monitor->daemon->maps, monitor->service) &&
	    !has_free_slot(monitor) && sw_slots_total(state->direct) > sessions)
		sw_reconcile_closed(monitor->daemon, monitor->service);
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Those that a slot would let in: a class that is full, or never goes direct, waits for something else. */
static uint32_t waiting_for_slots(const struct sw_monitor *monitor)
{
	const struct sw_maps *maps = monitor->daemon->maps;
	uint32_t sum = 0;

	for (uint32_t id = 0; id < SW_CLASSES_MAX; id++) {
		const struct sw_class_conf *conf = &maps->class_conf[id];
		uint32_t used = sw_read_class_direct(maps, id);
		uint32_t room = conf->max_direct ? conf->max_direct - least(used, conf->max_direct)
						 : UINT32_MAX;

		if (conf->service == monitor->service && sw_chain_has(conf->lanes, SW_LANE_DIRECT))
			sum += least(sw_read_class_waiting(maps, id), room);
	}
	return sum;
}

/*
 * How many wait for want of a slot, and not because nobody is let in at all. Slots that no session is behind
 * are of clients that just come, or of sessions that were ended: theirs to wait for.
 */
static uint32_t in_need(const struct sw_monitor *monitor, size_t sessions)
{
	const struct sw_maps *maps = monitor->daemon->maps;
	const struct sw_service_state *state = &maps->service_state[monitor->service];
	uint64_t slots = state->direct;
	uint32_t waiting = waiting_for_slots(monitor);
	uint32_t coming =
		sw_slots_total(slots) > sessions ? sw_slots_total(slots) - (uint32_t)sessions : 0;

	if (state->hold || has_free_slot(monitor))
		return 0;
	return waiting > coming ? waiting - coming : 0;
}

/* How many may go now: as many as need it, and as the rate allows since it was asked last. */
static size_t allowance(struct sw_monitor *monitor, const struct sw_config_service *config,
			size_t sessions)
{
	const struct sw_rate *rate = &config->budget.evict_rate;
	uint32_t needed = in_need(monitor, sessions);
	uint64_t now_ns = sw_clock_monotonic_ns();
	double most = AT_ONCE;

	if (rate->count) {
		double per_ns = (double)rate->count / (double)rate->per_ns;
		double burst = per_ns * SW_NS_PER_S < 1 ? 1 : per_ns * SW_NS_PER_S;

		monitor->evict_credit += (double)(now_ns - monitor->evict_credit_ns) * per_ns;
		if (monitor->evict_credit > burst)
			monitor->evict_credit = burst;
		most = monitor->evict_credit;
	}
	monitor->evict_credit_ns = now_ns;
	if (most > AT_ONCE)
		most = AT_ONCE;
	return needed < most ? needed : (size_t)most;
}

static void tell_of_signal(struct sw_monitor *monitor, const struct sw_config_service *config,
			   const struct sw_facts *facts)
{
	if (!monitor->is_told_of_signal)
		sw_log_error(
			"service %s: idle sessions are to be ended for those who wait, and the role %s may "
			"not; as a superuser: GRANT pg_signal_backend TO %s",
			config->name, facts->role, facts->role);
	monitor->is_told_of_signal = true;
}

void sw_monitor_choose_idle(struct sw_monitor *monitor, const struct sw_config_service *config,
			    const struct sw_facts *facts, const struct sw_backend_place *places)
{
	SW_FREE struct sw_backend *idle = calloc(facts->count + 1, sizeof(*idle));
	size_t count = 0, sessions = 0, most;

	free(monitor->eviction);
	monitor->eviction = NULL;
	for (size_t i = 0; i < facts->count; i++)
		sessions += places[i].has_flow;
	free_unanswered(monitor, sessions);
	if (!config->budget.evict_idle_after_ns)
		return;
	most = allowance(monitor, config, sessions);
	for (size_t i = 0; most && idle && i < facts->count; i++)
		if (may_end(monitor, config, &facts->backends[i], &places[i]))
			idle[count++] = facts->backends[i];
	if (!count)
		return;
	if (!facts->may_signal) {
		tell_of_signal(monitor, config, facts);
		return;
	}
	qsort(idle, count, sizeof(*idle), longest_first);
	monitor->eviction = sw_evict_sql(idle, count < most ? count : most,
					 config->budget.evict_idle_after_ns / SW_NS_PER_MS);
}

static uint32_t class_of(const struct sw_monitor *monitor, const struct sw_plan_service *planned,
			 const struct sw_evicted *evicted)
{
	struct sw_addr client;

	return sw_addr_parse(evicted->client, &client)
		       ? planned->conf.default_class
		       : sw_plan_class_of(monitor->daemon->plan, planned, &client)->id;
}

static void tell(void *arg, const struct sw_evicted *evicted)
{
	const struct sw_monitor *monitor = arg;
	const struct sw_plan_service *planned =
		sw_plan_service(monitor->daemon->plan, monitor->service);

	sw_log_about(
		SW_LOG_INFO,
		&(struct sw_log_fields){.service = planned->name, .source = evicted->client},
		"service %s: ended the session of %s port %s, idle for %.0f s, for those who wait",
		planned->name, evicted->client, evicted->port, evicted->idle_s);
	sw_events_evicted(monitor->daemon, monitor->service, class_of(monitor, planned, evicted),
			  evicted->client, evicted->port, evicted->idle_s);
}

void sw_monitor_evicted(struct sw_monitor *monitor)
{
	size_t ended = sw_evict_read(monitor->session, tell, monitor);

	monitor->is_evicting = false;
	monitor->evict_credit -= (double)ended;
	free(monitor->eviction);
	monitor->eviction = NULL;
	if (ended)
		sw_kern_count(monitor->daemon->kern, monitor->service, SW_COUNTER_EVICTED, ended);
}
