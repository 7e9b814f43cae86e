/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trust, cleartext and SCRAM-SHA-256; every other method is a failure that says its name.
 */
#include "auth.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const unsupported[] = {
	[2] = "Kerberos V5", [5] = "md5", [6] = "SCM credentials", [7] = "GSSAPI", [9] = "SSPI",
};

static const char *method_name(uint32_t code)
{
	size_t count = sizeof(unsupported) / sizeof(unsupported[0]);

	return code < count && unsupported[code] ? unsupported[code] : "an unknown method";
}

static const char *password_of(struct sw_storm *storm, struct sw_client *client)
{
	const char *password = storm->options->password;

	if (!password)
		sw_client_fail(storm, client, "password_required",
			       "the server asks for a password: give --password or PGPASSWORD");
	return password;
}

static void send_or_fail(struct sw_storm *storm, struct sw_client *client, int rc,
			 struct sw_message *message)
{
	if (rc)
		sw_client_fail(storm, client, "local_error", "building a message: %s",
			       strerror(-rc));
	else
		sw_client_send_own(client, message);
}

static void send_cleartext(struct sw_storm *storm, struct sw_client *client)
{
	const char *password = password_of(storm, client);
	struct sw_message message;

	if (password)
		send_or_fail(storm, client, sw_wire_password(password, &message), &message);
}

/* The body behind the code: names, each with its NUL, and an empty one. */
static bool offers_scram(const struct sw_wire_reader *reader)
{
	const char *at = (const char *)reader->body + 4;
	const char *end = (const char *)reader->body + sw_wire_kept(reader);

	for (; at < end && *at; at += strlen(at) + 1) {
		if (strcmp(at, SW_SCRAM_MECHANISM) == 0)
			return true;
	}
	return false;
}

static void start_scram(struct sw_storm *storm, struct sw_client *client)
{
	char text[SW_SCRAM_TEXT];
	struct sw_message message;
	int rc;

	if (client->scram || !offers_scram(&client->reader)) {
		sw_client_fail(storm, client, client->scram ? "protocol_error" : "auth_unsupported",
			       "the server's list of SASL mechanisms is without " SW_SCRAM_MECHANISM
			       ", or came twice");
		return;
	}
	if (!password_of(storm, client))
		return;
	client->scram = calloc(1, sizeof(*client->scram));
	rc = client->scram ? sw_scram_first(client->scram, text) : -ENOMEM;
	if (!rc)
		rc = sw_wire_sasl_initial(SW_SCRAM_MECHANISM, text, &message);
	send_or_fail(storm, client, rc, &message);
}

static void continue_scram(struct sw_storm *storm, struct sw_client *client)
{
	char text[SW_SCRAM_TEXT];
	struct sw_message message;
	int rc;

	if (!client->scram || client->scram->answered) {
		sw_client_fail(storm, client, "protocol_error",
			       "SASL goes on without having begun");
		return;
	}
	rc = sw_scram_answer(client->scram, &storm->scram_keys, storm->options->password,
			     (const char *)client->reader.body + 4, text);
	if (rc == -EPROTO || rc == -ERANGE) {
		sw_client_fail(storm, client, "auth_failed", "the server's SCRAM message %s",
			       rc == -ERANGE ? "has a salt or a count out of range"
					     : "is not one, or not an answer to ours");
		return;
	}
	if (!rc)
		rc = sw_wire_sasl_response(text, &message);
	send_or_fail(storm, client, rc, &message);
}

static void finish_scram(struct sw_storm *storm, struct sw_client *client)
{
	if (!client->scram || sw_scram_verify(client->scram, (const char *)client->reader.body + 4))
		sw_client_fail(storm, client, "auth_failed",
			       "the server did not prove that it knows the password");
}

static void accept_ok(struct sw_storm *storm, struct sw_client *client)
{
	if (client->scram && !client->scram->verified)
		sw_client_fail(storm, client, "auth_failed",
			       "the server ended SCRAM without proving that it knows the password");
	else
		client->authenticated = true;
}

void sw_auth_receive(struct sw_storm *storm, struct sw_client *client)
{
	uint32_t code;

	if (client->authenticated || sw_wire_auth_code(&client->reader, &code)) {
		sw_client_fail(storm, client, "protocol_error",
			       "an Authentication message out of place or too short");
		return;
	}
	switch (code) {
	case SW_WIRE_AUTH_OK:
		accept_ok(storm, client);
		break;
	case SW_WIRE_AUTH_CLEARTEXT:
		send_cleartext(storm, client);
		break;
	case SW_WIRE_AUTH_SASL:
		start_scram(storm, client);
		break;
	case SW_WIRE_AUTH_SASL_CONTINUE:
		continue_scram(storm, client);
		break;
	case SW_WIRE_AUTH_SASL_FINAL:
		finish_scram(storm, client);
		break;
	default:
		sw_client_fail(storm, client, "auth_unsupported",
			       "the server asks for %s (code %u); storm speaks trust, cleartext "
			       "and " SW_SCRAM_MECHANISM,
			       method_name(code), code);
	}
}
