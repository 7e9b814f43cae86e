/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See page_data.h. Reading the sources walks tables of up to 131,072 entries: it may take a fiftieth of the time, no
 * more, so that nobody who waits for a slot waits for a page.
 */
#include "daemon/page_data.h"

#include <errno.h>
#include <string.h>

#include "core/clock.h"
#include "daemon/daemon.h"
#include "daemon/health.h"
#include "daemon/read_service.h"
#include "daemon/verbs.h"

#define SAMPLE_S       1
#define SOURCES_SHOWN  15
#define SOURCES_SHARE  50
#define SOURCES_MIN_NS (900 * SW_NS_PER_MS)

static void sample_service(struct sw_page_source *source, const struct sw_daemon *daemon,
			   const struct sw_plan_service *service, uint64_t now_ns)
{
	uint64_t values[SW_HISTORY_SERIES];
	struct sw_read_totals totals;

	sw_read_service_totals(daemon->maps, service, &totals);
	values[SW_HISTORY_USED] = sw_read_service_direct(daemon->maps, service->id);
	values[SW_HISTORY_BUDGET] = service->conf.budget;
	values[SW_HISTORY_WAITING] = sw_read_service_waiting(daemon->maps, service->id);
	values[SW_HISTORY_SYN] = totals.syn;
	values[SW_HISTORY_DIRECT] = totals.lane[SW_LANE_DIRECT];
	values[SW_HISTORY_POOLER] = totals.lane[SW_LANE_POOLER];
	values[SW_HISTORY_QUEUED] = totals.lane[SW_LANE_QUEUE];
	values[SW_HISTORY_REFUSED] = totals.lane[SW_LANE_REFUSE];
	values[SW_HISTORY_RESET] = totals.lane[SW_LANE_RESET];
	values[SW_HISTORY_DROPPED] = totals.lane[SW_LANE_DROP];
	/* Without memory there is a gap, and no more. */
	sw_history_add(source->history, service->id, service->name, values, now_ns);
}

static void on_sample(evutil_socket_t fd, short what, void *arg)
{
	struct sw_page_source *source = arg;
	const struct sw_plan *plan = source->daemon->plan;
	uint64_t now_ns = sw_clock_monotonic_ns();

	(void)fd, (void)what;
	for (size_t i = 0; i < plan->service_count; i++)
		sample_service(source, source->daemon, &plan->services[i], now_ns);
}

int sw_page_data_start(struct sw_page_source *source, struct sw_daemon *daemon)
{
	const struct timeval every = {SAMPLE_S, 0};

	source->daemon = daemon;
	source->history = sw_history_new();
	source->sample = event_new(daemon->base, -1, EV_PERSIST, on_sample, source);
	if (!source->history || !source->sample || event_add(source->sample, &every))
		return -ENOMEM;
	on_sample(-1, 0, source);
	return 0;
}

void sw_page_data_stop(struct sw_page_source *source)
{
	if (source->sample)
		event_free(source->sample);
	json_decref(source->sources);
	sw_history_free(source->history);
	memset(source, 0, sizeof(*source));
}

static void read_sources(struct sw_page_source *source)
{
	json_t *args = json_pack("{s:s, s:i}", "sort", "live", "limit", SOURCES_SHOWN);
	uint64_t began_ns = sw_clock_monotonic_ns(), took_ns;
	json_t *result = NULL;
	struct sw_error err;

	if (began_ns >= source->sources_ns && args &&
	    sw_read_sources_verb(source->daemon, args, &result, &err) == 0) {
		took_ns = sw_clock_monotonic_ns() - began_ns;
		json_decref(source->sources);
		source->sources = result;
		source->sources_ns = began_ns + (took_ns * SOURCES_SHARE > SOURCES_MIN_NS
							 ? took_ns * SOURCES_SHARE
							 : SOURCES_MIN_NS);
	}
	json_decref(args);
}

int sw_page_data_read(struct sw_page_source *source, struct sw_page_data *out)
{
	json_t *none = json_object(), *status = NULL, *queue = NULL;
	struct sw_error err;
	int failed = none ? sw_read_status_verb(source->daemon, none, &status, &err) : -ENOMEM;

	if (!failed)
		failed = sw_read_queue_verb(source->daemon, none, &queue, &err);
	json_decref(none);
	out->status = status;
	out->queue = queue;
	if (failed)
		return failed;
	read_sources(source);
	out->sources = json_incref(source->sources);
	out->history = source->history;
	out->at = (time_t)(sw_clock_realtime_ns() / SW_NS_PER_S);
	if (!sw_health_check(source->daemon, source->trouble, sizeof(source->trouble)))
		out->trouble = source->trouble;
	return 0;
}

void sw_page_data_clear(struct sw_page_data *data)
{
	json_decref((json_t *)data->status);
	json_decref((json_t *)data->queue);
	json_decref((json_t *)data->sources);
	memset(data, 0, sizeof(*data));
}
