/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The result as one JSON document (declared in report.h). Times are in milliseconds, null where no
 * client came so far.
 */
#include "report.h"

#include <errno.h>
#include <string.h>

#include "core/clock.h"
#include "report_json.h"

json_t *sw_json_ms(uint64_t ns)
{
	return json_real((double)ns / (double)SW_NS_PER_MS);
}

json_t *sw_json_latency(const struct sw_latency *from)
{
	json_t *object = json_object();

	json_object_set_new(object, "count", json_integer(from->count));
	json_object_set_new(object, "p50", from->count ? sw_json_ms(from->p50_ns) : json_null());
	json_object_set_new(object, "p90", from->count ? sw_json_ms(from->p90_ns) : json_null());
	json_object_set_new(object, "p99", from->count ? sw_json_ms(from->p99_ns) : json_null());
	json_object_set_new(object, "max", from->count ? sw_json_ms(from->max_ns) : json_null());
	return object;
}

/* A server may speak another encoding, and a sample may be cut inside a character. */
static json_t *text(const char *value)
{
	json_t *string = json_string(value);
	char ascii[sizeof(((struct sw_failure *)0)->sample)];

	if (string)
		return string;
	snprintf(ascii, sizeof(ascii), "%s", value);
	for (char *at = ascii; *at; at++) {
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	}
	return json_string(ascii);
}

static double per_second(const struct sw_rate *rate)
{
	return (double)rate->count * (double)SW_NS_PER_S / (double)rate->per_ns;
}

static json_t *storm_object(const struct sw_options *options)
{
	const struct sw_rate *rate = &options->connect_rate;
	json_t *object = json_object();
	char target[SW_ENDPOINT_TEXT] = "", spread[SW_SPREAD_TEXT];

	sw_endpoint_format(&options->target, target, sizeof(target));
	json_object_set_new(object, "version", json_string(SW_VERSION));
	json_object_set_new(object, "target", json_string(target));
	json_object_set_new(object, "sources", json_integer(options->sources.count));
	sw_spread_format(&options->spread, spread, sizeof(spread));
	json_object_set_new(object, "source_distribution", json_string(spread));
	json_object_set_new(object, "within_ms", sw_json_ms(options->within_ns));
	json_object_set_new(object, "connect_rate_per_s",
			    rate->count ? json_real(per_second(rate)) : json_null());
	json_object_set_new(object, "arrivals",
			    json_string(options->even ? "even"
					: rate->count ? "poisson"
						      : "uniform"));
	json_object_set_new(object, "latency_from", json_string(rate->count ? "due" : "syn"));
	json_object_set_new(object, "seed", json_integer(options->seed));
	json_object_set_new(object, "user", text(options->user));
	json_object_set_new(object, "database", text(options->database));
	json_object_set_new(object, "query",
			    options->no_query ? json_null() : text(options->query));
	json_object_set_new(object, "rounds", json_integer(options->rounds));
	json_object_set_new(object, "think_ms", sw_json_ms(options->think_ns));
	json_object_set_new(object, "reconnect", json_boolean(options->reconnect));
	json_object_set_new(object, "hold_ms", sw_json_ms(options->hold_ns));
	json_object_set_new(object, "timeout_ms", sw_json_ms(options->timeout_ns));
	json_object_set_new(object, "tls_request", json_boolean(options->tls_request));
	json_object_set_new(object, "max_in_flight", json_integer(options->max_in_flight));
	return object;
}

static json_t *failures_object(const struct sw_failures *failures)
{
	json_t *object = json_object();

	for (size_t i = 0; i < failures->count; i++) {
		const struct sw_failure *row = &failures->rows[i];
		json_t *entry = json_object();

		json_object_set_new(entry, "count", json_integer(row->count));
		json_object_set_new(entry, "sample", text(row->sample));
		json_object_set_new(object, row->cause, entry);
	}
	return object;
}

static json_t *generator_object(const struct sw_storm *storm, const struct sw_stats *stats)
{
	json_t *object = json_object();

	json_object_set_new(object, "lateness_ms", sw_json_latency(&stats->lateness));
	json_object_set_new(object, "deferred", json_integer(storm->tally.deferred));
	json_object_set_new(object, "cpu_ms", sw_json_ms(storm->cpu_ns));
	json_object_set_new(object, "cpu_share", json_real(stats->cpu_share));
	json_object_set_new(object, "longest_pass_ms", sw_json_ms(storm->longest_pass_ns));
	json_object_set_new(object, "key_derivations", json_integer(storm->scram_keys.derivations));
	return object;
}

static void set_counts(json_t *root, const struct sw_storm *storm, const struct sw_stats *stats)
{
	const struct sw_tally *tally = &storm->tally;

	json_object_set_new(root, "clients", json_integer(storm->options->clients));
	json_object_set_new(root, "connections", json_integer(storm->connections));
	json_object_set_new(root, "launched", json_integer(tally->launched));
	json_object_set_new(root, "succeeded", json_integer(tally->succeeded));
	json_object_set_new(root, "failed", json_integer(tally->failed));
	json_object_set_new(root, "unfinished", json_integer(stats->unfinished));
	json_object_set_new(root, "not_started", json_integer(stats->not_started));
	json_object_set_new(root, "interrupted", json_boolean(storm->interrupted));
	json_object_set_new(root, "peak_in_flight", json_integer(tally->peak_in_flight));
	json_object_set_new(root, "peak_connected", json_integer(tally->peak_connected));
	json_object_set_new(root, "peak_logged_in", json_integer(tally->peak_logged_in));
}

int sw_report_json(const struct sw_storm *storm, const struct sw_result *result, FILE *to)
{
	const struct sw_stats *stats = &result->stats;
	const struct sw_options *options = storm->options;
	json_t *root = json_object();
	int rc;

	set_counts(root, storm, stats);
	json_object_set_new(root, "failures", failures_object(&storm->failures));
	json_object_set_new(root, "connect_ms", sw_json_latency(&stats->connect));
	json_object_set_new(root, "login_ms", sw_json_latency(&stats->login));
	json_object_set_new(root, "total_ms", sw_json_latency(&stats->total));
	json_object_set_new(root, "query_ms", sw_json_latency(&stats->query));
	json_object_set_new(root, "makespan_ms", sw_json_ms(stats->makespan_ns));
	json_object_set_new(root, "last_success_ms", sw_json_ms(stats->last_success_ns));
	json_object_set_new(root, "launching_ms", sw_json_ms(stats->launching_ns));
	json_object_set_new(root, "succeeded_per_s", json_real(stats->succeeded_per_s));
	if (options->histogram)
		json_object_set_new(root, "histogram", sw_json_histograms(&result->histograms));
	if (options->by_source) {
		json_object_set_new(root, "by_source",
				    sw_json_by_source(storm, &result->by_source));
		json_object_set_new(root, "fairness",
				    sw_json_fairness(&result->by_source.fairness));
	}
	json_object_set_new(root, "generator", generator_object(storm, stats));
	json_object_set_new(root, "storm", storm_object(options));
	/* Ten digits: below a nanosecond for anything shorter than a day is noise. */
	rc = json_dumpf(root, to, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
	json_decref(root);
	return rc || fputc('\n', to) == EOF ? -EIO : 0;
}
