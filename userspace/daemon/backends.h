/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose each backend of a database is: by the flows of the gate, the addresses of this host, and what was
 * there at the look before. Used by daemon/monitor.c.
 */
#ifndef SW_DAEMON_BACKENDS_H
#define SW_DAEMON_BACKENDS_H

#include "daemon/daemon.h"
#include "db/facts.h"
#include "policy/budget.h"

struct sw_backend_place {
	enum sw_backend_origin origin;
	bool has_flow;	    /* its flow was found, and not only not missed yet */
	bool is_neighbours; /* a flow of another service at this database was */
	uint16_t class_id;  /* of the flow */
};

/* A backend by what names it, and what it was taken for. */
struct sw_backend_seen {
	int32_t pid;
	uint64_t started_us;
	enum sw_backend_origin origin;
};

/* Of the look before: those without a flow that came by TCP, this host's own and strangers. */
struct sw_backends {
	struct sw_backend_seen *seen;
	size_t count;
	uint64_t ended; /* connections of the service, when the database was asked */
	bool is_told;	/* that it is not known which are the pool's */
	uint32_t
		adopted; /* have a flow now, and were taken for somebody else's at the look before */
};

/* The database is asked now. */
void sw_backends_expect(struct sw_backends *backends, const struct sw_daemon *daemon,
			uint32_t service);

/*
 * places[i] is that of facts->backends[i]. One that neither has a flow nor comes from this host came from
 * elsewhere, unless its flow ended between the database's look and this one: as many as flows ended since it was
 * asked are the gate's, but none that was there at the look before. On a gateway, with a pool at direct.address, the pool's connections are those of the flows that the pool has. 0 or -errno
 * with err.
 */
int sw_backends_sort(struct sw_backends *backends, const struct sw_daemon *daemon,
		     const struct sw_plan_service *service, const struct sw_facts *facts,
		     struct sw_backend_place *places, struct sw_error *err);
void sw_backends_free(struct sw_backends *backends);

#endif
