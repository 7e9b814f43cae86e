/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What no single option can know. See options_check.h.
 */
#include "options_check.h"

#include <errno.h>

#include "core/clock.h"

/* Arrivals are to end while times fit into 64 bits. */
#define LONGEST_NS (10.0 * 365 * 86400 * SW_NS_PER_S)

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

static int check_spread(const struct sw_options *options, struct sw_error *err)
{
	uint32_t count = options->sources.count;

	if (options->spread.kind != SW_SPREAD_UNIFORM && !count)
		return sw_error_set(err, -EINVAL,
				    "--source-distribution is over addresses: give --sources, or "
				    "--source-base and --source-count");
	if (options->by_source && !count)
		return sw_error_set(err, -EINVAL,
				    "--by-source needs sources to tell apart: give --sources, or "
				    "--source-base and --source-count");
	if (options->spread.kind == SW_SPREAD_HOG && count == 1)
		return sw_error_set(
			err, -EINVAL,
			"--source-distribution hog: needs somebody beside the hog; give "
			"two addresses or more");
	if (options->spread.kind == SW_SPREAD_ZIPF && count > SW_SPREAD_ZIPF_SOURCES)
		return sw_error_set(err, -ERANGE,
				    "--source-distribution zipf: over up to %u addresses, not %u",
				    SW_SPREAD_ZIPF_SOURCES, count);
	return 0;
}

static int check_load(const struct sw_options *options, struct sw_error *err)
{
	if (options->connect_rate.count && options->within_ns)
		return sw_error_set(err, -EINVAL,
				    "--connect-rate and --within both say when clients arrive: "
				    "choose one");
	if (options->connect_rate.count && (double)options->clients *
							   (double)options->connect_rate.per_ns /
							   (double)options->connect_rate.count >
						   LONGEST_NS)
		return sw_error_set(err, -ERANGE,
				    "--connect-rate: %u clients would take more than ten years to "
				    "arrive; give fewer, or a higher rate",
				    options->clients);
	return 0;
}

static int check_rounds(const struct sw_options *options, struct sw_error *err)
{
	if (options->rounds == 0)
		return sw_error_set(err, -ERANGE, "--rounds: at least 1");
	if (options->rounds == 1 && (options->think_ns || options->reconnect))
		return sw_error_set(err, -EINVAL,
				    "--%s is about what is between rounds: give --rounds 2 or more",
				    options->think_ns ? "think" : "reconnect");
	if (options->rounds > 1 && options->no_query && !options->reconnect)
		return sw_error_set(err, -EINVAL,
				    "--rounds repeats the query, which --no-query leaves out: "
				    "choose one, or log in each time with --reconnect");
	if ((uint64_t)options->clients * options->rounds > UINT32_MAX)
		return sw_error_set(err, -ERANGE,
				    "--clients times --rounds: more than %u, for which nobody has "
				    "the memory; give fewer of either",
				    UINT32_MAX);
	return 0;
}

int sw_options_check(struct sw_options *options, struct sw_error *err)
{
	int rc;

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
	rc = check_load(options, err);
	if (!rc)
		rc = check_rounds(options, err);
	if (rc)
		return rc;
	if (!options->query)
		options->query = "SELECT 1";
	if (!options->database)
		options->database = options->user;
	rc = combine_sources(options, err);
	return rc ? rc : check_spread(options, err);
}
