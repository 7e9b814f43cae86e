/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asks the daemon for `spillway top` in a thread of its own: one that is slow or away must not keep keys waiting.
 * Opened by top.c; what to ask for is set by top_keys.c.
 */
#ifndef SW_CLI_TOP_POLL_H
#define SW_CLI_TOP_POLL_H

#include <stdint.h>
#include <jansson.h>

#include "cli/cli.h"
#include "core/error.h"

/* One round of answers, or why there is none. Whoever takes it has the references. */
struct sw_top_answers {
	uint64_t at_ns; /* 0: nothing new */
	json_t *status, *queue, *sources;
	enum sw_exit code;
	struct sw_error err;
};

/* What a change that was asked for came to. */
struct sw_top_outcome {
	bool is_there;
	json_t *result; /* NULL: it failed, and err says why */
	struct sw_error err;
};

struct sw_top_poll;

/* One round, waiting for it: how a daemon that is not there is found before the screen is touched. */
void sw_top_poll_once(const char *socket_path, const char *sort, size_t limit,
		      struct sw_top_answers *out);

/* The descriptor is readable when something is to be taken. NULL when out of memory or threads. */
struct sw_top_poll *sw_top_poll_open(const char *socket_path);
int sw_top_poll_fd(const struct sw_top_poll *poll);
/* Does not wait for an answer that is under way. */
void sw_top_poll_close(struct sw_top_poll *poll);

/* From now on by this order, a constant, and so many; the next round is at once. */
void sw_top_poll_want(struct sw_top_poll *poll, const char *sort, size_t limit);
/* A change, asked for before the next round. Takes args. false: one is under way already. */
bool sw_top_poll_change(struct sw_top_poll *poll, const char *verb, json_t *args);

void sw_top_poll_take(struct sw_top_poll *poll, struct sw_top_answers *answers,
		      struct sw_top_outcome *outcome);
void sw_top_answers_clear(struct sw_top_answers *answers);

#endif
