/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a recording, line by line. A file that was cut off in the middle of a line is read up to there; any other line
 * that is none is an error.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli/field.h"
#include "cli/output.h"
#include "cli/recording_parts.h"
#include "config/words.h"
#include "core/clock.h"
#include "policy/explain.h"

struct reader {
	const char *path;
	size_t number; /* of the line */
	struct sw_recorded *lines;
	size_t count, room;
	uint64_t began_ns;
	bool has_end;
	struct sw_recording *out;
	struct sw_error *err;
};

static int refuse(struct reader *reader, const char *what, const char *value)
{
	return sw_error_set(reader->err, -EINVAL, "%s:%zu: %s%s%.40s", reader->path, reader->number,
			    what, value ? " " : "", value ? value : "");
}

static int read_at(struct reader *reader, const json_t *line, uint64_t *at_ns)
{
	const char *text = json_string_value(json_object_get(line, "at"));

	if (!text || sw_recording_parse_time(text, at_ns))
		return refuse(reader,
			      "at: expected a time such as 2026-03-29T02:17:45.123456Z, found",
			      text ? text : "nothing");
	return 0;
}

static int read_header(struct reader *reader, const json_t *line)
{
	const json_t *version = json_object_get(line, "spillway_recording");
	const char *yaml = json_string_value(json_object_get(line, "configuration"));
	char found[24];

	if (!json_is_integer(version))
		return refuse(reader, "this is no recording: spillway record writes one", NULL);
	snprintf(found, sizeof(found), "%lld", (long long)json_integer_value(version));
	if (json_integer_value(version) != SW_RECORDING_VERSION)
		return refuse(
			reader,
			"this spillway reads recordings of version 1; a spillway that is as new as "
			"the one that wrote it reads version",
			found);
	if (!yaml)
		return refuse(reader, "the header has no configuration", NULL);
	reader->out->configuration = strdup(yaml);
	if (!reader->out->configuration)
		return sw_error_set(reader->err, -ENOMEM, "out of memory");
	snprintf(reader->out->host, sizeof(reader->out->host), "%s", sw_field_text(line, "host"));
	snprintf(reader->out->began, sizeof(reader->out->began), "%s", sw_field_text(line, "at"));
	return read_at(reader, line, &reader->began_ns);
}

static int read_end_point(struct reader *reader, const json_t *line, const char *address_key,
			  const char *port_key, struct sw_in6 *address, __be16 *port_be)
{
	const char *text = json_string_value(json_object_get(line, address_key));
	long long port = sw_field_int(line, port_key);
	struct sw_addr addr;

	if (!text || sw_addr_parse(text, &addr))
		return refuse(reader, address_key, "is no address");
	if (port < 0 || port > UINT16_MAX)
		return refuse(reader, port_key, "is no port");
	memcpy(address->bytes, addr.bytes, sizeof(address->bytes));
	*port_be = htons((uint16_t)port);
	return 0;
}

static int read_name(struct reader *reader, const json_t *line, const char *key, char *out)
{
	const char *text = json_string_value(json_object_get(line, key));

	/* A class or service that was gone when it was told of has none. */
	if (!text)
		text = "-";
	if (strlen(text) > SW_CONFIG_NAME_MAX)
		return refuse(reader, key, "is no name");
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

static uint8_t reason_of(const char *name)
{
	for (int i = 0; i < SW_REASON_COUNT; i++)
		if (strcmp(sw_explain_reason_name(i), name) == 0)
			return (uint8_t)i;
	return SW_REASON_FIRST;
}

static int read_connection(struct reader *reader, const json_t *line, struct sw_recorded *out)
{
	const char *lane = json_string_value(json_object_get(line, "lane"));
	unsigned int value = SW_LANE_NONE;
	int rc = read_end_point(reader, line, "source", "source_port", &out->flow.client,
				&out->flow.client_port_be);

	if (rc == 0)
		rc = read_end_point(reader, line, "destination", "destination_port",
				    &out->flow.server, &out->flow.server_port_be);
	if (rc == 0)
		rc = read_name(reader, line, "service", out->service);
	if (rc == 0)
		rc = read_name(reader, line, "class", out->class);
	if (rc == 0 && lane && sw_words_parse(SW_WORDS_LANE, lane, &value))
		rc = refuse(reader, "unknown lane", lane);
	out->lane = (uint8_t)value;
	out->reason = reason_of(sw_field_text(line, "reason"));
	out->is_shadow = sw_field_true(line, "monitor");
	out->gave_up = strcmp(sw_field_text(line, "outcome"), "abandoned") == 0;
	return rc;
}

static int read_state(struct reader *reader, const json_t *line, struct sw_recorded *out)
{
	out->state.budget = (uint32_t)sw_field_int(line, "budget");
	out->state.is_paused = sw_field_true(line, "paused");
	out->state.is_ready = sw_field_true(line, "ready");
	out->untold = (uint64_t)sw_field_int(line, "untold");
	out->ends_untold = (uint64_t)sw_field_int(line, "ends_untold");
	return read_name(reader, line, "service", out->state.service);
}

/* SW_REPLAY_UNKNOWN where the line has none. */
static int read_seconds(struct reader *reader, const json_t *line, const char *key, uint64_t *ns)
{
	const json_t *value = json_object_get(line, key);
	double seconds = json_number_value(value);

	*ns = SW_REPLAY_UNKNOWN;
	if (!json_is_number(value) || seconds < 0)
		return 0;
	if (seconds >= (double)SW_RECORDING_SECONDS_MOST)
		return refuse(reader, key, "is no duration");
	*ns = (uint64_t)(seconds * SW_NS_PER_S);
	return 0;
}

static struct sw_recorded *add_line(struct reader *reader)
{
	if (reader->count == reader->room) {
		size_t room = reader->room ? 2 * reader->room : 1024;
		struct sw_recorded *lines = reallocarray(reader->lines, room, sizeof(*lines));

		if (!lines) {
			sw_error_set(reader->err, -ENOMEM, "out of memory");
			return NULL;
		}
		reader->lines = lines;
		reader->room = room;
	}
	reader->lines[reader->count] = (struct sw_recorded){.number = reader->number};
	return &reader->lines[reader->count];
}

/* The lines that stand for a connection, or for what was in force. */
static int read_event(struct reader *reader, const json_t *line, enum sw_recorded_kind kind,
		      const char *took)
{
	struct sw_recorded *out = add_line(reader);
	int rc = out ? read_at(reader, line, &out->at_ns) : -ENOMEM;

	if (rc)
		return rc;
	out->kind = kind;
	if (took)
		rc = read_seconds(reader, line, took, &out->took_ns);
	if (rc == 0)
		rc = kind == SW_RECORDED_STATE ? read_state(reader, line, out)
					       : read_connection(reader, line, out);
	reader->count += rc == 0;
	return rc;
}

/* Whoever adds an event to this version adds one that may be passed over. */
static int read_line(struct reader *reader, const json_t *line)
{
	const char *event = json_string_value(json_object_get(line, "event"));

	if (json_object_get(line, "spillway_recording"))
		return refuse(reader, "another recording begins here: replay one at a time", NULL);
	if (!event)
		return refuse(reader, "the line has no event", NULL);
	if (reader->has_end)
		return refuse(reader, "there is a line behind the end", NULL);
	if (!strcmp(event, "inside"))
		return read_event(reader, line, SW_RECORDED_INSIDE, "age_s");
	if (!strcmp(event, "ended"))
		return read_event(reader, line, SW_RECORDED_ENDED, "open_s");
	if (!strcmp(event, "decision"))
		return read_event(reader, line, SW_RECORDED_DECISION, NULL);
	if (!strcmp(event, "wait_ended"))
		return read_event(reader, line, SW_RECORDED_WAIT_ENDED, "waited_s");
	if (!strcmp(event, "state"))
		return read_event(reader, line, SW_RECORDED_STATE, NULL);
	if (!strcmp(event, "missed"))
		reader->out->lost += (uint64_t)sw_field_int(line, "count");
	reader->out->is_changed |= !strcmp(event, "configuration");
	reader->out->restarts += !strcmp(event, "restarted");
	reader->has_end = !strcmp(event, "end");
	return 0;
}

static int read_text(struct reader *reader, const char *text, size_t bytes)
{
	json_error_t wrong;
	SW_JSON_FREE json_t *line = json_loadb(text, bytes, 0, &wrong);

	reader->number++;
	if (!json_is_object(line)) {
		/* The host went down, or the disk was full, and nobody could write the rest. */
		if (text[bytes - 1] != '\n' && reader->number > 1)
			return 0;
		return refuse(reader,
			      reader->number == 1 ? "this is no recording:"
						  : "this is no line of a recording:",
			      wrong.text);
	}
	return reader->number == 1 ? read_header(reader, line) : read_line(reader, line);
}

int sw_recording_read(const char *path, struct sw_recording *out, struct sw_error *err)
{
	struct reader reader = {.path = path, .out = out, .err = err};
	SW_FCLOSE FILE *file = strcmp(path, "-") ? fopen(path, "re") : fdopen(dup(0), "r");
	SW_FREE char *text = NULL;
	size_t room = 0;
	ssize_t bytes;
	int rc = 0;

	*out = (struct sw_recording){0};
	if (!file)
		return sw_error_set(err, -errno, "%s: %s", path, strerror(errno));
	errno = 0;
	while (rc == 0 && (bytes = getline(&text, &room, file)) > 0)
		rc = read_text(&reader, text, (size_t)bytes);
	if (rc == 0 && ferror(file))
		rc = sw_error_set(err, -(errno ? errno : EIO), "%s: %s", path, strerror(errno));
	if (rc == 0 && !reader.number)
		rc = refuse(&reader, "this is no recording: it is empty", NULL);
	out->is_cut_off = !reader.has_end;
	if (rc == 0 && sw_recording_build(reader.lines, reader.count, reader.began_ns, out))
		rc = sw_error_set(err, -ENOMEM, "out of memory");
	free(reader.lines);
	if (rc)
		sw_recording_free(out);
	return rc;
}

void sw_recording_free(struct sw_recording *recording)
{
	free(recording->configuration);
	free(recording->replay.connections);
	free(recording->replay.changes);
	*recording = (struct sw_recording){0};
}
