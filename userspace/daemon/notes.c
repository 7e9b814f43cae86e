/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notes are one JSON document; configurations in it are the YAML that `dump` prints.
 */
#include "daemon/notes.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/log.h"
#include "daemon/notes_ids.h"
#include "kern/notes.h"

static void drop(json_t **json)
{
	json_decref(*json);
}

static json_t *rules_to_json(const struct sw_rules *rules)
{
	json_t *list = json_array();
	char prefix[SW_PREFIX_TEXT];

	for (size_t i = 0; i < rules->count; i++) {
		const struct sw_rule *rule = &rules->rules[i];

		sw_prefix_format(&rule->prefix, prefix, sizeof(prefix));
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:b, s:I}", "service", rule->service,
						"prefix", prefix, "allow", rule->allow,
						"expires_ns", (json_int_t)rule->expires_ns));
	}
	return list;
}

/* They are in the maps, too, which a daemon of another layout cannot read. */
static json_t *pauses_to_json(const struct sw_daemon *daemon)
{
	json_t *list = json_array();

	for (size_t i = 0; i < daemon->plan->service_count; i++) {
		const struct sw_plan_service *service = &daemon->plan->services[i];
		const struct sw_service_state *state = &daemon->maps->service_state[service->id];

		if (state->hold & SW_HOLD_PAUSED)
			json_array_append_new(list, json_pack("{s:s, s:I}", "service",
							      service->name, "until_ns",
							      (json_int_t)state->paused_until_ns));
	}
	return list;
}

/* NULL: not known. */
static json_t *turned_away_to_json(const struct sw_daemon *daemon)
{
	return daemon->knows_turned_away ? json_integer((json_int_t)daemon->turned_away) : NULL;
}

static void save(const struct sw_daemon *daemon, const struct sw_config *config,
		 const struct sw_plan *plan)
{
	SW_FREE char *running = sw_config_to_yaml(config);
	SW_CLEANUP(drop) json_t *notes = NULL;
	SW_FREE char *text = NULL;
	struct sw_error err = {.text = "out of memory"};
	const char *generation = sw_kern_generation(daemon->kern);

	if (!generation[0])
		return;
	notes = json_pack("{s:s, s:s*, s:s, s:o, s:o, s:o, s:o*}", "version", SW_VERSION, "base",
			  daemon->base_config, "running", running ? running : "", "ids",
			  sw_notes_ids_to_json(plan), "rules", rules_to_json(&daemon->rules),
			  "pauses", pauses_to_json(daemon), "turned_away",
			  turned_away_to_json(daemon));
	text = notes && running ? json_dumps(notes, JSON_COMPACT) : NULL;
	if (!text || sw_notes_write(generation, sw_kern_netns_cookie(daemon->kern), text,
				    strlen(text), &err))
		sw_log_error("%s: a daemon after this one would not know of the last change",
			     err.text);
}

void sw_notes_save(const struct sw_daemon *daemon)
{
	save(daemon, daemon->config, daemon->plan);
}

void sw_notes_save_ids(const struct sw_daemon *daemon, const struct sw_config *next,
		       const struct sw_plan *plan)
{
	save(daemon, daemon->config ? daemon->config : next, plan);
}

void sw_notes_take_base(struct sw_daemon *daemon)
{
	free(daemon->base_config);
	daemon->base_config = sw_config_to_yaml(daemon->config);
}

static int rules_from_json(const json_t *list, struct sw_rules *rules)
{
	const json_t *at;
	size_t i;
	int failed = 0;

	json_array_foreach(list, i, at)
	{
		const char *service = json_string_value(json_object_get(at, "service"));
		const char *prefix = json_string_value(json_object_get(at, "prefix"));
		struct sw_rule rule = {
			.allow = json_is_true(json_object_get(at, "allow")),
			.expires_ns = json_integer_value(json_object_get(at, "expires_ns")),
		};

		if (!service || !prefix || sw_prefix_parse(prefix, &rule.prefix, NULL))
			return -EBADMSG;
		memccpy(rule.service, service, '\0', sizeof(rule.service) - 1);
		failed = failed ? failed : sw_rules_set(rules, &rule);
	}
	return failed;
}

/* One of both configurations in the notes, as this version takes it: a key that is new has its default. */
static int load_noted(const json_t *notes, const char *which, struct sw_config **out,
		      struct sw_error *err)
{
	const char *text = json_string_value(json_object_get(notes, which));
	SW_CONFIG_FREE struct sw_config *config = NULL;
	int failed;

	if (!text)
		return sw_error_set(err, -EBADMSG, "there is none");
	failed = sw_config_load_string(text, "the last daemon's", &config, err);
	if (!failed)
		failed = sw_config_validate(config, err);
	if (failed)
		return failed;
	*out = config;
	config = NULL;
	return 0;
}

/*
 * True if the file still says what it said when the last daemon read it. That daemon may be of another
 * version, which writes other keys: what it wrote is written anew before it is compared.
 */
static bool is_same_file(const struct sw_daemon *daemon, const struct sw_config *base)
{
	SW_FREE char *text = sw_config_to_yaml(base);

	return text && !strcmp(text, daemon->base_config);
}

/* The tuned one if the file is the same, and if this version knows all that it says. */
static void choose(struct sw_daemon *daemon, const json_t *notes, struct sw_config **config)
{
	SW_CONFIG_FREE struct sw_config *base = NULL;
	struct sw_config *tuned = NULL;
	struct sw_error err;

	if (load_noted(notes, "base", &base, &err)) {
		sw_log_warn(
			"what the last daemon read cannot be compared with the file, which replaces "
			"what was tuned since: %s",
			err.text);
	} else if (!is_same_file(daemon, base)) {
		sw_log_warn("the configuration is another than the last daemon's: it replaces "
			    "what was tuned since");
	} else if (load_noted(notes, "running", &tuned, &err)) {
		sw_log_warn("what was tuned since the file was read is lost, the file counts: %s",
			    err.text);
	} else {
		sw_config_free(*config);
		*config = tuned;
	}
}

/* With new maps it begins at 0; the notes of an older daemon do not say it. */
static void restore_turned_away(struct sw_daemon *daemon, const json_t *notes)
{
	const json_t *told = json_object_get(notes, "turned_away");
	bool inherited = sw_kern_inherited(daemon->kern);

	daemon->turned_away = inherited ? (uint64_t)json_integer_value(told) : 0;
	daemon->knows_turned_away = !inherited || json_is_integer(told);
}

/* Ids mean something only together with the maps that count under them. */
static int restore(struct sw_daemon *daemon, const json_t *notes, struct sw_config **config,
		   struct sw_error *err)
{
	int failed = 0;

	if (sw_kern_inherited(daemon->kern))
		failed = sw_notes_ids_from_json(json_object_get(notes, "ids"), &daemon->plan);
	if (!failed)
		failed = rules_from_json(json_object_get(notes, "rules"), &daemon->rules);
	if (failed)
		return sw_error_set(err, failed, "%s: the notes of the last daemon make no sense",
				    sw_kern_before(daemon->kern));
	choose(daemon, notes, config);
	return 0;
}

/* What the daemon before this one wrote, NULL if there was none here. */
static json_t *read_notes(const struct sw_daemon *daemon)
{
	const char *before = sw_kern_before(daemon->kern);
	struct sw_notes_header header;
	SW_FREE char *text = NULL;
	struct sw_error ignored;

	if (!before[0] || sw_notes_read(before, &header, &text, &ignored) ||
	    header.netns_cookie != sw_kern_netns_cookie(daemon->kern))
		return NULL;
	return json_loads(text, 0, NULL);
}

void sw_notes_restore_pauses(const struct sw_daemon *daemon)
{
	SW_CLEANUP(drop) json_t *notes = read_notes(daemon);
	const json_t *at;
	size_t i;

	json_array_foreach(json_object_get(notes, "pauses"), i, at)
	{
		const char *name = json_string_value(json_object_get(at, "service"));
		const struct sw_plan_service *service =
			name ? sw_plan_service_named(daemon->plan, name) : NULL;
		struct sw_service_state *state;

		if (!service)
			continue;
		state = &daemon->maps->service_state[service->id];
		state->hold |= SW_HOLD_PAUSED;
		state->paused_until_ns = json_integer_value(json_object_get(at, "until_ns"));
	}
	sw_notes_save(daemon);
}

int sw_notes_restore(struct sw_daemon *daemon, struct sw_config **config, struct sw_error *err)
{
	SW_CLEANUP(drop) json_t *notes = NULL;
	int failed;

	daemon->base_config = sw_config_to_yaml(*config);
	if (!daemon->base_config)
		return sw_error_set(err, -ENOMEM, "out of memory");
	notes = read_notes(daemon);
	restore_turned_away(daemon, notes);
	/* What the maps count under which id nobody could say. */
	if (!notes && sw_kern_inherited(daemon->kern))
		return sw_error_set(
			err, -EBADMSG,
			"%s/state: the notes of the last daemon cannot be read; without "
			"that file the connections inside are counted anew",
			sw_kern_before(daemon->kern));
	if (!notes)
		return 0;
	failed = restore(daemon, notes, config, err);
	if (!failed)
		sw_log_info("taking over from the daemon before this one%s",
			    sw_kern_inherited(daemon->kern) ? ": all counts go on" : "");
	return failed;
}
