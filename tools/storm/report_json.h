/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of the JSON document that have files of their own, and what they are made of. Between the
 * report_*.c files.
 */
#ifndef STORM_REPORT_JSON_H
#define STORM_REPORT_JSON_H

#include <jansson.h>

#include "result.h"

json_t *sw_json_ms(uint64_t ns);
json_t *sw_json_latency(const struct sw_latency *from);

/* report_histogram.c: {"connect_ms": [bucket...], "login_ms": [...], "query_ms": [...]} */
json_t *sw_json_histograms(const struct sw_histograms *histograms);

/* report_by_source.c: one object a source, and the three indices. */
json_t *sw_json_by_source(const struct sw_storm *storm, const struct sw_by_source *by_source);
json_t *sw_json_fairness(const struct sw_fairness *fairness);

#endif
