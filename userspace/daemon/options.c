/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spillwayd's command line: one table, from which --help and the check of the manual come too.
 */
#include "daemon/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "spillway/names.h"

enum {
	OPTION_CONFIG,
	OPTION_INTERFACE,
	OPTION_SERVICE,
	OPTION_BUDGET,
	OPTION_POOLER,
	OPTION_PIN_DIR,
	OPTION_SOCKET,
	OPTION_CHECK,
	OPTION_FOREGROUND,
	OPTION_HELP,
	OPTION_VERSION,
};

const struct sw_options_row sw_options_rows[] = {
	{OPTION_CONFIG, "config", "FILE",
	 "configuration; without this and --service: " SW_CONFIG_FILE_DEFAULT},
	{OPTION_INTERFACE, "interface", "IF", "guard this interface (may be repeated)"},
	{OPTION_SERVICE, "service", "[ADDR:]PORT", "guard this port (may be repeated)"},
	{OPTION_BUDGET, "budget", "N", "direct connections that each --service may have"},
	{OPTION_POOLER, "pooler", "ADDR:PORT", "local pooler that takes what is beyond the budget"},
	{OPTION_SOCKET, "socket", "PATH", "control socket, instead of the configured one"},
	{OPTION_PIN_DIR, "pin-dir", "DIR", "where to pin in bpffs; default " SW_PIN_DIR_DEFAULT},
	{OPTION_CHECK, "check", NULL, "check the configuration and exit"},
	{OPTION_FOREGROUND, "foreground", NULL, "do not go to the background when ready"},
	{OPTION_HELP, "help", NULL, "show this"},
	{OPTION_VERSION, "version", NULL, "show the version"},
	{0},
};

static void print_help(void)
{
	puts("Usage: spillwayd [--config FILE] [--interface IF]... [--service [ADDR:]PORT]...\n"
	     "                 [--budget N] [--pooler ADDR:PORT] [--check] [--foreground]\n"
	     "\n"
	     "Admits connections to a database within its budget and sends the rest to a pooler or\n"
	     "a refusal, in the kernel's receive path.\n"
	     "\n"
	     "Options:");
	for (const struct sw_options_row *row = sw_options_rows; row->name; row++) {
		char left[40];

		snprintf(left, sizeof(left), "--%s%s%s", row->name, row->value ? " " : "",
			 row->value ? row->value : "");
		printf("  %-24s %s\n", left, row->help);
	}
	puts("\n"
	     "Signals: SIGHUP reloads the file, SIGTERM and SIGINT detach everything and stop.\n"
	     "Exit status: 0 ok, 1 failed, 2 usage or configuration, 3 kernel or privilege missing.\n"
	     "\n"
	     "Example: spillwayd --interface eth0 --service 5432 --budget 80 --pooler 127.0.0.1:6432");
}

static int add(const char **list, size_t *count, size_t max, const char *name, const char *value,
	       struct sw_error *err)
{
	if (*count == max)
		return sw_error_set(err, -EINVAL, "--%s: at most %zu of them", name, max);
	list[(*count)++] = value;
	return 0;
}

static int take(struct sw_options *options, int id, const char *value, enum sw_options_next *next,
		struct sw_error *err)
{
	switch (id) {
	case OPTION_CONFIG:
		options->file = value;
		return 0;
	case OPTION_INTERFACE:
		return add(options->interfaces, &options->interface_count, SW_CONFIG_INTERFACES_MAX,
			   "interface", value, err);
	case OPTION_SERVICE:
		return add(options->services, &options->service_count, SW_CONFIG_SERVICES_MAX,
			   "service", value, err);
	case OPTION_BUDGET:
		options->budget = value;
		return 0;
	case OPTION_POOLER:
		options->pooler = value;
		return 0;
	case OPTION_PIN_DIR:
		options->pin_dir = value;
		return 0;
	case OPTION_SOCKET:
		options->socket = value;
		return 0;
	case OPTION_CHECK:
		options->check = true;
		return 0;
	case OPTION_FOREGROUND:
		options->foreground = true;
		return 0;
	case OPTION_VERSION:
		puts("spillwayd " SW_VERSION);
		*next = SW_OPTIONS_DONE;
		return 0;
	default:
		print_help();
		*next = SW_OPTIONS_DONE;
		return 0;
	}
}

static const struct sw_options_row *find_row(const char *name, size_t length)
{
	for (const struct sw_options_row *row = sw_options_rows; row->name; row++)
		if (strlen(row->name) == length && !strncmp(row->name, name, length))
			return row;
	return NULL;
}

/*
 * One option and, as "--name value" or "--name=value", its value; *at moves to the last word taken. Not
 * getopt_long(), which takes "--che" for --check.
 */
static int split(int argc, char **argv, int *at, const struct sw_options_row **out,
		 const char **value, struct sw_error *err)
{
	const char *word = argv[*at];
	const char *name = word + 2;
	const char *equals;
	const struct sw_options_row *row;

	if (word[0] != '-' || !word[1])
		return sw_error_set(err, -EINVAL, "'%s' is not an option; see --help", word);
	equals = word[1] == '-' ? strchr(name, '=') : NULL;
	row = word[1] == '-' ? find_row(name, equals ? (size_t)(equals - name) : strlen(name))
			     : NULL;
	if (!row)
		return sw_error_set(err, -EINVAL, "unknown option '%s'; see --help", word);
	if (equals && !row->value)
		return sw_error_set(err, -EINVAL, "--%s takes no value; see --help", row->name);
	if (row->value && !equals && (*at + 1 == argc || !strncmp(argv[*at + 1], "--", 2)))
		return sw_error_set(err, -EINVAL, "--%s needs a value: --%s %s", row->name,
				    row->name, row->value);
	*out = row;
	*value = equals ? equals + 1 : row->value ? argv[++*at] : NULL;
	return 0;
}

static int check_together(const struct sw_options *options, struct sw_error *err)
{
	if (options->file && options->service_count)
		return sw_error_set(err, -EINVAL,
				    "--config and --service exclude each other: services are "
				    "either in the file or on the command line");
	if (!options->service_count && (options->budget || options->pooler))
		return sw_error_set(err, -EINVAL, "--%s needs a --service that it is for",
				    options->budget ? "budget" : "pooler");
	return 0;
}

int sw_options_parse(int argc, char **argv, struct sw_options *out, enum sw_options_next *next,
		     struct sw_error *err)
{
	struct sw_options options = {.pin_dir = SW_PIN_DIR_DEFAULT};
	enum sw_options_next then = SW_OPTIONS_RUN;
	int failed = 0;

	for (int i = 1; i < argc && then == SW_OPTIONS_RUN; i++) {
		const struct sw_options_row *row = NULL;
		const char *value = NULL;

		failed = split(argc, argv, &i, &row, &value, err);
		if (!failed && row)
			failed = take(&options, row->id, value, &then, err);
		if (failed)
			return failed;
	}
	if (then == SW_OPTIONS_RUN)
		failed = check_together(&options, err);
	if (failed)
		return failed;
	if (!options.file && !options.service_count)
		options.file = SW_CONFIG_FILE_DEFAULT;
	*out = options;
	*next = then;
	return 0;
}
