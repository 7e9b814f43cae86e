/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pause and resume: whether new connections of a service wait, whatever room there is.
 */
#include <errno.h>

#include "core/clock.h"
#include "core/log.h"
#include "daemon/change_verbs.h"
#include "daemon/read_service.h"
#include "daemon/request.h"
#include "daemon/room.h"

static int read_room(struct sw_daemon *daemon, json_t *args, struct sw_room **out,
		     const struct sw_plan_service **planned, struct sw_error *err)
{
	struct sw_config_service *service = NULL;
	int failed = sw_request_service(args, daemon->plan, daemon->config, &service, err);

	if (failed)
		return failed;
	*planned = sw_plan_service_named(daemon->plan, service->name);
	*out = sw_room_of(daemon, (*planned)->id);
	return *out ? 0 : sw_error_set(err, -ENOMEM, "%s has no waiting room", service->name);
}

static json_t *answer(const struct sw_daemon *daemon, const struct sw_room *room,
		      const struct sw_plan_service *service)
{
	uint64_t until_ns = sw_room_paused_until_ns(room), now_ns = sw_clock_monotonic_ns();
	json_t *left = until_ns > now_ns
			       ? json_integer((json_int_t)((until_ns - now_ns + SW_NS_PER_S / 2) /
							   SW_NS_PER_S))
			       : json_null();

	return json_pack("{s:s, s:b, s:b, s:o, s:I}", "service", service->name, "paused",
			 (int)sw_room_is_paused(room), "resumes", (int)sw_room_resumes(room),
			 "ends_in_s", left, "waiting",
			 (json_int_t)sw_read_service_waiting(daemon->maps, service->id));
}

int sw_change_pause_verb(void *arg, json_t *args, json_t **result, struct sw_error *err)
{
	struct sw_daemon *daemon = arg;
	const struct sw_plan_service *service;
	struct sw_room *room;
	uint64_t for_ns;
	int failed = read_room(daemon, args, &room, &service, err);

	if (!failed)
		failed = sw_request_duration(args, &for_ns, err);
	if (failed)
		return failed;
	sw_room_pause(room, for_ns);
	sw_log_about(SW_LOG_INFO, &(struct sw_log_fields){.service = service->name},
		     "service %s is paused: new connections wait", service->name);
	*result = answer(daemon, room, service);
	return 0;
}

int sw_change_resume_verb(void *arg, json_t *args, json_t **result, struct sw_error *err)
{
	struct sw_daemon *daemon = arg;
	const struct sw_plan_service *service;
	struct sw_room *room;
	int failed = read_room(daemon, args, &room, &service, err);

	if (failed)
		return failed;
	if (!sw_room_is_paused(room))
		return sw_error_set(err, -EALREADY, "%s is not paused", service->name);
	*result = answer(daemon, room, service);
	sw_log_about(SW_LOG_INFO, &(struct sw_log_fields){.service = service->name},
		     "service %s is resumed", service->name);
	sw_room_resume(room);
	json_object_set_new(*result, "paused", json_boolean(sw_room_is_paused(room)));
	json_object_set_new(*result, "resumes", json_boolean(sw_room_resumes(room)));
	json_object_set_new(*result, "ends_in_s", json_null());
	return 0;
}
