/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The metrics page, one function a family or a few that belong together, and the health page. Of a
 * class's verdicts those are shown that have been given, and "direct, first" of every class that
 * limits, so that a rate over it exists before the first connection.
 */
#include "daemon/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "config/words.h"
#include "core/cleanup.h"
#include "core/clock.h"
#include "core/log.h"
#include "daemon/daemon.h"
#include "daemon/exposition.h"
#include "daemon/metrics_database.h"
#include "daemon/metrics_lifetimes.h"
#include "daemon/metrics_waits.h"
#include "daemon/read_args.h"
#include "daemon/read_service.h"
#include "kern/read.h"
#include "policy/explain.h"

#define LABELS_MAX 4

struct page {
	struct sw_exposition *out;
	const struct sw_daemon *daemon;
};

static void gauge(struct page *page, const char *name, const char *help)
{
	sw_exposition_family(page->out, name, SW_METRIC_GAUGE, help);
}

static void counter(struct page *page, const char *name, const char *help)
{
	sw_exposition_family(page->out, name, SW_METRIC_COUNTER, help);
}

static void of_service(struct page *page, const char *service, uint64_t value)
{
	const struct sw_label labels[] = {{"service", service}};

	sw_exposition_count(page->out, labels, 1, value);
}

static void of_two(struct page *page, const char *service, const char *name, const char *word,
		   uint64_t value)
{
	const struct sw_label labels[] = {{"service", service}, {name, word}};

	sw_exposition_count(page->out, labels, 2, value);
}

static void write_build(struct page *page)
{
	struct utsname host = {0};
	struct sw_label labels[] = {{"version", SW_VERSION}, {"kernel", host.release}};

	uname(&host);
	gauge(page, "spillway_build_info", "Version of spillwayd and of the kernel; always 1");
	sw_exposition_count(page->out, labels, 2, 1);
}

static const struct sw_attachment *attachment_of(const struct sw_daemon *daemon, const char *name)
{
	for (size_t i = 0; i < daemon->attachment_count; i++) {
		if (strcmp(daemon->attachments[i].name, name) == 0)
			return &daemon->attachments[i];
	}
	return NULL;
}

static void write_interface(struct page *page, const char *name, enum sw_attach_mode mode,
			    bool holds)
{
	const struct sw_label labels[] = {{"interface", name},
					  {"mode", sw_words_name(SW_WORDS_ATTACH_MODE, mode)}};

	sw_exposition_count(page->out, labels, 2, holds);
}

/* Those that have the gate, then those that should have it and have not. */
static void write_interfaces(struct page *page)
{
	const struct sw_daemon *daemon = page->daemon;
	const struct sw_config *config = daemon->config;

	gauge(page, "spillway_interface_attached", "Whether the gate is on the interface");
	for (size_t i = 0; i < daemon->attachment_count; i++) {
		const struct sw_attachment *at = &daemon->attachments[i];

		write_interface(page, at->name, at->mode, sw_attachment_holds(at));
	}
	for (size_t i = 0; i < config->interface_count; i++) {
		if (!attachment_of(daemon, config->interfaces[i].name))
			write_interface(page, config->interfaces[i].name,
					config->interfaces[i].mode, false);
	}
}

static void write_syns(struct page *page)
{
	const struct sw_plan *plan = page->daemon->plan;
	struct sw_read_totals totals;

	counter(page, "spillway_syn_total",
		"Connection attempts decided; retransmits are not among them");
	for (size_t i = 0; i < plan->service_count; i++) {
		sw_read_service_totals(page->daemon->maps, &plan->services[i], &totals);
		of_service(page, plan->services[i].name, totals.syn);
	}
}

static void write_class_verdicts(struct page *page, const char *service,
				 const struct sw_plan_class *class)
{
	const uint32_t home = sw_verdict_cell(SW_LANE_DIRECT, SW_REASON_FIRST);
	uint64_t cells[SW_VERDICT_CELLS];

	sw_read_verdicts(page->daemon->maps, class->id, cells);
	for (uint32_t cell = 0; cell < SW_VERDICT_CELLS; cell++) {
		const struct sw_label labels[LABELS_MAX] = {
			{"service", service},
			{"class", class->name},
			{"lane", sw_words_name(SW_WORDS_LANE, cell / SW_REASON_COUNT)},
			{"reason", sw_read_args_reason_name(cell % SW_REASON_COUNT)},
		};

		if (cells[cell] || (cell == home && class->conf.action == SW_ACTION_LIMIT))
			sw_exposition_count(page->out, labels, LABELS_MAX, cells[cell]);
	}
}

static const char *service_of(const struct page *page, const struct sw_plan_class *class)
{
	const struct sw_plan_service *service = sw_plan_service(page->daemon->plan, class->service);

	return service ? service->name : "";
}

static void write_verdicts(struct page *page)
{
	const struct sw_plan *plan = page->daemon->plan;

	counter(page, "spillway_verdicts_total",
		"Connection attempts by the lane they got and why no earlier one took them");
	for (size_t i = 0; i < plan->class_count; i++)
		write_class_verdicts(page, service_of(page, &plan->classes[i]), &plan->classes[i]);
}

static void write_slots(struct page *page)
{
	const struct sw_plan *plan = page->daemon->plan;
	const struct sw_maps *maps = page->daemon->maps;

	gauge(page, "spillway_budget_slots", "Direct connections the service may have");
	for (size_t i = 0; i < plan->service_count; i++)
		of_service(page, plan->services[i].name, plan->services[i].conf.budget);
	gauge(page, "spillway_slots_used", "Connections inside, by lane");
	for (size_t i = 0; i < plan->service_count; i++) {
		const struct sw_plan_service *service = &plan->services[i];

		of_two(page, service->name, "lane", "direct",
		       sw_read_service_direct(maps, service->id));
		of_two(page, service->name, "lane", "pooler",
		       sw_read_service_pooler(maps, service->id));
	}
	gauge(page, "spillway_class_slots_used", "Direct connections of the class");
	for (size_t i = 0; i < plan->class_count; i++)
		of_two(page, service_of(page, &plan->classes[i]), "class", plan->classes[i].name,
		       sw_read_class_direct(maps, plan->classes[i].id));
	gauge(page, "spillway_queue_waiting", "Connection attempts that wait for a slot");
	for (size_t i = 0; i < plan->class_count; i++)
		of_two(page, service_of(page, &plan->classes[i]), "class", plan->classes[i].name,
		       sw_read_class_waiting(maps, plan->classes[i].id));
}

/* Why nobody is let in, whatever room there is. */
static void write_holds(struct page *page)
{
	const struct sw_plan *plan = page->daemon->plan;

	gauge(page, "spillway_service_held", "Whether new connections are made to wait, and why");
	for (size_t i = 0; i < plan->service_count; i++) {
		uint64_t hold = page->daemon->maps->service_state[plan->services[i].id].hold;

		of_two(page, plan->services[i].name, "why", "paused", !!(hold & SW_HOLD_PAUSED));
		of_two(page, plan->services[i].name, "why", "not_ready",
		       !!(hold & SW_HOLD_NOT_READY));
	}
}

/* One family a row of the list of counters. */
static const struct {
	const char *name, *help;
} counter_rows[] = {
#define SW_COUNTER_FAMILY(id, name, help) {"spillway_" name "_total", help},
	SW_COUNTERS(SW_COUNTER_FAMILY)
#undef SW_COUNTER_FAMILY
};

static void write_counters(struct page *page)
{
	const struct sw_plan *plan = page->daemon->plan;
	uint64_t of_host[SW_COUNTER_COUNT];
	SW_FREE uint64_t(*of)[SW_COUNTER_COUNT] = calloc(plan->service_count + 1, sizeof(*of));

	if (!of)
		return;
	sw_read_counters(page->daemon->maps, SW_COUNTERS_HOST, of_host);
	for (size_t i = 0; i < plan->service_count; i++)
		sw_read_counters(page->daemon->maps, plan->services[i].id, of[i]);
	for (size_t row = 0; row < SW_COUNTER_COUNT; row++) {
		counter(page, counter_rows[row].name, counter_rows[row].help);
		for (size_t i = 0; i < plan->service_count; i++)
			of_service(page, plan->services[i].name, of[i][row]);
		/* What could be made out for no service has none. */
		if (of_host[row])
			of_service(page, "", of_host[row]);
	}
}

static void write_maps(struct page *page)
{
	struct sw_map_usage usage[SW_MAP_USAGE_ROWS];

	sw_read_usage(page->daemon->maps, usage);
	gauge(page, "spillway_map_entries", "Entries in the kernel's table");
	for (size_t i = 0; usage[i].name; i++)
		sw_exposition_count(page->out, &(const struct sw_label){"map", usage[i].name}, 1,
				    usage[i].entries);
	gauge(page, "spillway_map_capacity", "Entries there is room for in the kernel's table");
	for (size_t i = 0; usage[i].name; i++)
		sw_exposition_count(page->out, &(const struct sw_label){"map", usage[i].name}, 1,
				    usage[i].capacity);
}

void sw_metrics_write(void *daemon, struct evbuffer *out)
{
	struct page page = {.out = sw_exposition_begin(out), .daemon = daemon};
	int rc;

	if (!page.out) {
		sw_log_error("metrics: out of memory");
		return;
	}
	write_build(&page);
	write_interfaces(&page);
	write_syns(&page);
	write_verdicts(&page);
	write_slots(&page);
	write_holds(&page);
	write_counters(&page);
	sw_metrics_lifetimes(page.out, daemon);
	sw_metrics_waits(page.out, daemon);
	sw_metrics_database(page.out, daemon);
	write_maps(&page);
	rc = sw_exposition_end(page.out);
	if (rc < 0)
		sw_log_error("metrics: a part of the page is missing: %s", strerror(-rc));
}
