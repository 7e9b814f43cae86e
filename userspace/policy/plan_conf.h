/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From configured values to what the maps hold for one service and one class. Used by plan.c.
 */
#ifndef SW_POLICY_PLAN_CONF_H
#define SW_POLICY_PLAN_CONF_H

#include "config/config.h"
#include "spillway/maps.h"

/* default_class and has_prefixes are left for the caller, who knows the ids. */
struct sw_service_conf sw_plan_service_conf(const struct sw_config_service *service);

struct sw_class_conf sw_plan_class_conf(const struct sw_config_service *service,
					const struct sw_config_class *class);

/* A class that only has an answer, for the allow and deny lists. */
struct sw_class_conf sw_plan_action_conf(const struct sw_config_service *service,
					 enum sw_action action);

#endif
