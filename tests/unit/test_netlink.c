/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/netlink and all who ask by it: what the kernel says at the end of a dump counts.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>

/* The kernel's side, played by the test. */
#define mnl_socket_sendto   fake_socket_sendto
#define mnl_socket_recvfrom fake_socket_recvfrom

#include "kern/netlink.c"

#include "kern/claim.h"
#include "kern/clsact.h"
#include "kern/diag.h"
#include "kern/listeners.h"
#include "kern/outgoing.h"
#include "kern/route.h"
#include "kern/sockets.h"
#include "kern/stacked.h"

#define LOOPBACK 1

static struct {
	int end;     /* what a dump ends with, and a question that is none is answered by */
	size_t size; /* so much of it is said at the end of a dump */
	int single;  /* if not 0: what a question that is no dump is answered by */
	uint32_t sequence;
	bool is_dump;
} kernel;

ssize_t fake_socket_sendto(const struct mnl_socket *socket, const void *request, size_t size)
{
	const struct nlmsghdr *header = request;

	(void)socket;
	kernel.sequence = header->nlmsg_seq;
	kernel.is_dump = (header->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	return (ssize_t)size;
}

ssize_t fake_socket_recvfrom(const struct mnl_socket *socket, void *buffer, size_t size)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);

	assert_in_range(size, MNL_NLMSG_HDRLEN + sizeof(struct nlmsgerr), SIZE_MAX);
	header->nlmsg_type = kernel.is_dump ? NLMSG_DONE : NLMSG_ERROR;
	header->nlmsg_seq = kernel.sequence;
	header->nlmsg_pid = mnl_socket_get_portid(socket);
	if (kernel.is_dump) {
		memcpy(mnl_nlmsg_get_payload(header), &kernel.end, sizeof(kernel.end));
		header->nlmsg_len += kernel.size;
	} else {
		struct nlmsgerr *error = mnl_nlmsg_put_extra_header(header, sizeof(*error));

		error->error = kernel.single ? kernel.single : kernel.end;
	}
	return MNL_ALIGN(header->nlmsg_len);
}

static int list_sockets(void)
{
	static const struct sw_ports ports;
	SW_SOCKETS_FREE struct sw_sockets sockets = {0};

	return sw_sockets_read(&ports, &sockets);
}

static int list_ending_sockets(void)
{
	static const struct sw_ports ports;
	SW_SOCKETS_FREE struct sw_sockets sockets = {0};

	return sw_sockets_read_ending(&ports, &sockets);
}

static int list_listeners(void)
{
	SW_LISTENERS_FREE struct sw_listeners listeners = {0};

	return sw_listeners_read(&listeners);
}

/* Of the process that has this socket. */
static int list_outgoing(void)
{
	SW_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sw_inodes own = {.count = 1}, other = {0};
	struct sw_outgoing outgoing = {0};
	struct stat is;
	int failed;

	assert_int_equal(fstat(fd, &is), 0);
	own.list[0] = is.st_ino;
	failed = sw_outgoing_read(&own, &other, &outgoing);
	sw_outgoing_free(&outgoing);
	return failed;
}

static int list_links(void)
{
	struct sw_stacked links = {0};
	int failed = sw_stacked_read(&links);

	sw_stacked_free(&links);
	return failed;
}

static int list_qdiscs(void)
{
	return sw_clsact_is_there(LOOPBACK);
}

/* Among all sockets of a name: one that nobody has is none. */
static int list_claims(void)
{
	struct sw_claim_holder holder;
	int failed = sw_claim_find_holder(LOOPBACK, &holder);

	return failed == -ENOENT ? 0 : failed;
}

static int (*const lists[])(void) = {
	list_sockets, list_ending_sockets, list_listeners, list_outgoing,
	list_links,   list_qdiscs,	   list_claims,
};

#define LISTS (sizeof(lists) / sizeof(lists[0]))

static void expect_all(int end, size_t size, int expected)
{
	kernel.end = end;
	kernel.size = size;
	for (size_t i = 0; i < LISTS; i++)
		if (lists[i]() != expected)
			fail_msg("list %zu: %d, and not %d", i, lists[i](), expected);
}

static void a_dump_that_fails_is_empty_for_nobody(void **state)
{
	(void)state;
	expect_all(-EPERM, sizeof(int), -EPERM);
	expect_all(-ENOBUFS, sizeof(int), -ENOBUFS);
}

static void a_dump_whose_end_says_nothing_is_whole(void **state)
{
	(void)state;
	expect_all(0, sizeof(int), 0);
	expect_all(-EPERM, 0, 0);
	expect_all(-EPERM, sizeof(int) - 1, 0);
}

static void no_handler_is_not_no_sockets(void **state)
{
	(void)state;
	kernel.end = -ENOENT;
	kernel.size = sizeof(int);
	assert_int_equal(list_sockets(), -EPROTONOSUPPORT);
	assert_int_equal(list_ending_sockets(), -EPROTONOSUPPORT);
	assert_int_equal(list_listeners(), -EPROTONOSUPPORT);
	assert_int_equal(list_outgoing(), -EPROTONOSUPPORT);
	assert_non_null(strstr(sw_diag_error(-EPROTONOSUPPORT), "tcp_diag"));
}

/* "No such socket" and "nobody to ask" have one name. */
static void no_handler_is_not_no_socket(void **state)
{
	static const struct sw_flow_key keys[] = {
		{.client.bytes = {[10] = 0xff, 0xff, 10, 77, 1, 1}},
		{.client.bytes = {0xfd, 0x77, [15] = 1}},
	};
	SW_NETLINK_CLOSE struct mnl_socket *diag = sw_diag_open();

	(void)state;
	kernel.size = sizeof(int);
	kernel.single = -ENOENT;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		kernel.end = 0;
		assert_int_equal(sw_sockets_state(diag, &keys[i]), 0);
		kernel.end = -ENOENT;
		assert_int_equal(sw_sockets_state(diag, &keys[i]), -EPROTONOSUPPORT);
	}
}

static void a_single_answer_is_an_error_or_none(void **state)
{
	static const struct sw_in6 client = {.bytes = {0xfd, 0x77, [15] = 1}};

	(void)state;
	kernel.end = -EPERM;
	assert_int_equal(sw_route_interface(&client, 0), -EPERM);
	/* Some say it with the other sign. */
	kernel.end = EPERM;
	assert_int_equal(sw_route_interface(&client, 0), -EPERM);
	kernel.end = 0;
	assert_int_equal(sw_route_interface(&client, 0), 0);
}

static int begin(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"a dump that ends in an error is told, whatever is listed",
		 a_dump_that_fails_is_empty_for_nobody, begin, NULL, NULL},
		{"a dump whose end says nothing, or less than a number, is whole",
		 a_dump_whose_end_says_nothing_is_whole, begin, NULL, NULL},
		{"where nobody can list sockets there are not none", no_handler_is_not_no_sockets,
		 begin, NULL, NULL},
		{"where nobody can say of a socket it is not gone", no_handler_is_not_no_socket,
		 begin, NULL, NULL},
		{"a single answer that is an error is told, whatever its sign",
		 a_single_answer_is_an_error_or_none, begin, NULL, NULL},
	};

	return cmocka_run_group_tests_name("netlink", tests, NULL, NULL);
}
