/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking a database, by its address and by a conninfo: what each answer means, and that nothing it does, or
 * a resolver does not do, keeps the one who asks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/ping.h"

static pid_t asker;

/* The resolver that libpq finds: it knows no name, and one it never has an answer for. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **out)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (hints && hints->ai_flags & AI_NUMERICHOST)
		return real(node, service, hints, out);
	if (getpid() == asker)
		fail_msg("the resolver was asked for %s by the one who must not wait", node);
	while (node && !strcmp(node, "silence.test"))
		pause();
	return EAI_NONAME;
}

/* How the tests below ask, and what the server heard. */
static bool spares;
static char heard[1024];

struct server {
	int listener, client;
	uint16_t port;
};

static void open_server(struct server *server)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(at);

	server->client = -1;
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(server->listener, 8), 0);
	assert_int_equal(getsockname(server->listener, (struct sockaddr *)&at, &length), 0);
	server->port = ntohs(at.sin_port);
}

struct reply {
	size_t bytes;
	char text[128];
};

/* Takes the startup packet, replies, and is gone. */
static void serve(struct server *server, const struct pollfd *of_listener,
		  const struct pollfd *of_client, const struct reply *reply)
{
	if (of_listener->revents)
		server->client = accept(server->listener, NULL, NULL);
	if (!of_client->revents)
		return;
	if (read(server->client, heard, sizeof(heard)) > 0)
		assert_int_equal(write(server->client, reply->text, reply->bytes), reply->bytes);
	close(server->client);
	server->client = -1;
}

static struct sw_ping *start(bool by_conninfo, uint16_t port)
{
	char conninfo[128], text[8];
	struct sw_ping *ping;

	snprintf(text, sizeof(text), "%u", port);
	snprintf(
		conninfo, sizeof(conninfo),
		"hostaddr=127.0.0.1 port=%u user=app dbname=app sslmode=disable gssencmode=disable",
		port);
	ping = sw_ping_start(by_conninfo ? conninfo : NULL, "127.0.0.1", text, spares);
	assert_non_null(ping);
	return ping;
}

/* What comes of it at that server. */
static enum sw_ping_state ask(struct server *server, bool by_conninfo, const struct reply *reply)
{
	struct sw_ping *ping = start(by_conninfo, server->port);
	enum sw_ping_state state = sw_ping_step(ping);

	while (state == SW_PING_READS || state == SW_PING_WRITES) {
		struct pollfd fds[] = {
			{.fd = sw_ping_fd(ping),
			 .events = state == SW_PING_READS ? POLLIN : POLLOUT},
			{.fd = server->listener, .events = POLLIN},
			{.fd = server->client, .events = POLLIN},
		};

		assert_true(poll(fds, 3, -1) > 0);
		serve(server, &fds[1], &fds[2], reply);
		if (fds[0].revents)
			state = sw_ping_step(ping);
	}
	sw_ping_free(ping);
	return state;
}

static struct reply error_reply(const char *sqlstate)
{
	struct reply reply = {0};
	char *at = reply.text + 5;
	uint32_t length_be;

	at += sprintf(at, "SFATAL") + 1;
	at += sprintf(at, "VFATAL") + 1;
	at += sprintf(at, "C%s", sqlstate) + 1;
	at += sprintf(at, "Mnot: now") + 2;
	reply.bytes = (size_t)(at - reply.text);
	length_be = htonl((uint32_t)reply.bytes - 1);
	reply.text[0] = 'E';
	memcpy(reply.text + 1, &length_be, 4);
	return reply;
}

static const struct reply password_wanted = {9, "R\0\0\0\x08\0\0\0\x03"};
static const struct reply nonsense = {6, "hello\n"};
static const struct reply nothing = {0};

static void expect(bool by_conninfo, const struct reply *reply, enum sw_ping_state state)
{
	struct server server;

	open_server(&server);
	assert_int_equal(ask(&server, by_conninfo, reply), state);
	close(server.listener);
}

static void only_57p03_says_that_it_does_not_serve(void **state)
{
	const struct reply starts = error_reply("57P03"), full = error_reply("53300"),
			   stranger = error_reply("28P01"), nowhere = error_reply("3D000");

	(void)state;
	for (int by_conninfo = 0; by_conninfo < 2; by_conninfo++) {
		expect(by_conninfo, &starts, SW_PING_REJECTS);
		expect(by_conninfo, &full, SW_PING_SERVES);
		expect(by_conninfo, &stranger, SW_PING_SERVES);
		expect(by_conninfo, &nowhere, SW_PING_SERVES);
		expect(by_conninfo, &password_wanted, SW_PING_SERVES);
		expect(by_conninfo, &nonsense, by_conninfo ? SW_PING_ASTRAY : SW_PING_SILENT);
		expect(by_conninfo, &nothing, SW_PING_SILENT);
	}
}

static void asked_for_one_that_spares_it_takes_a_place_of_replication(void **state)
{
	(void)state;
	for (int by_conninfo = 0; by_conninfo < 2; by_conninfo++) {
		for (int i = 0; i < 2; i++) {
			const struct reply full = error_reply("53300");

			spares = i;
			memset(heard, 0, sizeof(heard));
			expect(by_conninfo, &full, SW_PING_SERVES);
			assert_int_equal(memmem(heard, sizeof(heard), "replication", 12) != NULL,
					 i);
		}
	}
	spares = false;
}

static void where_nobody_listens_there_is_no_answer(void **state)
{
	struct server server;

	(void)state;
	open_server(&server);
	close(server.listener);
	server.listener = -1;
	assert_int_equal(ask(&server, false, &nothing), SW_PING_SILENT);
	assert_int_equal(ask(&server, true, &nothing), SW_PING_SILENT);
}

/* Its end, and a text in why it is so. */
static void expect_by(const char *conninfo, enum sw_ping_state state, const char *why)
{
	struct sw_ping *ping = sw_ping_start(conninfo, NULL, NULL, false);
	struct pollfd fd = {.fd = sw_ping_fd(ping), .events = POLLIN};

	assert_int_equal(poll(&fd, 1, -1), 1);
	assert_int_equal(sw_ping_step(ping), state);
	assert_non_null(strstr(sw_ping_why(ping), why));
	sw_ping_free(ping);
}

static void a_conninfo_that_leads_nowhere_says_nothing_of_the_database(void **state)
{
	(void)state;
	expect_by("host=nowhere.test user=app", SW_PING_ASTRAY, "nowhere.test");
	expect_by("nosuch=option", SW_PING_ASTRAY, "nosuch");
	expect_by("host=/nosuch/directory", SW_PING_ASTRAY, "No such file");
	expect_by("hostaddr=127.0.0.1 port=1 sslmode=nosuch", SW_PING_ASTRAY, "nosuch");
}

static void who_takes_the_connection_and_says_nothing_is_no_answer(void **state)
{
	struct server server;
	char conninfo[64];

	(void)state;
	open_server(&server);
	snprintf(conninfo, sizeof(conninfo), "hostaddr=127.0.0.1 port=%u", server.port);
	expect_by(conninfo, SW_PING_SILENT, "no answer in time");
	close(server.listener);
}

/* What the asker had open, locks among it, is closed when it closes it, although somebody still asks. */
static void a_resolver_that_does_not_answer_keeps_nobody_and_nothing(void **state)
{
	struct sw_ping *ping;
	char byte;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	ping = sw_ping_start("host=silence.test user=app", NULL, NULL, false);
	assert_int_equal(sw_ping_step(ping), SW_PING_READS);
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	assert_int_equal(sw_ping_step(ping), SW_PING_READS);
	assert_int_equal(sw_ping_give_up(ping), SW_PING_ASTRAY);
	sw_ping_free(ping);
	/* Until none is left. */
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_57p03_says_that_it_does_not_serve),
		cmocka_unit_test(asked_for_one_that_spares_it_takes_a_place_of_replication),
		cmocka_unit_test(where_nobody_listens_there_is_no_answer),
		cmocka_unit_test(a_conninfo_that_leads_nowhere_says_nothing_of_the_database),
		cmocka_unit_test(who_takes_the_connection_and_says_nothing_is_no_answer),
		cmocka_unit_test(a_resolver_that_does_not_answer_keeps_nobody_and_nothing),
	};

	asker = getpid();
	return cmocka_run_group_tests_name("ping", tests, NULL, NULL);
}
