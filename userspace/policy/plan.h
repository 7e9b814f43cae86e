/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the maps are to hold for a configuration: pure, no I/O. Made by the daemon from the running
 * configuration and the operator's allow and deny lists, put into the maps by kern/apply.
 *
 * Ids are what the maps know services and classes by. A service or class keeps its id from plan to
 * plan as long as it keeps its name; a service that has got another one keeps it as well, if it listens
 * where it did. An id is given to others only after nothing counts under it any more, and whoever comes
 * back before that gets his own: so a reload changes no count.
 */
#ifndef SW_POLICY_PLAN_H
#define SW_POLICY_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "policy/rules.h"
#include "spillway/maps.h"
#include "spillway/refusal.h"

struct sw_plan_service {
	char name[SW_CONFIG_NAME_MAX + 1];
	uint32_t id;
	struct sw_service_conf conf;
};

/* Every service has, beside those of its configuration, the classes "allowed" and "denied". */
struct sw_plan_class {
	char name[SW_CONFIG_NAME_MAX + 1];
	uint32_t id;
	uint32_t service; /* id */
	struct sw_class_conf conf;
	struct sw_refusal_text refusal;
};

struct sw_plan_listen {
	struct sw_service_key key;
	uint32_t service; /* id */
};

struct sw_plan_prefix {
	uint32_t service; /* id */
	uint32_t class_id;
	struct sw_prefix prefix;
};

struct sw_plan {
	struct sw_plan_service *services;
	size_t service_count;
	struct sw_plan_class *classes;
	size_t class_count;
	struct sw_plan_listen *listens;
	size_t listen_count;
	struct sw_plan_prefix *prefixes; /* sorted by service, address, length; no two alike */
	size_t prefix_count;
	struct sw_ports *ports;
	/* No longer configured, but something counts under their ids. */
	struct sw_plan_service *retired_services;
	size_t retired_service_count;
	struct sw_plan_class *retired_classes;
	size_t retired_class_count;
};

/*
 * Whether anything still counts under an id, and whose connections to an address count under which; serves
 * may be NULL.
 */
struct sw_plan_busy {
	bool (*service)(void *arg, uint32_t id);
	bool (*class)(void *arg, uint32_t id);
	bool (*serves)(void *arg, const struct sw_service_key *at, uint32_t *id);
	void *arg;
};

/*
 * last may be NULL: the first plan. -ENOSPC: more classes than there are ids, or too many prefixes;
 * err says which.
 */
int sw_plan_make(const struct sw_config *config, const struct sw_rules *rules,
		 const struct sw_plan *last, const struct sw_plan_busy *busy, struct sw_plan **out,
		 struct sw_error *err);
void sw_plan_free(struct sw_plan *plan); /* NULL is fine */

/* The order of prefixes, for qsort, bsearch and the merge of two plans. */
int sw_plan_compare_prefixes(const void *left, const void *right);

/* NULL: no such name or id. */
const struct sw_plan_service *sw_plan_service_named(const struct sw_plan *plan, const char *name);
const struct sw_plan_service *sw_plan_service(const struct sw_plan *plan, uint32_t id);
/* The same, for whoever may change it. */
struct sw_plan_service *sw_plan_own_service(struct sw_plan *plan, uint32_t id);
const struct sw_plan_class *sw_plan_class(const struct sw_plan *plan, uint32_t id);
const struct sw_plan_class *sw_plan_class_named(const struct sw_plan *plan, uint32_t service,
						const char *name);
bool sw_plan_listens_on(const struct sw_plan *plan, const struct sw_service_key *key);
/* True where the plan guards an address or port that the last one did not; last may be NULL. */
bool sw_plan_listens_beyond(const struct sw_plan *plan, const struct sw_plan *last);
/* True where an address or port that both guard is another service's than in the last; last may be NULL. */
bool sw_plan_listens_moved(const struct sw_plan *plan, const struct sw_plan *last);
/* The service of an address and port, found as the gate finds it. NULL: not guarded. */
const struct sw_plan_service *sw_plan_service_at(const struct sw_plan *plan,
						 const struct sw_in6 *address, __be16 port_be);
/* The class an address is in: what the kernel's longest-prefix lookup answers. Never NULL. */
const struct sw_plan_class *sw_plan_class_of(const struct sw_plan *plan,
					     const struct sw_plan_service *service,
					     const struct sw_addr *addr);

#endif
