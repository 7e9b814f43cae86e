/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PostgreSQL's protocol 3.0 as bytes: builds what a client sends, cuts what a server sends into
 * messages however TCP split or merged them. Knows no connection and no order; session.c does.
 * Formats: PostgreSQL manual, "Message Formats".
 */
#ifndef STORM_WIRE_H
#define STORM_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Kept of a message's body; the rest is counted and thrown away. Errors and SCRAM fit. */
#define SW_WIRE_KEPT 1024

/* Not in the protocol: a text without length, as a postmaster sends it when it cannot fork. */
#define SW_WIRE_OLD_ERROR 'e'

enum sw_wire_auth {
	SW_WIRE_AUTH_OK = 0,
	SW_WIRE_AUTH_CLEARTEXT = 3,
	SW_WIRE_AUTH_SASL = 10,
	SW_WIRE_AUTH_SASL_CONTINUE = 11,
	SW_WIRE_AUTH_SASL_FINAL = 12,
};

/* A message to send; data is owned by whoever holds the struct, freed with free(). */
struct sw_message {
	uint8_t *data;
	size_t length;
};

int sw_wire_startup(const char *user, const char *database, struct sw_message *out);
int sw_wire_ssl_request(struct sw_message *out);
int sw_wire_query(const char *sql, struct sw_message *out);
int sw_wire_terminate(struct sw_message *out);
int sw_wire_password(const char *password, struct sw_message *out);
int sw_wire_sasl_initial(const char *mechanism, const char *data, struct sw_message *out);
int sw_wire_sasl_response(const char *data, struct sw_message *out);

/* One message being received. All zeros, but startup, is the start. */
struct sw_wire_reader {
	bool startup; /* no message has been received yet: an old-style error is possible */
	uint8_t header[5];
	uint8_t header_length;
	char type; /* of the message that sw_wire_read() found complete */
	uint32_t body_length, body_seen;
	uint8_t body[SW_WIRE_KEPT + 1]; /* zero-terminated behind what was kept */
};

/*
 * Takes bytes from *data until a message is complete. 1: it is, see type and body; 0: all bytes are
 * taken and more are needed; -EPROTO: this is no server of this protocol (an unknown type, an
 * impossible length), the reader must not be used again.
 */
int sw_wire_read(struct sw_wire_reader *reader, const uint8_t **data, size_t *length);

/* How many bytes of the body are there to be read: all of it, or SW_WIRE_KEPT. */
size_t sw_wire_kept(const struct sw_wire_reader *reader);

/* The connection ended inside an old-style error: makes it complete. */
bool sw_wire_end_old_error(struct sw_wire_reader *reader);

/* The 32-bit number an Authentication message starts with. -EPROTO when it is too short. */
int sw_wire_auth_code(const struct sw_wire_reader *reader, uint32_t *out);

/* A field of an ErrorResponse ('C' SQLSTATE, 'M' message), "" when it is not there. */
const char *sw_wire_error_field(const struct sw_wire_reader *reader, char field);

#endif
