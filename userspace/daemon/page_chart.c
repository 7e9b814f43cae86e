/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See page_chart.h.
 */
#include "daemon/page_chart.h"

#include <math.h>
#include <stdbool.h>

#include "daemon/html.h"

/* Of the view box; the page stretches it. */
#define WIDTH  (SW_HISTORY_POINTS - 1)
#define HEIGHT 40

static float sum_at(const struct sw_chart *chart, size_t bands, size_t i)
{
	float sum = 0;

	for (size_t k = 0; k < bands; k++)
		sum += chart->bands[k][i];
	return sum;
}

static size_t bands_of(const struct sw_chart *chart)
{
	size_t count = 0;

	while (count < SW_CHART_BANDS && chart->classes[count])
		count++;
	return count;
}

static float highest_of(const struct sw_chart *chart)
{
	float highest = 0;

	for (size_t i = 0; i < chart->count; i++) {
		highest = fmaxf(highest, sum_at(chart, bands_of(chart), i));
		if (chart->line_class)
			highest = fmaxf(highest, chart->line[i]);
	}
	return highest;
}

/* From the bottom up; a tenth of the height stays free. */
static float height_of(float value, float highest)
{
	return highest > 0 ? HEIGHT - value / highest * (HEIGHT * 0.9F) : HEIGHT;
}

static void add_point(struct evbuffer *out, const struct sw_chart *chart, size_t i, float y)
{
	evbuffer_add_printf(out, "%zu,%.4g ", SW_HISTORY_POINTS - chart->count + i, y);
}

/* Points between two equals are left out: most of the time most charts are flat. */
static bool is_straight(const struct sw_chart *chart, size_t bands, size_t i)
{
	float here = sum_at(chart, bands, i);

	return i > 0 && i + 1 < chart->count && sum_at(chart, bands, i - 1) == here &&
	       sum_at(chart, bands, i + 1) == here;
}

/* The band's upper edge from left to right, then its lower one back. */
static void draw_band(struct evbuffer *out, const struct sw_chart *chart, size_t band,
		      float highest)
{
	evbuffer_add_printf(out, "<polygon class=\"%s\" points=\"", chart->classes[band]);
	for (size_t i = 0; i < chart->count; i++) {
		if (!is_straight(chart, band + 1, i))
			add_point(out, chart, i, height_of(sum_at(chart, band + 1, i), highest));
	}
	for (size_t i = chart->count; i-- > 0;) {
		if (!is_straight(chart, band, i))
			add_point(out, chart, i, height_of(sum_at(chart, band, i), highest));
	}
	sw_html(out, "\"/>");
}

static void draw_line(struct evbuffer *out, const struct sw_chart *chart, float highest)
{
	evbuffer_add_printf(out, "<polyline class=\"%s\" points=\"", chart->line_class);
	for (size_t i = 0; i < chart->count; i++)
		if (i == 0 || i + 1 == chart->count || chart->line[i] != chart->line[i - 1] ||
		    chart->line[i] != chart->line[i + 1])
			add_point(out, chart, i, height_of(chart->line[i], highest));
	sw_html(out, "\"/>");
}

void sw_chart_draw(struct evbuffer *out, const struct sw_chart *chart)
{
	float highest = highest_of(chart);
	size_t bands = bands_of(chart);

	evbuffer_add_printf(out, "<figure><figcaption><b>%s</b><span>", chart->title);
	sw_html_number(out, highest);
	evbuffer_add_printf(out, " %s at most</span></figcaption>", chart->unit);
	evbuffer_add_printf(out,
			    "<svg class=\"chart\" role=\"img\" viewBox=\"0 0 %d %d\" "
			    "preserveAspectRatio=\"none\" aria-label=\"%s, ten minutes: at most ",
			    WIDTH, HEIGHT, chart->title);
	sw_html_number(out, highest);
	evbuffer_add_printf(out, " %s\">", chart->unit);
	for (size_t band = 0; chart->count > 1 && band < bands; band++)
		draw_band(out, chart, band, highest);
	if (chart->count > 1 && chart->line_class)
		draw_line(out, chart, highest);
	sw_html(out,
		"</svg><div class=\"axis\"><span>10 min ago</span><span>now</span></div></figure>");
}
