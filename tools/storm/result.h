/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All that is found out about a finished storm, as far as it was asked for. Made by main.c for the
 * reports.
 */
#ifndef STORM_RESULT_H
#define STORM_RESULT_H

#include "by_source.h"
#include "histogram.h"
#include "stats.h"

struct sw_result {
	struct sw_stats stats;
	struct sw_histograms histograms; /* empty without --histogram */
	struct sw_by_source by_source;	 /* empty without --by-source */
};

/* 0 or -ENOMEM; sw_result_free() frees it, also when it is all zeros. */
int sw_result_make(const struct sw_storm *storm, struct sw_result *out);
void sw_result_free(struct sw_result *result);

#endif
