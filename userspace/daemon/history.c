/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See history.h: a ring of points for each service, and the point that is being made.
 */
#include "daemon/history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

#define STEP_NS (SW_HISTORY_STEP_S * SW_NS_PER_S)

struct line {
	char name[SW_CONFIG_NAME_MAX + 1];
	uint64_t last[SW_HISTORY_SERIES]; /* as they were added last */
	uint64_t last_ns;
	double rates[SW_HISTORY_SERIES]; /* if has_rates */
	bool has_rates;
	/* The point under way: highest gauges, sums of what came. */
	uint64_t began_ns;
	double peak[SW_HISTORY_GAUGES];
	double came[SW_HISTORY_SERIES];
	size_t count, next; /* of the ring */
	float points[SW_HISTORY_SERIES][SW_HISTORY_POINTS];
};

struct sw_history {
	struct line *lines[SW_SERVICES_MAX];
	uint64_t version;
};

struct sw_history *sw_history_new(void)
{
	return calloc(1, sizeof(struct sw_history));
}

void sw_history_free(struct sw_history *history)
{
	for (size_t i = 0; history && i < SW_SERVICES_MAX; i++)
		free(history->lines[i]);
	free(history);
}

static bool began_anew(const struct line *line, const uint64_t *values)
{
	for (int i = SW_HISTORY_GAUGES; i < SW_HISTORY_SERIES; i++) {
		if (values[i] < line->last[i])
			return true;
	}
	return false;
}

static void take_rates(struct line *line, const uint64_t *values, uint64_t now_ns)
{
	double seconds = (double)(now_ns - line->last_ns) / SW_NS_PER_S;

	line->has_rates = now_ns > line->last_ns && !began_anew(line, values);
	for (int i = SW_HISTORY_GAUGES; i < SW_HISTORY_SERIES && line->has_rates; i++) {
		double came = (double)(values[i] - line->last[i]);

		line->came[i] += came;
		line->rates[i] = came / seconds;
	}
}

static void take_gauges(struct line *line, const uint64_t *values)
{
	for (int i = 0; i < SW_HISTORY_GAUGES; i++) {
		if ((double)values[i] > line->peak[i])
			line->peak[i] = (double)values[i];
	}
}

/* Of gauges the next point begins with what is: one that stays high has no dip between two points. */
static void finish_point(struct line *line, const uint64_t *values, uint64_t now_ns)
{
	double seconds = (double)(now_ns - line->began_ns) / SW_NS_PER_S;

	for (int i = 0; i < SW_HISTORY_SERIES; i++)
		line->points[i][line->next] =
			(float)(i < SW_HISTORY_GAUGES ? line->peak[i] : line->came[i] / seconds);
	line->next = (line->next + 1) % SW_HISTORY_POINTS;
	if (line->count < SW_HISTORY_POINTS)
		line->count++;
	memset(line->came, 0, sizeof(line->came));
	for (int i = 0; i < SW_HISTORY_GAUGES; i++)
		line->peak[i] = (double)values[i];
	line->began_ns = now_ns;
}

/* The line of a service, begun anew where its id had another name. */
static struct line *line_of(struct sw_history *history, uint32_t id, const char *name,
			    uint64_t now_ns)
{
	struct line *line = history->lines[id];

	if (line && strcmp(line->name, name) == 0)
		return line;
	if (!line)
		line = malloc(sizeof(*line));
	if (!line)
		return NULL;
	memset(line, 0, sizeof(*line));
	snprintf(line->name, sizeof(line->name), "%s", name);
	line->began_ns = now_ns;
	history->lines[id] = line;
	return line;
}

int sw_history_add(struct sw_history *history, uint32_t id, const char *name,
		   const uint64_t values[SW_HISTORY_SERIES], uint64_t now_ns)
{
	struct line *line = id < SW_SERVICES_MAX ? line_of(history, id, name, now_ns) : NULL;

	if (!line)
		return -ENOMEM;
	if (line->last_ns)
		take_rates(line, values, now_ns);
	take_gauges(line, values);
	memcpy(line->last, values, sizeof(line->last));
	line->last_ns = now_ns;
	if (now_ns >= line->began_ns + STEP_NS) {
		finish_point(line, values, now_ns);
		history->version++;
	}
	return 0;
}

uint32_t sw_history_id(const struct sw_history *history, const char *name)
{
	uint32_t found = SW_SERVICES_MAX;

	for (uint32_t id = 0; id < SW_SERVICES_MAX; id++) {
		const struct line *line = history->lines[id];

		if (line && strcmp(line->name, name) == 0 &&
		    (found == SW_SERVICES_MAX || line->last_ns > history->lines[found]->last_ns))
			found = id;
	}
	return found;
}

bool sw_history_rate(const struct sw_history *history, uint32_t id, enum sw_history_series series,
		     double *out)
{
	const struct line *line = id < SW_SERVICES_MAX ? history->lines[id] : NULL;

	if (!line || !line->has_rates)
		return false;
	*out = line->rates[series];
	return true;
}

size_t sw_history_points(const struct sw_history *history, uint32_t id,
			 enum sw_history_series series, float out[SW_HISTORY_POINTS])
{
	const struct line *line = id < SW_SERVICES_MAX ? history->lines[id] : NULL;
	size_t first;

	if (!line)
		return 0;
	first = (line->next + SW_HISTORY_POINTS - line->count) % SW_HISTORY_POINTS;
	for (size_t i = 0; i < line->count; i++)
		out[i] = line->points[series][(first + i) % SW_HISTORY_POINTS];
	return line->count;
}

uint64_t sw_history_version(const struct sw_history *history)
{
	return history->version;
}
