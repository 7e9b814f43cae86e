/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line a message on stderr: text ("spillwayd: error: …", the level left out for info) or a
 * JSON object; where stderr is the journal and nobody asked for JSON, an entry with fields.
 * Logged once, where the operand is known. Before sw_log_init(): info and above, as text.
 */
#ifndef SW_CORE_LOG_H
#define SW_CORE_LOG_H

#include <stdbool.h>

enum sw_log_level { SW_LOG_ERROR, SW_LOG_WARN, SW_LOG_INFO, SW_LOG_DEBUG };
enum sw_log_format { SW_LOG_TEXT, SW_LOG_JSON };

void sw_log_init(enum sw_log_level level, enum sw_log_format format);

/* Whether a message of that level is written: for who would have to make it first. */
bool sw_log_takes(enum sw_log_level level);

/* errno is left as it was. Control characters are replaced: a message is always one line. */
void sw_log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void sw_log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void sw_log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void sw_log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What a message is about; NULL: not known, or of no meaning. In the journal SPILLWAY_SERVICE and so on. */
struct sw_log_fields {
	const char *service;
	const char *class;
	const char *source;
	const char *lane;
	const char *reason;
};

void sw_log_about(enum sw_log_level level, const struct sw_log_fields *about, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
