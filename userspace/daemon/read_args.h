/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arguments and small values that the reading verbs share.
 */
#ifndef SW_DAEMON_READ_ARGS_H
#define SW_DAEMON_READ_ARGS_H

#include <stddef.h>
#include <jansson.h>

#include "core/addr.h"
#include "core/error.h"
#include "policy/plan.h"
#include "spillway/maps.h"

/* Each: 0, with *out as it was if the key is missing; -EINVAL for a value of another kind. */
int sw_read_args_text(const json_t *args, const char *key, const char **out, struct sw_error *err);
int sw_read_args_limit(const json_t *args, size_t *out, struct sw_error *err); /* from 1 */
int sw_read_args_lane(const json_t *args, unsigned int *out, struct sw_error *err);

/* The service of args' "service"; -ENOENT, naming those there are, for one that is not. */
int sw_read_args_service(const json_t *args, const struct sw_plan *plan,
			 const struct sw_plan_service **out, struct sw_error *err);

/* "main, edge", cut to size if need be. */
void sw_read_args_list_services(const struct sw_plan *plan, char *buf, size_t size);

/* Strings as JSON. A service or class that the plan no longer has is null. */
json_t *sw_read_args_address(const struct sw_in6 *address);
json_t *sw_read_args_source(const struct sw_plan_service *service, const struct sw_in6 *address);
json_t *sw_read_args_service_name(const struct sw_plan_service *service);
json_t *sw_read_args_class_name(const struct sw_plan_class *class);

/* The seconds in which so many are let in at that rate; null where next to nobody is. */
json_t *sw_read_args_wait(size_t count, double per_second);

/* As rows of spillway/reasons.h name it. */
const char *sw_read_args_reason_name(unsigned int reason);

void sw_read_args_drop(json_t **value);
#define SW_JSON_DROP __attribute__((cleanup(sw_read_args_drop)))

#endif
