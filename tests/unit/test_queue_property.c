/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A waiting room against a plain model of it, through thousands of steps at random: nobody is lost, nobody
 * is served twice, and whoever is next may be.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "queue_model.h"

#define STEPS 20000
#define RUNS  12

static struct client classed(const struct sw_queue *queue, const struct sw_waiter *waiter)
{
	struct client client = who(queue, waiter);

	client.class_id = class_of(client.source, client.port);
	return client;
}

static void come(struct model *model, struct sw_queue *queue)
{
	struct client client = {.source = (uint16_t)draw(model, SOURCES),
				.port = (uint16_t)draw(model, PORTS)};
	struct known *known = known_of(model, &client);
	bool repeats = known->syn_ns && draw(model, 4);
	/* After a restart they come in any order. */
	uint64_t syn_ns = model->now_ns - (draw(model, 4) ? 0 : draw(model, 100 * MS));
	struct sw_parked parked;
	int what;

	client.class_id = class_of(client.source, client.port);
	client.isn = repeats ? known->client.isn : known->client.isn + 1;
	parked = syn_of(&client, repeats ? known->syn_ns : syn_ns, model->now_ns);
	what = sw_queue_park(queue, &parked, model->now_ns);
	assert_int_equal(what, repeats	       ? SW_QUEUE_REPEATED
			       : known->syn_ns ? SW_QUEUE_REPLACED
					       : SW_QUEUE_NEW);
	model->waiting += !known->syn_ns;
	if (!repeats) {
		known->syn_ns = 0;
		forget_empty(model, &client);
		known->syn_ns = syn_ns;
	}
	known->client = client;
}

static void leave(struct model *model, struct sw_queue *queue, const struct sw_waiter *waiter,
		  bool is_in)
{
	struct client client = classed(queue, waiter);
	struct known *known = known_of(model, &client);

	assert_true(known->syn_ns != 0);
	assert_int_equal(known->client.isn, client.isn);
	assert_int_equal(known->syn_ns, waiter->syn_ns);
	sw_queue_leave(queue, waiter, is_in, model->now_ns);
	known->syn_ns = 0;
	model->waiting--;
	forget_empty(model, &client);
}

/* The next of its source is another, if there is one. */
static void postpone(struct model *model, struct sw_queue *queue, const struct sw_waiter *waiter)
{
	struct client client = classed(queue, waiter), other;
	size_t of_source = 0;

	for (uint16_t port = 0; port < PORTS; port++)
		of_source += class_of(client.source, port) == client.class_id &&
			     model->clients[client.source * PORTS + port].syn_ns;
	sw_queue_postpone(queue, waiter);
	if (of_source < 2)
		return;
	model->shuffled[client.class_id][client.source] = true;
	other = classed(queue, sw_queue_next(queue));
	assert_false(other.source == client.source && other.port == client.port);
}

/* One whose turn it is not, and whose source or class may be aside already. */
static void set_any_aside(struct model *model, struct sw_queue *queue)
{
	const struct known *known = &model->clients[draw(model, SOURCES * PORTS)];
	const struct sw_parked parked = syn_of(&known->client, known->syn_ns, model->now_ns);
	bool is_either = draw(model, 2);

	if (!known->syn_ns)
		return;
	sw_queue_set_aside(queue, sw_queue_find(queue, &parked),
			   is_either ? SW_QUEUE_EITHER : SW_QUEUE_SOURCE);
	model->source_aside[known->client.class_id][known->client.source] =
		(struct set_aside){++model->asides, is_either};
}

static void hear_of(struct model *model, struct sw_queue *queue)
{
	const struct known *known = &model->clients[draw(model, SOURCES * PORTS)];
	const struct sw_parked parked = syn_of(&known->client, known->syn_ns, model->now_ns);
	const struct sw_waiter *waiter = sw_queue_find(queue, &parked);

	if (!known->client.isn) /* it never came */
		return;
	assert_int_equal(waiter != NULL, known->syn_ns != 0);
	if (!waiter)
		return;
	sw_queue_note_alive(queue, waiter, model->now_ns);
	assert_in_range(model->now_ns - sw_queue_seen_ns(waiter), 0, MS - 1);
	assert_false(sw_queue_is_gone(waiter, model->now_ns + SECOND));
}

static void next(struct model *model, struct sw_queue *queue)
{
	const struct sw_waiter *waiter = sw_queue_next(queue);
	struct known *known;
	struct client client;

	assert_int_equal(waiter != NULL, anybody(model));
	if (!waiter)
		return;
	client = classed(queue, waiter);
	known = known_of(model, &client);
	assert_false(is_aside(model, known));
	if (model->order == SW_QUEUE_LIFO)
		assert_false(somebody_else(model, known, false, false));
	else
		assert_false(somebody_else(model, known, model->order == SW_QUEUE_FAIR, true));
	if (draw(model, 4)) {
		leave(model, queue, waiter, true);
	} else if (draw(model, 3)) {
		bool is_either = draw(model, 2);

		if (!draw(model, 3))
			postpone(model, queue, waiter);
		sw_queue_set_aside(queue, waiter, is_either ? SW_QUEUE_EITHER : SW_QUEUE_SOURCE);
		model->source_aside[client.class_id][client.source] =
			(struct set_aside){++model->asides, is_either};
	} else {
		sw_queue_set_aside(queue, waiter, SW_QUEUE_CLASS);
		model->class_aside[client.class_id] = true;
	}
}

/* Of these, as if they were known to have been told nothing; it makes no difference to who may try. */
static bool is_even(const void *arg, const struct sw_in6 *source)
{
	(void)arg;
	return source->bytes[15] % 2 == 0;
}

static void rejoin(struct model *model, struct sw_queue *queue)
{
	uint16_t source = (uint16_t)draw(model, SOURCES);
	struct sw_in6 address = source_address(source);
	uint32_t which = draw(model, 4);

	memset(model->class_aside, 0, sizeof(model->class_aside));
	if (which < 2)
		memset(model->source_aside, 0, sizeof(model->source_aside));
	for (int i = 0; i < CLASSES; i++)
		model->source_aside[i][source] = (struct set_aside){0};
	for (int i = 0; i < EITHER_AT_ONCE; i++)
		take_first_either(model);
	if (which == 0)
		sw_queue_rejoin_all(queue);
	else if (which == 1) /* there are fewer than it takes */
		sw_queue_rejoin_some(queue, model->now_ns, draw(model, 2) ? is_even : NULL, NULL);
	else
		sw_queue_rejoin(queue, &address);
}

static void end_oldest(struct model *model, struct sw_queue *queue)
{
	const struct sw_waiter *oldest = sw_queue_overdue(queue, model->now_ns + 3600 * SECOND);
	struct client client;

	assert_int_equal(oldest != NULL, model->waiting != 0);
	if (!oldest)
		return;
	client = who(queue, oldest);
	for (size_t i = 0; i < SOURCES * PORTS; i++)
		assert_true(!model->clients[i].syn_ns ||
			    model->clients[i].syn_ns >= known_of(model, &client)->syn_ns);
	leave(model, queue, oldest, false);
}

static void configure(struct model *model, struct sw_queue *queue)
{
	const struct sw_queue_settings settings = {.order = draw(model, 3), .max_wait_ns = SECOND};

	model->order = settings.order;
	sw_queue_configure(queue, &settings);
	sw_queue_set_weight(queue, draw(model, CLASSES), 1 + draw(model, 9));
	sw_queue_begin_ramp(queue, model->now_ns);
}

static int add_line(void *arg, const struct sw_queue_line *line)
{
	*(size_t *)arg += line->waiting;
	return 0;
}

static void nobody_is_lost_and_nobody_served_twice(void **state)
{
	(void)state;
	for (int run = 0; run < RUNS; run++) {
		struct model *model = calloc(1, sizeof(*model));
		struct sw_queue *queue = queue_of(SW_QUEUE_FAIR);

		model->random = 0x9e3779b97f4a7c15ull * (uint64_t)(run + 1);
		model->now_ns = START;
		for (int step = 0; step < STEPS; step++) {
			uint32_t what = draw(model, 100);
			size_t lines = 0;

			model->now_ns += 1 + draw(model, MS);
			if (what < 45)
				come(model, queue);
			else if (what < 85)
				next(model, queue);
			else if (what < 92)
				rejoin(model, queue);
			else if (what < 97)
				end_oldest(model, queue);
			else if (what < 98)
				hear_of(model, queue);
			else if (what < 99)
				set_any_aside(model, queue);
			else
				configure(model, queue);
			assert_int_equal(sw_queue_count(queue), model->waiting);
			sw_queue_each_source(queue, add_line, &lines);
			assert_int_equal(lines, model->waiting);
		}
		sw_queue_rejoin_all(queue);
		memset(model->class_aside, 0, sizeof(model->class_aside));
		memset(model->source_aside, 0, sizeof(model->source_aside));
		while (model->waiting)
			leave(model, queue, sw_queue_next(queue), true);
		assert_null(sw_queue_next(queue));
		assert_false(sw_queue_needs_ramp(queue));
		sw_queue_free(queue);
		free(model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_lost_and_nobody_served_twice),
	};

	return cmocka_run_group_tests_name("queue_property", tests, NULL, NULL);
}
