/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making a plan: ids first, then what hangs on them.
 */
#include "policy/plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "policy/plan_conf.h"
#include "policy/plan_ids.h"
#include "policy/refusal.h"

/* What making one plan needs to know on the way. */
struct making {
	const struct sw_config *config;
	struct sw_plan *plan;
	struct sw_plan_ids ids;
	struct sw_error *err;
};

static int add_class(struct making *making, const struct sw_config_service *of, uint32_t service,
		     const char *name, struct sw_class_conf conf, uint32_t *out)
{
	struct sw_plan_class *class = &making->plan->classes[making->plan->class_count];
	int failed = sw_plan_ids_class(&making->ids, service, name, &class->id, making->err);

	if (failed)
		return failed;
	memccpy(class->name, name, '\0', sizeof(class->name));
	class->service = service;
	class->conf = conf;
	class->conf.service = service;
	sw_refusal_make(of, sw_config_find_class(of, name), &class->refusal);
	making->plan->class_count++;
	*out = class->id;
	return 0;
}

static void add_prefix(struct sw_plan *plan, uint32_t service, uint32_t id,
		       const struct sw_prefix *prefix)
{
	struct sw_plan_prefix *to = &plan->prefixes[plan->prefix_count++];

	to->service = service;
	to->class_id = id;
	to->prefix = *prefix;
}

/* The rule that overrules a class for this prefix: the longest that contains it. */
static const struct sw_rule *rule_over(const struct sw_rules *rules, const char *service,
				       const struct sw_prefix *prefix)
{
	const struct sw_rule *best = NULL;

	for (size_t i = 0; rules && i < rules->count; i++) {
		const struct sw_rule *rule = &rules->rules[i];

		if (!strcmp(rule->service, service) && sw_prefix_contains(&rule->prefix, prefix) &&
		    (!best || rule->prefix.len > best->prefix.len))
			best = rule;
	}
	return best;
}

static int add_classes(struct making *making, const struct sw_config_service *service,
		       const struct sw_rules *rules, struct sw_plan_service *to)
{
	struct sw_plan *plan = making->plan;
	size_t before = plan->prefix_count;
	uint32_t allowed, denied;
	int failed;

	failed = add_class(making, service, to->id, SW_RULES_ALLOWED,
			   sw_plan_action_conf(service, SW_ACTION_ALLOW), &allowed);
	if (!failed)
		failed = add_class(making, service, to->id, SW_RULES_DENIED,
				   sw_plan_action_conf(service, SW_ACTION_DROP), &denied);
	for (size_t i = 0; !failed && i < service->class_count; i++) {
		const struct sw_config_class *class = &service->classes[i];
		uint32_t id;

		failed = add_class(making, service, to->id, class->name,
				   sw_plan_class_conf(service, class), &id);
		if (failed)
			break;
		if (!strcmp(class->name, "default"))
			to->conf.default_class = id;
		for (size_t n = 0; n < class->source_count; n++) {
			const struct sw_prefix *prefix = &class->sources[n].prefix;
			const struct sw_rule *rule = rule_over(rules, service->name, prefix);

			/* A rule for this very prefix is added below, once. */
			if (rule && sw_prefix_equal(&rule->prefix, prefix))
				continue;
			add_prefix(plan, to->id,
				   !rule	 ? id
				   : rule->allow ? allowed
						 : denied,
				   prefix);
		}
	}
	for (size_t i = 0; !failed && rules && i < rules->count; i++)
		if (!strcmp(rules->rules[i].service, service->name))
			add_prefix(plan, to->id, rules->rules[i].allow ? allowed : denied,
				   &rules->rules[i].prefix);
	to->conf.has_prefixes = plan->prefix_count > before;
	return failed;
}

/* A port is one service's alone only if that service listens there on any address and no other does. */
static void add_listens(struct sw_plan *plan, const struct sw_config_service *service, uint32_t id)
{
	for (size_t i = 0; i < service->listen_count; i++) {
		const struct sw_endpoint *endpoint = &service->listen[i].endpoint;
		struct sw_plan_listen *to = &plan->listens[plan->listen_count++];
		__u8 *entry = &plan->ports->service[endpoint->port];

		to->service = id;
		to->key.port_be = htons(endpoint->port);
		if (!endpoint->any)
			memcpy(to->key.address.bytes, endpoint->addr.bytes, 16);
		*entry = *entry || !endpoint->any ? SW_PORT_BY_ADDRESS : id + 1;
	}
}

int sw_plan_compare_prefixes(const void *left, const void *right)
{
	const struct sw_plan_prefix *a = left;
	const struct sw_plan_prefix *b = right;
	int order;

	if (a->service != b->service)
		return a->service < b->service ? -1 : 1;
	order = memcmp(a->prefix.addr.bytes, b->prefix.addr.bytes, sizeof(a->prefix.addr.bytes));
	return order ? order : (int)a->prefix.len - (int)b->prefix.len;
}

struct counts {
	size_t classes, listens, prefixes;
};

static struct counts counts_of(const struct sw_config *config, const struct sw_rules *rules)
{
	struct counts counts = {.prefixes = rules ? rules->count : 0};

	for (size_t i = 0; i < config->service_count; i++) {
		const struct sw_config_service *service = &config->services[i];

		counts.classes += service->class_count + 2;
		counts.listens += service->listen_count;
		for (size_t n = 0; n < service->class_count; n++)
			counts.prefixes += service->classes[n].source_count;
	}
	return counts;
}

static int allocate(struct sw_plan *plan, size_t services, const struct counts *counts)
{
	plan->services = calloc(services + 1, sizeof(*plan->services));
	plan->classes = calloc(counts->classes + 1, sizeof(*plan->classes));
	plan->listens = calloc(counts->listens + 1, sizeof(*plan->listens));
	plan->prefixes = calloc(counts->prefixes + 1, sizeof(*plan->prefixes));
	plan->ports = calloc(1, sizeof(*plan->ports));
	return plan->services && plan->classes && plan->listens && plan->prefixes && plan->ports
		       ? 0
		       : -ENOMEM;
}

static int fill(struct making *making, const struct sw_rules *rules)
{
	struct sw_plan *plan = making->plan;
	int failed = 0;

	for (size_t i = 0; !failed && i < making->config->service_count; i++) {
		const struct sw_config_service *service = &making->config->services[i];
		struct sw_plan_service *to = &plan->services[i];

		failed = sw_plan_ids_service(&making->ids, service, &to->id, making->err);
		if (failed)
			break;
		memccpy(to->name, service->name, '\0', sizeof(to->name));
		to->conf = sw_plan_service_conf(service);
		plan->service_count++;
		failed = add_classes(making, service, rules, to);
		add_listens(plan, service, to->id);
	}
	if (plan->prefix_count)
		qsort(plan->prefixes, plan->prefix_count, sizeof(*plan->prefixes),
		      sw_plan_compare_prefixes);
	return failed;
}

int sw_plan_make(const struct sw_config *config, const struct sw_rules *rules,
		 const struct sw_plan *last, const struct sw_plan_busy *busy, struct sw_plan **out,
		 struct sw_error *err)
{
	struct making making = {.config = config, .err = err};
	const struct counts counts = counts_of(config, rules);
	int failed;

	if (counts.prefixes > SW_PREFIXES_MAX)
		return sw_error_set(err, -ENOSPC, "%zu prefixes in all classes; the limit is %d",
				    counts.prefixes, SW_PREFIXES_MAX);
	making.plan = calloc(1, sizeof(*making.plan));
	if (!making.plan || allocate(making.plan, config->service_count, &counts)) {
		sw_plan_free(making.plan);
		return sw_error_set(err, -ENOMEM, "out of memory");
	}
	sw_plan_ids_begin(&making.ids, config, last, busy);
	failed = fill(&making, rules);
	if (!failed)
		failed = sw_plan_ids_retire(&making.ids, making.plan, err);
	if (failed) {
		sw_plan_free(making.plan);
		return failed;
	}
	*out = making.plan;
	return 0;
}

void sw_plan_free(struct sw_plan *plan)
{
	if (!plan)
		return;
	free(plan->services);
	free(plan->classes);
	free(plan->listens);
	free(plan->prefixes);
	free(plan->ports);
	free(plan->retired_services);
	free(plan->retired_classes);
	free(plan);
}
