/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The result of a storm on stdout, for a person or for a program. Called by main.c at the end.
 */
#ifndef STORM_REPORT_H
#define STORM_REPORT_H

#include <stdio.h>

#include "stats.h"

void sw_report_table(const struct sw_storm *storm, const struct sw_stats *stats, FILE *to);

/* One document; its keys are stable. 0 or -errno. */
int sw_report_json(const struct sw_storm *storm, const struct sw_stats *stats, FILE *to);

/*
 * For each client that was started a line: when it began and ended, in seconds since 1970, and its outcome.
 * 0 or -errno.
 */
int sw_report_each(const struct sw_storm *storm, FILE *to);

#endif
