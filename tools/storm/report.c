/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The result as a table. See report.h.
 */
#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/number.h"

/* A generator this late or this busy measures itself as well. */
#define LATE_NS	  (20 * SW_NS_PER_MS)
#define BUSY_PART 0.9

static double ms(uint64_t ns)
{
	return (double)ns / (double)SW_NS_PER_MS;
}

static void print_head(const struct sw_storm *storm, FILE *to)
{
	const struct sw_options *options = storm->options;
	char target[SW_ENDPOINT_TEXT] = "", pace[SW_DURATION_TEXT + SW_RATE_TEXT] = "";
	char spread[SW_SPREAD_TEXT];

	sw_endpoint_format(&options->target, target, sizeof(target));
	sw_spread_format(&options->spread, spread, sizeof(spread));
	if (options->connect_rate.count)
		sw_format_rate(&options->connect_rate, pace, sizeof(pace));
	else
		sw_format_duration(options->within_ns, pace, sizeof(pace));
	fprintf(to, "%u clients", options->clients);
	if (options->rounds > 1)
		fprintf(to, ", %u rounds each%s", options->rounds,
			options->reconnect ? " with a connection of its own," : "");
	if (options->sources.count)
		fprintf(to, " from %u addresses (%s)", storm->sources_used, spread);
	fprintf(to, " to %s %s %s%s\n\n", target, options->connect_rate.count ? "at" : "within",
		pace, storm->interrupted ? ", interrupted" : "");
}

static int by_count(const void *a, const void *b)
{
	const struct sw_failure *left = a, *right = b;

	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	return strcmp(left->cause, right->cause);
}

static void print_outcomes(const struct sw_storm *storm, const struct sw_stats *stats, FILE *to)
{
	struct sw_failures failures = storm->failures;

	qsort(failures.rows, failures.count, sizeof(failures.rows[0]), by_count);
	fprintf(to, "%-26s %8u\n", "succeeded", storm->tally.succeeded);
	fprintf(to, "%-26s %8u\n", "failed", storm->tally.failed);
	for (size_t i = 0; i < failures.count; i++)
		fprintf(to, "  %-24s %8u  %s\n", failures.rows[i].cause, failures.rows[i].count,
			failures.rows[i].sample);
	if (storm->interrupted)
		fprintf(to, "%-26s %8u\n%-26s %8u\n", "unfinished", stats->unfinished,
			"not started", stats->not_started);
}

static void print_latency(const char *name, const struct sw_latency *latency, FILE *to)
{
	if (latency->count)
		fprintf(to, "%-26s %8u %10.1f %10.1f %10.1f %10.1f\n", name, latency->count,
			ms(latency->p50_ns), ms(latency->p90_ns), ms(latency->p99_ns),
			ms(latency->max_ns));
	else
		fprintf(to, "%-26s %8u %10s %10s %10s %10s\n", name, 0, "-", "-", "-", "-");
}

static void print_generator(const struct sw_storm *storm, const struct sw_stats *stats, FILE *to)
{
	fprintf(to, "\ngenerator: %.0f %% of a core, longest pass %.1f ms, %u key derivation%s\n",
		stats->cpu_share * 100, ms(storm->longest_pass_ns), storm->scram_keys.derivations,
		storm->scram_keys.derivations == 1 ? "" : "s");
	if (storm->tally.deferred)
		fprintf(to, "%u launches waited for --max-in-flight\n", storm->tally.deferred);
	/* All at once has no schedule to be late for. */
	if ((storm->options->within_ns || storm->options->connect_rate.count) &&
	    (stats->lateness.p99_ns > LATE_NS || stats->cpu_share > BUSY_PART))
		fputs("warning: the generator was short of CPU; its own delays are part of the figures\n",
		      to);
}

void sw_report_table(const struct sw_storm *storm, const struct sw_result *result, FILE *to)
{
	const struct sw_stats *stats = &result->stats;
	bool from_due = storm->options->connect_rate.count > 0;

	print_head(storm, to);
	print_outcomes(storm, stats, to);
	fprintf(to, "\n%-26s %8s %10s %10s %10s %10s\n", from_due ? "ms, since due" : "ms", "count",
		"p50", "p90", "p99", "max");
	print_latency("connect", &stats->connect, to);
	print_latency("login", &stats->login, to);
	print_latency("query", &stats->query, to);
	print_latency("total, who succeeded", &stats->total, to);
	print_latency("launched late by", &stats->lateness, to);
	fprintf(to, "\n%-26s %8.1f ms (last success %.1f ms)\n", "makespan", ms(stats->makespan_ns),
		ms(stats->last_success_ns));
	fprintf(to, "%-26s %8.1f /s\n", "succeeded", stats->succeeded_per_s);
	fprintf(to, "%-26s %8u (connected %u, in flight %u)\n", "peak logged in",
		storm->tally.peak_logged_in, storm->tally.peak_connected,
		storm->tally.peak_in_flight);
	if (storm->options->histogram)
		sw_report_histograms(&result->histograms, to);
	if (storm->options->by_source)
		sw_report_by_source(storm, &result->by_source, to);
	print_generator(storm, stats, to);
}
