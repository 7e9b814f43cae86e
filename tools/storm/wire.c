/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receives messages of PostgreSQL's protocol, byte by byte if need be. See wire.h; what is sent is
 * built in wire_send.c.
 */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/* Types a server sends, and which of them may be long: libpq's VALID_LONG_MESSAGE_TYPE. */
static const char server_types[] = "123ACDEGHIKNRSTVWZcdnstv";
static const char long_types[] = "ADENTVd";
#define SHORT_LENGTH_MAX 30000

static uint32_t header_number(const struct sw_wire_reader *reader)
{
	uint32_t value_be;

	memcpy(&value_be, reader->header + 1, sizeof(value_be));
	return ntohl(value_be);
}

/* As libpq decides it (PQconnectPoll): the "length" of an old-style error is text. */
static bool old_error(const struct sw_wire_reader *reader)
{
	uint32_t length = header_number(reader);

	return reader->startup && reader->header[0] == 'E' &&
	       (length < 8 || length > SHORT_LENGTH_MAX);
}

static bool in_old_error(const struct sw_wire_reader *reader)
{
	return reader->header_length == sizeof(reader->header) && reader->type == SW_WIRE_OLD_ERROR;
}

static void start_old_error(struct sw_wire_reader *reader)
{
	reader->type = SW_WIRE_OLD_ERROR;
	memcpy(reader->body, reader->header + 1, 4);
	reader->body_seen = 4;
	reader->body_length = UINT32_MAX;
}

static int start_body(struct sw_wire_reader *reader)
{
	char type = (char)reader->header[0];
	uint32_t length = header_number(reader);

	if (old_error(reader)) {
		start_old_error(reader);
		return 0;
	}
	if (length < 4 || length > INT32_MAX)
		return -EPROTO;
	if (length > SHORT_LENGTH_MAX && !strchr(long_types, type))
		return -EPROTO;
	reader->type = type;
	reader->body_length = length - 4;
	reader->body_seen = 0;
	return 0;
}

static int read_header(struct sw_wire_reader *reader, const uint8_t **data, size_t *length)
{
	while (reader->header_length < sizeof(reader->header) && *length) {
		reader->header[reader->header_length++] = *(*data)++;
		(*length)--;
		if (!reader->header[0] || !strchr(server_types, reader->header[0]))
			return -EPROTO;
		if (reader->header_length == sizeof(reader->header))
			return start_body(reader);
	}
	return 0;
}

static void read_body(struct sw_wire_reader *reader, const uint8_t **data, size_t *length)
{
	uint32_t missing = reader->body_length - reader->body_seen;
	size_t taken = *length < missing ? *length : missing;
	size_t room = SW_WIRE_KEPT - sw_wire_kept(reader);

	memcpy(reader->body + sw_wire_kept(reader), *data, taken < room ? taken : room);
	reader->body_seen += (uint32_t)taken;
	*data += taken;
	*length -= taken;
}

static void complete(struct sw_wire_reader *reader)
{
	reader->body[sw_wire_kept(reader)] = '\0';
	reader->header_length = 0;
	reader->startup = false;
}

int sw_wire_read(struct sw_wire_reader *reader, const uint8_t **data, size_t *length)
{
	int rc = read_header(reader, data, length);

	if (rc || reader->header_length < sizeof(reader->header))
		return rc;
	if (in_old_error(reader)) {
		const uint8_t *end = memchr(*data, '\0', *length);
		size_t text = end ? (size_t)(end - *data) : *length;

		read_body(reader, data, &text);
		*length = 0; /* nothing follows it */
		if (!end)
			return 0;
	} else {
		read_body(reader, data, length);
		if (reader->body_seen < reader->body_length)
			return 0;
	}
	complete(reader);
	return 1;
}

size_t sw_wire_kept(const struct sw_wire_reader *reader)
{
	return reader->body_seen < SW_WIRE_KEPT ? reader->body_seen : SW_WIRE_KEPT;
}

bool sw_wire_end_old_error(struct sw_wire_reader *reader)
{
	if (!in_old_error(reader))
		return false;
	complete(reader);
	return true;
}

int sw_wire_auth_code(const struct sw_wire_reader *reader, uint32_t *out)
{
	uint32_t code_be;

	if (sw_wire_kept(reader) < sizeof(code_be))
		return -EPROTO;
	memcpy(&code_be, reader->body, sizeof(code_be));
	*out = ntohl(code_be);
	return 0;
}

const char *sw_wire_error_field(const struct sw_wire_reader *reader, char field)
{
	const char *at = (const char *)reader->body;
	const char *end = at + sw_wire_kept(reader);

	/* Each field: its letter and a text with its NUL; the body's own terminator ends a cut one. */
	while (at < end && *at) {
		if (*at == field)
			return at + 1;
		at += strlen(at) + 1;
	}
	return "";
}
