/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which id a service or class has in a plan: the one that its connections count under already, else a free
 * one. Used by plan.c.
 */
#ifndef SW_POLICY_PLAN_IDS_H
#define SW_POLICY_PLAN_IDS_H

#include "policy/plan.h"

struct sw_plan_ids {
	const struct sw_config *config;
	const struct sw_plan *last;	     /* NULL: none */
	const struct sw_plan_busy *busy;     /* NULL: nothing counts under any id */
	bool service_taken[SW_SERVICES_MAX]; /* no longer free */
	bool service_given[SW_SERVICES_MAX]; /* somebody's in the new plan */
	bool class_taken[SW_CLASSES_MAX];
};

/* What it is given has to stay until its plan is made. */
void sw_plan_ids_begin(struct sw_plan_ids *ids, const struct sw_config *config,
		       const struct sw_plan *last, const struct sw_plan_busy *busy);

/* Each once for each service and class of the new plan. 0, or -ENOSPC with err filled. */
int sw_plan_ids_service(struct sw_plan_ids *ids, const struct sw_config_service *service,
			uint32_t *out, struct sw_error *err);
int sw_plan_ids_class(struct sw_plan_ids *ids, uint32_t service, const char *name, uint32_t *out,
		      struct sw_error *err);

/* After that: whoever is not in the plan, but counts, is noted in it. 0, or -ENOMEM with err filled. */
int sw_plan_ids_retire(const struct sw_plan_ids *ids, struct sw_plan *plan, struct sw_error *err);

#endif
