/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts failures by cause. See failures.h.
 */
#include "failures.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *cause, *meaning;
} causes[] = {
	{"connect_refused", "nobody listens: the SYN was answered with a RST"},
	{"connect_reset", "a RST after the handshake, before the server said a byte"},
	{"connect_timeout", "no handshake within --timeout"},
	{"connect_unreachable", "ICMP or routing: no way to the server"},
	{"timeout", "connected, but no login or no result within --timeout"},
	{"sqlstate_XXXXX", "the server's ErrorResponse, by its SQLSTATE"},
	{"told_to_retry", "a 53300 whose hint says when to retry: not the database's own"},
	{"error_without_sqlstate", "the text a postmaster sends when it cannot fork"},
	{"closed_early", "the server closed before the last answer, without an error"},
	{"reset", "a RST after the server had begun to answer"},
	{"protocol_error", "bytes that are not PostgreSQL's protocol, or out of its order"},
	{"tls_required", "the server said S to --tls-request"},
	{"auth_unsupported", "the server asks for a method storm does not speak"},
	{"password_required", "the server asks for a password and none was given"},
	{"auth_failed", "the server's side of SCRAM is wrong"},
	{"local_error", "this machine ran out of something: ports, files, memory"},
	{"other", "more causes than there is room for"},
};

void sw_failures_explain(FILE *to)
{
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		fprintf(to, "  %-26s %s\n", causes[i].cause, causes[i].meaning);
}

static struct sw_failure *find_or_add(struct sw_failures *failures, const char *cause)
{
	struct sw_failure *row;

	for (size_t i = 0; i < failures->count; i++) {
		if (strcmp(failures->rows[i].cause, cause) == 0)
			return &failures->rows[i];
	}
	if (failures->count == SW_FAILURES_MAX - 1 && strcmp(cause, "other") != 0)
		return find_or_add(failures, "other");
	if (failures->count == SW_FAILURES_MAX)
		return &failures->rows[SW_FAILURES_MAX - 1];
	row = &failures->rows[failures->count++];
	snprintf(row->cause, sizeof(row->cause), "%s", cause);
	return row;
}

void sw_failures_note(struct sw_failures *failures, const char *cause, const char *fmt,
		      va_list args)
{
	struct sw_failure *row = find_or_add(failures, cause);

	if (row->count++ > 0)
		return;
	vsnprintf(row->sample, sizeof(row->sample), fmt, args);
	/* It comes from a server nobody vouches for and goes to a terminal. */
	for (char *at = row->sample; *at; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
	}
}
