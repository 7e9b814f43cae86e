/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the daemon is told of refused clients: their CancelRequests, which it hands on, and those who have nothing to
 * repeat, whom it has told again. And how such conversations end.
 */
#include <errno.h>
#include <string.h>

#include "refusing.h"

#define PG	       SW_PROTOCOL_POSTGRES
#define MY	       SW_PROTOCOL_MYSQL
#define DATA(bytes)    .says = (bytes), .data = sizeof(bytes) - 1
#define CANCEL_REQUEST "\0\0\0\x10\4\xd2\x16\x2e\0\0\0\7\0\0\0\x9"

static const struct packet syn = {0}, startup = {DATA(REFUSING_STARTUP)}, bare = {0};

static void a_cancel_request_is_told_of_and_the_end_said(struct rig *rig, const void *arg)
{
	static const struct packet request = {DATA(CANCEL_REQUEST)};
	const struct sw_flow_key key = refusing_flow(rig, &syn);
	struct packet segment;
	struct told told;
	uint32_t cookie;

	(void)arg;
	refusing_client(rig, &cookie);
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
	refusing_client(rig, &cookie);
	rig->maps->control->heartbeat_ns = 1;
	segment = refusing_segment(&(struct packet){DATA(CANCEL_REQUEST)}, cookie, 0, 0);
	rig_expect(rig, &segment, OUTCOME(.action = ANSWERED, COUNTS(0, 0, CANCELS_LOST)));
	assert_int_equal(queue_hear(rig).cancels, 0);
}

/* By his numbers alone he might have begun a startup packet. */
static void the_fin_behind_a_cancel_request_is_only_acknowledged(struct rig *rig, const void *arg)
{
	static const struct packet request = {DATA(CANCEL_REQUEST)}, fin = {.flags = ACK | FIN};
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	refusing_client(rig, &cookie);
	segment = refusing_segment(&request, cookie, 8, 1);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_FIN, .seq = 1));
	segment = refusing_segment(&fin, cookie, 24, 1);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_ACK, .seq = 1));
}

/* As long as two requests, it looks like them once it is over. */
static void a_fin_behind_a_startup_packet_of_16_bytes_is_told_once_more(struct rig *rig,
									const void *arg)
{
	static const struct packet said = {DATA("\0\0\0\x10\0\3\0\0user\0a\0\0")};
	static const struct packet fin = {.flags = ACK | FIN};
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	assert_int_equal(said.data, 16);
	refusing_client(rig, &cookie);
	segment = refusing_segment(&fin, cookie, 16, 0);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_FIN));
	segment = refusing_segment(&said, cookie, 0, 0);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .is_counted = true));
	segment = refusing_segment(&fin, cookie, 16, 0);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT));
}

/* A client of MySQL's who was told once. */
static struct packet told_client(struct rig *rig, uint32_t *cookie)
{
	struct packet ack;

	refusing_open(rig, MY, REFUSING_MESSAGE, 700);
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

/* The next daemon is to begin with those who come then. */
static void without_a_daemon_nobody_is_told_of(struct rig *rig, const void *arg)
{
	struct packet ack;
	uint32_t cookie;

	(void)arg;
	refusing_open(rig, MY, REFUSING_MESSAGE, 700);
	cookie = refusing_syn(rig, &syn);
	ack = refusing_segment(&bare, cookie, 0, 0);
	rig->maps->control->heartbeat_ns = 1;
	refusing_expect(rig, &ack, cookie, SAID(SAYS_TEXT, .is_counted = true));
	assert_int_equal(queue_hear(rig).tolds, 0);
}

static void who_speaks_is_not_told_of(struct rig *rig, const void *arg)
{
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	segment = refusing_client(rig, &cookie);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .is_counted = true));
	assert_int_equal(queue_hear(rig).tolds, 0);
	refusing_open(rig, MY, REFUSING_MESSAGE, 700);
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
	refusing_put_flow(rig, &syn, SW_FLOW_OPEN, 0);
	assert_false(is_told_again(rig, &ack));
	refusing_put_flow(rig, &syn, SW_FLOW_EXPIRED, 0);
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
	TEST("the FIN behind a CancelRequest is only acknowledged",
	     the_fin_behind_a_cancel_request_is_only_acknowledged),
	TEST("a FIN behind a startup packet of 16 bytes is told once more",
	     a_fin_behind_a_startup_packet_of_16_bytes_is_told_once_more),
	TEST("without a daemon nobody is told of", without_a_daemon_nobody_is_told_of),
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
	return rig_main("told", tests, COUNT_OF(tests));
}
