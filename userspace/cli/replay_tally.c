/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of counts from connections: sorted by service and name, then counted run by run.
 */
#include "cli/replay_tally.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/addr.h"
#include "spillway/address.h"
#include "spillway/chain.h"

struct named {
	const struct sw_replay_connection *connection;
	char name[sizeof(((struct sw_replay_row *)0)->name)];
};

static int compare_named(const void *left, const void *right)
{
	const struct named *a = left, *b = right;
	int services = strcmp(a->connection->service, b->connection->service);

	return services ? services : strcmp(a->name, b->name);
}

static int compare_times(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* The client's address cut to what makes a source of it. */
static void name_source(const struct sw_replay_connection *connection,
			const struct sw_config *config, char *buf, size_t size)
{
	const struct sw_config_service *service =
		sw_config_find_service(config, connection->service);
	bool is_ipv4 = sw_address_is_ipv4(&connection->flow.client);
	struct sw_prefix prefix;

	prefix.len = (uint8_t)(!service	 ? 128
			       : is_ipv4 ? SW_IPV4_BITS_BEFORE + service->source_prefix.ipv4
					 : service->source_prefix.ipv6);
	memcpy(prefix.addr.bytes, connection->flow.client.bytes, sizeof(prefix.addr.bytes));
	prefix.addr = sw_addr_mask(&prefix.addr, prefix.len);
	if (prefix.len == 128)
		sw_addr_format(&prefix.addr, buf, size);
	else
		sw_prefix_format(&prefix, buf, size);
}

static void count_waits(uint64_t *times, size_t count, struct sw_replay_counts *out)
{
	if (!count)
		return;
	qsort(times, count, sizeof(*times), compare_times);
	out->waited = count;
	out->median_ns = times[count / 2];
	out->p95_ns = times[count * 95 / 100];
	out->most_ns = times[count - 1];
}

static void count_run(const struct named *run, size_t count, uint64_t *times,
		      struct sw_replay_row *row)
{
	size_t waited = 0;

	snprintf(row->service, sizeof(row->service), "%s", run->connection->service);
	snprintf(row->name, sizeof(row->name), "%s", run->name);
	row->came = count;
	for (size_t i = 0; i < count; i++) {
		row->was.lane[run[i].connection->was.lane]++;
		row->is.lane[run[i].connection->is.lane]++;
		if (run[i].connection->was.waited)
			times[waited++] = run[i].connection->was.waited_ns;
	}
	count_waits(times, waited, &row->was);
	waited = 0;
	for (size_t i = 0; i < count; i++)
		if (run[i].connection->is.waited)
			times[waited++] = run[i].connection->is.waited_ns;
	count_waits(times, waited, &row->is);
}

static size_t count_rows(const struct named *named, size_t count, uint64_t *times,
			 struct sw_replay_row *rows)
{
	size_t row = 0;

	for (size_t from = 0, to; from < count; from = to) {
		for (to = from + 1; to < count && !compare_named(&named[from], &named[to]); to++)
			;
		count_run(named + from, to - from, times, &rows[row++]);
	}
	return row;
}

static uint64_t difference(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static uint64_t changes(const struct sw_replay_row *row)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < SW_LANE_COUNT; i++)
		sum += difference(row->was.lane[i], row->is.lane[i]);
	return sum;
}

static int busiest_first(const void *left, const void *right)
{
	const struct sw_replay_row *a = left, *b = right;
	int services = strcmp(a->service, b->service);

	return services		    ? services
	       : a->came != b->came ? (a->came < b->came ? 1 : -1)
				    : strcmp(a->name, b->name);
}

static int most_changed_first(const void *left, const void *right)
{
	const struct sw_replay_row *a = left, *b = right;

	return changes(a) != changes(b) ? (changes(a) < changes(b) ? 1 : -1)
					: busiest_first(left, right);
}

int sw_replay_tally_make(const struct sw_replay *replay, const struct sw_config *config,
			 enum sw_replay_by by, struct sw_replay_tally *out)
{
	struct named *named = calloc(replay->count + 1, sizeof(*named));
	struct sw_replay_row *rows = calloc(replay->count + 1, sizeof(*rows));
	uint64_t *times = calloc(replay->count + 1, sizeof(*times));
	bool failed = !named || !rows || !times;
	size_t count = 0;

	for (size_t i = 0; !failed && i < replay->count; i++) {
		const struct sw_replay_connection *connection = &replay->connections[i];

		if (connection->is_inside)
			continue;
		named[count].connection = connection;
		if (by == SW_REPLAY_BY_CLASS)
			snprintf(named[count].name, sizeof(named[count].name), "%s",
				 connection->class);
		else
			name_source(connection, config, named[count].name,
				    sizeof(named[count].name));
		count++;
	}
	if (!failed) {
		qsort(named, count, sizeof(*named), compare_named);
		*out = (struct sw_replay_tally){rows, count_rows(named, count, times, rows)};
		qsort(rows, out->count, sizeof(*rows),
		      by == SW_REPLAY_BY_CLASS ? busiest_first : most_changed_first);
		rows = NULL;
	}
	free(named);
	free(rows);
	free(times);
	return failed ? -ENOMEM : 0;
}

void sw_replay_tally_drop(struct sw_replay_tally *tally)
{
	free(tally->rows);
	*tally = (struct sw_replay_tally){0};
}

/* When connections ended as recorded, in order. */
static uint64_t *ends_of(const struct sw_replay *replay, size_t *count)
{
	uint64_t *ends = calloc(replay->count + 1, sizeof(*ends));

	*count = 0;
	for (size_t i = 0; ends && i < replay->count; i++) {
		const struct sw_replay_connection *connection = &replay->connections[i];

		if (sw_lane_admits(connection->was.lane) && !connection->is_assumed &&
		    connection->held_ns != SW_REPLAY_UNKNOWN)
			ends[(*count)++] =
				connection->at_ns + connection->was.waited_ns + connection->held_ns;
	}
	if (*count)
		qsort(ends, *count, sizeof(*ends), compare_times);
	return ends;
}

static bool is_close(const uint64_t *ends, size_t count, uint64_t at_ns)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ends[middle] + SW_REPLAY_CLOSE_NS < at_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && ends[low] < at_ns + SW_REPLAY_CLOSE_NS;
}

struct sw_replay_agreement sw_replay_compare(const struct sw_replay *replay)
{
	struct sw_replay_agreement out = {.first_unexplained_ns = SW_REPLAY_UNKNOWN};
	uint64_t was[SW_LANE_COUNT] = {0}, is[SW_LANE_COUNT] = {0};
	size_t count;
	uint64_t *ends = ends_of(replay, &count);

	for (size_t i = 0; i < replay->count; i++) {
		const struct sw_replay_connection *connection = &replay->connections[i];
		bool same = connection->was.lane == connection->is.lane, close;

		if (connection->is_inside)
			continue;
		close = !ends || is_close(ends, count, connection->at_ns);
		if (!same && !close && out.same == out.decided)
			out.first_unexplained_ns = connection->at_ns;
		out.decided++;
		out.same += same;
		out.close += close;
		was[connection->was.lane]++;
		is[connection->is.lane]++;
	}
	for (size_t i = 0; i < SW_LANE_COUNT; i++)
		if (difference(was[i], is[i]) > out.apart)
			out.apart = difference(was[i], is[i]);
	free(ends);
	return out;
}
