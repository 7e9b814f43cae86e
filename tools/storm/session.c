/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which message may come when, and what it means. Everything out of place is a protocol_error: a
 * client counts as served only after the conversation a real driver would have had.
 */
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "auth.h"
#include "core/clock.h"

static void log_in(struct sw_storm *storm, struct sw_client *client)
{
	sw_client_send(client, &storm->messages.startup);
	client->state = SW_CLIENT_LOGIN;
}

void sw_session_begin(struct sw_storm *storm, struct sw_client *client)
{
	client->reader.startup = true;
	if (!storm->options->tls_request) {
		log_in(storm, client);
		return;
	}
	sw_client_send(client, &storm->messages.ssl_request);
	client->state = SW_CLIENT_TLS_ANSWER;
}

/* The one byte that answers an SSLRequest. False: it is the start of an ordinary message. */
static bool receive_tls_answer(struct sw_storm *storm, struct sw_client *client, uint8_t answer)
{
	if (answer == 'E') { /* an error before any talk about TLS, from a server that is full */
		client->state = SW_CLIENT_LOGIN;
		return false;
	}
	if (answer == 'N')
		log_in(storm, client);
	else if (answer == 'S')
		sw_client_fail(storm, client, "tls_required",
			       "the server answered SSLRequest with S and now waits for a TLS "
			       "handshake, which storm does not speak; leave out --tls-request");
	else
		sw_client_fail(storm, client, "protocol_error", "0x%02x in answer to SSLRequest",
			       answer);
	return true;
}

static void fail_unexpected(struct sw_storm *storm, struct sw_client *client)
{
	sw_client_fail(storm, client, "protocol_error", "message '%c' while waiting for %s",
		       client->reader.type, sw_client_waits_for(client));
}

/* PostgreSQL gives no hint with it: so it was what stands in front of the database that refused. */
static bool is_told_to_retry(const char *state, const char *hint)
{
	return strcmp(state, "53300") == 0 && strncmp(hint, "Retry in ", strlen("Retry in ")) == 0;
}

static void receive_error(struct sw_storm *storm, struct sw_client *client)
{
	const char *state = sw_wire_error_field(&client->reader, 'C');
	const char *message = sw_wire_error_field(&client->reader, 'M');
	const char *hint = sw_wire_error_field(&client->reader, 'H');
	char cause[] = "sqlstate_XXXXX";

	if (strlen(state) != 5 || strspn(state, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 5) {
		sw_client_fail(storm, client, "protocol_error", "an error without SQLSTATE: %s",
			       message);
		return;
	}
	snprintf(cause, sizeof(cause), "sqlstate_%s", state);
	sw_client_fail(storm, client, is_told_to_retry(state, hint) ? "told_to_retry" : cause, "%s",
		       message);
}

static void receive_old_error(struct sw_storm *storm, struct sw_client *client)
{
	sw_client_fail(storm, client, "error_without_sqlstate", "%s",
		       (const char *)client->reader.body);
}

void sw_session_ask(struct sw_storm *storm, struct sw_client *client, uint64_t due_ns)
{
	client->state = SW_CLIENT_QUERY;
	client->completed = false;
	client->renewed = client->rounds > 0;
	client->query_due_ns = due_ns;
	sw_client_send(client, &storm->messages.query);
}

static void log_in_complete(struct sw_storm *storm, struct sw_client *client, uint64_t now_ns)
{
	struct sw_tally *tally = &storm->tally;

	client->record->login_ns = now_ns;
	if (++tally->logged_in > tally->peak_logged_in)
		tally->peak_logged_in = tally->logged_in;
	if (!storm->options->no_query) {
		sw_session_ask(storm, client, now_ns);
		return;
	}
	client->record->answered_ns = now_ns;
	client->state = SW_CLIENT_SERVED;
}

static void query_complete(struct sw_storm *storm, struct sw_client *client, uint64_t now_ns)
{
	const struct sw_options *options = storm->options;

	storm->query_ns[storm->tally.queries++] = now_ns - client->query_due_ns;
	client->record->answered_ns = now_ns;
	client->rounds++;
	if (options->reconnect || client->rounds == options->rounds)
		client->state = SW_CLIENT_SERVED;
	else if (options->think_ns)
		client->state = SW_CLIENT_THINKING;
	else
		sw_session_ask(storm, client, now_ns);
}

/* ReadyForQuery: the login is complete, or the query is. */
static void receive_ready(struct sw_storm *storm, struct sw_client *client)
{
	uint64_t now_ns = sw_clock_monotonic_ns();
	bool login = client->state == SW_CLIENT_LOGIN;

	if (client->reader.body_length != 1 || !memchr("ITE", client->reader.body[0], 3) ||
	    (login ? !client->authenticated : !client->completed)) {
		fail_unexpected(storm, client);
		return;
	}
	if (login)
		log_in_complete(storm, client, now_ns);
	else
		query_complete(storm, client, now_ns);
}

static void receive_completion(struct sw_storm *storm, struct sw_client *client)
{
	(void)storm;
	client->completed = true;
}

static void ignore(struct sw_storm *storm, struct sw_client *client)
{
	(void)storm;
	(void)client;
}

#define IN(state)  (1u << SW_CLIENT_##state)
#define AT_LEISURE (IN(THINKING) | IN(SERVED))

/* What to do with a message, and in which states it may come at all. */
static const struct message_row {
	char type;
	unsigned int states;
	void (*receive)(struct sw_storm *storm, struct sw_client *client);
} message_rows[] = {
	{'R', IN(LOGIN), sw_auth_receive},			  /* Authentication */
	{'E', IN(LOGIN) | IN(QUERY) | AT_LEISURE, receive_error}, /* ErrorResponse */
	{SW_WIRE_OLD_ERROR, IN(LOGIN), receive_old_error},
	{'Z', IN(LOGIN) | IN(QUERY), receive_ready},	   /* ReadyForQuery */
	{'N', IN(LOGIN) | IN(QUERY) | AT_LEISURE, ignore}, /* NoticeResponse */
	{'S', IN(LOGIN) | IN(QUERY) | AT_LEISURE, ignore}, /* ParameterStatus */
	{'K', IN(LOGIN), ignore},			   /* BackendKeyData */
	{'v', IN(LOGIN), ignore},			   /* NegotiateProtocolVersion */
	{'A', IN(QUERY) | AT_LEISURE, ignore},		   /* NotificationResponse */
	{'T', IN(QUERY), ignore},			   /* RowDescription */
	{'D', IN(QUERY), ignore},			   /* DataRow */
	{'H', IN(QUERY), ignore},			   /* CopyOutResponse */
	{'d', IN(QUERY), ignore},			   /* CopyData */
	{'c', IN(QUERY), ignore},			   /* CopyDone */
	{'C', IN(QUERY), receive_completion},		   /* CommandComplete */
	{'I', IN(QUERY), receive_completion},		   /* EmptyQueryResponse */
};

static void dispatch(struct sw_storm *storm, struct sw_client *client)
{
	for (size_t i = 0; i < sizeof(message_rows) / sizeof(message_rows[0]); i++) {
		if (message_rows[i].type != client->reader.type)
			continue;
		if (message_rows[i].states & 1u << client->state)
			message_rows[i].receive(storm, client);
		else
			fail_unexpected(storm, client);
		return;
	}
	fail_unexpected(storm, client);
}

void sw_session_receive(struct sw_storm *storm, struct sw_client *client, const uint8_t *data,
			size_t length)
{
	if (client->state == SW_CLIENT_TLS_ANSWER && receive_tls_answer(storm, client, data[0])) {
		data++;
		length--;
	}
	while (!client->ended && length) {
		int rc = sw_wire_read(&client->reader, &data, &length);

		if (rc < 0)
			sw_client_fail(
				storm, client, "protocol_error",
				"no message of PostgreSQL's while waiting for %s (type 0x%02x)",
				sw_client_waits_for(client), client->reader.header[0]);
		else if (rc > 0)
			dispatch(storm, client);
	}
}

void sw_session_end(struct sw_storm *storm, struct sw_client *client)
{
	if (sw_wire_end_old_error(&client->reader))
		receive_old_error(storm, client);
	else if (client->send_error)
		sw_client_fail_errno(storm, client, "send", client->send_error);
	else
		sw_client_fail(storm, client, "closed_early",
			       "the server closed the connection while the client waited for %s",
			       sw_client_waits_for(client));
}
