/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verbs events and ends: what happened to connections lately, one by one, from a place on that the last answer
 * named.
 */
#include <arpa/inet.h>
#include <errno.h>

#include "config/words.h"
#include "core/clock.h"
#include "core/number.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/read_args.h"
#include "daemon/verbs.h"

/* In one answer; who wants more asks again. */
#define LIMIT_DEFAULT 500
#define LIMIT_MOST    1000

struct wanted {
	const struct sw_plan_service *service; /* NULL: of all */
	unsigned int lane;		       /* SW_LANE_NONE: of all */
	uint64_t after;			       /* from this number on */
	uint64_t since_ns;		       /* since the epoch; 0: since ever */
	size_t limit;
};

static const char *const outcome_names[SW_WAIT_OUTCOMES] = {
	[SW_WAIT_ADMITTED] = "admitted",
	[SW_WAIT_STEERED] = "steered",
	[SW_WAIT_TIMED_OUT] = "timed_out",
	[SW_WAIT_ABANDONED] = "abandoned",
};

static void add_decision(json_t *line, const struct sw_decision *what)
{
	json_object_set_new(line, "reason", json_string(sw_read_args_reason_name(what->reason)));
	if (what->over)
		json_object_set_new(line, "over",
				    json_string(sw_read_args_reason_name(what->over)));
	if (what->is_shadow)
		json_object_set_new(line, "monitor", json_true());
}

static void add_wait(json_t *line, const struct sw_event *event)
{
	json_object_set_new(line, "outcome", json_string(outcome_names[event->outcome]));
	json_object_set_new(line, "waited_s", json_real((double)event->took_ns / SW_NS_PER_S));
}

static void add_end(json_t *line, const struct sw_event *event)
{
	json_object_set_new(line, "open_s",
			    event->what.opened_ns ? json_real((double)event->took_ns / SW_NS_PER_S)
						  : json_null());
	if (event->what.is_shadow)
		json_object_set_new(line, "monitor", json_true());
}

static json_t *event_to_json(const struct sw_plan *plan, const struct sw_event *event)
{
	static const char *const kinds[] = {
		[SW_EVENT_DECISION] = "decision",
		[SW_EVENT_WAIT_ENDED] = "wait_ended",
		[SW_EVENT_EVICTED] = "evicted",
		[SW_EVENT_ENDED] = "ended",
	};
	const struct sw_decision *what = &event->what;
	const char *lane = sw_words_name(SW_WORDS_LANE, what->lane);
	char at[SW_CLOCK_TEXT];
	json_t *line;

	sw_clock_format(event->at_ns, at, sizeof(at));
	line = json_pack("{s:I, s:s, s:s, s:o, s:o, s:i, s:s?}", "number",
			 (json_int_t)event->number, "at", at, "event", kinds[event->kind],
			 "service", sw_read_args_service_name(sw_plan_service(plan, what->service)),
			 "source", sw_read_args_address(&what->client), "source_port",
			 ntohs(what->client_port_be), "lane",
			 what->lane == SW_LANE_NONE ? NULL : lane);
	if (!line)
		return NULL;
	json_object_set_new(line, "class",
			    sw_read_args_class_name(sw_plan_class(plan, what->class_id)));
	if (event->kind == SW_EVENT_EVICTED) {
		json_object_set_new(line, "idle_s",
				    json_real((double)event->took_ns / SW_NS_PER_S));
		return line;
	}
	json_object_set_new(line, "destination", sw_read_args_address(&what->server));
	json_object_set_new(line, "destination_port", json_integer(ntohs(what->server_port_be)));
	if (event->kind == SW_EVENT_DECISION)
		add_decision(line, what);
	else if (event->kind == SW_EVENT_ENDED)
		add_end(line, event);
	else
		add_wait(line, event);
	return line;
}

static bool is_wanted(const struct wanted *wanted, const struct sw_event *event)
{
	return (!wanted->service || event->what.service == wanted->service->id) &&
	       (wanted->lane == SW_LANE_NONE || event->what.lane == wanted->lane) &&
	       event->at_ns >= wanted->since_ns;
}

static int read_since(const json_t *args, struct wanted *wanted, struct sw_error *err)
{
	uint64_t now_ns = sw_clock_realtime_ns(), since_ns;
	const char *text = NULL;
	int rc = sw_read_args_text(args, "since", &text, err);

	if (rc < 0 || !text)
		return rc;
	if (sw_parse_duration(text, &since_ns) < 0)
		return sw_error_set(
			err, -EINVAL,
			"since: found '%.32s', expected a duration such as 30s, 10m or 2h", text);
	wanted->since_ns = now_ns > since_ns ? now_ns - since_ns : 0;
	return 0;
}

static int read_after(const json_t *args, uint64_t *after, struct sw_error *err)
{
	const json_t *value = json_object_get(args, "after");

	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return sw_error_set(err, -EINVAL, "after: expected a number from 0");
	*after = (uint64_t)json_integer_value(value);
	return 0;
}

static int read_wanted(json_t *args, const struct sw_plan *plan, struct wanted *wanted,
		       struct sw_error *err)
{
	int rc = sw_read_args_service(args, plan, &wanted->service, err);

	if (rc == 0)
		rc = sw_read_args_lane(args, &wanted->lane, err);
	if (rc == 0)
		rc = read_since(args, wanted, err);
	if (rc == 0)
		rc = read_after(args, &wanted->after, err);
	if (rc == 0)
		rc = sw_read_args_limit(args, &wanted->limit, err);
	if (wanted->limit > LIMIT_MOST)
		wanted->limit = LIMIT_MOST;
	return rc;
}

/* One of the two accounts of what happened, each with numbers of its own. */
struct account {
	const char *name;
	uint64_t (*next)(const struct sw_daemon *daemon);
	const struct sw_event *(*from)(const struct sw_daemon *daemon, uint64_t number);
	uint64_t (*missed)(const struct sw_daemon *daemon, uint64_t number);
};

/* Fills the list; where the next answer goes on. */
static uint64_t list(const struct sw_daemon *daemon, const struct account *account,
		     const struct wanted *wanted, uint64_t end, json_t *events)
{
	const struct sw_event *event;
	uint64_t number = wanted->after;

	while (json_array_size(events) < wanted->limit) {
		event = account->from(daemon, number);
		if (!event)
			return end;
		if (is_wanted(wanted, event))
			json_array_append_new(events, event_to_json(daemon->plan, event));
		number = event->number + 1;
	}
	return number;
}

static int answer(const struct sw_daemon *daemon, const struct account *account, json_t *args,
		  json_t **result, struct sw_error *err)
{
	struct wanted wanted = {.limit = LIMIT_DEFAULT};
	uint64_t end = account->next(daemon), next;
	SW_JSON_DROP json_t *events = json_array();
	int rc = read_wanted(args, daemon->plan, &wanted, err);

	if (rc < 0)
		return rc;
	next = list(daemon, account, &wanted, end, events);
	*result = json_pack("{s:O, s:I, s:b, s:I, s:I}", account->name, events, "next",
			    (json_int_t)next, "more", next < end, "missed",
			    (json_int_t)account->missed(daemon, wanted.after), "started",
			    (json_int_t)(daemon->started_ns / SW_NS_PER_US));
	return *result ? 0 : sw_error_set(err, -ENOMEM, "out of memory");
}

int sw_read_events_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err)
{
	static const struct account events = {"events", sw_events_next, sw_events_from,
					      sw_events_missed};

	return answer(daemon, &events, args, result, err);
}

int sw_read_ends_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err)
{
	static const struct account ends = {"ends", sw_ends_next, sw_ends_from, sw_ends_missed};

	return answer(daemon, &ends, args, result, err);
}
