/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a recording cannot know: how long somebody who did not get in would have stayed. The median of those who did:
 * of the same service and class, or, where nobody of it left, of all.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "policy/replay.h"

/* On the way to a host next door; where no handshake was seen. */
#define HANDSHAKE_NS SW_NS_PER_MS

struct kind {
	char service[SW_CONFIG_NAME_MAX + 1];
	char class[SW_CONFIG_NAME_MAX + 1];
};

static int by_value(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static bool is_of(const struct sw_replay_connection *connection, const struct kind *kind)
{
	return !kind || (!strcmp(connection->service, kind->service) &&
			 !strcmp(connection->class, kind->class));
}

/* Of what each connection of the kind (NULL: any) has at `offset`; SW_REPLAY_UNKNOWN: none has it. */
static uint64_t median(const struct sw_replay *replay, const struct kind *kind, size_t offset,
		       uint64_t *values, size_t *known)
{
	size_t count = 0;

	for (size_t i = 0; i < replay->count; i++) {
		const struct sw_replay_connection *connection = &replay->connections[i];
		const uint64_t *value = (const void *)((const char *)connection + offset);

		if (*value != SW_REPLAY_UNKNOWN && !connection->is_silent &&
		    !connection->is_assumed && is_of(connection, kind))
			values[count++] = *value;
	}
	*known = count;
	if (!count)
		return SW_REPLAY_UNKNOWN;
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
}

/* Those of the kind that did not get in, from `first` on. */
static void assume_held(struct sw_replay *replay, size_t first, uint64_t held_ns)
{
	const struct sw_replay_connection *model = &replay->connections[first];
	struct kind kind;

	memcpy(kind.service, model->service, sizeof(kind.service));
	memcpy(kind.class, model->class, sizeof(kind.class));
	for (size_t i = first; i < replay->count; i++) {
		struct sw_replay_connection *connection = &replay->connections[i];

		if (connection->held_ns != SW_REPLAY_UNKNOWN || connection->is_assumed ||
		    connection->was.lane == SW_LANE_DIRECT ||
		    connection->was.lane == SW_LANE_POOLER || !is_of(connection, &kind))
			continue;
		connection->held_ns = held_ns;
		connection->is_assumed = true;
	}
}

int sw_replay_assume(struct sw_replay *replay, size_t *known)
{
	const size_t held = offsetof(struct sw_replay_connection, held_ns);
	const size_t handshake = offsetof(struct sw_replay_connection, handshake_ns);
	uint64_t *values = calloc(replay->count + 1, sizeof(*values));
	uint64_t all, handshake_ns;
	size_t of_kind;

	if (!values)
		return -ENOMEM;
	handshake_ns = median(replay, NULL, handshake, values, &of_kind);
	if (handshake_ns == SW_REPLAY_UNKNOWN)
		handshake_ns = HANDSHAKE_NS;
	all = median(replay, NULL, held, values, known);
	for (size_t i = 0; i < replay->count; i++) {
		struct sw_replay_connection *connection = &replay->connections[i];
		struct kind kind;
		uint64_t usual;

		if (connection->handshake_ns == SW_REPLAY_UNKNOWN)
			connection->handshake_ns = handshake_ns;
		if (connection->held_ns != SW_REPLAY_UNKNOWN || connection->is_assumed ||
		    connection->was.lane == SW_LANE_DIRECT ||
		    connection->was.lane == SW_LANE_POOLER)
			continue;
		memcpy(kind.service, connection->service, sizeof(kind.service));
		memcpy(kind.class, connection->class, sizeof(kind.class));
		usual = median(replay, &kind, held, values, &of_kind);
		assume_held(replay, i, usual == SW_REPLAY_UNKNOWN ? all : usual);
	}
	free(values);
	return 0;
}
