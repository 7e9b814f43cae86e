/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a replay begins with: services, classes, waiting rooms, and where each connection goes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "policy/replay_parts.h"
#include "spillway/address.h"

static struct sw_replay_source *source_of(struct sw_replay_sim *sim, uint32_t service,
					  const struct sw_in6 *client)
{
	const struct sw_service_conf *conf = &sim->rooms[service].conf;
	uint32_t bits = sw_address_is_ipv4(client) ? SW_IPV4_BITS_BEFORE + conf->ipv4_bits
						   : conf->ipv6_bits;
	struct sw_source_key key = {.service = service};
	struct sw_replay_source **bucket, *source;
	struct sw_addr address;

	memcpy(address.bytes, client->bytes, sizeof(address.bytes));
	address = sw_addr_mask(&address, (uint8_t)bits);
	memcpy(key.address.bytes, address.bytes, sizeof(address.bytes));
	bucket = &sim->sources[sw_hash(&key, sizeof(key)) % SW_REPLAY_BUCKETS];
	for (source = *bucket; source; source = source->same_hash)
		if (!memcmp(&source->key, &key, sizeof(key)))
			return source;
	source = calloc(1, sizeof(*source));
	if (!source)
		return NULL;
	source->key = key;
	source->live.word = sw_source_empty(&key);
	source->same_hash = *bucket;
	*bucket = source;
	return source;
}

static void free_sources(struct sw_replay_sim *sim)
{
	for (size_t i = 0; i < SW_REPLAY_BUCKETS; i++) {
		struct sw_replay_source *source = sim->sources[i], *next;

		for (; source; source = next) {
			next = source->same_hash;
			free(source);
		}
	}
}

static int find_place(struct sw_replay_sim *sim, size_t index, struct sw_error *err)
{
	struct sw_replay_connection *connection = &sim->replay->connections[index];
	struct sw_replay_place *place = &sim->places[index];
	const struct sw_plan_service *service = sw_plan_service_at(
		sim->plan, &connection->flow.server, connection->flow.server_port_be);
	const struct sw_plan_class *class;
	char text[SW_ADDR_TEXT];
	struct sw_addr address;

	if (!service) {
		memcpy(address.bytes, connection->flow.server.bytes, sizeof(address.bytes));
		sw_addr_format(&address, text, sizeof(text));
		return sw_error_set(err, -ENOENT,
				    "no service of the configuration listens on %s port %u, where "
				    "recorded connections went (service %s)",
				    text, ntohs(connection->flow.server_port_be),
				    connection->service);
	}
	memcpy(address.bytes, connection->flow.client.bytes, sizeof(address.bytes));
	class = sw_plan_class_of(sim->plan, service, &address);
	snprintf(connection->service, sizeof(connection->service), "%s", service->name);
	snprintf(connection->class, sizeof(connection->class), "%s", class->name);
	connection->is = (struct sw_replay_outcome){0};
	place->service = service->id;
	place->class_id = class->id;
	place->source = source_of(sim, service->id, &connection->flow.client);
	return place->source ? 0 : -ENOMEM;
}

static int open_room(struct sw_replay_sim *sim, const struct sw_plan_service *service)
{
	struct sw_replay_room *room = &sim->rooms[service->id];
	struct sw_config_service *config = sw_config_find_service(sim->config, service->name);
	const struct sw_queue_settings settings = {
		.order = config->queue.discipline == SW_DISCIPLINE_FIFO	  ? SW_QUEUE_FIFO
			 : config->queue.discipline == SW_DISCIPLINE_LIFO ? SW_QUEUE_LIFO
									  : SW_QUEUE_FAIR,
		.max_wait_ns = config->queue.max_wait_ns,
		.overload_after_ns = config->queue.overload_after_ns,
		.overload_wait_ns = config->queue.overload_wait_ns,
	};
	const struct sw_rate *ramp = &config->queue.resume_rate;

	room->conf = service->conf;
	room->config = config;
	room->ramp_interval_ns = ramp->count ? ramp->per_ns / ramp->count : 0;
	room->queue = sw_queue_new();
	if (!room->queue)
		return -ENOMEM;
	sw_queue_configure(room->queue, &settings);
	for (size_t i = 0; i < config->class_count; i++) {
		const struct sw_plan_class *class =
			sw_plan_class_named(sim->plan, service->id, config->classes[i].name);

		if (class && sw_queue_set_weight(room->queue, class->id, config->classes[i].weight))
			return -ENOMEM;
	}
	return 0;
}

int sw_replay_set_up(struct sw_replay_sim *sim, struct sw_error *err)
{
	const struct sw_rules rules = {0};
	const struct sw_replay *replay = sim->replay;
	int rc = sw_plan_make(sim->config, &rules, NULL, NULL, &sim->plan, err);

	for (size_t i = 0; rc == 0 && i < sim->plan->service_count; i++)
		rc = open_room(sim, &sim->plan->services[i]);
	for (size_t i = 0; rc == 0 && i < replay->change_count; i++)
		if (!sw_plan_service_named(sim->plan, replay->changes[i].service))
			return sw_error_set(err, -ENOENT,
					    "the configuration has no service '%s', which the "
					    "recording has",
					    replay->changes[i].service);
	sim->places = calloc(replay->count + 1, sizeof(*sim->places));
	if (!sim->places)
		rc = rc ? rc : -ENOMEM;
	for (size_t i = 0; rc == 0 && i < replay->count; i++)
		rc = find_place(sim, i, err);
	return rc;
}

void sw_replay_tear_down(struct sw_replay_sim *sim)
{
	for (size_t i = 0; i < SW_SERVICES_MAX; i++)
		if (sim->rooms[i].queue)
			sw_queue_free(sim->rooms[i].queue);
	free_sources(sim);
	free(sim->agenda.heap);
	free(sim->places);
	sw_plan_free(sim->plan);
	sw_config_free(sim->config);
	free(sim);
}
