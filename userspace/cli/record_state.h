/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a recording says beside events: the configuration, who is in, and what is in force. Used by record.c.
 */
#ifndef SW_CLI_RECORD_STATE_H
#define SW_CLI_RECORD_STATE_H

#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

#include "cli/cli.h"
#include "core/error.h"

/* What was said last; to begin with all zero. */
struct sw_record_state {
	json_t *services; /* by name: the values of the last line */
	char *yaml;
};

typedef void (*sw_record_put)(void *arg, const json_t *line);

/* The first line; at_ns: where the recording begins, since the epoch. */
enum sw_exit sw_record_state_header(struct sw_record_state *state, const char *socket,
				    uint64_t at_ns, json_t **header, struct sw_error *err);
/* A line for each connection inside, `most` at the most. */
enum sw_exit sw_record_state_inside(const char *socket, size_t most, sw_record_put put, void *arg,
				    struct sw_error *err);
/* A line for each service where something is otherwise than was said last, and one if the configuration is. */
enum sw_exit sw_record_state_take(struct sw_record_state *state, const char *socket,
				  sw_record_put put, void *arg, struct sw_error *err);
void sw_record_state_drop(struct sw_record_state *state);

#endif
