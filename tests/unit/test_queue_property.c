/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A waiting room against a plain model of it, through thousands of steps at random: nobody is lost, nobody
 * is served twice, and whoever is next may be.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "queue_rig.h"

#define SOURCES 12
#define PORTS	20
#define CLASSES 3
#define STEPS	20000
#define RUNS	12

/* What is known of a client; it waits while syn_ns is not 0. */
struct known {
	struct client client;
	uint64_t syn_ns;
};

struct model {
	struct known clients[SOURCES * PORTS];
	size_t waiting;
	bool source_aside[CLASSES][SOURCES];
	bool class_aside[CLASSES];
	enum sw_queue_order order;
	uint64_t now_ns;
	uint64_t random;
};

/* xorshift64* (Marsaglia, Vigna): the same steps in each run. */
static uint32_t draw(struct model *model, uint32_t below)
{
	model->random ^= model->random >> 12;
	model->random ^= model->random << 25;
	model->random ^= model->random >> 27;
	return (uint32_t)(model->random * 0x2545f4914f6cdd1dull >> 32) % below;
}

static struct known *known_of(struct model *model, const struct client *client)
{
	return &model->clients[client->source * PORTS + client->port];
}

/* A source is in one class, but for source 0, whose ports are in all. */
static uint32_t class_of(uint16_t source, uint16_t port)
{
	return source ? source % CLASSES : port % CLASSES;
}

/* A source or class that has nobody any more is forgotten with whatever was said of it. */
static void forget_empty(struct model *model, const struct client *client)
{
	size_t of_source = 0, of_class = 0;

	for (uint16_t i = 0; i < SOURCES * PORTS; i++) {
		if (!model->clients[i].syn_ns || class_of(i / PORTS, i % PORTS) != client->class_id)
			continue;
		of_class++;
		of_source += i / PORTS == client->source;
	}
	if (!of_source)
		model->source_aside[client->class_id][client->source] = false;
	if (!of_class)
		model->class_aside[client->class_id] = false;
}

static struct client classed(const struct sw_waiter *waiter)
{
	struct client client = who(waiter);

	client.class_id = class_of(client.source, client.port);
	return client;
}

static void come(struct model *model, struct sw_queue *queue)
{
	struct client client = {.source = (uint16_t)draw(model, SOURCES),
				.port = (uint16_t)draw(model, PORTS)};
	struct known *known = known_of(model, &client);
	bool repeats = known->syn_ns && draw(model, 4);
	struct sw_parked parked;
	int what;

	client.class_id = class_of(client.source, client.port);
	client.isn = repeats ? known->client.isn : known->client.isn + 1;
	parked = syn_of(&client, repeats ? known->syn_ns : model->now_ns, model->now_ns);
	what = sw_queue_park(queue, &parked, model->now_ns);
	assert_int_equal(what, repeats	       ? SW_QUEUE_REPEATED
			       : known->syn_ns ? SW_QUEUE_REPLACED
					       : SW_QUEUE_NEW);
	model->waiting += !known->syn_ns;
	if (!repeats) {
		known->syn_ns = 0;
		forget_empty(model, &client);
		known->syn_ns = model->now_ns;
	}
	known->client = client;
}

static bool is_aside(const struct model *model, const struct known *known)
{
	return model->class_aside[known->client.class_id] ||
	       model->source_aside[known->client.class_id][known->client.source];
}

/* True where somebody who is not set aside, of the source (or of any), came before or after. */
static bool somebody_else(struct model *model, const struct known *than, bool same_source,
			  bool before)
{
	for (size_t i = 0; i < SOURCES * PORTS; i++) {
		const struct known *known = &model->clients[i];

		if (!known->syn_ns || known == than || is_aside(model, known) ||
		    (same_source && (known->client.source != than->client.source ||
				     known->client.class_id != than->client.class_id)))
			continue;
		if (before ? known->syn_ns < than->syn_ns : known->syn_ns > than->syn_ns)
			return true;
	}
	return false;
}

static bool anybody(struct model *model)
{
	for (size_t i = 0; i < SOURCES * PORTS; i++)
		if (model->clients[i].syn_ns && !is_aside(model, &model->clients[i]))
			return true;
	return false;
}

static void leave(struct model *model, struct sw_queue *queue, const struct sw_waiter *waiter,
		  bool is_in)
{
	struct client client = classed(waiter);
	struct known *known = known_of(model, &client);

	assert_true(known->syn_ns != 0);
	assert_int_equal(known->client.isn, client.isn);
	assert_int_equal(known->syn_ns, waiter->syn_ns);
	sw_queue_leave(queue, waiter, is_in, model->now_ns);
	known->syn_ns = 0;
	model->waiting--;
	forget_empty(model, &client);
}

static void next(struct model *model, struct sw_queue *queue)
{
	const struct sw_waiter *waiter = sw_queue_next(queue);
	struct known *known;
	struct client client;

	assert_int_equal(waiter != NULL, anybody(model));
	if (!waiter)
		return;
	client = classed(waiter);
	known = known_of(model, &client);
	assert_false(is_aside(model, known));
	if (model->order == SW_QUEUE_LIFO)
		assert_false(somebody_else(model, known, false, false));
	else
		assert_false(somebody_else(model, known, model->order == SW_QUEUE_FAIR, true));
	if (draw(model, 4)) {
		leave(model, queue, waiter, true);
	} else if (draw(model, 2)) {
		sw_queue_set_aside(queue, waiter, SW_QUEUE_SOURCE);
		model->source_aside[client.class_id][client.source] = true;
	} else {
		sw_queue_set_aside(queue, waiter, SW_QUEUE_CLASS);
		model->class_aside[client.class_id] = true;
	}
}

static void rejoin(struct model *model, struct sw_queue *queue)
{
	uint16_t source = (uint16_t)draw(model, SOURCES);
	struct sw_in6 address = source_address(source);
	bool all = draw(model, 2);

	memset(model->class_aside, 0, sizeof(model->class_aside));
	if (all)
		memset(model->source_aside, 0, sizeof(model->source_aside));
	for (int i = 0; i < CLASSES; i++)
		model->source_aside[i][source] = false;
	if (all)
		sw_queue_rejoin_all(queue);
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
	client = who(oldest);
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

			model->now_ns += 1 + draw(model, 1000);
			if (what < 45)
				come(model, queue);
			else if (what < 85)
				next(model, queue);
			else if (what < 92)
				rejoin(model, queue);
			else if (what < 99)
				end_oldest(model, queue);
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
