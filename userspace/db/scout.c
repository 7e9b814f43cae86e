/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See scout.h.
 */
#include "db/scout.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/addr.h"
#include "core/cleanup.h"
#include "db/session.h"

/* A database that is busy takes its time to see a session off. */
#define LEAVE_MS 1000

_Static_assert(sizeof(struct sw_scouted) <= SW_CHILD_ANSWER_MAX,
	       "it goes through the pipe at once");

/* A list as libpq has it: "a,b". Paths and addresses are no names. */
static bool has_name(const char *hosts)
{
	while (*hosts) {
		size_t length = strcspn(hosts, ",");
		char host[SW_ADDR_TEXT];
		struct sw_addr ignored;

		snprintf(host, sizeof(host), "%.*s", (int)length, hosts);
		if (length && host[0] != '/' && host[0] != '@' &&
		    (length >= sizeof(host) || sw_addr_parse(host, &ignored)))
			return true;
		hosts += length + (hosts[length] == ',');
	}
	return false;
}

/* Step by step libpq waits for the first of several for ever. */
static bool has_more(const char *list)
{
	return list && strchr(list, ',');
}

static const char *given(const PQconninfoOption *options, const char *keyword, const char *env)
{
	for (; options->keyword; options++)
		if (!strcmp(options->keyword, keyword) && options->val && *options->val)
			return options->val;
	return getenv(env);
}

/* Only where somebody has said so; libpq's own default would look for a ticket. */
static bool wants_gss(const PQconninfoOption *options)
{
	const char *mode = given(options, "gssencmode", "PGGSSENCMODE");

	return mode && strcmp(mode, "disable") != 0;
}

bool sw_scout_is_needed(const char *conninfo)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	const char *hosts;
	bool needed;

	if (!options)
		return false; /* libpq will say what is wrong with it */
	hosts = given(options, "host", "PGHOST");
	if (given(options, "service", "PGSERVICE") || wants_gss(options))
		needed = true;
	else
		needed = has_more(given(options, "hostaddr", "PGHOSTADDR")) || has_more(hosts) ||
			 (!given(options, "hostaddr", "PGHOSTADDR") && hosts && has_name(hosts));
	PQconninfoFree(options);
	return needed;
}

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

/* A conninfo's 'value'. */
static void quote(FILE *out, const char *keyword, const char *value)
{
	fprintf(out, " %s='", keyword);
	for (; *value; value++) {
		if (*value == '\'' || *value == '\\')
			fputc('\\', out);
		fputc(*value, out);
	}
	fputc('\'', out);
}

/* What is said apart from the rest, by whoever connects. */
static bool is_apart(const char *keyword)
{
	static const char *const apart[] = {"service",	      "host",	    "hostaddr",
					    "port",	      "gssencmode", "application_name",
					    "connect_timeout"};

	for (size_t i = 0; i < sizeof(apart) / sizeof(apart[0]); i++)
		if (!strcmp(keyword, apart[i]))
			return true;
	return false;
}

/*
 * Defaults too: in their place the environment of whoever connects may have what a service overrules. False: there
 * is no room for them.
 */
static bool tell_options(PGconn *conn, char *to, size_t size)
{
	PQconninfoOption *options = PQconninfo(conn), *option;
	FILE *out = fmemopen(to, size, "w");
	bool is_whole = options && out;

	for (option = options; is_whole && option->keyword; option++)
		if (option->val && *option->val && !is_apart(option->keyword))
			quote(out, option->keyword, option->val);
	is_whole = is_whole && !fflush(out) && (size_t)ftell(out) < size;
	if (out)
		fclose(out);
	PQconninfoFree(options);
	return is_whole;
}

/* What the daemon needs to know to get in there as well. False: it is more than there is room for. */
static bool tell_way(PGconn *conn, struct sw_scouted *out)
{
	copy(out->host, sizeof(out->host), PQhost(conn));
	copy(out->hostaddr, sizeof(out->hostaddr), PQhostaddr(conn));
	copy(out->port, sizeof(out->port), PQport(conn));
	/* Who has encryption by GSS is not to go on without it. */
	copy(out->gssencmode, sizeof(out->gssencmode), PQgssEncInUse(conn) ? "require" : "disable");
	return tell_options(conn, out->options, sizeof(out->options));
}

/*
 * The database closes when the session is over and its place free. The place is the one that the monitor is to have:
 * two at a time would take one from a client, where all are given out.
 */
static void leave(PGconn *conn)
{
	SW_CLOSE int fd = dup(PQsocket(conn));
	struct pollfd end = {.fd = fd, .events = POLLIN};
	char rest[256];

	PQfinish(conn);
	while (fd >= 0 && poll(&end, 1, LEAVE_MS) > 0 && read(fd, rest, sizeof(rest)) > 0)
		;
}

static void go(const char *conninfo, void *answer)
{
	static const char *const keys[] = {"dbname", "application_name", "connect_timeout", NULL};
	const char *const values[] = {conninfo, SW_DB_APPLICATION, "2", NULL};
	struct sw_scouted *out = answer;
	PGconn *conn = PQconnectdbParams(keys, values, true);

	out->is_in = conn && PQstatus(conn) == CONNECTION_OK;
	copy(out->error, sizeof(out->error), conn ? PQerrorMessage(conn) : "out of memory");
	if (out->is_in && !tell_way(conn, out)) {
		out->is_in = false;
		copy(out->error, sizeof(out->error),
		     "the options of conninfo, service and environment are too long together");
	}
	leave(conn);
}

int sw_scout_start(struct sw_child *child, const char *conninfo)
{
	return sw_child_start(child, go, sizeof(struct sw_scouted), conninfo);
}

int sw_scout_answer(const struct sw_child *child, struct sw_scouted *out)
{
	return sw_child_answer(child, out, sizeof(*out));
}
