/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Splits argv into verb, positional arguments and options. Options may stand anywhere; "--" ends them.
 */
#include "cli/args.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/words.h"
#include "core/number.h"
#include "spillway/types.h"

const struct sw_option sw_global_options[] = {
	[SW_GLOBAL_SOCKET] = {"socket", "PATH",
			      "control socket (default $SPILLWAY_SOCKET or " SW_CLI_SOCKET_DEFAULT
			      ")"},
	[SW_GLOBAL_JSON] = {"json", NULL, "print the reply as one JSON document"},
	[SW_GLOBAL_COLOR] = {"color", "WHEN", "auto, always or never (auto obeys NO_COLOR)"},
	[SW_GLOBAL_HELP] = {"help", NULL, "explain the command, or one verb"},
	[SW_GLOBAL_VERSION] = {"version", NULL, "print the version"},
	[SW_GLOBAL_COUNT] = {NULL, NULL, NULL},
};

static const struct sw_option *find_option(const struct sw_option *options, const char *name,
					   size_t length)
{
	for (; options->name; options++) {
		if (strlen(options->name) == length && strncmp(options->name, name, length) == 0)
			return options;
	}
	return NULL;
}

/* Where the value of the option goes; NULL when neither the command nor the verb has it. */
static const char **find_slot(struct sw_args *args, const char *name, size_t length,
			      const struct sw_option **option)
{
	*option = find_option(sw_global_options, name, length);
	if (*option)
		return &args->globals[*option - sw_global_options];
	*option = args->verb ? find_option(args->verb->options, name, length) : NULL;
	return *option ? &args->values[*option - args->verb->options] : NULL;
}

/* argv[*at] is an option, with or without "=value"; *at moves on to the last word used. */
static int take_option(struct sw_args *args, int argc, char **argv, int *at, struct sw_error *err)
{
	const char *word = argv[*at], *equals = strchr(word, '=');
	size_t length = equals ? (size_t)(equals - word) : strlen(word);
	const struct sw_option *option = NULL;
	const char **slot = NULL;

	if (strcmp(word, "-h") == 0)
		slot = find_slot(args, "help", 4, &option);
	else if (strncmp(word, "--", 2) == 0)
		slot = find_slot(args, word + 2, length - 2, &option);
	if (!slot)
		return sw_error_set(err, -EINVAL, "unknown option %.*s", (int)length, word);
	if (!option->metavar && equals)
		return sw_error_set(err, -EINVAL, "--%s takes no value", option->name);
	if (!option->metavar)
		*slot = "";
	else if (equals)
		*slot = equals + 1;
	else if (*at + 1 < argc && strncmp(argv[*at + 1], "--", 2) != 0)
		*slot = argv[++*at];
	else
		return sw_error_set(err, -EINVAL, "--%s needs a value: --%s %s", option->name,
				    option->name, option->metavar);
	return 0;
}

static int take_word(struct sw_args *args, const char *word, struct sw_error *err)
{
	if (args->verb) {
		args->positional[args->count++] = word;
		return 0;
	}
	args->verb = sw_verb_find(word);
	return args->verb ? 0 : sw_error_set(err, -EINVAL, "unknown verb '%s'", word);
}

static int check_count(const struct sw_args *args, struct sw_error *err)
{
	if (!args->verb)
		return sw_error_set(err, -EINVAL, "no verb given");
	if (args->count < args->verb->min)
		return sw_error_set(err, -EINVAL, "an argument is missing");
	if (args->count > args->verb->max)
		return sw_error_set(err, -EINVAL, "unexpected argument '%s'",
				    args->positional[args->verb->max]);
	return 0;
}

int sw_args_parse(int argc, char **argv, struct sw_args *out, struct sw_error *err)
{
	bool options_ended = false;
	int rc = 0;

	*out = (struct sw_args){.positional = calloc((size_t)argc + 1, sizeof(char *))};
	if (!out->positional)
		return sw_error_set(err, -ENOMEM, "out of memory");
	for (int i = 1; i < argc && rc == 0; i++) {
		if (!options_ended && strcmp(argv[i], "--") == 0)
			options_ended = true;
		else if (!options_ended && argv[i][0] == '-' && argv[i][1])
			rc = take_option(out, argc, argv, &i, err);
		else
			rc = take_word(out, argv[i], err);
	}
	if (rc == 0 && !out->globals[SW_GLOBAL_HELP] && !out->globals[SW_GLOBAL_VERSION])
		rc = check_count(out, err);
	return rc;
}

void sw_args_free(struct sw_args *args)
{
	free(args->positional);
	args->positional = NULL;
}

const char *sw_args_value(const struct sw_args *args, const char *option)
{
	const struct sw_option *found = find_option(args->verb->options, option, strlen(option));

	return found ? args->values[found - args->verb->options] : NULL;
}

int sw_request_text(json_t *request, const char *key, const char *text, struct sw_error *err)
{
	if (json_object_set_new(request, key, json_string(text)) < 0)
		return sw_error_set(err, -EINVAL, "'%s' is not valid UTF-8", text);
	return 0;
}

int sw_args_put_text(const struct sw_args *args, const char *option, json_t *request,
		     struct sw_error *err)
{
	const char *value = sw_args_value(args, option);

	return value ? sw_request_text(request, option, value, err) : 0;
}

int sw_args_put_word(const struct sw_args *args, const char *option, const char *const *words,
		     json_t *request, struct sw_error *err)
{
	const char *value = sw_args_value(args, option);
	char list[128] = "";

	if (!value)
		return 0;
	for (; *words; words++) {
		if (strcmp(value, *words) == 0)
			return sw_request_text(request, option, value, err);
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
			 list[0] ? ", " : "", *words);
	}
	return sw_error_set(err, -EINVAL, "--%s: found '%s', expected one of: %s", option, value,
			    list);
}

int sw_args_put_lane(const struct sw_args *args, json_t *request, struct sw_error *err)
{
	const char *lanes[SW_LANE_COUNT] = {NULL};

	for (unsigned int lane = SW_LANE_NONE + 1; lane < SW_LANE_COUNT; lane++)
		lanes[lane - 1] = sw_words_name(SW_WORDS_LANE, lane);
	return sw_args_put_word(args, "lane", lanes, request, err);
}

int sw_args_put_duration(const struct sw_args *args, const char *option, json_t *request,
			 struct sw_error *err)
{
	const char *value = sw_args_value(args, option);
	uint64_t ns;

	if (value && (sw_parse_duration(value, &ns) < 0 || ns == 0))
		return sw_error_set(err, -EINVAL,
				    "--%s: found '%s', expected a duration such as 30s, 10m or 2h",
				    option, value);
	return sw_args_put_text(args, option, request, err);
}

int sw_args_put_count(const struct sw_args *args, const char *option, json_t *request,
		      struct sw_error *err)
{
	const char *value = sw_args_value(args, option);
	uint32_t number;

	if (!value)
		return 0;
	if (sw_parse_u32(value, &number) < 0 || number == 0)
		return sw_error_set(err, -EINVAL, "--%s: found '%s', expected a number from 1",
				    option, value);
	json_object_set_new(request, option, json_integer(number));
	return 0;
}
