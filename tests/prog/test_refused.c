/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is answered as a refused client: nobody who is in or lives in the kernel, nobody while nobody is refused; and
 * what the daemon is told of those who are.
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

#define PG	       SW_PROTOCOL_POSTGRES
#define MY	       SW_PROTOCOL_MYSQL
#define DATA(bytes)    .says = (bytes), .data = sizeof(bytes) - 1
#define STARTUP	       "\0\0\0\x1b\0\3\0\0user\0app\0database\0a\0"
#define CANCEL_REQUEST "\0\0\0\x10\4\xd2\x16\x2e\0\0\0\7\0\0\0\x9"
#define MESSAGE	       "no room here"

static const struct packet syn = {0}, startup = {DATA(STARTUP)}, bare = {0};

/* A client that was refused, and its startup packet. */
static struct packet refused_client(struct rig *rig, uint32_t *cookie)
{
	refusing_open(rig, PG, MESSAGE, 700);
	*cookie = refusing_syn(rig, &syn);
	return refusing_segment(&startup, *cookie, 0, 0);
}

static struct sw_flow_key flow_key(const struct rig *rig, const struct packet *packet)
{
	struct packet whole = *packet;

	whole.ipv6 = rig->ipv6;
	return packet_flow(&whole);
}

static void put_flow(struct rig *rig, uint8_t state, uint32_t tag_off_by)
{
	const struct sw_flow_key key = flow_key(rig, &syn);
	const struct sw_flow flow = {
		.tag = sw_flow_tag(&key) + tag_off_by,
		.state = state,
		.lane = SW_LANE_DIRECT,
		.isn = PACKET_ISN,
	};

	rig_put_flow(rig, &syn, &flow);
}

/* Though all numbers are right, and whether the refusal is remembered or not. */
static void who_is_in_is_never_answered(struct rig *rig, const void *arg)
{
	static const uint8_t states[] = {SW_FLOW_HALF_OPEN, SW_FLOW_OPEN, SW_FLOW_WAITING,
					 SW_FLOW_CLAIMED, SW_FLOW_DEAD};
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	segment = refused_client(rig, &cookie);
	for (int i = 0; i < 2; i++) {
		for (size_t j = 0; j < COUNT_OF(states); j++) {
			put_flow(rig, states[j], 0);
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
	refusing_open(rig, PG, MESSAGE, 700);
	put_flow(rig, SW_FLOW_EXPIRED, 0);
	cookie = refusing_syn(rig, &syn);
	segment = refusing_segment(&startup, cookie, 0, 0);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .is_counted = true));
}

static void another_flow_s_memory_keeps_nobody_from_his_answer(struct rig *rig, const void *arg)
{
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	segment = refused_client(rig, &cookie);
	put_flow(rig, SW_FLOW_OPEN, 1);
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

	wrong.isn += 50000;

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

	refusing_open(rig, PG, MESSAGE, 700);
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

static void in_monitor_mode_nothing_is_answered(struct rig *rig, const void *arg)
{
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	segment = refused_client(rig, &cookie);
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
	segment = refused_client(rig, &cookie);
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

static void before_anybody_was_refused_data_is_not_looked_at(struct rig *rig, const void *arg)
{
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	segment = refused_client(rig, &cookie);
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
	refusing_open(rig, PG, MESSAGE, 700);
	rig->maps->class_conf[0].lanes = CHAIN2(SW_LANE_DIRECT, SW_LANE_RESET);
	expect_rst(rig, OUTCOME(VERDICT(ANSWERED, 0, RESET, BUDGET)));
	assert_int_equal(*refusing_since(rig), 0);
}

static void a_plain_tcp_service_answers_with_a_rst(struct rig *rig, const void *arg)
{
	(void)arg;
	refusing_open(rig, SW_PROTOCOL_TCP, MESSAGE, 700);
	expect_rst(rig, REFUSED(BUDGET));
}

static void without_a_secret_nobody_is_told(struct rig *rig, const void *arg)
{
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	segment = refused_client(rig, &cookie);
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
	segment = refused_client(rig, &cookie);
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
	segment = refused_client(rig, &cookie);
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
	refusing_open(rig, PG, MESSAGE, 700);
	refusing_add_class(rig, 3, PG, "not for you");
	rig_add_prefix(rig, 0, 3, theirs.client, 8);
	cookie = refusing_syn(rig, &theirs);
	segment = refusing_segment(&startup, cookie, 0, 0);
	segment.client = theirs.client;
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .class_id = 3, .is_counted = true));
	refusing_forget(rig);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .class_id = 3, .is_counted = true));
}

static void a_cancel_request_is_told_of_and_the_end_said(struct rig *rig, const void *arg)
{
	static const struct packet request = {DATA(CANCEL_REQUEST)};
	const struct sw_flow_key key = flow_key(rig, &syn);
	struct packet segment;
	struct told told;
	uint32_t cookie;

	(void)arg;
	refused_client(rig, &cookie);
	for (uint32_t asked = 0; asked <= 2; asked++) {
		segment = refusing_segment(&request, cookie, 8 * asked, asked);
		refusing_expect(rig, &segment, cookie, SAID(SAYS_FIN, .seq = asked));
		told = queue_hear(rig);
		assert_int_equal(told.cancels, 1);
		assert_memory_equal(&told.cancel.flow, &key, sizeof(key));
		assert_int_equal(told.cancel.lane, SW_LANE_REFUSE);
		assert_int_equal(told.cancel.service, 0);
		assert_int_equal(told.cancel.sequence, segment.isn);
		assert_int_equal(told.cancel.bytes, request.data);
		assert_memory_equal(told.cancel.request, CANCEL_REQUEST, request.data);
	}
	/* By whom it was not returned it is not told of. */
	segment = refusing_segment(&request, cookie + 2, 0, 0);
	segment.client_port = 40001;
	refusing_expect(rig, &segment, cookie, SAID(SAYS_PASS));
	assert_int_equal(queue_hear(rig).cancels, 0);
}

static void without_a_daemon_a_cancel_request_is_lost_and_its_end_said(struct rig *rig,
								       const void *arg)
{
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	refused_client(rig, &cookie);
	rig->maps->control->heartbeat_ns = 1;
	segment = refusing_segment(&(struct packet){DATA(CANCEL_REQUEST)}, cookie, 0, 0);
	rig_expect(rig, &segment, OUTCOME(.action = ANSWERED, COUNTS(0, 0, CANCELS_LOST)));
	assert_int_equal(queue_hear(rig).cancels, 0);
}

/* A client of MySQL's who was told once. */
static struct packet told_client(struct rig *rig, uint32_t *cookie)
{
	struct packet ack;

	refusing_open(rig, MY, MESSAGE, 700);
	*cookie = refusing_syn(rig, &syn);
	ack = refusing_segment(&bare, *cookie, 0, 0);
	refusing_expect(rig, &ack, *cookie, SAID(SAYS_TEXT, .is_counted = true));
	return ack;
}

static void who_has_nothing_to_repeat_is_told_of_once(struct rig *rig, const void *arg)
{
	uint8_t frame[PACKET_MAX];
	struct packet ack;
	struct told told;
	uint32_t cookie;

	(void)arg;
	ack = told_client(rig, &cookie);
	told = queue_hear(rig);
	ack.ipv6 = rig->ipv6;
	assert_int_equal(told.tolds, 1);
	assert_int_equal(told.told.length, packet_build(&ack, frame));
	assert_memory_equal(told.told.frame, frame, told.told.length);
	assert_int_equal(told.told.is_ipv6, rig->ipv6);
	assert_int_equal(told.told.is_partial, 0);
	assert_int_equal(told.told.service, 0);
	refusing_expect(rig, &ack, cookie, SAID(SAYS_TEXT));
	assert_int_equal(queue_hear(rig).tolds, 0);
	/* Who is not remembered cannot be told again: nobody would know when he has heard. */
	refusing_forget(rig);
	refusing_expect(rig, &ack, cookie, SAID(SAYS_TEXT, .is_counted = true));
	assert_int_equal(queue_hear(rig).tolds, 0);
}

static void who_speaks_is_not_told_of(struct rig *rig, const void *arg)
{
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	segment = refused_client(rig, &cookie);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .is_counted = true));
	assert_int_equal(queue_hear(rig).tolds, 0);
	refusing_open(rig, MY, MESSAGE, 700);
	refusing_forget(rig);
	cookie = refusing_syn(rig, &syn);
	segment = refusing_segment(&startup, cookie, 0, 0);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .is_counted = true));
	assert_int_equal(queue_hear(rig).tolds, 0);
}

static bool is_told_again(struct rig *rig, const struct packet *ack)
{
	return queue_release(rig, ack, SW_RELEASE_TELL).lane == SW_LANE_REFUSE;
}

static void he_is_told_again_until_he_has_heard(struct rig *rig, const void *arg)
{
	struct packet ack, heard;
	uint32_t cookie, bytes;

	(void)arg;
	ack = told_client(rig, &cookie);
	bytes = rig->maps->refusal_texts[0].bytes;
	assert_true(is_told_again(rig, &ack));
	heard = refusing_segment(&bare, cookie, 0, bytes - 1);
	refusing_expect(rig, &heard, cookie, SAID(SAYS_NOTHING));
	assert_true(is_told_again(rig, &ack));
	heard = refusing_segment(&bare, cookie, 0, bytes);
	refusing_expect(rig, &heard, cookie, SAID(SAYS_NOTHING));
	assert_false(is_told_again(rig, &ack));
}

static void he_is_not_told_again_after_his_rst(struct rig *rig, const void *arg)
{
	struct packet ack, rst;
	uint32_t cookie;

	(void)arg;
	ack = told_client(rig, &cookie);
	rst = refusing_segment(&(struct packet){.flags = RST}, cookie, SW_EXCHANGE_WINDOW + 1, 0);
	rig_expect(rig, &rst, OUTCOME(.action = PASSES));
	assert_true(is_told_again(rig, &ack));
	rst = refusing_segment(&(struct packet){.flags = RST | ACK}, cookie, 0, 0);
	rig_expect(rig, &rst, OUTCOME(.action = PASSES));
	assert_false(is_told_again(rig, &ack));
}

static void he_is_not_told_again_once_he_is_in_or_somebody_else(struct rig *rig, const void *arg)
{
	const struct packet anew = {.isn = 77777};
	struct packet ack;
	uint32_t cookie;

	(void)arg;
	ack = told_client(rig, &cookie);
	put_flow(rig, SW_FLOW_OPEN, 0);
	assert_false(is_told_again(rig, &ack));
	put_flow(rig, SW_FLOW_EXPIRED, 0);
	assert_true(is_told_again(rig, &ack));
	refusing_syn(rig, &anew);
	assert_false(is_told_again(rig, &ack));
	refusing_forget(rig);
	assert_false(is_told_again(rig, &ack));
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
	TEST("a CancelRequest is told of, and the end said",
	     a_cancel_request_is_told_of_and_the_end_said),
	TEST("without a daemon a CancelRequest is lost, counted, and its end said",
	     without_a_daemon_a_cancel_request_is_lost_and_its_end_said),
	TEST("who has nothing to repeat is told of once",
	     who_has_nothing_to_repeat_is_told_of_once),
	TEST("who speaks is not told of", who_speaks_is_not_told_of),
	TEST("he is told again until he has heard", he_is_told_again_until_he_has_heard),
	TEST("he is not told again after his RST", he_is_not_told_again_after_his_rst),
	TEST("he is not told again once he is in, or another",
	     he_is_not_told_again_once_he_is_in_or_somebody_else),
};

int main(void)
{
	return rig_main("refused", tests, COUNT_OF(tests));
}
