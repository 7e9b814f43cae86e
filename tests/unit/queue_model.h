/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of a waiting room's clients without it: who waits, and who is passed over. For
 * test_queue_property.
 */
#ifndef TEST_QUEUE_MODEL_H
#define TEST_QUEUE_MODEL_H

#include <stdbool.h>

#include "queue_rig.h"

#define SOURCES 12
#define PORTS	20
#define CLASSES 3
/* As in queue_aside.c: so many of those that anybody's end may help. */
#define EITHER_AT_ONCE 4

/* What is known of a client; it waits while syn_ns is not 0. */
struct known {
	struct client client;
	uint64_t syn_ns;
};

struct set_aside {
	uint64_t number; /* 0: it is not; else in which order */
	bool is_either;
};

struct model {
	struct known clients[SOURCES * PORTS];
	size_t waiting;
	struct set_aside source_aside[CLASSES][SOURCES];
	uint64_t asides;
	/* One of them was postponed: its own order is nobody's business until it is empty. */
	bool shuffled[CLASSES][SOURCES];
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
	if (!of_source) {
		model->source_aside[client->class_id][client->source] = (struct set_aside){0};
		model->shuffled[client->class_id][client->source] = false;
	}
	if (!of_class)
		model->class_aside[client->class_id] = false;
}

static bool is_aside(const struct model *model, const struct known *known)
{
	return model->class_aside[known->client.class_id] ||
	       model->source_aside[known->client.class_id][known->client.source].number;
}

/* True where somebody who is not set aside, of the source (or of any), came before or after. */
static bool somebody_else(struct model *model, const struct known *than, bool same_source,
			  bool before)
{
	for (size_t i = 0; i < SOURCES * PORTS; i++) {
		const struct known *known = &model->clients[i];

		if (!known->syn_ns || known == than || is_aside(model, known) ||
		    model->shuffled[known->client.class_id][known->client.source] ||
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

/* The one of those that anybody's end may help that was set aside before the others. */
static void take_first_either(struct model *model)
{
	struct set_aside *first = NULL;

	for (int i = 0; i < CLASSES * SOURCES; i++) {
		struct set_aside *aside = &model->source_aside[i / SOURCES][i % SOURCES];

		if (aside->number && aside->is_either && (!first || aside->number < first->number))
			first = aside;
	}
	if (first)
		*first = (struct set_aside){0};
}

#endif
