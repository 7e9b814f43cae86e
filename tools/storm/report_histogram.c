/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Histograms as bars and as JSON (declared in report.h and report_json.h).
 */
#include "report.h"

#include <string.h>

#include "core/clock.h"
#include "report_json.h"

#define BAR "##################################################"

static double ms(uint64_t ns)
{
	return (double)ns / (double)SW_NS_PER_MS;
}

static uint64_t bound_below(unsigned int bucket)
{
	return bucket ? sw_histogram_bound(bucket - 1) : 0;
}

static uint32_t largest(const struct sw_histogram *histogram)
{
	uint32_t most = 0;

	for (unsigned int i = 0; i < SW_HISTOGRAM_BUCKETS; i++) {
		if (histogram->counts[i] > most)
			most = histogram->counts[i];
	}
	return most;
}

/* Whoever is there at all is seen. */
static int bar_length(uint32_t count, uint32_t most)
{
	int length = (int)((uint64_t)count * (sizeof(BAR) - 1) / most);

	return count && !length ? 1 : length;
}

static void print_one(const char *name, const struct sw_histogram *histogram, FILE *to)
{
	uint32_t most = largest(histogram);
	unsigned int first, last;

	if (!sw_histogram_range(histogram, &first, &last))
		return;
	fprintf(to, "\n%s, ms%*s count\n", name, (int)(22 - strlen(name)), "");
	for (unsigned int i = first; i <= last; i++) {
		char above[16] = "above", bound[16] = "";

		if (sw_histogram_bound(i) != UINT64_MAX) {
			snprintf(above, sizeof(above), "to");
			snprintf(bound, sizeof(bound), "%.6g", ms(sw_histogram_bound(i)));
		}
		fprintf(to, "%10.6g %-5s %8s %8u  %.*s\n", ms(bound_below(i)), above, bound,
			histogram->counts[i], bar_length(histogram->counts[i], most), BAR);
	}
}

void sw_report_histograms(const struct sw_histograms *histograms, FILE *to)
{
	print_one("connect", &histograms->connect, to);
	print_one("login", &histograms->login, to);
	print_one("query", &histograms->query, to);
}

static json_t *buckets(const struct sw_histogram *histogram)
{
	json_t *array = json_array();
	unsigned int first, last;

	if (!sw_histogram_range(histogram, &first, &last))
		return array;
	for (unsigned int i = first; i <= last; i++) {
		uint64_t bound_ns = sw_histogram_bound(i);
		json_t *bucket = json_object();

		json_object_set_new(bucket, "above", sw_json_ms(bound_below(i)));
		json_object_set_new(bucket, "to",
				    bound_ns == UINT64_MAX ? json_null() : sw_json_ms(bound_ns));
		json_object_set_new(bucket, "count", json_integer(histogram->counts[i]));
		json_array_append_new(array, bucket);
	}
	return array;
}

json_t *sw_json_histograms(const struct sw_histograms *histograms)
{
	json_t *object = json_object();

	json_object_set_new(object, "connect_ms", buckets(&histograms->connect));
	json_object_set_new(object, "login_ms", buckets(&histograms->login));
	json_object_set_new(object, "query_ms", buckets(&histograms->query));
	return object;
}
