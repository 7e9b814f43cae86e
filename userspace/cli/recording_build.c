/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From what was told of connections to the connections: who came, what came of it, and how long it stayed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/recording_parts.h"
#include "core/hash.h"
#include "spillway/chain.h"

#define NOBODY UINT32_MAX

/* The connections so far, and the last one of each flow. */
struct builder {
	struct sw_replay *replay;
	uint64_t began_ns;
	uint64_t *
		admitted_ns; /* of each connection: when it got in; SW_REPLAY_UNKNOWN: it is not, or no more */
	uint32_t *same_hash; /* of each connection: another of its bucket */
	uint32_t *buckets;
	size_t bucket_count; /* a power of two */
};

static int compare_lines(const void *left, const void *right)
{
	const struct sw_recorded *a = left, *b = right;

	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static int compare_connections(const void *left, const void *right)
{
	const struct sw_replay_connection *a = left, *b = right;

	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	return b->is_inside - a->is_inside;
}

static uint32_t *bucket_of(const struct builder *builder, const struct sw_flow_key *flow)
{
	return &builder->buckets[sw_hash(flow, sizeof(*flow)) & (builder->bucket_count - 1)];
}

static uint64_t since(const struct builder *builder, uint64_t at_ns)
{
	return at_ns > builder->began_ns ? at_ns - builder->began_ns : 0;
}

/* The newest of that flow; NOBODY: there is none. */
static uint32_t find(const struct builder *builder, const struct sw_flow_key *flow)
{
	uint32_t at = *bucket_of(builder, flow);

	while (at != NOBODY &&
	       memcmp(&builder->replay->connections[at].flow, flow, sizeof(*flow)) != 0)
		at = builder->same_hash[at];
	return at;
}

static struct sw_replay_connection *add(struct builder *builder, const struct sw_recorded *line,
					uint64_t at_ns)
{
	size_t index = builder->replay->count++;
	struct sw_replay_connection *connection = &builder->replay->connections[index];
	uint32_t *bucket = bucket_of(builder, &line->flow);

	*connection = (struct sw_replay_connection){
		.at_ns = at_ns,
		.flow = line->flow,
		.held_ns = SW_REPLAY_UNKNOWN,
		.handshake_ns = SW_REPLAY_UNKNOWN,
		.patience_ns = SW_REPLAY_UNKNOWN,
		.was = {.lane = line->lane, .reason = line->reason},
	};
	memcpy(connection->service, line->service, sizeof(connection->service));
	memcpy(connection->class, line->class, sizeof(connection->class));
	builder->admitted_ns[index] = sw_lane_admits(line->lane) ? at_ns : SW_REPLAY_UNKNOWN;
	builder->same_hash[index] = *bucket;
	*bucket = (uint32_t)index;
	return connection;
}

static void add_inside(struct builder *builder, const struct sw_recorded *line)
{
	uint64_t at_ns = since(builder, line->at_ns);
	uint32_t known = find(builder, &line->flow);

	if (!sw_lane_admits(line->lane))
		return; /* who waits is told of when that ends */
	if (known != NOBODY && builder->admitted_ns[known] != SW_REPLAY_UNKNOWN)
		return; /* its decision was told */
	if (line->kind == SW_RECORDED_ENDED && line->took_ns == SW_REPLAY_UNKNOWN)
		return; /* it held something for a moment, and nobody knows since when */
	if (line->took_ns != SW_REPLAY_UNKNOWN)
		at_ns = at_ns > line->took_ns ? at_ns - line->took_ns : 0;
	add(builder, line, at_ns)->is_inside = true;
}

/* Without a daemon the gate lets in who waits, by a decision. */
static bool is_let_in(const struct sw_replay_connection *connection, const struct sw_recorded *line)
{
	return connection->was.lane == SW_LANE_QUEUE && sw_lane_admits(line->lane);
}

/*
 * The decision of a connection that is known already. Who is in is listed after the first decisions may have been
 * told: one that is among these is no other.
 */
static bool is_told_again(struct builder *builder, uint32_t known, const struct sw_recorded *line,
			  uint64_t at_ns)
{
	struct sw_replay_connection *connection = &builder->replay->connections[known];
	uint64_t *admitted_ns = &builder->admitted_ns[known];

	if (is_let_in(connection, line)) {
		connection->was.lane = line->lane;
		connection->was.waited_ns = at_ns - connection->at_ns;
		*admitted_ns = at_ns;
		return true;
	}
	if (!connection->is_inside || *admitted_ns == SW_REPLAY_UNKNOWN ||
	    !sw_lane_admits(line->lane))
		return false;
	connection->is_inside = false;
	connection->at_ns = *admitted_ns = at_ns;
	connection->was.reason = line->reason;
	return true;
}

static void add_decision(struct builder *builder, const struct sw_recorded *line)
{
	uint64_t at_ns = since(builder, line->at_ns);
	uint32_t known = find(builder, &line->flow);

	if (known == NOBODY || !is_told_again(builder, known, line, at_ns))
		add(builder, line, at_ns)->was.waited =
			line->lane == SW_LANE_QUEUE && !line->is_shadow;
}

static void end_wait(struct builder *builder, const struct sw_recorded *line)
{
	uint64_t at_ns = since(builder, line->at_ns);
	uint64_t waited_ns = line->took_ns == SW_REPLAY_UNKNOWN ? 0 : line->took_ns;
	uint32_t known = find(builder, &line->flow);
	struct sw_replay_connection *connection;

	if (known == NOBODY || builder->replay->connections[known].was.lane != SW_LANE_QUEUE) {
		add(builder, line, at_ns > waited_ns ? at_ns - waited_ns : 0);
		known = (uint32_t)builder->replay->count - 1;
	}
	connection = &builder->replay->connections[known];
	connection->was = (struct sw_replay_outcome){
		.lane = line->gave_up ? SW_LANE_NONE : line->lane,
		.reason = line->reason,
		.waited = true,
		.waited_ns = waited_ns,
	};
	if (line->gave_up)
		connection->patience_ns = waited_ns;
	builder->admitted_ns[known] =
		sw_lane_admits(connection->was.lane) ? at_ns : SW_REPLAY_UNKNOWN;
}

static void end_connection(struct builder *builder, const struct sw_recorded *line)
{
	uint64_t at_ns = since(builder, line->at_ns), admitted_ns, held_ns;
	uint32_t known = find(builder, &line->flow);
	struct sw_replay_connection *connection;

	if (known == NOBODY || builder->admitted_ns[known] == SW_REPLAY_UNKNOWN) {
		size_t before = builder->replay->count;

		add_inside(builder, line);
		if (builder->replay->count == before)
			return;
		known = (uint32_t)before;
	}
	connection = &builder->replay->connections[known];
	admitted_ns = builder->admitted_ns[known];
	held_ns = at_ns > admitted_ns ? at_ns - admitted_ns : 0;
	connection->held_ns = held_ns;
	connection->is_silent = line->took_ns == SW_REPLAY_UNKNOWN;
	if (!connection->is_silent)
		connection->handshake_ns = held_ns > line->took_ns ? held_ns - line->took_ns : 0;
	builder->admitted_ns[known] = SW_REPLAY_UNKNOWN;
}

static void add_change(struct builder *builder, const struct sw_recorded *line)
{
	struct sw_replay_change *change =
		&builder->replay->changes[builder->replay->change_count++];

	*change = line->state;
	change->at_ns = since(builder, line->at_ns);
}

/* Counters rise; the first line of a service says where they stood. */
static void count_untold(const struct sw_recorded *lines, size_t count,
			 struct sw_recording *recording)
{
	for (size_t i = 0; i < count; i++) {
		const struct sw_recorded *last = NULL;

		if (lines[i].kind != SW_RECORDED_STATE)
			continue;
		for (size_t j = i; j-- && !last;)
			if (lines[j].kind == SW_RECORDED_STATE &&
			    !strcmp(lines[j].state.service, lines[i].state.service))
				last = &lines[j];
		if (!last)
			continue;
		if (lines[i].untold > last->untold)
			recording->decisions_untold += lines[i].untold - last->untold;
		if (lines[i].ends_untold > last->ends_untold)
			recording->ends_untold += lines[i].ends_untold - last->ends_untold;
	}
}

static void put_together(struct builder *builder, const struct sw_recorded *lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		builder->replay->end_ns = since(builder, lines[i].at_ns);
		switch (lines[i].kind) {
		case SW_RECORDED_INSIDE:
			add_inside(builder, &lines[i]);
			break;
		case SW_RECORDED_ENDED:
			end_connection(builder, &lines[i]);
			break;
		case SW_RECORDED_DECISION:
			add_decision(builder, &lines[i]);
			break;
		case SW_RECORDED_WAIT_ENDED:
			end_wait(builder, &lines[i]);
			break;
		case SW_RECORDED_STATE:
			add_change(builder, &lines[i]);
			break;
		}
	}
}

int sw_recording_build(struct sw_recorded *lines, size_t count, uint64_t began_ns,
		       struct sw_recording *recording)
{
	struct sw_replay *replay = &recording->replay;
	struct builder builder = {.replay = replay, .began_ns = began_ns, .bucket_count = 1024};
	int rc = -ENOMEM;

	while (builder.bucket_count < count)
		builder.bucket_count *= 2;
	replay->connections = calloc(count + 1, sizeof(*replay->connections));
	replay->changes = calloc(count + 1, sizeof(*replay->changes));
	builder.admitted_ns = calloc(count + 1, sizeof(*builder.admitted_ns));
	builder.same_hash = calloc(count + 1, sizeof(*builder.same_hash));
	builder.buckets = malloc(builder.bucket_count * sizeof(*builder.buckets));
	if (replay->connections && replay->changes && builder.admitted_ns && builder.same_hash &&
	    builder.buckets) {
		memset(builder.buckets, 0xff, builder.bucket_count * sizeof(*builder.buckets));
		if (count)
			qsort(lines, count, sizeof(*lines), compare_lines);
		put_together(&builder, lines, count);
		count_untold(lines, count, recording);
		qsort(replay->connections, replay->count, sizeof(*replay->connections),
		      compare_connections);
		rc = 0;
	}
	free(builder.admitted_ns);
	free(builder.same_hash);
	free(builder.buckets);
	return rc;
}
