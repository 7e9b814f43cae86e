/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking the daemon for what a recording says beside events.
 */
#include "cli/record_state.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/field.h"
#include "cli/output.h"
#include "cli/recording.h"
#include "core/clock.h"

static enum sw_exit dump(const char *socket, char **yaml, struct sw_error *err)
{
	SW_JSON_FREE json_t *request = json_object(), *result = NULL;
	enum sw_exit code = sw_client_call(socket, "dump", request, &result, err);

	if (code != SW_EXIT_OK)
		return code;
	*yaml = strdup(sw_field_text(result, "yaml"));
	if (*yaml)
		return SW_EXIT_OK;
	sw_error_set(err, -1, "out of memory");
	return SW_EXIT_FAILED;
}

enum sw_exit sw_record_state_header(struct sw_record_state *state, const char *socket,
				    uint64_t at_ns, json_t **header, struct sw_error *err)
{
	char host[64] = "", at[SW_CLOCK_TEXT];
	enum sw_exit code = dump(socket, &state->yaml, err);

	if (code != SW_EXIT_OK)
		return code;
	gethostname(host, sizeof(host) - 1);
	sw_clock_format(at_ns, at, sizeof(at));
	*header = json_pack("{s:i, s:s, s:s, s:s, s:s}", "spillway_recording", SW_RECORDING_VERSION,
			    "spillway", SW_VERSION, "host", host, "at", at, "configuration",
			    state->yaml);
	return SW_EXIT_OK;
}

enum sw_exit sw_record_state_inside(const char *socket, size_t most, sw_record_put put, void *arg,
				    struct sw_error *err)
{
	SW_JSON_FREE json_t *request = json_pack("{s:I}", "limit", (json_int_t)most);
	SW_JSON_FREE json_t *result = NULL;
	char at[SW_CLOCK_TEXT];
	enum sw_exit code;
	const json_t *flow;
	size_t i;

	sw_clock_format(sw_clock_realtime_ns(), at, sizeof(at));
	code = sw_client_call(socket, "flows", request, &result, err);
	if (code != SW_EXIT_OK)
		return code;
	json_array_foreach(json_object_get(result, "flows"), i, flow)
	{
		SW_JSON_FREE json_t *line = json_pack("{s:s, s:s}", "event", "inside", "at", at);

		json_object_update(line, (json_t *)flow);
		put(arg, line);
	}
	return SW_EXIT_OK;
}

static json_t *values_of(const json_t *service)
{
	const json_t *budget = json_object_get(service, "budget");
	const json_t *lanes = json_object_get(service, "lanes");
	const json_t *queue = json_object_get(service, "queue");
	const json_t *counters = json_object_get(service, "counters");

	return json_pack("{s:I, s:I, s:I, s:I, s:b, s:b, s:I, s:I}", "budget",
			 (json_int_t)sw_field_int(budget, "direct"), "used",
			 (json_int_t)sw_field_int(budget, "used"), "pooler",
			 (json_int_t)sw_field_int(lanes, "pooler"), "waiting",
			 (json_int_t)sw_field_int(queue, "waiting"), "paused",
			 sw_field_true(queue, "paused"), "ready", sw_field_true(queue, "ready"),
			 "untold", (json_int_t)sw_field_int(counters, "events_untold"),
			 "ends_untold", (json_int_t)sw_field_int(counters, "ends_untold"));
}

/* Of these each change is said; the rest is for the eye, and goes along. */
static bool is_other(const json_t *values, const json_t *last)
{
	static const char *const keys[] = {"budget", "paused", "ready", "untold", "ends_untold"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!last ||
		    !json_equal(json_object_get(values, keys[i]), json_object_get(last, keys[i])))
			return true;
	return false;
}

static void take_service(struct sw_record_state *state, const json_t *service, const char *at,
			 sw_record_put put, void *arg)
{
	const char *name = sw_field_text(service, "name");
	SW_JSON_FREE json_t *values = values_of(service);
	SW_JSON_FREE json_t *line = NULL;

	if (!is_other(values, json_object_get(state->services, name)))
		return;
	line = json_pack("{s:s, s:s, s:s}", "event", "state", "at", at, "service", name);
	json_object_update(line, values);
	put(arg, line);
	json_object_set(state->services, name, values);
}

static enum sw_exit take_configuration(struct sw_record_state *state, const char *socket,
				       const char *at, sw_record_put put, void *arg,
				       struct sw_error *err)
{
	SW_JSON_FREE json_t *line = NULL;
	char *yaml = NULL;
	enum sw_exit code = dump(socket, &yaml, err);

	if (code != SW_EXIT_OK)
		return code;
	if (strcmp(yaml, state->yaml) != 0) {
		line = json_pack("{s:s, s:s, s:s}", "event", "configuration", "at", at,
				 "configuration", yaml);
		put(arg, line);
	}
	free(state->yaml);
	state->yaml = yaml;
	return SW_EXIT_OK;
}

enum sw_exit sw_record_state_take(struct sw_record_state *state, const char *socket,
				  sw_record_put put, void *arg, struct sw_error *err)
{
	SW_JSON_FREE json_t *request = json_object(), *result = NULL;
	enum sw_exit code = sw_client_call(socket, "status", request, &result, err);
	char at[SW_CLOCK_TEXT];
	const json_t *service;
	size_t i;

	if (code != SW_EXIT_OK)
		return code;
	if (!state->services)
		state->services = json_object();
	sw_clock_format(sw_clock_realtime_ns(), at, sizeof(at));
	json_array_foreach(json_object_get(result, "services"), i, service)
		take_service(state, service, at, put, arg);
	return take_configuration(state, socket, at, put, arg, err);
}

void sw_record_state_drop(struct sw_record_state *state)
{
	json_decref(state->services);
	free(state->yaml);
	*state = (struct sw_record_state){0};
}
