/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loaded maps as userspace holds them: what can be mapped is a pointer, the rest a descriptor.
 * Filled by kern/load.c; read and changed by everything in kern/ and, for the mapped part, daemon/.
 */
#ifndef SW_KERN_MAPS_H
#define SW_KERN_MAPS_H

#include <stdint.h>

#include "spillway/cookie.h"
#include "spillway/queue.h"
#include "spillway/refusal.h"
#include "spillway/untold.h"

struct sw_maps {
	struct sw_control *control;
	struct sw_ports *ports;
	struct sw_service_conf *service_conf;	/* [SW_SERVICES_MAX] */
	struct sw_service_state *service_state; /* [SW_SERVICES_MAX] */
	struct sw_class_conf *class_conf;	/* [SW_CLASSES_MAX] */
	struct sw_class_state *class_state;	/* [SW_CLASSES_MAX] */
	struct sw_refusal_text *refusal_texts;	/* [SW_CLASSES_MAX] */
	struct sw_cookie_secrets *cookie_secrets;
	uint8_t *untold_of; /* [SW_UNTOLD], of the programs that are loaded; so is the count */
	const uint64_t *untold_count;
	int services_fd;
	int classes_fd;
	int source_rate_fd;
	int source_live_fd;
	int flows_fd;
	int refused_fd;
	int counters_fd;
	int verdicts_fd;
	int lifetimes_fd;
	int waits_fd;
	int wakeups_fd;
	int decisions_fd;
	int sampled_fd;
	int sweep_timer_fd;
};

#endif
