/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The result of a storm on stdout, for a person or for a program. Called by main.c at the end.
 */
#ifndef STORM_REPORT_H
#define STORM_REPORT_H

#include <stdio.h>

#include "result.h"

void sw_report_table(const struct sw_storm *storm, const struct sw_result *result, FILE *to);

/* Parts of the table: --histogram, --by-source. */
void sw_report_histograms(const struct sw_histograms *histograms, FILE *to);
void sw_report_by_source(const struct sw_storm *storm, const struct sw_by_source *by_source,
			 FILE *to);

/* One document; its keys are stable. 0 or -errno. */
int sw_report_json(const struct sw_storm *storm, const struct sw_result *result, FILE *to);

/*
 * For each connection that was begun a line: when that was and when it ended, in seconds since 1970, and its
 * outcome.
 * 0 or -errno.
 */
int sw_report_each(const struct sw_storm *storm, FILE *to);

#endif
