/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line: one table of options; getopt's table, the parser and --help come out of it.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/number.h"
#include "failures.h"

typedef int parse_fn(const char *text, void *field, struct sw_error *err);

/* parse NULL: a flag. The order is that of --help. */
struct row {
	const char *name;
	const char *argument;
	size_t offset;
	parse_fn *parse;
	const char *help;
};

static int parse_text(const char *text, void *field, struct sw_error *err)
{
	(void)err;
	*(const char **)field = text;
	return 0;
}

static int parse_u32(const char *text, void *field, struct sw_error *err)
{
	int rc = sw_parse_u32(text, field);

	return rc ? sw_error_set(err, rc, "'%s': not a number from 0 to %u", text, UINT32_MAX) : 0;
}

static int parse_duration(const char *text, void *field, struct sw_error *err)
{
	int rc = sw_parse_duration(text, field);

	return rc ? sw_error_set(err, rc, "'%s': not a duration such as 500ms, 10s, 5m", text) : 0;
}

static int parse_target(const char *text, void *field, struct sw_error *err)
{
	struct sw_endpoint endpoint;
	int rc = sw_endpoint_parse(text, &endpoint);

	if (rc || endpoint.any)
		return sw_error_set(
			err, -EINVAL,
			"'%s': not ADDRESS:PORT or [IPV6]:PORT (names are not resolved)", text);
	*(struct sw_endpoint *)field = endpoint;
	return 0;
}

static int parse_address(const char *text, void *field, struct sw_error *err)
{
	int rc = sw_addr_parse(text, field);

	return rc ? sw_error_set(err, rc, "'%s': not an IPv4 or IPv6 address", text) : 0;
}

static int parse_sources(const char *text, void *field, struct sw_error *err)
{
	return sw_sources_parse(text, field, err);
}

#define AT(field) offsetof(struct sw_options, field)

static const struct row rows[] = {
	{"target", "ADDR:PORT", AT(target), parse_target, "the server; [IPV6]:PORT too (required)"},
	{"clients", "N", AT(clients), parse_u32, "how many clients (default 100)"},
	{"sources", "CIDR|FIRST-LAST", AT(sources), parse_sources,
	 "source addresses, handed out in turn"},
	{"source-base", "ADDR", AT(source_base), parse_address,
	 "the first source address, with --source-count"},
	{"source-count", "N", AT(source_count), parse_u32,
	 "how many, counted up from --source-base"},
	{"within", "DURATION", AT(within_ns), parse_duration,
	 "clients arrive within this time (default 0s: all at once)"},
	{"even", NULL, AT(even), NULL, "arrive at equal distances, not uniformly at random"},
	{"seed", "N", AT(seed), parse_u32, "of the random arrivals (default 1)"},
	{"user", "NAME", AT(user), parse_text, "default postgres"},
	{"database", "NAME", AT(database), parse_text, "default: the user's name"},
	{"password", "TEXT", AT(password), parse_text,
	 "for SCRAM-SHA-256 or cleartext (default: $PGPASSWORD)"},
	{"query", "SQL", AT(query), parse_text, "run once after the login (default SELECT 1)"},
	{"no-query", NULL, AT(no_query), NULL, "log in and run nothing"},
	{"hold", "DURATION", AT(hold_ns), parse_duration,
	 "stay connected after the last answer (default 0s)"},
	{"timeout", "DURATION", AT(timeout_ns), parse_duration,
	 "a client gives up so long after its SYN; the hold is extra (default 60s)"},
	{"tls-request", NULL, AT(tls_request), NULL,
	 "ask for TLS first, go on in plain when the server says N"},
	{"max-in-flight", "N", AT(max_in_flight), parse_u32,
	 "no more clients than this at a time (default 0: no cap)"},
	{"json", NULL, AT(json), NULL, "the result as one JSON document"},
	{"each", "FILE", AT(each), parse_text, "beside the result, a line for each client"},
	{"progress", NULL, AT(progress), NULL,
	 "a progress line on stderr (default: on a terminal)"},
	{"no-progress", NULL, AT(no_progress), NULL, "no progress line"},
	{"fail-if-any", NULL, AT(fail_if_any), NULL, "exit 1 when any client failed"},
	{"help", NULL, AT(help), NULL, "this text"},
	{"version", NULL, AT(version), NULL, "the version"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

void sw_options_usage(FILE *to)
{
	fputs("usage: storm --target ADDR:PORT [OPTION]...\n"
	      "Opens many PostgreSQL connections at once, one source address a client, and measures\n"
	      "what each client experiences.\n\n",
	      to);
	for (size_t i = 0; i < ROWS; i++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s%s%s", rows[i].name, rows[i].argument ? " " : "",
			 rows[i].argument ? rows[i].argument : "");
		fprintf(to, "  %-26s %s\n", left, rows[i].help);
	}
	fputs("\nCauses of failure in the result:\n", to);
	sw_failures_explain(to);
	fputs("\nExit: 0 the storm ran, whatever its clients met; 1 it could not run, or --fail-if-any\n"
	      "and a client failed; 2 usage; 130 interrupted (what was measured is printed).\n",
	      to);
}

/* getopt_long() takes "--cli" for "--clients"; a script relying on that breaks with a new option. */
static bool abbreviated(char **argv, const struct row *row)
{
	bool apart = optarg && optarg == argv[optind - 1];
	const char *typed = argv[optind - (apart ? 2 : 1)] + strlen("--");

	return strcspn(typed, "=") != strlen(row->name);
}

static int take(const struct row *row, char **argv, struct sw_options *options,
		struct sw_error *err)
{
	void *field = (char *)options + row->offset;
	struct sw_error why;
	int rc;

	if (abbreviated(argv, row))
		return sw_error_set(err, -EINVAL, "unknown option; write --%s in full", row->name);
	if (!row->parse) {
		*(bool *)field = true;
		return 0;
	}
	rc = row->parse(optarg, field, &why);
	return rc ? sw_error_set(err, rc, "--%s: %s", row->name, why.text) : 0;
}

static int walk(int argc, char **argv, struct sw_options *options, struct sw_error *err)
{
	struct option table[ROWS + 1] = {0};
	int choice, index;

	for (size_t i = 0; i < ROWS; i++) {
		table[i].name = rows[i].name;
		table[i].has_arg = rows[i].argument ? required_argument : no_argument;
	}
	opterr = 0;
	optind = 1;
	while ((choice = getopt_long(argc, argv, ":", table, &index)) != -1) {
		int rc;

		if (choice == ':')
			return sw_error_set(err, -EINVAL, "%s needs a value", argv[optind - 1]);
		if (choice != 0)
			return sw_error_set(err, -EINVAL, "unknown option or unwanted value: %s",
					    argv[optind - 1]);
		rc = take(&rows[index], argv, options, err);
		if (rc)
			return rc;
	}
	if (optind < argc)
		return sw_error_set(err, -EINVAL, "unexpected argument '%s'", argv[optind]);
	return 0;
}

static int combine_sources(struct sw_options *options, struct sw_error *err)
{
	static const struct sw_addr none;
	bool base = !sw_addr_equal(&options->source_base, &none);
	int rc;

	if (base != (options->source_count > 0))
		return sw_error_set(err, -EINVAL, "--source-base and --source-count go together");
	if (base && options->sources.count)
		return sw_error_set(err, -EINVAL,
				    "--sources and --source-base say the same: give one of them");
	if (base) {
		rc = sw_sources_from_base(&options->source_base, options->source_count,
					  &options->sources, err);
		if (rc)
			return rc;
	}
	if (options->sources.count &&
	    sw_addr_is_ipv4(&options->sources.first) != sw_addr_is_ipv4(&options->target.addr))
		return sw_error_set(err, -EINVAL, "sources and target differ: IPv4 and IPv6");
	return 0;
}

static int check(struct sw_options *options, struct sw_error *err)
{
	if (options->target.port == 0)
		return sw_error_set(err, -EINVAL, "--target ADDR:PORT is required");
	if (options->clients == 0)
		return sw_error_set(err, -ERANGE, "--clients: at least 1");
	if (options->timeout_ns == 0)
		return sw_error_set(err, -ERANGE, "--timeout: longer than 0");
	if (options->progress && options->no_progress)
		return sw_error_set(err, -EINVAL, "--progress and --no-progress: choose one");
	if (options->no_query && options->query)
		return sw_error_set(err, -EINVAL, "--query and --no-query: choose one");
	if (!options->query)
		options->query = "SELECT 1";
	if (!options->database)
		options->database = options->user;
	return combine_sources(options, err);
}

int sw_options_parse(int argc, char **argv, struct sw_options *out, struct sw_error *err)
{
	struct sw_options options = {
		.clients = 100,
		.seed = 1,
		.user = "postgres",
		.password = getenv("PGPASSWORD"),
		.timeout_ns = 60 * SW_NS_PER_S,
	};
	int rc = walk(argc, argv, &options, err);

	if (!rc && !options.help && !options.version)
		rc = check(&options, err);
	if (rc)
		return rc;
	*out = options;
	return 0;
}
