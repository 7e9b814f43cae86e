/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway status`: the daemon, then services, totals and classes as tables. Bars on a terminal only.
 */
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/budget_terms.h"
#include "cli/database.h"
#include "cli/field.h"
#include "cli/verb.h"

#define BAR_WIDTH 20

static void print_heading(const json_t *result)
{
	const json_t *daemon = json_object_get(result, "daemon"), *interface;
	char age[SW_FIELD_TEXT];
	size_t i;

	sw_term_print("spillwayd %s, mode %s, up %s, pid %lld\n", sw_field_text(daemon, "version"),
		      sw_field_text(result, "mode"),
		      sw_field_age(sw_field_int(daemon, "uptime_s"), age, sizeof(age)),
		      sw_field_int(daemon, "pid"));
	if (json_array_size(json_object_get(result, "interfaces")) == 0)
		sw_term_print("attached to no interface");
	json_array_foreach(json_object_get(result, "interfaces"), i, interface)
	{
		bool lost = json_is_false(json_object_get(interface, "attached"));

		sw_term_print("%s%s (%s%s)", i == 0 ? "attached to " : ", ",
			      sw_field_text(interface, "name"), lost ? "LOST, was " : "",
			      sw_field_text(interface, "mode"));
	}
	sw_term_print("\n");
	if (json_is_false(json_object_get(daemon, "ready")))
		sw_term_print("starting: it asks the databases first, then attaches\n");
}

static enum sw_style style_of_use(long long used, long long limit)
{
	if (used > limit)
		return SW_STYLE_BAD;
	if (limit == 0)
		return SW_STYLE_PLAIN;
	return used * 10 >= limit * 9 ? SW_STYLE_WARN : SW_STYLE_GOOD;
}

static void add_bar(struct sw_table *table, long long used, long long limit)
{
	static const char full[] = "####################", empty[] = "....................";
	long long filled = limit > 0 ? used * BAR_WIDTH / limit : 0;
	int n;

	_Static_assert(sizeof(full) == BAR_WIDTH + 1 && sizeof(empty) == BAR_WIDTH + 1,
		       "one sign a step");
	if (used > 0 && filled == 0)
		filled = 1;
	n = (int)(filled > BAR_WIDTH ? BAR_WIDTH : filled < 0 ? 0 : filled);
	sw_table_add(table, style_of_use(used, limit), "[%.*s%.*s]", n, full, BAR_WIDTH - n, empty);
}

static void add_budget(struct sw_table *table, const json_t *budget)
{
	long long used = sw_field_int(budget, "used"), limit = sw_field_int(budget, "direct");
	long long over = sw_field_int(budget, "overcommitted");

	sw_table_add(table, SW_STYLE_PLAIN, "%s%s", sw_field_text(budget, "mode"),
		     sw_field_true(json_object_get(budget, "adaptive"), "frozen") ? ", frozen"
										  : "");
	sw_table_add(table, style_of_use(used, limit), "%lld", used);
	sw_table_add(table, SW_STYLE_PLAIN, "%lld", limit);
	sw_table_add(table, SW_STYLE_PLAIN, "%lld", sw_field_int(budget, "reserved"));
	sw_table_add(table, over ? SW_STYLE_WARN : SW_STYLE_PLAIN, "%lld", over);
}

static void add_pooler(struct sw_table *table, const json_t *pooler)
{
	const char *address = json_string_value(json_object_get(pooler, "address"));
	bool up = sw_field_true(pooler, "up");

	if (!address || !address[0])
		sw_table_add(table, SW_STYLE_DIM, "-");
	else if (!up)
		sw_table_add(table, SW_STYLE_BAD, "%s down", address);
	else
		sw_table_add(table, SW_STYLE_PLAIN, "%s %lld/%lld", address,
			     sw_field_int(pooler, "used"), sw_field_int(pooler, "max"));
}

static void add_queue(struct sw_table *table, const json_t *queue)
{
	if (sw_field_true(queue, "paused"))
		sw_table_add(table, SW_STYLE_WARN, "%lld paused", sw_field_int(queue, "waiting"));
	else
		sw_table_add(table, SW_STYLE_PLAIN, "%lld", sw_field_int(queue, "waiting"));
}

/* Not known is not the same as down: the daemon may have no conninfo to ask with. */
static void add_database(struct sw_table *table, const json_t *database)
{
	const json_t *up = json_object_get(database, "up");

	if (!json_is_boolean(up))
		sw_table_add(table, SW_STYLE_DIM, "-");
	else if (!json_is_true(up))
		sw_table_add(table, SW_STYLE_BAD, "down");
	else if (!json_is_integer(json_object_get(database, "max_connections")))
		sw_table_add(table, SW_STYLE_GOOD, "up");
	else
		sw_table_add(table, SW_STYLE_GOOD, "up %lld/%lld",
			     sw_field_int(database, "backends"),
			     sw_field_int(database, "max_connections"));
}

static int print_services(const struct sw_cli *cli, const json_t *services)
{
	static const struct sw_column columns[] = {
		{"SERVICE", false}, {"PROTOCOL", false}, {"BUDGET", false}, {"USED", true},
		{"DIRECT", true},   {"RESERVED", true},	 {"OVER", true},    {"POOLER", false},
		{"WAITING", true},  {"DATABASE", false}, {"USE", false},
	};
	size_t count = sizeof(columns) / sizeof(columns[0]) - (cli->term.tty ? 0 : 1);
	SW_TABLE_FREE struct sw_table *table = sw_table_new(columns, count);
	const json_t *service, *budget;
	size_t i;

	json_array_foreach(services, i, service)
	{
		budget = json_object_get(service, "budget");
		sw_field_cells(table, service, (const char *const[]){"name", "protocol", NULL});
		add_budget(table, budget);
		add_pooler(table, json_object_get(service, "pooler"));
		add_queue(table, json_object_get(service, "queue"));
		add_database(table, json_object_get(service, "database"));
		if (cli->term.tty)
			add_bar(table, sw_field_int(budget, "used"),
				sw_field_int(budget, "direct"));
	}
	return sw_table_print(table, &cli->term, stdout);
}

static int print_totals(const struct sw_cli *cli, const json_t *services)
{
	static const struct sw_column columns[] = {
		{"SERVICE", false}, {"SYN", true},     {"DIRECT", true}, {"POOLER", true},
		{"QUEUED", true},   {"REFUSED", true}, {"RESET", true},	 {"DROPPED", true},
	};
	SW_TABLE_FREE struct sw_table *table =
		sw_table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *service;
	size_t i;

	json_array_foreach(services, i, service)
	{
		sw_field_cells(table, service, (const char *const[]){"name", NULL});
		sw_field_cells(table, json_object_get(service, "totals"),
			       (const char *const[]){"syn", "direct", "pooler", "queued", "refused",
						     "reset", "dropped", NULL});
	}
	return sw_table_print(table, &cli->term, stdout);
}

static int print_classes(const struct sw_cli *cli, const json_t *services)
{
	static const struct sw_column columns[] = {
		{"SERVICE", false}, {"CLASS", false},	{"ACTION", false},
		{"USED", true},	    {"RESERVED", true}, {"MAX", true},
		{"RATE", true},	    {"BURST", true},	{"WEIGHT", true},
	};
	SW_TABLE_FREE struct sw_table *table =
		sw_table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *service, *class;
	size_t i, k;

	json_array_foreach(services, i, service)
	{
		json_array_foreach(json_object_get(service, "classes"), k, class)
		{
			sw_field_cells(table, service, (const char *const[]){"name", NULL});
			sw_field_cells(table, class,
				       (const char *const[]){"name", "action", "used", "reserved",
							     "max_direct", "rate", "burst",
							     "weight", NULL});
		}
	}
	return sw_table_print(table, &cli->term, stdout);
}

/* What was compared and put right; only where it was asked for. */
static void print_reconcile(const json_t *result)
{
	const json_t *done = json_object_get(result, "reconcile");

	if (!json_is_object(done))
		return;
	sw_term_print("reconciled %lld sockets with %lld flows in %.1f ms: %lld adopted, "
		      "%lld confirmed, %lld released\n",
		      sw_field_int(done, "sockets"), sw_field_int(done, "flows"),
		      json_number_value(json_object_get(done, "took_ms")),
		      sw_field_int(done, "adopted"), sw_field_int(done, "confirmed"),
		      sw_field_int(done, "released"));
	if (sw_field_int(done, "no_room"))
		sw_term_print("%lld sockets stay without a flow: a table of the kernel is full\n",
			      sw_field_int(done, "no_room"));
}

/* A gate that cannot write an answer drops the refused, who do not hear of it before their own time-out. */
static void print_unanswerable(const char *name, const json_t *counters)
{
	long long dropped = sw_field_int(counters, "unanswerable");

	if (dropped)
		sw_term_print(
			"service %s: %lld refusals dropped unheard: their frames could not be "
			"answered; mode tc may (spillway probe)\n",
			name, dropped);
}

/* Of each service: what its database said, and who was sent away. */
static void print_databases(const json_t *services)
{
	const json_t *service, *budget;
	size_t i;

	json_array_foreach(services, i, service)
	{
		const char *name = sw_field_text(service, "name");

		budget = json_object_get(service, "budget");
		sw_budget_terms_print(name, budget);
		sw_database_print_state(name, json_object_get(service, "database"));
		sw_database_print_ended(name, json_object_get(service, "counters"));
		print_unanswerable(name, json_object_get(service, "counters"));
	}
}

static int request(const struct sw_args *args, json_t *out, struct sw_error *err)
{
	(void)err;
	if (sw_args_value(args, "reconcile"))
		json_object_set_new(out, "reconcile", json_true());
	return 0;
}

static int render(const struct sw_cli *cli, const json_t *result)
{
	static int (*const parts[])(const struct sw_cli *cli, const json_t *services) = {
		print_services, print_totals, print_classes};
	const json_t *services = json_object_get(result, "services");
	int rc = 0;

	print_heading(result);
	print_reconcile(result);
	if (json_array_size(services) == 0) {
		sw_term_print("no service is guarded\n");
		return 0;
	}
	print_databases(services);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && rc == 0; i++) {
		fputc('\n', stdout);
		rc = parts[i](cli, services);
	}
	return rc;
}

const struct sw_verb sw_verb_status = {
	.name = "status",
	.usage = "[--reconcile]",
	.summary = "services, budgets, lanes, interfaces, health",
	.description =
		"Shows what spillwayd guards and how it is doing: for each service its budget of direct "
		"slots and how many are used, reserved for classes or overcommitted, its pooler, waiting "
		"clients and database; what became of all connections so far; and the classes with their "
		"limits. 0 in MAX means no cap. --reconcile first compares what is counted with the kernel's "
		"sockets, as spillwayd does every ten seconds, and puts right what differs.",
	.example = "spillway status --json",
	.options = {{"reconcile", NULL, "compare with the kernel's sockets first"}},
	.request = request,
	.render = render,
};
