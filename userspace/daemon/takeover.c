/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Only what this daemon writes is kept: the counts beside it are the gate's, and go on.
 */
#include "daemon/takeover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "daemon/reconcile.h"
#include "kern/apply.h"
#include "kern/notes.h"
#include "spillway/fresh.h"

struct hold {
	uint64_t bits;
	uint64_t paused_until_ns;
};

struct sw_takeover {
	char *notes;
	struct sw_plan *plan; /* NULL: its ids are not known yet */
	struct sw_control control;
	struct hold holds[SW_SERVICES_MAX];
	struct sw_flow_list adopted;
};

int sw_takeover_begin(struct sw_daemon *daemon, struct sw_error *err)
{
	struct sw_notes_header header;
	struct sw_takeover *keep;
	int failed;

	if (!sw_kern_inherited(daemon->kern))
		return 0;
	keep = calloc(1, sizeof(*keep));
	if (!keep)
		return sw_error_set(err, -ENOMEM, "out of memory");
	failed = sw_notes_read(sw_kern_generation(daemon->kern), &header, &keep->notes, err);
	if (failed) {
		free(keep);
		return failed;
	}
	keep->control = *daemon->maps->control;
	for (size_t i = 0; i < SW_SERVICES_MAX; i++) {
		const struct sw_service_state *state = &daemon->maps->service_state[i];

		keep->holds[i] = (struct hold){state->hold, state->paused_until_ns};
	}
	daemon->takeover = keep;
	return 0;
}

int sw_takeover_read_plan(struct sw_daemon *daemon, struct sw_error *err)
{
	int failed;

	if (!daemon->takeover)
		return 0;
	failed = sw_apply_read(daemon->maps, daemon->plan);
	if (failed)
		return sw_error_set(err, failed, "what the last daemon guarded: %s",
				    strerror(-failed));
	daemon->takeover->plan = daemon->plan;
	return 0;
}

bool sw_takeover_keeps(const struct sw_daemon *daemon, const struct sw_plan *plan)
{
	return daemon->takeover && plan == daemon->takeover->plan;
}

struct sw_flow_list *sw_takeover_adopted(const struct sw_daemon *daemon)
{
	return daemon->takeover ? &daemon->takeover->adopted : NULL;
}

bool sw_takeover_has_stood(const struct sw_daemon *daemon)
{
	const struct sw_takeover *kept = daemon->takeover;

	return kept && kept->plan && kept->control.mode == SW_MODE_ENFORCE &&
	       kept->control.moving == SW_MOVING_DONE &&
	       !sw_plan_listens_beyond(daemon->plan, kept->plan);
}

static void put_plan_back(struct sw_daemon *daemon)
{
	const struct sw_plan *plan = daemon->takeover->plan;
	struct sw_error err;

	/* A change that failed has done so itself. */
	if (!plan || plan == daemon->plan)
		return;
	if (sw_apply_values(daemon->maps, plan, plan, &err) ||
	    sw_apply_keys(daemon->maps, daemon->plan, plan, &err))
		sw_log_error("%s: not all that the last daemon guarded is guarded as it was",
			     err.text);
}

static void put_states_back(const struct sw_takeover *kept, const struct sw_maps *maps)
{
	struct sw_control *control = maps->control;

	for (size_t i = 0; i < SW_SERVICES_MAX; i++) {
		maps->service_state[i].hold = kept->holds[i].bits;
		maps->service_state[i].paused_until_ns = kept->holds[i].paused_until_ns;
	}
	control->mode = kept->control.mode;
	control->on_loss = kept->control.on_loss;
	control->syncookies = kept->control.syncookies;
	control->late_ack_s = kept->control.late_ack_s;
	control->heartbeat_timeout_ns = kept->control.heartbeat_timeout_ns;
	control->handshake_timeout_ns = kept->control.handshake_timeout_ns;
	/* Nobody lives who would let in those that wait. */
	control->heartbeat_ns = kept->control.heartbeat_ns;
}

void sw_takeover_undo(struct sw_daemon *daemon)
{
	struct sw_takeover *kept = daemon->takeover;
	struct sw_error err;

	if (!kept)
		return;
	put_plan_back(daemon);
	sw_reconcile_give_back(daemon, &kept->adopted);
	/* Sessions at an address that was to be another service's went on under that. */
	if (kept->plan && sw_plan_listens_moved(kept->plan, daemon->plan))
		sw_reconcile_late(daemon, kept->plan, false, NULL);
	put_states_back(kept, daemon->maps);
	if (sw_notes_write(sw_kern_generation(daemon->kern), sw_kern_netns_cookie(daemon->kern),
			   kept->notes, strlen(kept->notes), &err))
		sw_log_error("%s: what was tuned since the file was read is lost", err.text);
}

void sw_takeover_end(struct sw_daemon *daemon)
{
	struct sw_takeover *kept = daemon->takeover;

	if (!kept)
		return;
	if (kept->plan != daemon->plan)
		sw_plan_free(kept->plan);
	sw_flow_list_free(&kept->adopted);
	free(kept->notes);
	free(kept);
	daemon->takeover = NULL;
}
