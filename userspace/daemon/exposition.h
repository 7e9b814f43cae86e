/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes Prometheus' text exposition format 0.0.4 onto an evbuffer: families, samples, histograms.
 * Used by the daemon's metrics page.
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
#ifndef SW_DAEMON_EXPOSITION_H
#define SW_DAEMON_EXPOSITION_H

#include <stddef.h>
#include <stdint.h>
#include <event2/buffer.h>

enum sw_metric_type { SW_METRIC_COUNTER, SW_METRIC_GAUGE, SW_METRIC_HISTOGRAM };

struct sw_label {
	const char *name;
	const char *value; /* UTF-8; escaped when written. NULL is "" */
};

struct sw_exposition;

/* NULL when out of memory. out must outlive the writer. */
struct sw_exposition *sw_exposition_begin(struct evbuffer *out);

/*
 * Opens a family; the samples that follow are its. A family is written once: a second one of the same name, a name
 * outside Prometheus' alphabet, a counter not ending in _total, or samples of the wrong kind are left out, the page
 * stays valid, and sw_exposition_end() says so. No sample at all is fine.
 */
void sw_exposition_family(struct sw_exposition *page, const char *name, enum sw_metric_type type,
			  const char *help);

void sw_exposition_count(struct sw_exposition *page, const struct sw_label *labels, size_t n,
			 uint64_t value);
void sw_exposition_value(struct sw_exposition *page, const struct sw_label *labels, size_t n,
			 double value);

/* counts has bound_count + 1 entries, each of its own bucket only (the last: above all bounds); bounds ascend. */
struct sw_histogram {
	const double *bounds;
	const uint64_t *counts;
	size_t bound_count;
	double sum;
};
void sw_exposition_histogram(struct sw_exposition *page, const struct sw_label *labels, size_t n,
			     const struct sw_histogram *histogram);

/* Frees the writer. 0 or the first error: -EEXIST a family twice, -EINVAL a bad name or sample, -ENOMEM. */
int sw_exposition_end(struct sw_exposition *page);

#endif
