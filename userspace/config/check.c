/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How errors of validation name their place, and what makes a chain of lanes a chain. See check.h.
 */
#include "config/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static int fail(const struct sw_check *check, struct sw_mark at, const char *path, int code,
		const char *fmt, va_list args)
{
	const char *file = check->config->file;
	char text[sizeof(check->err->text)];
	char place[32] = "";

	vsnprintf(text, sizeof(text), fmt, args);
	if (file && at.line)
		snprintf(place, sizeof(place), "%u:%u:", at.line, at.column);
	return sw_error_set(check->err, code, "%s%s%s%s%s: %s", file ? file : "", file ? ":" : "",
			    place, file ? " " : "", path, text);
}

int sw_check_fail(const struct sw_check *check, struct sw_mark at, const char *path, int code,
		  const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail(check, at, path, code, fmt, args);
	va_end(args);
	return code;
}

void sw_check_path_service(const struct sw_check *check, size_t service, const char *key,
			   char path[SW_CHECK_PATH])
{
	if (check->config->file)
		snprintf(path, SW_CHECK_PATH, "services[%zu].%s", service, key);
	else
		snprintf(path, SW_CHECK_PATH, "service '%s': %s",
			 check->config->services[service].name, key);
}

void sw_check_path_class(const struct sw_check *check, size_t service, size_t class,
			 const char *key, char path[SW_CHECK_PATH])
{
	const struct sw_config_service *owner = &check->config->services[service];

	if (check->config->file)
		snprintf(path, SW_CHECK_PATH, "services[%zu].classes[%zu].%s", service, class, key);
	else
		snprintf(path, SW_CHECK_PATH, "service '%s', class '%s': %s", owner->name,
			 owner->classes[class].name, key);
}

int sw_check_fail_service(const struct sw_check *check, size_t service, const char *key, int code,
			  const char *fmt, ...)
{
	const struct sw_key *row = sw_keys_find_path(SW_OBJECT_SERVICE, key);
	char path[SW_CHECK_PATH];
	va_list args;

	sw_check_path_service(check, service, key, path);
	va_start(args, fmt);
	fail(check, sw_value_mark(row, &check->config->services[service]), path, code, fmt, args);
	va_end(args);
	return code;
}

int sw_check_fail_class(const struct sw_check *check, size_t service, size_t class, const char *key,
			const char *fmt, ...)
{
	const struct sw_key *row = sw_keys_find_path(SW_OBJECT_CLASS, key);
	const struct sw_config_service *owner = &check->config->services[service];
	char path[SW_CHECK_PATH];
	va_list args;

	sw_check_path_class(check, service, class, key, path);
	va_start(args, fmt);
	fail(check, sw_value_mark(row, &owner->classes[class]), path, -EINVAL, fmt, args);
	va_end(args);
	return -EINVAL;
}

static bool is_terminal(enum sw_lane lane)
{
	return lane == SW_LANE_REFUSE || lane == SW_LANE_RESET || lane == SW_LANE_DROP;
}

const char *sw_check_chain(const struct sw_config_service *service,
			   const struct sw_config_lanes *lanes, bool given)
{
	unsigned int seen = 0;

	if (lanes->count == 0 || !is_terminal(lanes->lane[lanes->count - 1]))
		return "the chain must end with refuse, reset or drop";
	for (size_t i = 0; i < lanes->count; i++) {
		if (seen & (1u << lanes->lane[i]))
			return "a lane is there twice";
		seen |= 1u << lanes->lane[i];
		if (is_terminal(lanes->lane[i]) && i + 1 < lanes->count)
			return "refuse, reset and drop always have room: nothing may follow them";
	}
	if (given && (seen & (1u << SW_LANE_POOLER)) && service->pooler.address.port == 0)
		return "the lane 'pooler' needs a pooler: set pooler.address, or leave it out";
	return NULL;
}
