/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the reading verbs take and show alike.
 */
#include "daemon/read_args.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/words.h"
#include "policy/explain.h"
#include "spillway/address.h"

#define SERVICES_TEXT 256
#define WORDS_TEXT    128
/* Of those let in a second: with less there is nothing to tell from. */
#define RATE_LEAST 0.05

int sw_read_args_text(const json_t *args, const char *key, const char **out, struct sw_error *err)
{
	const json_t *value = json_object_get(args, key);

	if (!value)
		return 0;
	if (!json_is_string(value))
		return sw_error_set(err, -EINVAL, "%s: expected a string", key);
	*out = json_string_value(value);
	return 0;
}

int sw_read_args_limit(const json_t *args, size_t *out, struct sw_error *err)
{
	const json_t *value = json_object_get(args, "limit");

	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 1)
		return sw_error_set(err, -EINVAL, "limit: expected a whole number from 1");
	*out = (size_t)json_integer_value(value);
	return 0;
}

int sw_read_args_lane(const json_t *args, unsigned int *out, struct sw_error *err)
{
	const char *name = NULL;
	char words[WORDS_TEXT];
	int rc = sw_read_args_text(args, "lane", &name, err);

	if (rc < 0 || !name || sw_words_parse(SW_WORDS_LANE, name, out) == 0)
		return rc;
	sw_words_list(SW_WORDS_LANE, words, sizeof(words));
	return sw_error_set(err, -EINVAL, "lane: found '%.32s', expected one of: %s", name, words);
}

void sw_read_args_list_services(const struct sw_plan *plan, char *buf, size_t size)
{
	size_t length = 0;

	snprintf(buf, size, "none");
	for (size_t i = 0; i < plan->service_count && length < size; i++)
		length += snprintf(buf + length, size - length, "%s%s", i ? ", " : "",
				   plan->services[i].name);
}

int sw_read_args_service(const json_t *args, const struct sw_plan *plan,
			 const struct sw_plan_service **out, struct sw_error *err)
{
	const struct sw_plan_service *service;
	const char *name = NULL;
	char known[SERVICES_TEXT];
	int rc = sw_read_args_text(args, "service", &name, err);

	if (rc < 0 || !name)
		return rc;
	service = sw_plan_service_named(plan, name);
	if (!service) {
		sw_read_args_list_services(plan, known, sizeof(known));
		return sw_error_set(err, -ENOENT,
				    "service: found '%.*s', expected one of those there are: %s",
				    SW_CONFIG_NAME_MAX, name, known);
	}
	*out = service;
	return 0;
}

static void to_addr(const struct sw_in6 *address, struct sw_addr *addr)
{
	memcpy(addr->bytes, address->bytes, sizeof(addr->bytes));
}

json_t *sw_read_args_address(const struct sw_in6 *address)
{
	struct sw_addr addr;
	char text[SW_ADDR_TEXT];

	to_addr(address, &addr);
	sw_addr_format(&addr, text, sizeof(text));
	return json_string(text);
}

json_t *sw_read_args_source(const struct sw_plan_service *service, const struct sw_in6 *address)
{
	struct sw_prefix prefix = {.len = 128};
	char text[SW_PREFIX_TEXT];

	to_addr(address, &prefix.addr);
	if (service)
		prefix.len = sw_address_is_ipv4(address)
				     ? service->conf.ipv4_bits + SW_IPV4_BITS_BEFORE
				     : service->conf.ipv6_bits;
	if (prefix.len == 128)
		return sw_read_args_address(address);
	sw_prefix_format(&prefix, text, sizeof(text));
	return json_string(text);
}

json_t *sw_read_args_service_name(const struct sw_plan_service *service)
{
	return service ? json_string(service->name) : json_null();
}

json_t *sw_read_args_class_name(const struct sw_plan_class *class)
{
	return class ? json_string(class->name) : json_null();
}

json_t *sw_read_args_wait(size_t count, double per_second)
{
	return per_second > RATE_LEAST ? json_real((double)count / per_second) : json_null();
}

const char *sw_read_args_reason_name(unsigned int reason)
{
	return sw_explain_reason_name(reason);
}

void sw_read_args_drop(json_t **value)
{
	json_decref(*value);
}
