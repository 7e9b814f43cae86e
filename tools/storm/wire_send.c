/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Builds the messages a client sends (declared in wire.h): every one is an optional type byte, its
 * length and some pieces in a row.
 */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PROTOCOL_3_0	 (3u << 16)
#define SSL_REQUEST_CODE 80877103u

struct piece {
	const void *data;
	size_t length;
};

/* A text with its NUL. */
static struct piece text(const char *value)
{
	return (struct piece){value, strlen(value) + 1};
}

/* type 0: none, as in the messages that open a connection. */
static int build(char type, const struct piece *pieces, size_t count, struct sw_message *out)
{
	size_t length = sizeof(uint32_t), head = type ? 1 : 0;
	uint32_t length_be;
	uint8_t *data, *at;

	for (size_t i = 0; i < count; i++)
		length += pieces[i].length;
	if (length > INT32_MAX)
		return -EMSGSIZE;
	data = malloc(head + length);
	if (!data)
		return -ENOMEM;
	data[0] = (uint8_t)type;
	length_be = htonl((uint32_t)length);
	memcpy(data + head, &length_be, sizeof(length_be));
	at = data + head + sizeof(length_be);
	for (size_t i = 0; i < count; i++) {
		memcpy(at, pieces[i].data, pieces[i].length);
		at += pieces[i].length;
	}
	*out = (struct sw_message){.data = data, .length = head + length};
	return 0;
}

int sw_wire_startup(const char *user, const char *database, struct sw_message *out)
{
	uint32_t version_be = htonl(PROTOCOL_3_0);
	const struct piece pieces[] = {
		{&version_be, sizeof(version_be)},
		text("user"),
		text(user),
		text("database"),
		text(database),
		text("application_name"),
		text("storm"),
		text(""),
	};

	return build(0, pieces, sizeof(pieces) / sizeof(pieces[0]), out);
}

int sw_wire_ssl_request(struct sw_message *out)
{
	uint32_t code_be = htonl(SSL_REQUEST_CODE);

	return build(0, &(struct piece){&code_be, sizeof(code_be)}, 1, out);
}

int sw_wire_query(const char *sql, struct sw_message *out)
{
	struct piece piece = text(sql);

	return build('Q', &piece, 1, out);
}

int sw_wire_terminate(struct sw_message *out)
{
	return build('X', NULL, 0, out);
}

int sw_wire_password(const char *password, struct sw_message *out)
{
	struct piece piece = text(password);

	return build('p', &piece, 1, out);
}

int sw_wire_sasl_initial(const char *mechanism, const char *data, struct sw_message *out)
{
	uint32_t length_be = htonl((uint32_t)strlen(data));
	const struct piece pieces[] = {
		text(mechanism),
		{&length_be, sizeof(length_be)},
		{data, strlen(data)},
	};

	return build('p', pieces, sizeof(pieces) / sizeof(pieces[0]), out);
}

int sw_wire_sasl_response(const char *data, struct sw_message *out)
{
	return build('p', &(struct piece){data, strlen(data)}, 1, out);
}
