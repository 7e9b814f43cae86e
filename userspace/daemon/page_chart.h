/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small chart of ten minutes in SVG: areas on top of each other, and perhaps a line. Colours come from the page's style
 * sheet by class. Used by page_service.c.
 */
#ifndef SW_DAEMON_PAGE_CHART_H
#define SW_DAEMON_PAGE_CHART_H

#include <stddef.h>
#include <event2/buffer.h>

#include "daemon/history.h"

#define SW_CHART_BANDS 4

struct sw_chart {
	const char *title; /* markup-free words of ours, as the next ones */
	const char *unit;
	const char *classes[SW_CHART_BANDS]; /* NULL-ended unless full */
	float bands[SW_CHART_BANDS][SW_HISTORY_POINTS];
	const char *line_class; /* NULL: no line */
	float line[SW_HISTORY_POINTS];
	size_t count; /* points; the newest stands at the right edge */
};

/* A <figure> with caption, the highest value, and the time axis in words. */
void sw_chart_draw(struct evbuffer *out, const struct sw_chart *chart);

#endif
