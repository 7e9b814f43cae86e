/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A class as the control socket shows it.
 */
#include "daemon/class_json.h"

#include "config/words.h"
#include "core/number.h"
#include "spillway/slots.h"

static json_t *sources_of(const struct sw_config_class *class)
{
	json_t *sources = json_array();
	char text[SW_PREFIX_TEXT];

	for (size_t i = 0; i < class->source_count; i++)
		if (!sw_prefix_format(&class->sources[i].prefix, text, sizeof(text)))
			json_array_append_new(sources, json_string(text));
	return sources;
}

static const struct sw_class_state *state_of(const struct sw_daemon *daemon,
					     const struct sw_config_service *service,
					     const struct sw_config_class *class)
{
	static const struct sw_class_state none;
	const struct sw_plan_service *in = sw_plan_service_named(daemon->plan, service->name);
	const struct sw_plan_class *planned =
		in ? sw_plan_class_named(daemon->plan, in->id, class->name) : NULL;

	return planned ? &daemon->maps->class_state[planned->id] : &none;
}

json_t *sw_class_json(const struct sw_daemon *daemon, const struct sw_config_service *service,
		      const struct sw_config_class *class)
{
	const struct sw_class_state *state = state_of(daemon, service, class);
	char rate[48];

	if (sw_format_rate(&class->rate, rate, sizeof(rate)))
		rate[0] = '\0';
	return json_pack(
		"{s:s, s:s, s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "name", class->name,
		"action", sw_words_name(SW_WORDS_ACTION, class->action), "sources",
		sources_of(class), "rate", rate, "burst", (json_int_t) class->burst,
		"connections_per_source", (json_int_t) class->connections_per_source,
		"direct_per_source", (json_int_t) class->direct_per_source, "max_direct",
		(json_int_t) class->max_direct, "reserved", (json_int_t) class->reserved, "weight",
		(json_int_t) class->weight, "used", (json_int_t)sw_slots_of_class(state->direct),
		"pooler", (json_int_t)state->pooler);
}
