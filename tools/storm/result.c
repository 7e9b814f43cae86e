/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Computes what was asked for. See result.h.
 */
#include "result.h"

#include <stdlib.h>

int sw_result_make(const struct sw_storm *storm, struct sw_result *out)
{
	struct sw_result result = {0};
	int rc = sw_stats_compute(storm, &result.stats);

	if (!rc && storm->options->by_source)
		rc = sw_by_source_compute(storm, &result.by_source);
	if (rc)
		return rc;
	if (storm->options->histogram)
		sw_histograms_fill(storm, &result.histograms);
	*out = result;
	return 0;
}

void sw_result_free(struct sw_result *result)
{
	free(result->by_source.parts);
	result->by_source.parts = NULL;
}
