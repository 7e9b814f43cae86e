/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can be done to one live connection. See client.h.
 */
#include "client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Which cause an errno is, while connecting and afterwards. */
struct cause_row {
	int error;
	const char *connecting, *later;
};

static const struct cause_row causes[] = {
	{ECONNREFUSED, "connect_refused", "connect_refused"},
	{ECONNRESET, "connect_reset", "reset"},
	{EPIPE, "connect_reset", "reset"},
	{ETIMEDOUT, "connect_timeout", "timeout"},
	{EHOSTUNREACH, "connect_unreachable", "reset"},
	{ENETUNREACH, "connect_unreachable", "reset"},
};

static const char *const waits[SW_CLIENT_STATES] = {
	[SW_CLIENT_CONNECTING] = "the TCP handshake",
	[SW_CLIENT_TLS_ANSWER] = "the answer to SSLRequest",
	[SW_CLIENT_LOGIN] = "the login",
	[SW_CLIENT_QUERY] = "the query's result",
	[SW_CLIENT_THINKING] = "the end of --think",
	[SW_CLIENT_SERVED] = "the end of --hold",
};

const char *sw_client_waits_for(const struct sw_client *client)
{
	return waits[client->state];
}

void sw_client_fail(struct sw_storm *storm, struct sw_client *client, const char *cause,
		    const char *fmt, ...)
{
	va_list args;

	if (client->ended)
		return;
	client->ended = true;
	client->record->outcome = SW_OUTCOME_FAILED;
	storm->tally.failed++;
	va_start(args, fmt);
	sw_failures_note(&storm->failures, cause, fmt, args);
	va_end(args);
}

void sw_client_fail_errno(struct sw_storm *storm, struct sw_client *client, const char *what,
			  int error)
{
	const char *cause = "local_error";

	/* A reset before the first byte is about connecting: the listener was full, or no listener. */
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		if (causes[i].error == error)
			cause = client->heard ? causes[i].later : causes[i].connecting;
	}
	if (error == ETIMEDOUT && client->state != SW_CLIENT_CONNECTING)
		cause = "timeout";
	sw_client_fail(storm, client, cause, "%s: %s while waiting for %s", what, strerror(error),
		       sw_client_waits_for(client));
}

void sw_client_flush(struct sw_client *client)
{
	ssize_t sent;

	while (client->unsent_length && !client->send_error) {
		sent = send(client->fd, client->unsent, client->unsent_length, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN)
			return;
		if (sent < 0) {
			client->send_error = errno;
			return;
		}
		client->unsent += sent;
		client->unsent_length -= (size_t)sent;
	}
	free(client->owned);
	client->owned = NULL;
}

/* The protocol has one side speak at a time, so nothing is left to be sent here. */
void sw_client_send(struct sw_client *client, const struct sw_message *message)
{
	free(client->owned);
	client->owned = NULL;
	client->unsent = message->data;
	client->unsent_length = message->length;
	sw_client_flush(client);
}

void sw_client_send_own(struct sw_client *client, struct sw_message *message)
{
	free(client->owned);
	client->owned = message->data;
	client->unsent = message->data;
	client->unsent_length = message->length;
	*message = (struct sw_message){0};
	sw_client_flush(client);
}
