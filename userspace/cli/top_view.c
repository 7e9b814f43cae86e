/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See top_view.h: which rows are shown, in which order, and which one is selected.
 */
#include "cli/top_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const sw_top_sort_names[SW_TOP_SORTS] = {
	[SW_TOP_BY_LIVE] = "live",
	[SW_TOP_BY_RATE] = "rate",
	[SW_TOP_BY_REFUSED] = "refused",
	[SW_TOP_BY_WAITING] = "waiting",
};

bool sw_top_shows(const struct sw_top_view *view, const char *service)
{
	return !view->service[0] || strcmp(view->service, service) == 0;
}

static bool is_shown(const struct sw_top_view *view, const struct sw_top_source *source)
{
	return sw_top_shows(view, source->service) &&
	       (strstr(source->source, view->filter) || strstr(source->class, view->filter));
}

static double value_of(const struct sw_top_source *source, enum sw_top_sort sort)
{
	switch (sort) {
	case SW_TOP_BY_RATE:
		return source->rate;
	case SW_TOP_BY_REFUSED:
		return (double)source->refused;
	case SW_TOP_BY_WAITING:
		return (double)source->waiting;
	default:
		return (double)source->live;
	}
}

/* The most first; what is equal in the daemon's order, which is that of addresses. */
static int compare(const void *left, const void *right, void *arg)
{
	const struct sw_top_source *a = *(const struct sw_top_source *const *)left;
	const struct sw_top_source *b = *(const struct sw_top_source *const *)right;
	const enum sw_top_sort *sort = arg;
	double of_a = value_of(a, *sort), of_b = value_of(b, *sort);

	if (of_a != of_b)
		return of_a > of_b ? -1 : 1;
	return a < b ? -1 : a > b;
}

const struct sw_top_source **sw_top_rows(const struct sw_top_view *view,
					 const struct sw_top_data *data, size_t *count)
{
	const struct sw_top_source **rows = calloc(data->source_count + 1, sizeof(void *));
	enum sw_top_sort sort = view->sort;

	*count = 0;
	for (size_t i = 0; rows && i < data->source_count; i++) {
		if (is_shown(view, &data->sources[i]))
			rows[(*count)++] = &data->sources[i];
	}
	if (*count)
		qsort_r(rows, *count, sizeof(void *), compare, &sort);
	return rows;
}

size_t sw_top_select(struct sw_top_view *view, const struct sw_top_source *const *rows,
		     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i]->source, view->source) == 0 &&
		    strcmp(rows[i]->service, view->of_service) == 0) {
			view->row = i;
			return i;
		}
	}
	if (count && view->row >= count)
		view->row = count - 1;
	memcpy(view->source, count ? rows[view->row]->source : "", count ? SW_TOP_TEXT : 1);
	memcpy(view->of_service, count ? rows[view->row]->service : "", count ? SW_TOP_TEXT : 1);
	return view->row;
}

const struct sw_top_service *sw_top_subject(const struct sw_top_view *view,
					    const struct sw_top_data *data)
{
	for (size_t i = 0; i < data->service_count; i++) {
		if ((view->service[0] || data->service_count == 1) &&
		    sw_top_shows(view, data->services[i].name))
			return &data->services[i];
	}
	return NULL;
}

void sw_top_question(const struct sw_top_view *view, char *out, size_t size)
{
	const char *service = view->target_service;

	if (view->change == SW_TOP_DENY)
		snprintf(out, size, "Deny %s on %s for 10 minutes? y/N", view->target, service);
	else if (view->change == SW_TOP_PAUSE)
		snprintf(out, size, "Pause %s: new connections wait? y/N", service);
	else
		snprintf(out, size, "Resume %s? y/N", service);
}
