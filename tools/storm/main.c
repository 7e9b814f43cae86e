/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm: opens many PostgreSQL connections at once and measures what each client experiences.
 * Prepares everything that could fail before the first SYN, runs the storm, prints its result.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "arrivals.h"
#include "core/cleanup.h"
#include "loop.h"
#include "report.h"
#include "schedule.h"

enum { EXIT_RAN = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

/* Standard streams, epoll, signalfd, and what libraries may open. */
#define OTHER_FILES 16

/* As many open files as the system allows; an error when they are too few for the clients. */
static int raise_file_limit(const struct sw_options *options, struct sw_error *err)
{
	uint64_t at_once = options->clients;
	struct rlimit limit;

	if (options->max_in_flight && options->max_in_flight < at_once)
		at_once = options->max_in_flight;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return sw_error_set(err, -errno, "getrlimit: %s", strerror(errno));
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return sw_error_set(err, -errno, "setrlimit: %s", strerror(errno));
	if (at_once + OTHER_FILES <= limit.rlim_cur)
		return 0;
	return sw_error_set(err, -EMFILE,
			    "%u clients need %llu open files and the hard limit is %llu: raise it "
			    "(ulimit -Hn, LimitNOFILE=), or give --max-in-flight %llu",
			    options->clients, (unsigned long long)(at_once + OTHER_FILES),
			    (unsigned long long)limit.rlim_cur,
			    (unsigned long long)(limit.rlim_cur - OTHER_FILES));
}

static int build_messages(const struct sw_options *options, struct sw_messages *messages)
{
	int rc = sw_wire_ssl_request(&messages->ssl_request);

	if (!rc)
		rc = sw_wire_startup(options->user, options->database, &messages->startup);
	if (!rc)
		rc = sw_wire_query(options->query, &messages->query);
	if (!rc)
		rc = sw_wire_terminate(&messages->terminate);
	return rc;
}

static void storm_free(struct sw_storm **storm)
{
	if (!*storm)
		return;
	free((*storm)->messages.ssl_request.data);
	free((*storm)->messages.startup.data);
	free((*storm)->messages.query.data);
	free((*storm)->messages.terminate.data);
	free((*storm)->source_of);
	free((*storm)->records);
	free((*storm)->query_ns);
	sw_arrivals_free(*storm);
	free(*storm);
}

static int storm_new(const struct sw_options *options, struct sw_storm **out)
{
	SW_CLEANUP(storm_free) struct sw_storm *storm = calloc(1, sizeof(*storm));
	int rc;

	if (!storm)
		return -ENOMEM;
	storm->options = options;
	storm->connections = options->clients * (options->reconnect ? options->rounds : 1);
	storm->records = calloc(storm->connections, sizeof(*storm->records));
	/* Untouched memory costs nothing: as many as there may be. */
	storm->query_ns =
		calloc((size_t)options->clients * options->rounds, sizeof(*storm->query_ns));
	if (!storm->records || !storm->query_ns || sw_arrivals_init(storm))
		return -ENOMEM;
	rc = build_messages(options, &storm->messages);
	if (rc)
		return rc;
	*out = sw_steal_ptr(&storm);
	return 0;
}

static int spread_sources(struct sw_storm *storm, struct sw_error *err)
{
	const struct sw_options *options = storm->options;

	if (!options->sources.count)
		return 0;
	if (sw_spread_make(&options->spread, &options->sources, options->clients, options->seed,
			   &storm->source_of))
		return sw_error_set(err, -ENOMEM, "no memory for the source addresses");
	return sw_sources_check(&options->sources, storm->source_of, options->clients,
				&storm->sources_used, err);
}

static int run(const struct sw_options *options, struct sw_error *err)
{
	SW_CLEANUP(storm_free) struct sw_storm *storm = NULL;
	SW_FREE uint64_t *due_ns = NULL;
	SW_FCLOSE FILE *each = NULL;
	SW_CLEANUP(sw_result_free) struct sw_result result = {0};
	int rc = raise_file_limit(options, err);

	if (rc)
		return rc;
	if (storm_new(options, &storm) || sw_schedule_make(options, &due_ns))
		return sw_error_set(err, -ENOMEM, "no memory for %u clients of %u rounds",
				    options->clients, options->rounds);
	rc = spread_sources(storm, err);
	if (rc)
		return rc;
	if (options->each && !(each = fopen(options->each, "we")))
		return sw_error_set(err, -errno, "%s: %s", options->each, strerror(errno));
	rc = sw_loop_run(storm, due_ns, err);
	if (rc)
		return rc;
	if (sw_result_make(storm, &result))
		return sw_error_set(err, -ENOMEM, "no memory for the result");
	if (!options->json)
		sw_report_table(storm, &result, stdout);
	else
		rc = sw_report_json(storm, &result, stdout);
	if (each && !rc)
		rc = sw_report_each(storm, each);
	if (rc || fflush(stdout))
		return sw_error_set(err, -EIO, "writing the result failed");
	if (storm->interrupted)
		return EXIT_INTERRUPTED;
	return options->fail_if_any && storm->tally.failed ? EXIT_FAILED : EXIT_RAN;
}

int main(int argc, char **argv)
{
	struct sw_options options;
	struct sw_error err;
	int rc = sw_options_parse(argc, argv, &options, &err);

	if (rc) {
		fprintf(stderr, "storm: error: %s (see storm --help)\n", err.text);
		return EXIT_USAGE;
	}
	if (options.help) {
		sw_options_usage(stdout);
		return EXIT_RAN;
	}
	if (options.version) {
		puts("storm " SW_VERSION);
		return EXIT_RAN;
	}
	rc = run(&options, &err);
	if (rc < 0) {
		fprintf(stderr, "storm: error: %s\n", err.text);
		return EXIT_FAILED;
	}
	return rc;
}
