/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verb explain: gathers what the gate would find for a SYN from an address, has policy/explain
 * decide on it, and puts the steps into words.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/words.h"
#include "core/clock.h"
#include "daemon/daemon.h"
#include "daemon/read_args.h"
#include "daemon/read_database.h"
#include "daemon/read_service.h"
#include "daemon/room.h"
#include "daemon/verbs.h"
#include "kern/listeners.h"
#include "kern/read.h"
#include "policy/explain.h"
#include "spillway/address.h"
#include "spillway/source.h"

#define KNOWN_TEXT 256
#define VALUE_TEXT 96

/* What is asked, and what was found. */
struct question {
	const struct sw_daemon *daemon;
	const struct sw_plan_service *service;
	const struct sw_plan_class *class;
	struct sw_addr client;
	struct sw_explain_facts facts;
	double rate; /* connections a second of the source */
};

static int read_service(const json_t *args, struct question *out, struct sw_error *err)
{
	const struct sw_plan *plan = out->daemon->plan;
	char known[KNOWN_TEXT];
	int rc;

	if (plan->service_count == 1)
		out->service = &plan->services[0];
	rc = sw_read_args_service(args, plan, &out->service, err);
	if (rc || out->service)
		return rc;
	sw_read_args_list_services(plan, known, sizeof(known));
	sw_error_set(err, -EINVAL, "service: say which one; there are: %s", known);
	return -EINVAL;
}

static int read_question(const json_t *args, struct question *out, struct sw_error *err)
{
	const char *text = NULL;
	int rc = sw_read_args_text(args, "address", &text, err);

	if (rc)
		return rc;
	if (!text || sw_addr_parse(text, &out->client) < 0) {
		sw_error_set(err, -EINVAL,
			     "address: found '%.64s', expected one such as 10.1.2.3 or fd00::1",
			     text ? text : "");
		return -EINVAL;
	}
	rc = read_service(args, out, err);
	if (rc)
		return rc;
	out->class = sw_plan_class_of(out->daemon->plan, out->service, &out->client);
	return 0;
}

static void read_source(struct question *question)
{
	const struct sw_maps *maps = question->daemon->maps;
	struct sw_explain_facts *facts = &question->facts;
	struct sw_source_key *key = &facts->source;
	struct sw_source_live live;
	struct sw_source_rate rate;

	key->service = question->service->id;
	memcpy(key->address.bytes, question->client.bytes, sizeof(key->address.bytes));
	sw_address_cut(&key->address, sw_address_is_ipv4(&key->address)
					      ? question->service->conf.ipv4_bits
					      : question->service->conf.ipv6_bits);
	facts->source_word = sw_source_empty(key);
	if (sw_read_source_live(maps, key, &live) == 0) {
		facts->source_word = live.word;
		facts->source_half_open = live.half_open;
		facts->source_is_proven = live.is_proven;
	}
	if (sw_read_source_rate(maps, key, &rate) == 0) {
		facts->theoretical_ns = rate.theoretical_ns;
		question->rate = sw_read_rate_per_second(&rate, facts->now_ns);
	}
}

/* Where the kernel does not tell who listens, somebody is taken to. */
static void read_listeners(struct question *question)
{
	struct sw_explain_facts *facts = &question->facts;
	const struct sw_service_conf *conf = &question->service->conf;
	SW_LISTENERS_FREE struct sw_listeners listeners = {0};
	bool ipv4 = sw_addr_is_ipv4(&question->client);

	facts->direct_listens = conf->direct.port_be != 0;
	facts->pooler_listens = conf->pooler.port_be != 0;
	facts->destination_listens = true;
	if (sw_listeners_read(&listeners) < 0)
		return;
	facts->direct_listens = sw_listeners_serve(&listeners, &conf->direct, ipv4);
	facts->pooler_listens = sw_listeners_serve(&listeners, &conf->pooler, ipv4);
	facts->destination_listens =
		sw_read_service_meets(question->daemon->plan, question->service, &listeners, ipv4);
}

static void read_room(const struct sw_maps *maps, struct sw_explain_facts *facts)
{
	struct sw_map_usage usage[SW_MAP_USAGE_ROWS];

	sw_read_usage(maps, usage);
	for (size_t i = 0; usage[i].name; i++) {
		bool full = usage[i].entries >= usage[i].capacity;

		if (strcmp(usage[i].name, "flows") == 0)
			facts->flows_full = full;
		else if (strcmp(usage[i].name, "source_live") == 0)
			facts->sources_full = full;
	}
}

/* The maps' own values, not the plan's: what the gate sees at this moment. */
static void read_facts(struct question *question)
{
	const struct sw_maps *maps = question->daemon->maps;
	struct sw_explain_facts *facts = &question->facts;

	facts->now_ns = sw_clock_monotonic_ns();
	facts->service_conf = maps->service_conf[question->service->id];
	facts->service = maps->service_state[question->service->id];
	facts->class_conf = maps->class_conf[question->class->id];
	facts->class_state = maps->class_state[question->class->id];
	facts->control = *maps->control;
	read_source(question);
	read_listeners(question);
	read_room(maps, facts);
}

static const struct sw_config_service *configured(const struct question *question)
{
	return sw_config_find_service(question->daemon->config, question->service->name);
}

static void rate_to_text(const struct question *question, char *text)
{
	const struct sw_config_service *service = configured(question);
	const struct sw_config_class *class =
		service ? sw_config_find_class(service, question->class->name) : NULL;

	snprintf(text, VALUE_TEXT, "unlimited");
	if (class)
		sw_format_rate(&class->rate, text, VALUE_TEXT);
}

/* "pooler 127.0.0.1:6432" */
static void target_to_text(const struct question *question, unsigned int lane, char *text)
{
	const struct sw_config_service *service = configured(question);
	char address[SW_ENDPOINT_TEXT] = "";

	if (service)
		sw_endpoint_format(lane == SW_LANE_POOLER ? &service->pooler.address
							  : &service->direct.address,
				   address, sizeof(address));
	snprintf(text, VALUE_TEXT, "%s %s", sw_words_name(SW_WORDS_LANE, lane), address);
}

static void duration_to_text(uint64_t ns, char *text)
{
	sw_format_duration(ns / SW_NS_PER_MS * SW_NS_PER_MS, text, VALUE_TEXT);
}

static json_t *value_to_json(const struct question *question, const struct sw_explain_step *step)
{
	char text[VALUE_TEXT];

	switch (sw_explain_check_unit(step->check)) {
	case SW_EXPLAIN_BURST:
		if (step->limit == 0)
			return json_sprintf("%.1f/s", question->rate);
		return json_sprintf("%llu of %llu", (unsigned long long)step->value,
				    (unsigned long long)step->limit);
	case SW_EXPLAIN_AGE_NS:
		duration_to_text(step->value, text);
		return json_string(text);
	case SW_EXPLAIN_ACTION:
		return json_string(sw_words_name(SW_WORDS_ACTION, (unsigned int)step->value));
	case SW_EXPLAIN_LISTENER:
		return json_string(step->value ? "up" : "down");
	case SW_EXPLAIN_HOLD:
		return json_string(step->value & SW_HOLD_PAUSED ? "paused" : "not ready");
	default:
		return json_integer((json_int_t)step->value);
	}
}

static json_t *limit_to_json(const struct question *question, const struct sw_explain_step *step)
{
	char text[VALUE_TEXT];

	switch (sw_explain_check_unit(step->check)) {
	case SW_EXPLAIN_BURST:
		rate_to_text(question, text);
		return json_string(text);
	case SW_EXPLAIN_AGE_NS:
		duration_to_text(step->limit, text);
		return json_string(text);
	case SW_EXPLAIN_ACTION:
	case SW_EXPLAIN_HOLD:
		return json_string("none");
	case SW_EXPLAIN_LISTENER:
		target_to_text(question, (unsigned int)step->limit, text);
		return json_string(text);
	case SW_EXPLAIN_CAP:
		if (step->limit == 0)
			return json_string("none");
		/* fall through */
	default:
		return json_integer((json_int_t)step->limit);
	}
}

static json_t *steps_to_json(const struct question *question, const struct sw_explanation *said)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < said->step_count; i++) {
		const struct sw_explain_step *step = &said->steps[i];

		json_array_append_new(steps, json_pack("{s:s, s:o, s:o, s:b}", "check",
						       sw_explain_check_name(step->check), "value",
						       value_to_json(question, step), "limit",
						       limit_to_json(question, step), "passed",
						       (int)step->passed));
	}
	return steps;
}

/* Where it would stand, and how long that took the others lately; null where nobody was let in. */
static void add_queue(const struct question *question, json_t *result)
{
	const struct sw_room *room = sw_room_of(question->daemon, question->service->id);
	double rate;
	size_t ahead;

	if (!room)
		return;
	rate = sw_queue_rate(sw_room_queue(room), sw_clock_monotonic_ns());
	ahead = sw_queue_ahead_of(sw_room_queue(room), question->class->id,
				  &question->facts.source.address);
	json_object_set_new(result, "queue_position", json_integer((json_int_t)ahead + 1));
	json_object_set_new(result, "queue_wait_s", sw_read_args_wait(ahead + 1, rate));
}

int sw_read_explain_verb(void *arg, json_t *args, json_t **result, struct sw_error *err)
{
	struct question question = {.daemon = arg};
	struct sw_explanation said;
	struct sw_in6 client;
	int rc = read_question(args, &question, err);

	if (rc)
		return rc;
	read_facts(&question);
	sw_explain(&question.facts, &said);
	memcpy(client.bytes, question.client.bytes, sizeof(client.bytes));
	*result = json_pack("{s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:o}", "address",
			    sw_read_args_address(&client), "source",
			    sw_read_args_source(question.service, &question.facts.source.address),
			    "service", question.service->name, "class", question.class->name,
			    "lane", sw_words_name(SW_WORDS_LANE, said.verdict.lane), "reason",
			    sw_read_args_reason_name(said.verdict.reason), "mode",
			    sw_words_name(SW_WORDS_MODE, question.facts.control.mode), "steps",
			    steps_to_json(&question, &said));
	if (*result)
		sw_read_database_explain(arg, question.service, *result);
	if (*result && said.verdict.lane == SW_LANE_QUEUE)
		add_queue(&question, *result);
	return *result ? 0 : sw_error_set(err, -ENOMEM, "out of memory");
}
