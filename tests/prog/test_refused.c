/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is answered as a refused client: nobody who is in or lives in the kernel, nobody while nobody is refused. What
 * the daemon is told of those who are: test_told.c.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "refusing.h"

#define PG	    SW_PROTOCOL_POSTGRES
#define DATA(bytes) .says = (bytes), .data = sizeof(bytes) - 1
#define STARTUP	    "\0\0\0\x1b\0\3\0\0user\0app\0database\0a\0"
#define MESSAGE	    "no room here"

static const struct packet syn = {0}, startup = {DATA(REFUSING_STARTUP)};

/* Though all numbers are right, and whether the refusal is remembered or not. */
static void who_is_in_is_never_answered(struct rig *rig, const void *arg)
{
	static const uint8_t states[] = {SW_FLOW_HALF_OPEN, SW_FLOW_OPEN, SW_FLOW_WAITING,
					 SW_FLOW_CLAIMED, SW_FLOW_DEAD};
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	segment = refusing_client(rig, &cookie);
	for (int i = 0; i < 2; i++) {
		for (size_t j = 0; j < COUNT_OF(states); j++) {
			refusing_put_flow(rig, &syn, states[j], 0);
			refusing_expect(rig, &segment, cookie, SAID(SAYS_PASS));
		}
		refusing_forget(rig);
	}
}

static void who_came_too_late_and_was_refused_since_is_answered(struct rig *rig, const void *arg)
{
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	refusing_open(rig, PG, REFUSING_MESSAGE, 700);
	refusing_put_flow(rig, &syn, SW_FLOW_EXPIRED, 0);
	cookie = refusing_syn(rig, &syn);
	segment = refusing_segment(&startup, cookie, 0, 0);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .is_counted = true));
}

static void another_flow_s_memory_keeps_nobody_from_his_answer(struct rig *rig, const void *arg)
{
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	segment = refusing_client(rig, &cookie);
	refusing_put_flow(rig, &syn, SW_FLOW_OPEN, 1);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .is_counted = true));
}

/* What a run leaves in TIME_WAIT would be in the way of the next one's bind(): each has a port of its own. */
static struct packet syn_of_another_port(void)
{
	static uint16_t port = 41000;

	return (struct packet){.client_port = ++port};
}

/* The end of the connection at the server's side. */
static int accepted(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* With the right numbers, and with the kernel's own. */
static void assert_not_answered(struct rig *rig, const struct packet *segment, uint32_t cookie)
{
	struct packet wrong = *segment;

	wrong.ack += 50000;

	refusing_expect(rig, segment, cookie, SAID(SAYS_PASS));
	refusing_expect(rig, &wrong, cookie, SAID(SAYS_PASS));
}

static int state_of(int fd)
{
	struct tcp_info info = {0};
	socklen_t bytes = sizeof(info);

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &bytes), 0);
	return info.tcpi_state;
}

static void wait_for_state(int fd, int state)
{
	for (int i = 0; i < 2000 && state_of(fd) != state; i++)
		usleep(1000);
	assert_int_equal(state_of(fd), state);
}

/* The client of that SYN was refused; its startup packet. */
static struct packet refused_from(struct rig *rig, const struct packet *first, uint32_t *cookie)
{
	struct packet said = startup;

	refusing_open(rig, PG, REFUSING_MESSAGE, 700);
	*cookie = refusing_syn(rig, first);
	said.client_port = first->client_port;
	return refusing_segment(&said, *cookie, 0, 0);
}

/* It came past the gate, so no flow is noted; the same port was refused before. */
static void a_connection_of_the_kernel_s_is_never_answered(struct rig *rig, const void *arg)
{
	const struct packet first = syn_of_another_port();
	int listener = listener_open_at(rig, &first), client, server;
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	segment = refused_from(rig, &first, &cookie);
	/* A listener is no connection. */
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .is_counted = true));
	client = listener_connect(rig, &first);
	server = accepted(listener);
	assert_false(rig_has_flow(rig, &first));
	assert_not_answered(rig, &segment, cookie);
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	wait_for_state(server, BPF_TCP_CLOSE_WAIT);
	assert_not_answered(rig, &segment, cookie);
	refusing_forget(rig);
	assert_not_answered(rig, &segment, cookie);
	close(server);
	close(client);
	close(listener);
}

/*
 * What is left of a connection that the server closed first: its client's late FIN is the kernel's to answer. But
 * who comes from the same port, and is refused, hears why.
 */
static void in_time_wait_what_is_not_ours_is_the_kernel_s(struct rig *rig, const void *arg)
{
	const struct packet first = syn_of_another_port();
	int listener = listener_open_at(rig, &first), client, server;
	struct packet segment, late;
	uint32_t cookie;

	(void)arg;
	segment = refused_from(rig, &first, &cookie);
	client = listener_connect(rig, &first);
	server = accepted(listener);
	close(server);
	wait_for_state(client, BPF_TCP_CLOSE_WAIT);
	close(client);
	close(listener);
	late = segment;
	late.isn += 50000;
	late.data = 0;
	late.flags = ACK | FIN;
	refusing_expect(rig, &late, cookie, SAID(SAYS_PASS));
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .is_counted = true));
}

/* The server has ended a session whose client did not hear of it, and comes again from the same port. */
static void after_the_server_s_end_what_is_not_ours_is_the_kernel_s(struct rig *rig,
								    const void *arg)
{
	const struct packet first = syn_of_another_port();
	int listener = listener_open_at(rig, &first), client, server;
	struct packet segment, other;
	uint32_t cookie;

	(void)arg;
	segment = refused_from(rig, &first, &cookie);
	client = listener_connect(rig, &first);
	server = accepted(listener);
	assert_int_equal(shutdown(server, SHUT_WR), 0);
	wait_for_state(server, BPF_TCP_FIN_WAIT2);
	other = segment;
	other.isn += 50000;
	refusing_expect(rig, &other, cookie, SAID(SAYS_PASS));
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .is_counted = true));
	close(client);
	close(server);
	close(listener);
}

static void in_monitor_mode_nothing_is_answered(struct rig *rig, const void *arg)
{
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	segment = refusing_client(rig, &cookie);
	rig->maps->control->mode = SW_MODE_MONITOR;
	refusing_expect(rig, &segment, cookie, SAID(SAYS_PASS));
	rig_expect_syn(rig, 7, 0, OUTCOME(VERDICT(PASSES, 0, REFUSE, BUDGET)));
}

#define AGO(ns) (now_ns() - (ns))

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void thirty_seconds_after_the_last_refusal_data_is_not_looked_at(struct rig *rig,
									const void *arg)
{
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	segment = refusing_client(rig, &cookie);
	assert_int_not_equal(*refusing_since(rig), 0);
	*refusing_since(rig) = AGO(29 * SECOND_NS);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .is_counted = true));
	/* Who is told is a reason to listen on. */
	assert_in_range(*refusing_since(rig), AGO(10 * SECOND_NS), now_ns());
	*refusing_since(rig) = AGO(31 * SECOND_NS);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_PASS));
	assert_int_equal(*refusing_since(rig), 0);
	/* And the next refusal is one again. */
	refusing_syn(rig, &(struct packet){.client = 9});
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT));
}

/* Whoever refused him may have been forgotten by then: his own SYN says that he is not. */
static void a_repeated_syn_hears_the_same_and_is_listened_to_again(struct rig *rig, const void *arg)
{
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	segment = refusing_client(rig, &cookie);
	*refusing_since(rig) = 0;
	assert_int_equal(refusing_syn(rig, &syn), cookie);
	assert_int_not_equal(*refusing_since(rig), 0);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .is_counted = true));
}

/* The refusal that is noted of the flow. False: none is. */
static bool noted(struct rig *rig, struct sw_refusal *out)
{
	const struct sw_flow_key key = refusing_flow(rig, &syn);

	return !bpf_map_lookup_elem(rig->maps->refused_fd, &key, out);
}

static void what_fits_no_number_of_an_old_refusal_is_the_kernel_s(struct rig *rig, const void *arg)
{
	const struct sw_flow_key key = refusing_flow(rig, &syn);
	struct packet segment, wrong;
	struct sw_refusal refusal;
	uint32_t cookie;

	(void)arg;
	segment = refusing_client(rig, &cookie);
	wrong = segment;
	wrong.ack += 50000;
	refusing_expect(rig, &wrong, cookie, SAID(SAYS_NOTHING));
	assert_true(noted(rig, &refusal));
	refusal.at_ns = AGO(65 * SECOND_NS);
	assert_int_equal(bpf_map_update_elem(rig->maps->refused_fd, &key, &refusal, BPF_EXIST), 0);
	refusing_expect(rig, &wrong, cookie, SAID(SAYS_PASS));
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .is_counted = true));
}

/* What the port's connection before this one was told is nothing to this one. */
static void who_gets_in_from_the_same_port_is_not_remembered_as_refused(struct rig *rig,
									const void *arg)
{
	const struct packet anew = {.isn = 77777};
	struct sw_refusal refusal;
	uint32_t cookie;

	(void)arg;
	refusing_client(rig, &cookie);
	assert_true(noted(rig, &refusal));
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 1;
	assert_int_equal(rig_send(rig, &anew), PASSES);
	assert_true(rig_has_flow(rig, &anew));
	assert_false(noted(rig, &refusal));
}

static void before_anybody_was_refused_data_is_not_looked_at(struct rig *rig, const void *arg)
{
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	segment = refusing_client(rig, &cookie);
	*refusing_since(rig) = 0;
	refusing_expect(rig, &segment, cookie, SAID(SAYS_PASS));
	assert_int_equal(*refusing_since(rig), 0);
}

static void expect_rst(struct rig *rig, const struct outcome *outcome)
{
	rig_expect(rig, &syn, outcome);
	answer_check(rig, &syn, &(struct answer){.ack = PACKET_ISN + 1, .flags = RST | ACK});
}

static void the_reset_lane_stays_a_rst(struct rig *rig, const void *arg)
{
	(void)arg;
	refusing_open(rig, PG, REFUSING_MESSAGE, 700);
	rig->maps->class_conf[0].lanes = CHAIN2(SW_LANE_DIRECT, SW_LANE_RESET);
	expect_rst(rig, OUTCOME(VERDICT(ANSWERED, 0, RESET, BUDGET)));
	assert_int_equal(*refusing_since(rig), 0);
}

static void a_plain_tcp_service_answers_with_a_rst(struct rig *rig, const void *arg)
{
	(void)arg;
	refusing_open(rig, SW_PROTOCOL_TCP, REFUSING_MESSAGE, 700);
	expect_rst(rig, REFUSED(BUDGET));
}

static void without_a_secret_nobody_is_told(struct rig *rig, const void *arg)
{
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	segment = refusing_client(rig, &cookie);
	rig->maps->cookie_secrets->is_set = 0;
	refusing_expect(rig, &segment, cookie, SAID(SAYS_PASS));
	refusing_forget(rig);
	expect_rst(rig, REFUSED(BUDGET));
}

static void without_a_text_nobody_is_answered(struct rig *rig, const void *arg)
{
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	segment = refusing_client(rig, &cookie);
	rig->maps->refusal_texts[0].bytes = 0;
	refusing_expect(rig, &segment, cookie, SAID(SAYS_PASS));
}

/* The daemon writes the secret that is not the newest, and makes it that. */
static void change_secret(struct rig *rig)
{
	struct sw_cookie_secrets *secrets = rig->maps->cookie_secrets;
	uint32_t next = !secrets->newest;

	secrets->key[next].word[0] += 10;
	secrets->newest = next;
}

static void a_conversation_outlives_one_change_of_the_secret(struct rig *rig, const void *arg)
{
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	segment = refusing_client(rig, &cookie);
	change_secret(rig);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .is_counted = true));
	/* A SYN repeated now would be another number's. */
	assert_int_not_equal(refusing_syn(rig, &syn), cookie);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT));
	change_secret(rig);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_NOTHING));
	refusing_forget(rig);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_PASS));
}

/* With what is remembered, and by the client's address alone. */
static void each_class_says_its_own(struct rig *rig, const void *arg)
{
	const struct packet theirs = {.client = 0x010001};
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	refusing_open(rig, PG, REFUSING_MESSAGE, 700);
	refusing_add_class(rig, 3, PG, "not for you");
	rig_add_prefix(rig, 0, 3, theirs.client, 8);
	cookie = refusing_syn(rig, &theirs);
	segment = refusing_segment(&startup, cookie, 0, 0);
	segment.client = theirs.client;
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .class_id = 3, .is_counted = true));
	refusing_forget(rig);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .class_id = 3, .is_counted = true));
}

static void a_text_that_cannot_be_written_is_not_counted_as_told(struct rig *rig, const void *arg)
{
	const struct packet like = {DATA(REFUSING_STARTUP), .options = 1};
	struct sw_refusal refusal;
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	refusing_client(rig, &cookie);
	segment = refusing_segment(&like, cookie, 0, 0);
	rig_expect(rig, &segment, OUTCOME(.action = DROPPED, COUNTS(0, 0, UNANSWERABLE)));
	assert_true(noted(rig, &refusal));
	assert_false(refusal.progress & SW_REFUSAL_TOLD);
}

#define TEST(what, run)                                                                            \
	{                                                                                          \
		what, run, NULL, 0                                                                 \
	}

static const struct rig_test tests[] = {
	TEST("who is in, or on its way, is never answered", who_is_in_is_never_answered),
	TEST("who came too late, and was refused since, is answered",
	     who_came_too_late_and_was_refused_since_is_answered),
	TEST("memory that another flow has by now keeps nobody from his answer",
	     another_flow_s_memory_keeps_nobody_from_his_answer),
	TEST("a connection of the kernel's is never answered",
	     a_connection_of_the_kernel_s_is_never_answered),
	TEST("in TIME_WAIT what is not ours is the kernel's, and who is refused is answered",
	     in_time_wait_what_is_not_ours_is_the_kernel_s),
	TEST("after the server's end what is not ours is the kernel's, and who is refused is answered",
	     after_the_server_s_end_what_is_not_ours_is_the_kernel_s),
	TEST("a repeated SYN hears the same, and is listened to again",
	     a_repeated_syn_hears_the_same_and_is_listened_to_again),
	TEST("what fits no number of an old refusal is the kernel's",
	     what_fits_no_number_of_an_old_refusal_is_the_kernel_s),
	TEST("who gets in from the same port is not remembered as refused",
	     who_gets_in_from_the_same_port_is_not_remembered_as_refused),
	TEST("a text that cannot be written is not counted as told",
	     a_text_that_cannot_be_written_is_not_counted_as_told),
	TEST("in monitor mode nothing is answered", in_monitor_mode_nothing_is_answered),
	TEST("thirty seconds after the last refusal data is not looked at",
	     thirty_seconds_after_the_last_refusal_data_is_not_looked_at),
	TEST("before anybody was refused data is not looked at",
	     before_anybody_was_refused_data_is_not_looked_at),
	TEST("the reset lane stays a RST", the_reset_lane_stays_a_rst),
	TEST("a plain TCP service answers with a RST", a_plain_tcp_service_answers_with_a_rst),
	TEST("without a secret nobody is told", without_a_secret_nobody_is_told),
	TEST("without a text nobody is answered", without_a_text_nobody_is_answered),
	TEST("a conversation outlives one change of the secret",
	     a_conversation_outlives_one_change_of_the_secret),
	TEST("each class says its own, remembered or not", each_class_says_its_own),
};

int main(void)
{
	return rig_main("refused", tests, COUNT_OF(tests));
}
