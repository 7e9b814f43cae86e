/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line for an event, for who follows the log and not `spillway events`.
 */
#include "daemon/events_log.h"

#include <string.h>

#include "config/words.h"
#include "core/addr.h"
#include "core/clock.h"
#include "core/log.h"
#include "policy/explain.h"

void sw_events_log(const struct sw_daemon *daemon, const struct sw_event *event)
{
	const struct sw_plan *plan = daemon->plan;
	const struct sw_decision *what = &event->what;
	const struct sw_plan_service *service;
	const struct sw_plan_class *class;
	struct sw_log_fields about = {.lane = sw_words_name(SW_WORDS_LANE, what->lane)};
	char source[SW_ADDR_TEXT];
	struct sw_addr address;

	if (!sw_log_takes(SW_LOG_DEBUG))
		return;
	service = plan ? sw_plan_service(plan, what->service) : NULL;
	class = plan ? sw_plan_class(plan, what->class_id) : NULL;
	memcpy(address.bytes, what->client.bytes, sizeof(address.bytes));
	sw_addr_format(&address, source, sizeof(source));
	about.service = service ? service->name : "-";
	about.class = class ? class->name : "-";
	about.source = source;
	about.reason = sw_explain_reason_name(what->reason);
	if (event->kind == SW_EVENT_WAIT_ENDED)
		sw_log_about(SW_LOG_DEBUG, &about,
			     "service %s: %s, class %s: the wait of %.3f s ends in lane %s (%s)",
			     about.service, source, about.class,
			     (double)event->took_ns / SW_NS_PER_S, about.lane, about.reason);
	else
		sw_log_about(SW_LOG_DEBUG, &about, "service %s: %s, class %s: lane %s (%s)",
			     about.service, source, about.class, about.lane, about.reason);
}
