/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How one service is doing, in figures: for status and for the metrics page.
 */
#ifndef SW_DAEMON_READ_SERVICE_H
#define SW_DAEMON_READ_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/daemon.h"
#include "daemon/ready.h"
#include "kern/listeners.h"
#include "kern/maps.h"
#include "policy/plan.h"

/* Verdicts so far; lane[SW_LANE_NONE] stays 0. */
struct sw_read_totals {
	uint64_t syn; /* all of them */
	uint64_t lane[SW_LANE_COUNT];
};

/* Of all classes the service has and had. */
void sw_read_service_totals(const struct sw_maps *maps, const struct sw_plan_service *service,
			    struct sw_read_totals *out);

/* Direct slots kept for classes. */
uint32_t sw_read_service_reserved(const struct sw_plan *plan,
				  const struct sw_plan_service *service);

/* What is in use now. */
uint32_t sw_read_service_direct(const struct sw_maps *maps, uint32_t service);
uint32_t sw_read_service_pooler(const struct sw_maps *maps, uint32_t service);
uint32_t sw_read_service_waiting(const struct sw_maps *maps, uint32_t service);
/* Connections that have ended so far. */
uint64_t sw_read_service_ended(const struct sw_maps *maps, uint32_t service);
uint32_t sw_read_class_waiting(const struct sw_maps *maps, uint32_t class_id);
uint32_t sw_read_class_direct(const struct sw_maps *maps, uint32_t class_id);

/* Whether somebody listens there, for either family. */
bool sw_read_service_pooler_is_up(const struct sw_plan_service *service,
				  const struct sw_listeners *listeners);
/* Somebody does where the service is addressed, whom clients of that family reach. */
bool sw_read_service_meets(const struct sw_plan *plan, const struct sw_plan_service *service,
			   const struct sw_listeners *listeners, bool ipv4);
/* Whether it serves, or why not, by all that is known: who listens, and what it said when it was asked. */
enum sw_ready_state sw_read_service_database_state(const struct sw_daemon *daemon,
						   const struct sw_plan_service *service,
						   const struct sw_listeners *listeners);
/* Whether somebody listens, and who that is. */
bool sw_read_service_database_at(const struct sw_plan *plan, const struct sw_plan_service *service,
				 const struct sw_listeners *listeners, struct sw_endpoint *out);

#endif
