/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes log lines to stderr, each with one write(2) so that lines of several processes do not mix.
 * The level and format are process-wide, like stderr itself.
 */
#include "core/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "core/cleanup.h"
#include "core/clock.h"
#include "core/journal.h"

static enum sw_log_level current_level = SW_LOG_INFO;
static enum sw_log_format current_format = SW_LOG_TEXT;
static bool is_journal;

static const struct sw_log_fields nothing;

static const char *const level_names[] = {
	[SW_LOG_ERROR] = "error",
	[SW_LOG_WARN] = "warning",
	[SW_LOG_INFO] = "info",
	[SW_LOG_DEBUG] = "debug",
};

void sw_log_init(enum sw_log_level level, enum sw_log_format format)
{
	current_level = level;
	current_format = format;
	is_journal = format == SW_LOG_TEXT && sw_journal_is_stderr();
}

bool sw_log_takes(enum sw_log_level level)
{
	return level <= current_level;
}

/* Messages quote what clients and files say: no line breaks, no terminal escapes (C0, C1, DEL). */
static void flatten(char *text)
{
	for (unsigned char *at = (unsigned char *)text; *at; at++) {
		if (*at == '\n' || *at == '\t')
			*at = ' ';
		else if (*at < 0x20 || *at == 0x7f)
			*at = '?';
		else if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
			at[0] = at[1] = '?';
	}
}

static void write_text(enum sw_log_level level, const char *message)
{
	dprintf(STDERR_FILENO, "%s: %s%s%s\n", program_invocation_short_name,
		level == SW_LOG_INFO ? "" : level_names[level], level == SW_LOG_INFO ? "" : ": ",
		message);
}

static void make_ascii(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text >= 0x80)
			*text = '?';
	}
}

static void add_fields(json_t *object, const struct sw_log_fields *about)
{
	const struct {
		const char *key, *value;
	} fields[] = {{"service", about->service},
		      {"class", about->class},
		      {"source", about->source},
		      {"lane", about->lane},
		      {"reason", about->reason}};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].value)
			json_object_set_new(object, fields[i].key, json_string(fields[i].value));
}

static void write_json(enum sw_log_level level, const struct sw_log_fields *about, char *message)
{
	SW_FREE char *line = NULL;
	char when[SW_CLOCK_TEXT];
	json_t *object;

	sw_clock_format(sw_clock_realtime_ns(), when, sizeof(when));
	object = json_pack("{s:s, s:s, s:s}", "time", when, "level", level_names[level], "message",
			   message);
	if (!object) { /* not UTF-8 */
		make_ascii(message);
		object = json_pack("{s:s, s:s, s:s}", "time", when, "level", level_names[level],
				   "message", message);
	}
	if (object)
		add_fields(object, about);
	line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (line)
		dprintf(STDERR_FILENO, "%s\n", line);
}

static void log_line(enum sw_log_level level, const struct sw_log_fields *about, const char *fmt,
		     va_list args)
{
	SW_FREE char *message = NULL;
	int saved = errno;

	if (level > current_level)
		return;
	if (vasprintf(&message, fmt, args) < 0) {
		message = NULL; /* undefined after a failure */
		errno = saved;
		return;
	}
	flatten(message);
	if (current_format == SW_LOG_JSON)
		write_json(level, about, message);
	else if (!is_journal || !sw_journal_send(level, about, message))
		write_text(level, message);
	errno = saved;
}

void sw_log_error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(SW_LOG_ERROR, &nothing, fmt, args);
	va_end(args);
}

void sw_log_warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(SW_LOG_WARN, &nothing, fmt, args);
	va_end(args);
}

void sw_log_info(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(SW_LOG_INFO, &nothing, fmt, args);
	va_end(args);
}

void sw_log_debug(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(SW_LOG_DEBUG, &nothing, fmt, args);
	va_end(args);
}

void sw_log_about(enum sw_log_level level, const struct sw_log_fields *about, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(level, about, fmt, args);
	va_end(args);
}
