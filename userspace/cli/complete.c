/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway complete`: what may follow on a command line, for the shells. All of it comes from the rows of the verbs,
 * so that a shell needs to know nothing.
 */
#include "cli/complete.h"

#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "config/config.h"

void sw_complete_offer(struct sw_complete *at, const char *candidate)
{
	size_t i;
	json_t *other;

	if (strncmp(candidate, at->word, strlen(at->word)) != 0)
		return;
	json_array_foreach(at->found, i, other)
	{
		if (strcmp(json_string_value(other) + strlen(at->before), candidate) == 0)
			return;
	}
	json_array_append_new(at->found, json_sprintf("%s%s", at->before, candidate));
}

static const struct sw_option *find_in(const struct sw_option *options, const char *name,
				       size_t length)
{
	for (; options->name; options++)
		if (strlen(options->name) == length && strncmp(options->name, name, length) == 0)
			return options;
	return NULL;
}

/* Of "--name" or "--name=value". */
static const struct sw_option *find_option(const struct sw_complete *at, const char *word)
{
	size_t length = strcspn(word + 2, "=");
	const struct sw_option *option = find_in(sw_global_options, word + 2, length);

	return option || !at->verb ? option : find_in(at->verb->options, word + 2, length);
}

static void note_value(struct sw_complete *at, const struct sw_option *option, const char *value)
{
	if (option == &sw_global_options[SW_GLOBAL_SOCKET])
		at->socket = value;
	else if (strcmp(option->name, "service") == 0)
		at->service = value;
}

static void take_option(struct sw_complete *at, const char *word)
{
	const struct sw_option *option = find_option(at, word);
	const char *equals = strchr(word, '=');

	if (!option || !option->metavar)
		return;
	if (equals)
		note_value(at, option, equals + 1);
	else
		at->pending = option;
}

/* A word that is whole. */
static void take_word(struct sw_complete *at, const char *word)
{
	if (at->pending) {
		note_value(at, at->pending, word);
		at->pending = NULL;
	} else if (strncmp(word, "--", 2) == 0) {
		take_option(at, word);
	} else if (!at->verb) {
		at->verb = at->is_lost ? NULL : sw_verb_find(word);
		at->is_lost = !at->verb;
	} else if (at->count < SW_COMPLETE_WORDS_MAX) {
		if (at->count == 0 && strncmp(at->verb->usage, "SERVICE", 7) == 0)
			at->service = word;
		at->positional[at->count++] = word;
	}
}

static void offer_options(struct sw_complete *at, const struct sw_option *options)
{
	char word[64];

	for (; options->name; options++) {
		snprintf(word, sizeof(word), "--%s", options->name);
		sw_complete_offer(at, word);
	}
}

/* before is of the caller's memory. */
static void complete_option(struct sw_complete *at, char *before, size_t size)
{
	const char *equals = strchr(at->word, '=');

	if (!equals) {
		if (at->verb)
			offer_options(at, at->verb->options);
		offer_options(at, sw_global_options);
		return;
	}
	at->pending = find_option(at, at->word);
	if (!at->pending || !at->pending->metavar)
		return;
	snprintf(before, size, "%.*s", (int)(equals + 1 - at->word), at->word);
	at->before = before;
	at->word = equals + 1;
	sw_complete_value(at);
}

static void complete(struct sw_complete *at)
{
	char before[64];

	if (at->pending)
		sw_complete_value(at);
	else if (at->word[0] == '-')
		complete_option(at, before, sizeof(before));
	else if (at->verb)
		sw_complete_positional(at);
	else if (!at->is_lost)
		for (size_t i = 0; sw_verbs[i]; i++)
			sw_complete_offer(at, sw_verbs[i]->name);
}

static void print(const struct sw_cli *cli, const struct sw_complete *at)
{
	size_t i;
	json_t *each;

	if (cli->json) {
		sw_output_json(at->found);
		return;
	}
	json_array_foreach(at->found, i, each)
	{
		sw_term_print("%s\n", json_string_value(each));
	}
}

static enum sw_exit run(const struct sw_cli *cli, const struct sw_args *args)
{
	SW_JSON_FREE json_t *found = json_array();
	const char *file = sw_args_value(args, "config");
	struct sw_complete at = {
		.socket = cli->socket_path,
		.file = file ? file : SW_CONFIG_FILE_DEFAULT,
		.word = args->count ? args->positional[args->count - 1] : "",
		.before = "",
		.found = found,
	};

	for (size_t i = 0; i + 1 < args->count; i++)
		take_word(&at, args->positional[i]);
	complete(&at);
	if (at.wants_files)
		json_array_append_new(found, json_string(":files"));
	print(cli, &at);
	return SW_EXIT_OK;
}

const struct sw_verb sw_verb_complete = {
	.name = "complete",
	.usage = "[--config FILE] -- WORD...",
	.summary = "what may follow on a command line; for shells",
	.description =
		"Prints, a line each, by what the last of the words that were written behind `spillway` so far can "
		"be completed: verbs, options, services, classes, interfaces. Names are the daemon's, where its "
		"socket may be read, and else those of the configuration. The line :files stands for the names of "
		"files. The completions for bash and zsh ask it.",
	.example = "spillway complete -- limit main ''",
	.options = {{"config", "FILE", "instead of " SW_CONFIG_FILE_DEFAULT}},
	.max = SIZE_MAX,
	.local = run,
};
