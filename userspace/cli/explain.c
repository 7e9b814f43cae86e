/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway explain`: the verdict a source would get now, and how it comes about.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/budget_terms.h"
#include "cli/database.h"
#include "cli/field.h"
#include "core/addr.h"
#include "spillway/reasons.h"

static int request(const struct sw_args *args, json_t *out, struct sw_error *err)
{
	struct sw_addr addr;
	int rc;

	if (sw_addr_parse(args->positional[0], &addr) < 0)
		return sw_error_set(err, -EINVAL,
				    "found '%s', expected an address such as 10.1.2.3 or fd00::1",
				    args->positional[0]);
	rc = sw_request_text(out, "address", args->positional[0], err);
	return rc == 0 ? sw_args_put_text(args, "service", out, err) : rc;
}

/* One row a lane: what happens to the connection. */
static const struct verdict {
	const char *lane, *sentence;
	enum sw_style style;
} verdicts[] = {
	{"direct", "is admitted and takes a direct slot", SW_STYLE_GOOD},
	{"pooler", "goes to the pooler", SW_STYLE_GOOD},
	{"queue", "waits in the queue for a slot", SW_STYLE_WARN},
	{"refuse", "is refused", SW_STYLE_BAD},
	{"reset", "is reset", SW_STYLE_BAD},
	{"drop", "is dropped without an answer", SW_STYLE_BAD},
	{NULL, "passes; it is not limited here", SW_STYLE_PLAIN},
};

static const char *help_of_reason(const char *reason)
{
#define SW_REASON_HELP(id, name, help) {name, help},
	static const struct {
		const char *name, *help;
	} rows[] = {SW_REASONS(SW_REASON_HELP)};
#undef SW_REASON_HELP

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, reason) == 0)
			return rows[i].help;
	}
	return reason;
}

static int print_steps(const struct sw_cli *cli, const json_t *steps)
{
	static const struct sw_column columns[] = {
		{"CHECK", false}, {"VALUE", true}, {"LIMIT", true}, {"RESULT", false}};
	SW_TABLE_FREE struct sw_table *table =
		sw_table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *step;
	size_t i;

	json_array_foreach(steps, i, step)
	{
		bool passed = sw_field_true(step, "passed");

		sw_field_cells(table, step, (const char *const[]){"check", "value", "limit", NULL});
		sw_table_add(table, passed ? SW_STYLE_GOOD : SW_STYLE_WARN, passed ? "ok" : "no");
	}
	return sw_table_print(table, &cli->term, stdout);
}

/* "It would be the 37th, and wait about 1.2 s." */
static void print_queue(const json_t *result)
{
	const json_t *position = json_object_get(result, "queue_position");
	const json_t *wait = json_object_get(result, "queue_wait_s");
	long long n = json_integer_value(position);
	bool teen = n % 100 >= 11 && n % 100 <= 13;

	if (!json_is_integer(position))
		return;
	sw_term_print("It would be the %lld%s", n,
		      teen	    ? "th"
		      : n % 10 == 1 ? "st"
		      : n % 10 == 2 ? "nd"
		      : n % 10 == 3 ? "rd"
				    : "th");
	if (json_is_real(wait))
		sw_term_print(", and wait about %.1f s.\n", json_real_value(wait));
	else
		sw_term_print("; nobody was let in lately.\n");
}

static void print_verdict(const struct sw_cli *cli, const json_t *result)
{
	const char *reason = json_string_value(json_object_get(result, "reason"));
	const char *lane = sw_field_text(result, "lane");
	const struct verdict *verdict = verdicts;

	while (verdict->lane && strcmp(verdict->lane, lane) != 0)
		verdict++;
	fputs(sw_term_begin(&cli->term, verdict->style), stdout);
	sw_term_print("A new connection from %s to %s %s", sw_field_text(result, "source"),
		      sw_field_text(result, "service"), verdict->sentence);
	fputs(sw_term_end(&cli->term, verdict->style), stdout);
	if (reason)
		sw_term_print(": %s", help_of_reason(reason));
	sw_term_print(".\n");
	print_queue(result);
	if (strcmp(sw_field_text(result, "mode"), "monitor") == 0)
		sw_term_print(
			"The mode is monitor: this is counted, and the connection passes untouched.\n");
}

static int render(const struct sw_cli *cli, const json_t *result)
{
	const json_t *budget = json_object_get(result, "budget");
	const char *service = sw_field_text(result, "service");
	int rc;

	sw_term_print("source %s, service %s, class %s\n", sw_field_text(result, "source"), service,
		      sw_field_text(result, "class"));
	sw_budget_terms_print(service, budget);
	sw_database_print_state(service, json_object_get(result, "database"));
	sw_database_print_ended(service, result);
	sw_term_print("\n");
	rc = print_steps(cli, json_object_get(result, "steps"));
	if (rc == 0) {
		fputc('\n', stdout);
		print_verdict(cli, result);
	}
	return rc;
}

const struct sw_verb sw_verb_explain = {
	.name = "explain",
	.usage = "ADDR [--service S]",
	.summary = "the verdict a connection from an address would get now, and why",
	.description =
		"Runs the decision that the kernel would make on a new connection from an address, on the "
		"state of this moment, and shows each step: what was checked, the value, the limit, and whether it "
		"passed. Nothing is counted or changed.",
	.example = "spillway explain 10.1.2.3 --service main",
	.options = {{"service", "S", "to this service (needed when there are several)"}},
	.min = 1,
	.max = 1,
	.request = request,
	.render = render,
};
