/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a service's database serves: somebody listens, and a postgres says, as pg_isready would hear,
 * that it takes connections. Asked only when there is a reason to doubt it. One for each waiting room.
 */
#ifndef SW_DAEMON_READY_H
#define SW_DAEMON_READY_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/daemon.h"
#include "kern/listeners.h"

struct sw_ready;

enum sw_ready_state {
	SW_READY_SERVES, /* as far as anybody knows */
	SW_READY_NOBODY_LISTENS,
	SW_READY_TURNS_AWAY, /* it says that it starts, recovers or shuts down */
	SW_READY_SILENT,     /* it hangs up, or says nothing */
	SW_READY_UNASKED,    /* not of ready's: its monitor gets no answer */
	SW_READY_STATES,
};

/*
 * told() hears of each change; was_down: it was found not to serve, and not only doubted. NULL: no memory.
 */
struct sw_ready *sw_ready_new(struct sw_daemon *daemon, uint32_t service,
			      void (*told)(void *arg, bool is_ready, bool was_down), void *arg);
void sw_ready_free(struct sw_ready *ready); /* NULL is fine */

void sw_ready_configure(struct sw_ready *ready, const struct sw_config_service *config);

/* There is a reason to doubt it: asks at once, and tells what comes of it; meanwhile it is not, if hold. */
void sw_ready_suspect(struct sw_ready *ready, bool hold);

/*
 * Likewise, of what looks like its end: nobody is let in until it has answered a question that was put after this,
 * at once or as soon as 50 ms have gone by since the last.
 */
void sw_ready_doubt(struct sw_ready *ready);

/* True while nobody doubts that it serves, nor has for a second: all that is to listen does. */
bool sw_ready_is_steady(const struct sw_ready *ready);

/* Nothing is known of it: it is not ready until it has answered; up to 200 ms later if it was just asked. */
void sw_ready_ask(struct sw_ready *ready);

/*
 * Likewise, at the end of a pause. True: no chain has a queue, so the pause itself has to go on until it is
 * told that the database serves.
 */
bool sw_ready_ask_for_all(struct sw_ready *ready);

/* Its monitor has heard what it has room for, or that it will not hear that now. */
void sw_ready_budget_is_known(struct sw_ready *ready);

/* Found so, and not only doubted. */
enum sw_ready_state sw_ready_state(const struct sw_ready *ready);

/* Who listens, as the kernel told at most 10 ms ago; until the next call. NULL: it does not tell. */
const struct sw_listeners *sw_ready_listeners(struct sw_ready *ready);

/*
 * Several times a second: asks while connections end, at most five times a second, and every ten
 * seconds a database that has a monitor: nobody else would tell that it waits for that to leave.
 */
void sw_ready_tick(struct sw_ready *ready, uint64_t now_ns);

#endif
