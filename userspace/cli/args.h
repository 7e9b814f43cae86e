/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line, taken apart by the options of the verb's row. Called by main.c; read by the verbs.
 */
#ifndef SW_CLI_ARGS_H
#define SW_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/verb.h"

/* Options that every verb takes, before or after its name. */
enum sw_global {
	SW_GLOBAL_SOCKET,
	SW_GLOBAL_JSON,
	SW_GLOBAL_COLOR,
	SW_GLOBAL_HELP,
	SW_GLOBAL_VERSION,
	SW_GLOBAL_COUNT
};
extern const struct sw_option sw_global_options[];

/* Values point into argv; a flag that was given has the value "". */
struct sw_args {
	const struct sw_verb *verb; /* NULL: none was given */
	const char **positional;    /* what follows the verb */
	size_t count;
	const char *values[SW_VERB_OPTIONS_MAX]; /* in the order of verb->options */
	const char *globals[SW_GLOBAL_COUNT];
};

/*
 * 0, or -EINVAL with a text. After a failure verb and globals hold what was understood before, so that --help
 * can still be honoured. Free with sw_args_free() either way.
 */
int sw_args_parse(int argc, char **argv, struct sw_args *out, struct sw_error *err);
void sw_args_free(struct sw_args *args);

/* The value of one of the verb's options, or NULL. */
const char *sw_args_value(const struct sw_args *args, const char *option);

/* Sets a string; -EINVAL with a text when it is not UTF-8. */
int sw_request_text(json_t *request, const char *key, const char *text, struct sw_error *err);

/*
 * Into the request, if given: as text, as text that is one of a list of words or a duration, as a number of
 * at least 1.
 * 0 or -EINVAL with a text.
 */
int sw_args_put_text(const struct sw_args *args, const char *option, json_t *request,
		     struct sw_error *err);
int sw_args_put_word(const struct sw_args *args, const char *option, const char *const *words,
		     json_t *request, struct sw_error *err);
int sw_args_put_duration(const struct sw_args *args, const char *option, json_t *request,
			 struct sw_error *err);
int sw_args_put_lane(const struct sw_args *args, json_t *request, struct sw_error *err);
int sw_args_put_count(const struct sw_args *args, const char *option, json_t *request,
		      struct sw_error *err);

#endif
