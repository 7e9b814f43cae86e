/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints what users may write and read, a line each, from the programs' own tables: verbs, options, keys,
 * counters, and the metrics of a page that is really written. Run by tools/lint/man.
 */
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/verb.h"
#include "config/keys.h"
#include "config/words.h"
#include "daemon/daemon.h"
#include "daemon/metrics.h"
#include "daemon/options.h"
#include "kern/listeners.h"
#include "kern/read.h"

/* What a page asks the kernel for, where there is no daemon; the linker puts these in place of those. */
void __wrap_sw_read_counters(const struct sw_maps *maps, uint32_t row,
			     uint64_t out[SW_COUNTER_COUNT]);
void __wrap_sw_read_usage(const struct sw_maps *maps, struct sw_map_usage out[SW_MAP_USAGE_ROWS]);
int __wrap_sw_listeners_read(struct sw_listeners *out);

void __wrap_sw_read_counters(const struct sw_maps *maps, uint32_t row,
			     uint64_t out[SW_COUNTER_COUNT])
{
	(void)maps, (void)row;
	memset(out, 0, SW_COUNTER_COUNT * sizeof(*out));
}

void __wrap_sw_read_usage(const struct sw_maps *maps, struct sw_map_usage out[SW_MAP_USAGE_ROWS])
{
	(void)maps;
	memset(out, 0, SW_MAP_USAGE_ROWS * sizeof(*out));
}

int __wrap_sw_listeners_read(struct sw_listeners *out)
{
	*out = (struct sw_listeners){0};
	return 0;
}

static void print_option(const char *of, const char *name, const char *value)
{
	printf("option %s --%s%s%s\n", of, name, value ? " " : "", value ? value : "");
}

static void print_options(const char *of, const struct sw_option *options)
{
	for (; options->name; options++)
		print_option(of, options->name, options->metavar);
}

/* "verb class SERVICE list" for each form. */
static void print_forms(const struct sw_verb *verb)
{
	const char *form = verb->usage;

	do {
		size_t length = strcspn(form, "\n");

		printf("verb %s%s%.*s\n", verb->name, length ? " " : "", (int)length, form);
		form += length;
	} while (*form++ == '\n');
}

static void print_verbs(void)
{
	print_options("spillway", sw_global_options);
	for (size_t i = 0; sw_verbs[i]; i++) {
		print_forms(sw_verbs[i]);
		print_options(sw_verbs[i]->name, sw_verbs[i]->options);
	}
	for (const struct sw_options_row *row = sw_options_rows; row->name; row++)
		print_option("spillwayd", row->name, row->value);
}

static void print_key(const char *object, const struct sw_key *key)
{
	char path[80], words[120];

	sw_keys_path(key, path, sizeof(path));
	printf("key %s %s%s%s\n", object, path, key->initial ? " " : "",
	       !key->initial	 ? ""
	       : key->initial[0] ? key->initial
				 : "\"\"");
	if (key->type != SW_KEY_WORD)
		return;
	sw_words_list(key->words, words, sizeof(words));
	for (char *word = strtok(words, ", "); word; word = strtok(NULL, ", "))
		printf("word %s %s %s\n", object, path, word);
}

static void print_keys(void)
{
	static const char *const objects[SW_OBJECT_COUNT] = {
		[SW_OBJECT_CONFIG] = "file",
		[SW_OBJECT_INTERFACE] = "interface",
		[SW_OBJECT_SERVICE] = "service",
		[SW_OBJECT_CLASS] = "class",
	};

	for (int object = 0; object < SW_OBJECT_COUNT; object++) {
		size_t count;
		const struct sw_key *keys = sw_keys_of((enum sw_object)object, &count);

		for (size_t i = 0; i < count; i++)
			print_key(objects[object], &keys[i]);
	}
}

static void print_counters(void)
{
#define PRINT_COUNTER(id, name, help) puts("counter " name);
	SW_COUNTERS(PRINT_COUNTER)
#undef PRINT_COUNTER
}

/* The families, "metric NAME TYPE", of a daemon that guards nothing. */
static int print_metrics(void)
{
	struct sw_config config = {0};
	struct sw_plan plan = {0};
	struct sw_daemon daemon = {.config = &config, .plan = &plan};
	struct evbuffer *page = evbuffer_new();
	char *line;

	if (!page)
		return -1;
	sw_metrics_write(&daemon, page);
	while ((line = evbuffer_readln(page, NULL, EVBUFFER_EOL_LF))) {
		if (strncmp(line, "# TYPE ", 7) == 0)
			printf("metric %s\n", line + 7);
		free(line);
	}
	evbuffer_free(page);
	return 0;
}

int main(void)
{
	print_verbs();
	print_keys();
	print_counters();
	return print_metrics() || fflush(stdout) ? 1 : 0;
}
