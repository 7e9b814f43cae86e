/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a conninfo leads: a child that may wait for the resolver makes the connection once, with all that
 * libpq does for it (several hosts, target_session_attrs, service files, a ticket for GSS), and tells which host let it
 * in, and how. Used by db/session.c, which then connects there without looking anything up.
 */
#ifndef SW_DB_SCOUT_H
#define SW_DB_SCOUT_H

#include <stdbool.h>

#include "db/child.h"

struct sw_scouted {
	bool is_in;
	char host[256]; /* as in the conninfo, for the certificate's name; "": none */
	char hostaddr[64];
	char port[8];
	char gssencmode[16]; /* "disable" if it did without */
	/* All that conninfo, service and environment say, as a conninfo, but for what is said above. */
	char options[2560];
	char error[512]; /* if it did not get in */
};

/* False: libpq will find its way without a resolver, a service or a ticket, and has no choice of hosts. */
bool sw_scout_is_needed(const char *conninfo);

int sw_scout_start(struct sw_child *child, const char *conninfo); /* 0 or -errno */
/* 0; -EAGAIN: not yet; -EPIPE: there will be no answer. */
int sw_scout_answer(const struct sw_child *child, struct sw_scouted *out);

#endif
