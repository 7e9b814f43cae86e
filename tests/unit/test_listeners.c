/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who listens: real sockets on loopback, found as the kernel would find them for a connection.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "core/cleanup.h"
#include "kern/listeners.h"

#define BACKLOG 17

/* A socket on a free port; listening if backlog is not 0. */
static int open_socket(const char *address, bool v6only, int backlog, uint16_t *port)
{
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
	struct sockaddr_in ipv4 = {.sin_family = AF_INET};
	bool is_ipv4 = inet_pton(AF_INET, address, &ipv4.sin_addr) == 1;
	struct sockaddr *at = is_ipv4 ? (struct sockaddr *)&ipv4 : (struct sockaddr *)&ipv6;
	socklen_t size = is_ipv4 ? sizeof(ipv4) : sizeof(ipv6);
	int fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), only = v6only;

	assert_true(fd >= 0);
	assert_true(is_ipv4 || inet_pton(AF_INET6, address, &ipv6.sin6_addr) == 1);
	if (!is_ipv4)
		assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)), 0);
	assert_int_equal(bind(fd, at, size), 0);
	if (backlog)
		assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, at, &size), 0);
	*port = ntohs(is_ipv4 ? ipv4.sin_port : ipv6.sin6_port);
	return fd;
}

static bool is_found(const struct sw_listeners *listeners, const char *address, uint16_t port)
{
	struct sw_addr addr;

	assert_int_equal(sw_addr_parse(address, &addr), 0);
	return sw_listeners_find(listeners, &addr, port) != NULL;
}

/* What a listener on the address serves: "127.0.0.1 ::1", each if it is found there. */
static void expect_serves(const char *address, bool v6only, bool ipv4, bool ipv6, bool other_ipv4)
{
	SW_LISTENERS_FREE struct sw_listeners listeners = {0};
	uint16_t port;
	SW_CLOSE int fd = open_socket(address, v6only, BACKLOG, &port);

	assert_int_equal(sw_listeners_read(&listeners), 0);
	assert_int_equal(is_found(&listeners, "127.0.0.1", port), ipv4);
	assert_int_equal(is_found(&listeners, "::1", port), ipv6);
	assert_int_equal(is_found(&listeners, "127.0.0.2", port), other_ipv4);
	assert_true(is_found(&listeners, "::", port));
	assert_true(is_found(&listeners, "0.0.0.0", port));
}

static void a_listener_is_found_at_what_it_listens_on(void **state)
{
	(void)state;
	expect_serves("127.0.0.1", false, true, false, false);
	expect_serves("0.0.0.0", false, true, false, true);
	expect_serves("::1", false, false, true, false);
	expect_serves("::", true, false, true, false);
	expect_serves("::", false, true, true, true);
	expect_serves("::ffff:127.0.0.1", false, true, false, false);
}

static void its_backlog_and_who_waits_for_accept_are_told(void **state)
{
	SW_LISTENERS_FREE struct sw_listeners listeners = {0};
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const struct sw_listener *listener;
	struct sw_addr addr;
	uint16_t port;
	SW_CLOSE int fd = open_socket("127.0.0.1", false, BACKLOG, &port);
	SW_CLOSE int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	at.sin_port = htons(port);
	assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(sw_listeners_read(&listeners), 0);
	sw_addr_from_ipv4(at.sin_addr.s_addr, &addr);
	listener = sw_listeners_find(&listeners, &addr, port);
	assert_non_null(listener);
	assert_int_equal(listener->backlog, BACKLOG);
	assert_int_equal(listener->waiting, 1);
}

static void a_socket_that_does_not_listen_is_not_found(void **state)
{
	SW_LISTENERS_FREE struct sw_listeners listeners = {0};
	uint16_t port;
	SW_CLOSE int fd = open_socket("127.0.0.1", false, 0, &port);

	(void)state;
	assert_int_equal(sw_listeners_read(&listeners), 0);
	assert_false(is_found(&listeners, "127.0.0.1", port));
}

static void a_target_is_served_by_family(void **state)
{
	SW_LISTENERS_FREE struct sw_listeners listeners = {0};
	struct sw_target target = {.ipv6 = {.bytes[15] = 1},
				   .ipv4_be = htonl(INADDR_LOOPBACK),
				   .has_ipv4 = 1,
				   .has_ipv6 = 1};
	uint16_t port;
	SW_CLOSE int fd = open_socket("127.0.0.1", false, BACKLOG, &port);

	(void)state;
	assert_int_equal(sw_listeners_read(&listeners), 0);
	assert_false(sw_listeners_serve(&listeners, &target, true));
	target.port_be = htons(port);
	assert_true(sw_listeners_serve(&listeners, &target, true));
	assert_false(sw_listeners_serve(&listeners, &target, false));
	target.has_ipv4 = 0;
	assert_false(sw_listeners_serve(&listeners, &target, true));
}

/* More than one message of the kernel's holds. */
static void all_of_many_are_listed(void **state)
{
	SW_LISTENERS_FREE struct sw_listeners listeners = {0};
	uint16_t ports[400];
	int fds[400];

	(void)state;
	for (size_t i = 0; i < 400; i++)
		fds[i] = open_socket("127.0.0.1", false, BACKLOG, &ports[i]);
	assert_int_equal(sw_listeners_read(&listeners), 0);
	for (size_t i = 0; i < 400; i++) {
		close(fds[i]);
		assert_true(is_found(&listeners, "127.0.0.1", ports[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listener_is_found_at_what_it_listens_on),
		cmocka_unit_test(its_backlog_and_who_waits_for_accept_are_told),
		cmocka_unit_test(a_socket_that_does_not_listen_is_not_found),
		cmocka_unit_test(a_target_is_served_by_family),
		cmocka_unit_test(all_of_many_are_listed),
	};

	return cmocka_run_group_tests_name("listeners", tests, NULL, NULL);
}
