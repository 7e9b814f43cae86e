/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/netlink and kern/sockets: answers of the kernel's made by hand, whole and broken, and real
 * sockets on loopback.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include <cmocka.h>

#include "core/cleanup.h"
#include "kern/diag.h"
#include "kern/sockets.h"

#define SEQUENCE 7
#define PORT	 1234

static struct sw_ports guarded = {.service = {[5432] = 1}};

/* An answer under construction. */
struct answer {
	char bytes[8192] __attribute__((aligned(8)));
	size_t length;
};

static struct nlmsghdr *put(struct answer *answer, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(answer->bytes + answer->length);

	header->nlmsg_type = type;
	header->nlmsg_flags = flags;
	header->nlmsg_seq = SEQUENCE;
	header->nlmsg_pid = PORT;
	return header;
}

static struct inet_diag_msg *put_socket(struct answer *answer, uint8_t state, uint16_t port)
{
	struct nlmsghdr *header = put(answer, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI);
	struct inet_diag_msg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));

	message->idiag_family = AF_INET;
	message->idiag_state = state;
	message->id.idiag_sport = htons(5432);
	message->id.idiag_dport = htons(port);
	message->id.idiag_src[0] = htonl(0x0a4e0001);
	message->id.idiag_dst[0] = htonl(0x0a4d0101);
	answer->length += header->nlmsg_len;
	return message;
}

static void put_done(struct answer *answer, int error)
{
	struct nlmsghdr *header = put(answer, NLMSG_DONE, NLM_F_MULTI);

	*(int *)mnl_nlmsg_put_extra_header(header, sizeof(int)) = error;
	answer->length += header->nlmsg_len;
}

static int read_answer(const struct answer *answer, struct sw_sockets *sockets)
{
	return sw_netlink_read(answer->bytes, answer->length, SEQUENCE, PORT, sw_sockets_collect,
			       sockets);
}

static void an_answer_in_several_parts_goes_on_until_it_says_that_it_is_done(void **state)
{
	SW_SOCKETS_FREE struct sw_sockets sockets = {.ports = &guarded};
	struct answer first = {0}, second = {0};

	(void)state;
	put_socket(&first, TCP_ESTABLISHED, 1);
	put_socket(&first, TCP_CLOSE_WAIT, 2);
	put_socket(&second, TCP_SYN_RECV, 3);
	put_done(&second, 0);
	assert_int_equal(read_answer(&first, &sockets), 1);
	assert_int_equal(read_answer(&second, &sockets), 0);
	assert_int_equal(sockets.count, 3);
	assert_false(sockets.list[1].half_open);
	assert_true(sockets.list[2].half_open);
	assert_int_equal(sockets.list[1].key.client_port_be, htons(2));
}

static void the_addresses_are_those_the_gate_sees(void **state)
{
	static const uint8_t mapped[16] = {[10] = 0xff, 0xff, 10, 77, 1, 1};
	SW_SOCKETS_FREE struct sw_sockets sockets = {.ports = &guarded};
	struct answer answer = {0};
	struct inet_diag_msg *message;

	(void)state;
	put_socket(&answer, TCP_ESTABLISHED, 1);
	message = put_socket(&answer, TCP_ESTABLISHED, 1);
	message->id.idiag_if = 3;
	message->idiag_family = AF_INET6;
	memcpy(message->id.idiag_dst, mapped, sizeof(mapped));
	memcpy(message->id.idiag_src, mapped, sizeof(mapped));
	((uint8_t *)message->id.idiag_src)[13] = 78;
	((uint8_t *)message->id.idiag_src)[14] = 0;
	assert_int_equal(read_answer(&answer, &sockets), 1);
	assert_int_equal(sockets.list[0].interface, 0);
	assert_int_equal(sockets.list[1].interface, 3);
	assert_memory_equal(&sockets.list[0].key.client, mapped, sizeof(mapped));
	assert_memory_equal(&sockets.list[0].key, &sockets.list[1].key, sizeof(struct sw_flow_key));
}

static void only_connections_to_the_ports_asked_for_are_taken(void **state)
{
	SW_SOCKETS_FREE struct sw_sockets sockets = {.ports = &guarded};
	struct answer answer = {0};

	(void)state;
	put_socket(&answer, TCP_ESTABLISHED, 1)->id.idiag_sport = htons(5433);
	put_socket(&answer, TCP_LISTEN, 2);
	put_socket(&answer, TCP_TIME_WAIT, 3)->idiag_timer = 3;
	put_socket(&answer, TCP_FIN_WAIT2, 4)->idiag_timer = 3; /* what is left of it */
	put_socket(&answer, TCP_FIN_WAIT2, 5);
	put_socket(&answer, 200, 6);
	assert_int_equal(read_answer(&answer, &sockets), 1);
	assert_int_equal(sockets.count, 1);
	assert_int_equal(sockets.list[0].key.client_port_be, htons(5));
}

static void one_that_its_process_closed_is_told_apart_from_one_that_it_has(void **state)
{
	static const uint8_t ending[] = {TCP_FIN_WAIT1, TCP_FIN_WAIT2, TCP_CLOSING, TCP_LAST_ACK};
	SW_SOCKETS_FREE struct sw_sockets sockets = {.ports = &guarded};
	struct answer answer = {0};

	(void)state;
	/* Not accepted yet, which has no owner either. */
	put_socket(&answer, TCP_ESTABLISHED, 1);
	put_socket(&answer, TCP_CLOSE_WAIT, 2);
	/* Half of it is shut down. */
	put_socket(&answer, TCP_FIN_WAIT2, 3)->idiag_inode = 77;
	/* Its client has the time of one repetition to answer. */
	put_socket(&answer, TCP_FIN_WAIT1, 4);
	for (size_t i = 0; i < sizeof(ending); i++)
		put_socket(&answer, ending[i], (uint16_t)(5 + i))->idiag_retrans = 1;
	assert_int_equal(read_answer(&answer, &sockets), 1);
	assert_int_equal(sockets.count, 4 + sizeof(ending));
	for (size_t i = 0; i < sockets.count; i++) {
		assert_int_equal(sockets.list[i].is_orphan, i >= 3);
		assert_int_equal(sockets.list[i].is_closed, i >= 4);
	}
}

static void an_error_is_told_as_it_is(void **state)
{
	SW_SOCKETS_FREE struct sw_sockets sockets = {.ports = &guarded};
	struct answer answer = {0};
	struct nlmsghdr *header = put(&answer, NLMSG_ERROR, 0);
	struct nlmsgerr *error = mnl_nlmsg_put_extra_header(header, sizeof(*error));

	(void)state;
	error->error = -EPERM;
	answer.length = header->nlmsg_len;
	assert_int_equal(read_answer(&answer, &sockets), -EPERM);
}

static void a_dump_that_fails_half_way_is_not_taken_for_a_whole_one(void **state)
{
	SW_SOCKETS_FREE struct sw_sockets sockets = {.ports = &guarded};
	struct answer answer = {0};

	(void)state;
	put_socket(&answer, TCP_ESTABLISHED, 1);
	put_done(&answer, -ENOMEM);
	assert_int_equal(read_answer(&answer, &sockets), -ENOMEM);
}

static void an_interrupted_dump_is_not_taken_for_a_whole_one(void **state)
{
	SW_SOCKETS_FREE struct sw_sockets sockets = {.ports = &guarded};
	struct answer answer = {0};

	(void)state;
	put_socket(&answer, TCP_ESTABLISHED, 1);
	((struct nlmsghdr *)answer.bytes)->nlmsg_flags |= NLM_F_DUMP_INTR;
	assert_int_equal(read_answer(&answer, &sockets), -EINTR);
}

static void what_is_cut_short_is_no_answer(void **state)
{
	SW_SOCKETS_FREE struct sw_sockets sockets = {.ports = &guarded};
	struct answer answer = {0};
	size_t whole;

	(void)state;
	assert_int_equal(read_answer(&answer, &sockets), -EBADMSG);
	put_socket(&answer, TCP_ESTABLISHED, 1);
	whole = answer.length;
	put_done(&answer, 0);
	for (size_t length = 1; length < answer.length; length++) {
		struct answer cut = answer;

		cut.length = length;
		assert_int_equal(read_answer(&cut, &sockets), length == whole ? 1 : -EBADMSG);
	}
	((struct nlmsghdr *)answer.bytes)->nlmsg_len = MNL_NLMSG_HDRLEN + 8;
	answer.length = MNL_NLMSG_HDRLEN + 8;
	assert_int_equal(read_answer(&answer, &sockets), -EBADMSG);
}

static void an_answer_to_another_question_is_refused(void **state)
{
	SW_SOCKETS_FREE struct sw_sockets sockets = {.ports = &guarded};
	struct answer answer = {0};

	(void)state;
	put_socket(&answer, TCP_ESTABLISHED, 1);
	((struct nlmsghdr *)answer.bytes)->nlmsg_seq++;
	assert_int_equal(read_answer(&answer, &sockets), -EPROTO);
	assert_int_equal(sockets.count, 0);
}

/* A listener for both families, with one client over IPv4, whose socket is then an IPv6 one. */
static void a_connection_is_found_while_it_is_there(void **state)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6};
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	SW_CLOSE int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	SW_CLOSE int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	SW_SOCKETS_FREE struct sw_sockets sockets = {.ports = &guarded};
	SW_NETLINK_CLOSE struct mnl_socket *diag = sw_diag_open();
	struct linger reset = {.l_onoff = 1};
	socklen_t size = sizeof(any);
	struct sw_flow_key key = {0};

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&any, &size), 0);
	at.sin_port = any.sin6_port;
	assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
	guarded.service[ntohs(at.sin_port)] = 1;
	assert_int_equal(sw_sockets_read(&guarded, &sockets), 0);
	for (size_t i = 0; i < sockets.count; i++)
		if (sockets.list[i].key.server_port_be == at.sin_port)
			key = sockets.list[i].key;
	assert_int_equal(key.server_port_be, at.sin_port);
	assert_int_equal(key.server.words_be[2], htonl(0xffff));
	assert_ptr_equal(sw_sockets_find(&sockets, &key), &sockets.list[0]);
	assert_int_equal(sw_sockets_state(diag, &key), TCP_ESTABLISHED);
	setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(client);
	client = -1;
	/* Its listener is still there, which the kernel answers with. */
	assert_int_equal(sw_sockets_state(diag, &key), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_in_several_parts_goes_on_until_it_says_that_it_is_done),
		cmocka_unit_test(the_addresses_are_those_the_gate_sees),
		cmocka_unit_test(only_connections_to_the_ports_asked_for_are_taken),
		cmocka_unit_test(one_that_its_process_closed_is_told_apart_from_one_that_it_has),
		cmocka_unit_test(an_error_is_told_as_it_is),
		cmocka_unit_test(a_dump_that_fails_half_way_is_not_taken_for_a_whole_one),
		cmocka_unit_test(an_interrupted_dump_is_not_taken_for_a_whole_one),
		cmocka_unit_test(what_is_cut_short_is_no_answer),
		cmocka_unit_test(an_answer_to_another_question_is_refused),
		cmocka_unit_test(a_connection_is_found_while_it_is_there),
	};

	return cmocka_run_group_tests_name("sockets", tests, NULL, NULL);
}
