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
#include "failures.h"
#include "options_check.h"
#include "options_value.h"

/* parse NULL: a flag. The order is that of --help. */
struct row {
	const char *name;
	const char *argument;
	size_t offset;
	sw_value_fn *parse;
	const char *help;
};

#define AT(field) offsetof(struct sw_options, field)

static const struct row rows[] = {
	{"target", "ADDR:PORT", AT(target), sw_value_target,
	 "the server; [IPV6]:PORT too (required)"},
	{"clients", "N", AT(clients), sw_value_u32, "how many clients (default 100)"},
	{"sources", "CIDR|FIRST-LAST", AT(sources), sw_value_sources, "source addresses"},
	{"source-base", "ADDR", AT(source_base), sw_value_address,
	 "the first source address, with --source-count"},
	{"source-count", "N", AT(source_count), sw_value_u32,
	 "how many, counted up from --source-base"},
	{"source-distribution", "NAME", AT(spread), sw_value_spread,
	 "uniform (default: in turn), zipf[:EXPONENT] or hog[:PART]; see below"},
	{"within", "DURATION", AT(within_ns), sw_value_duration,
	 "clients arrive within this time (default 0s: all at once)"},
	{"connect-rate", "N/s", AT(connect_rate), sw_value_rate,
	 "or so many a second, whatever becomes of them; see below"},
	{"even", NULL, AT(even), NULL, "arrive at equal distances, not at random"},
	{"seed", "N", AT(seed), sw_value_u32, "of random arrivals and distributions (default 1)"},
	{"user", "NAME", AT(user), sw_value_text, "default postgres"},
	{"database", "NAME", AT(database), sw_value_text, "default: the user's name"},
	{"password", "TEXT", AT(password), sw_value_text,
	 "for SCRAM-SHA-256 or cleartext (default: $PGPASSWORD)"},
	{"query", "SQL", AT(query), sw_value_text, "run after the login (default SELECT 1)"},
	{"no-query", NULL, AT(no_query), NULL, "log in and run nothing"},
	{"rounds", "N", AT(rounds), sw_value_u32, "run the query so often (default 1)"},
	{"think", "DURATION", AT(think_ns), sw_value_duration,
	 "pause between two rounds (default 0s)"},
	{"reconnect", NULL, AT(reconnect), NULL,
	 "a new connection for each round, also after one that failed"},
	{"hold", "DURATION", AT(hold_ns), sw_value_duration,
	 "stay connected after the last answer (default 0s)"},
	{"timeout", "DURATION", AT(timeout_ns), sw_value_duration,
	 "a client gives up so long after its SYN, or a later query (default 60s)"},
	{"tls-request", NULL, AT(tls_request), NULL,
	 "ask for TLS first, go on in plain when the server says N"},
	{"max-in-flight", "N", AT(max_in_flight), sw_value_u32,
	 "no more clients than this at a time (default 0: no cap)"},
	{"json", NULL, AT(json), NULL, "the result as one JSON document"},
	{"histogram", NULL, AT(histogram), NULL,
	 "also latencies by size: bars, or buckets in JSON"},
	{"by-source", NULL, AT(by_source), NULL,
	 "also what each source address got, and how fair that is"},
	{"each", "FILE", AT(each), sw_value_text, "beside the result, a line for each connection"},
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
	fputs("\n--connect-rate N/s (also N/m, N/h) is an open load: clients come at that rate on average, as a\n"
	      "Poisson process (--even: like a clock), however slow the server is. All latencies then\n"
	      "count from when a client was due, so that its wait for --max-in-flight, or for a storm\n"
	      "program short of CPU, is part of them; else they count from its SYN.\n",
	      to);
	fputs("\n--source-distribution zipf draws each client's address, the k-th one with a weight of 1/k^EXPONENT\n"
	      "(default 1); hog gives the first address PART of the clients (default 0.8), the others the rest.\n",
	      to);
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

int sw_options_parse(int argc, char **argv, struct sw_options *out, struct sw_error *err)
{
	struct sw_options options = {
		.clients = 100,
		.seed = 1,
		.user = "postgres",
		.password = getenv("PGPASSWORD"),
		.timeout_ns = 60 * SW_NS_PER_S,
		.rounds = 1,
	};
	int rc = walk(argc, argv, &options, err);

	if (!rc && !options.help && !options.version)
		rc = sw_options_check(&options, err);
	if (rc)
		return rc;
	*out = options;
	return 0;
}
