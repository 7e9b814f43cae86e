/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conversation with a refused client, frame by frame: what comes back, byte for byte, once, repeated, and when
 * nothing is remembered of the client.
 */
#include <linux/if_ether.h>
#include <string.h>

#include "refusing.h"

#define DATA(bytes)    .says = (bytes), .data = sizeof(bytes) - 1
#define TLS_REQUEST    "\0\0\0\10\4\xd2\x16\x2f"
#define GSS_REQUEST    "\0\0\0\10\4\xd2\x16\x30"
#define STARTUP	       "\0\0\0\x1b\0\3\0\0user\0app\0database\0a\0"
#define STARTUP_3_2    "\0\0\0\x1b\0\3\0\2user\0app\0database\0a\0"
#define STARTUP_LEAST  "\0\0\0\x09\0\3\0\0\0"
#define PROTOCOL_2     "\0\0\0\x28\0\2\0\0user\0app\0database\0a\0"
#define CLIENT_HELLO   "\x16\3\1\2\0\1\0\1\xfc\3\3"
#define NOISE	       "GET / HTTP/1.1\r\n"
#define CANCEL_REQUEST "\0\0\0\x10\4\xd2\x16\x2e\0\0\0\7\0\0\0\x9"
#define MYSQL_LOGIN    "\x20\0\0\1\x85\xa6\3\0\0\0\0\1"
#define LONG_TEXT_160                                                                              \
	"mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"     \
	"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define HOUR_MS 3600000

/* How much of the text is acknowledged; beyond all requests. */
#define HEARD_ALL 1000

/* What the client said and heard before, the segment, and what is said to it. */
struct row {
	const char *sentence;
	enum sw_protocol protocol;
	uint32_t said, heard;
	struct packet segment;
	enum say say;
	uint32_t seq;
	const char *message;
};

#define PG SW_PROTOCOL_POSTGRES
#define MY SW_PROTOCOL_MYSQL

/* clang-format off */
static const struct row rows[] = {
	{"the handshake's ACK is dropped", PG, 0, 0, {0}, SAYS_NOTHING, 0, 0},
	{"a request for TLS is told no", PG, 0, 0, {DATA(TLS_REQUEST)}, SAYS_NO, 0, 0},
	{"a request for GSS is told no", PG, 0, 0, {DATA(GSS_REQUEST)}, SAYS_NO, 0, 0},
	{"a second request is told no", PG, 8, 1, {DATA(TLS_REQUEST)}, SAYS_NO, 1, 0},
	{"a third request is cut off", PG, 16, 2, {DATA(TLS_REQUEST)}, SAYS_RESET, 2, 0},
	{"a request in two tags is told no in both", PG, 0, 0, {DATA(TLS_REQUEST), .tags = {ETH_P_8021AD, ETH_P_8021Q}}, SAYS_NO, 0, 0},
	{"a request behind TCP options is told no", PG, 0, 0, {DATA(TLS_REQUEST), .tcp_options = 12}, SAYS_NO, 0, 0},
	{"a request behind all TCP options that fit is told no", PG, 0, 0, {DATA(TLS_REQUEST), .tcp_options = 40}, SAYS_NO, 0, 0},
	{"a request in padding is told no, the padding cleared", PG, 0, 0, {DATA(TLS_REQUEST), .padding = 40}, SAYS_NO, 0, 0},
	{"a request with a FIN is told no", PG, 0, 0, {DATA(TLS_REQUEST), .flags = ACK | PSH | FIN}, SAYS_NO, 0, 0},

	{"a startup packet is told", PG, 0, 0, {DATA(STARTUP)}, SAYS_TEXT, 0, 0},
	{"a startup packet of protocol 3.2 is told", PG, 0, 0, {DATA(STARTUP_3_2)}, SAYS_TEXT, 0, 0},
	{"a startup packet after one no is told behind it", PG, 8, 1, {DATA(STARTUP)}, SAYS_TEXT, 1, 0},
	{"a startup packet after two is told behind both", PG, 16, 2, {DATA(STARTUP)}, SAYS_TEXT, 2, 0},
	{"a startup packet behind TCP options is told", PG, 0, 0, {DATA(STARTUP), .tcp_options = 12}, SAYS_TEXT, 0, 0},
	{"a startup packet in a tag is told in it", PG, 0, 0, {DATA(STARTUP), .tags = {ETH_P_8021Q}}, SAYS_TEXT, 0, 0},
	{"a startup packet in two tags is told in both", PG, 0, 0, {DATA(STARTUP), .tags = {ETH_P_8021AD, ETH_P_8021Q}}, SAYS_TEXT, 0, 0},
	{"a startup packet with a FIN is told", PG, 0, 0, {DATA(STARTUP), .flags = ACK | FIN}, SAYS_TEXT, 0, 0},
	{"a startup packet whose numbers wrap is told", PG, 0, 0, {DATA(STARTUP), .isn = 0xfffffff0}, SAYS_TEXT, 0, 0},
	{"the least startup packet grows to the longest text", PG, 0, 0, {DATA(STARTUP_LEAST)}, SAYS_TEXT, 0, LONG_TEXT_160},
	{"in two tags it grows as well", PG, 0, 0, {DATA(STARTUP_LEAST), .tags = {ETH_P_8021AD, ETH_P_8021Q}}, SAYS_TEXT, 0, LONG_TEXT_160},
	{"behind TCP options it grows less", PG, 0, 0, {DATA(STARTUP_LEAST), .tcp_options = 12}, SAYS_TEXT, 0, LONG_TEXT_160},
	{"a text of an odd length is told", PG, 0, 0, {DATA(STARTUP)}, SAYS_TEXT, 0, "odd"},
	{"a text of an even length is told", PG, 0, 0, {DATA(STARTUP)}, SAYS_TEXT, 0, "even"},
	{"a long segment shrinks to the text", PG, 20, 0, {.data = 1400}, SAYS_TEXT, 0, 0},
	{"one in a jumbo frame of one piece shrinks", PG, 20, 0, {.data = 3000}, SAYS_TEXT, 0, 0},
	{"a first piece of 7 bytes is acknowledged", PG, 0, 0, {.says = STARTUP, .data = 7}, SAYS_ACK, 0, 0},
	{"a first piece of 8 bytes is told", PG, 0, 0, {.says = STARTUP, .data = 8}, SAYS_TEXT, 0, 0},
	{"the rest behind 7 bytes is told", PG, 7, 0, {.data = 20}, SAYS_TEXT, 0, 0},
	{"the rest behind 8 bytes is told", PG, 8, 0, {.data = 19}, SAYS_TEXT, 0, 0},

	{"protocol 2 is cut off", PG, 0, 0, {DATA(PROTOCOL_2)}, SAYS_RESET, 0, 0},
	{"TLS without a request is cut off", PG, 0, 0, {DATA(CLIENT_HELLO)}, SAYS_RESET, 0, 0},
	{"HTTP is cut off", PG, 0, 0, {DATA(NOISE)}, SAYS_RESET, 0, 0},
	{"noise after a no is cut off behind it", PG, 8, 1, {DATA(NOISE)}, SAYS_RESET, 1, 0},

	{"a FIN at once is answered by one", PG, 0, 0, {.flags = ACK | FIN}, SAYS_FIN, 0, 0},
	{"a FIN after a no is answered by one", PG, 8, 1, {.flags = ACK | FIN}, SAYS_FIN, 1, 0},
	{"the ACK of the text is dropped", PG, 27, HEARD_ALL, {0}, SAYS_NOTHING, HEARD_ALL, 0},
	{"the FIN after the text is acknowledged", PG, 27, HEARD_ALL, {.flags = ACK | FIN}, SAYS_ACK, HEARD_ALL, 0},
	{"what comes after the text is acknowledged", PG, 27, HEARD_ALL, {.data = 5}, SAYS_ACK, HEARD_ALL, 0},

	{"mysql: the handshake's ACK is told", MY, 0, 0, {0}, SAYS_TEXT, 0, 0},
	{"mysql: the longest text grows out of it", MY, 0, 0, {0}, SAYS_TEXT, 0, LONG_TEXT_160},
	{"mysql: and out of one in padding", MY, 0, 0, {.padding = 6}, SAYS_TEXT, 0, LONG_TEXT_160},
	{"mysql: it is told in its tags", MY, 0, 0, {.tags = {ETH_P_8021AD, ETH_P_8021Q}}, SAYS_TEXT, 0, 0},
	{"mysql: who speaks first is told the same", MY, 0, 0, {DATA(MYSQL_LOGIN)}, SAYS_TEXT, 0, 0},
	{"mysql: a FIN at once is answered by one", MY, 0, 0, {.flags = ACK | FIN}, SAYS_FIN, 0, 0},
	{"mysql: the ACK of the text is dropped", MY, 0, HEARD_ALL, {0}, SAYS_NOTHING, HEARD_ALL, 0},
	{"mysql: the FIN after the text is acknowledged", MY, 0, HEARD_ALL, {.flags = ACK | FIN}, SAYS_ACK, HEARD_ALL, 0},
};
/* clang-format on */

/* A text and its FIN are as long as they are. */
static uint32_t heard_of(const struct rig *rig, uint32_t heard)
{
	return heard == HEARD_ALL ? rig->maps->refusal_texts[0].bytes + 1u : heard;
}

/* As it comes first, repeated, and with nothing known of the client but the number that it returns. */
static void check_row(struct rig *rig, const void *arg)
{
	const struct row *row = arg;
	struct packet syn = {.isn = row->segment.isn}, segment;
	struct said said = {.say = row->say, .is_counted = true};
	uint32_t cookie;

	memcpy(syn.tags, row->segment.tags, sizeof(syn.tags));
	refusing_open(rig, row->protocol, row->message ? row->message : "no room here",
		      row->message ? HOUR_MS : 700);
	cookie = refusing_syn(rig, &syn);
	segment = refusing_segment(&row->segment, cookie, row->said, heard_of(rig, row->heard));
	said.seq = heard_of(rig, row->seq);
	refusing_expect(rig, &segment, cookie, &said);
	said.is_counted = false;
	refusing_expect(rig, &segment, cookie, &said);
	refusing_forget(rig);
	said.is_counted = true;
	refusing_expect(rig, &segment, cookie, &said);
}

/* Wrong by one, by much, and by what is right for the other. */
static void wrong_numbers_are_not_answered(struct rig *rig, const void *arg)
{
	static const uint32_t wrong_said[] = {-1, -8, SW_EXCHANGE_WINDOW + 1, 0x80000000};
	static const uint32_t wrong_heard[] = {-1, 400, 0x80000000};
	const struct packet syn = {0}, startup = {DATA(STARTUP)};
	uint32_t cookie;

	(void)arg;
	refusing_open(rig, PG, "no room here", 700);
	cookie = refusing_syn(rig, &syn);
	for (size_t i = 0; i < COUNT_OF(wrong_said) + COUNT_OF(wrong_heard); i++) {
		bool is_said = i < COUNT_OF(wrong_said);
		struct packet segment =
			refusing_segment(&startup, cookie, is_said ? wrong_said[i] : 0,
					 is_said ? 0 : wrong_heard[i - COUNT_OF(wrong_said)]);
		struct packet stranger = segment;

		refusing_expect(rig, &segment, cookie, SAID(SAYS_NOTHING));
		/* Of whom nothing is known the kernel may know something. */
		stranger.client_port = 40001;
		refusing_expect(rig, &stranger, cookie, SAID(SAYS_PASS));
	}
}

/* The test run of TC takes no frame that is longer than its first piece. */
static void a_segment_in_a_frame_of_two_pieces_shrinks(struct rig *rig, const void *arg)
{
	const struct packet syn = {0}, rest = {.data = rig->tc ? 3000 : 3700};
	struct packet segment;
	uint32_t cookie;

	(void)arg;
	refusing_open(rig, PG, "no room here", 700);
	cookie = refusing_syn(rig, &syn);
	segment = refusing_segment(&rest, cookie, 20, 0);
	refusing_expect(rig, &segment, cookie, SAID(SAYS_TEXT, .is_counted = true));
}

static void the_window_ends_where_it_is_said_to(struct rig *rig, const void *arg)
{
	const struct packet syn = {0}, rest = {.data = 20};
	struct packet last, beyond;
	uint32_t cookie;

	(void)arg;
	refusing_open(rig, PG, "no room here", 700);
	cookie = refusing_syn(rig, &syn);
	last = refusing_segment(&rest, cookie, SW_EXCHANGE_WINDOW, 0);
	beyond = refusing_segment(&rest, cookie, SW_EXCHANGE_WINDOW + 1, 0);
	refusing_expect(rig, &last, cookie, SAID(SAYS_TEXT, .is_counted = true));
	refusing_expect(rig, &beyond, cookie, SAID(SAYS_NOTHING));
}

static void a_segment_without_an_acknowledgement_is_nobody_s(struct rig *rig, const void *arg)
{
	static const uint8_t flags[] = {PSH, FIN, URG, NO_FLAGS};
	const struct packet syn = {0};
	uint32_t cookie;

	(void)arg;
	refusing_open(rig, PG, "no room here", 700);
	cookie = refusing_syn(rig, &syn);
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		struct packet segment = refusing_segment(
			&(struct packet){DATA(STARTUP), .flags = flags[i]}, cookie, 0, 0);

		refusing_expect(rig, &segment, cookie, SAID(SAYS_PASS));
	}
}

/* What is broken, in pieces, or promises more than came. */
static void a_segment_that_is_not_whole_is_nobody_s(struct rig *rig, const void *arg)
{
	static const struct packet broken[] = {
		{DATA(STARTUP), .cut = 1},
		{DATA(STARTUP), .ip_length_more = 1},
		{DATA(STARTUP), .more_fragments = true},
		{DATA(STARTUP), .doff = 4},
		{DATA(STARTUP), .doff = 15},
	};
	const struct packet syn = {0};
	uint32_t cookie;

	(void)arg;
	refusing_open(rig, PG, "no room here", 700);
	cookie = refusing_syn(rig, &syn);
	for (size_t i = 0; i < COUNT_OF(broken); i++) {
		struct packet segment = refusing_segment(&broken[i], cookie, 0, 0);

		refusing_expect(rig, &segment, cookie, SAID(SAYS_PASS));
	}
}

static void where_no_answer_can_be_sent_it_is_counted(struct rig *rig, const void *arg)
{
	static const struct packet frames[] = {
		{DATA(TLS_REQUEST), .options = 1},
		{DATA(TLS_REQUEST), .destination_mac = PACKET_MULTICAST},
		{DATA(TLS_REQUEST), .destination_mac = 0xff},
	};
	const struct packet syn = {0};
	uint32_t cookie;

	(void)arg;
	refusing_open(rig, PG, "no room here", 700);
	cookie = refusing_syn(rig, &syn);
	for (size_t i = 0; i < COUNT_OF(frames); i++) {
		struct packet segment = refusing_segment(&frames[i], cookie, 0, 0);

		rig_expect(rig, &segment, OUTCOME(.action = DROPPED, COUNTS(0, 0, UNANSWERABLE)));
	}
}

/* An answer before the client has returned the number is no larger than what it answers. */
static void a_syn_is_answered_by_no_more_bytes_than_it_has(struct rig *rig, const void *arg)
{
	static const struct packet syns[] = {
		{0}, {.tcp_options = 20}, {.padding = 6}, {.data = 100}};

	(void)arg;
	refusing_open(rig, PG, LONG_TEXT_160, HOUR_MS);
	for (size_t i = 0; i < COUNT_OF(syns); i++) {
		struct packet syn = syns[i];
		uint8_t frame[PACKET_MAX];

		syn.ipv6 = rig->ipv6;
		refusing_syn(rig, &syn);
		assert_true(rig->answer_bytes <= packet_build(&syn, frame));
	}
}

/* Unanswered both pieces come again, in one. */
static void a_cancel_request_in_pieces_is_heard_as_a_whole(struct rig *rig, const void *arg)
{
	const struct packet syn = {0}, whole = {DATA(CANCEL_REQUEST)};
	const struct packet pieces[] = {{.says = CANCEL_REQUEST, .data = 8},
					{.says = CANCEL_REQUEST + 8, .data = 8}};
	struct packet first, rest, both;
	uint32_t cookie;

	(void)arg;
	refusing_open(rig, PG, "no room here", 700);
	cookie = refusing_syn(rig, &syn);
	first = refusing_segment(&pieces[0], cookie, 0, 0);
	rest = refusing_segment(&pieces[1], cookie, 8, 0);
	both = refusing_segment(&whole, cookie, 0, 0);
	refusing_expect(rig, &first, cookie, SAID(SAYS_NOTHING));
	refusing_expect(rig, &rest, cookie, SAID(SAYS_NOTHING));
	refusing_expect(rig, &rest, cookie, SAID(SAYS_NOTHING));
	refusing_expect(rig, &both, cookie, SAID(SAYS_FIN));
	/* Of whom that is forgotten it is heard as well. */
	refusing_forget(rig);
	refusing_expect(rig, &first, cookie, SAID(SAYS_NOTHING));
	refusing_expect(rig, &both, cookie, SAID(SAYS_FIN));
}

/* A client that waits with the rest until the first piece is acknowledged would wait for good. */
static void a_first_piece_that_comes_again_alone_is_cut_off(struct rig *rig, const void *arg)
{
	const struct packet syn = {0}, piece = {.says = CANCEL_REQUEST, .data = 8};
	struct packet first;
	uint32_t cookie;

	(void)arg;
	refusing_open(rig, PG, "no room here", 700);
	cookie = refusing_syn(rig, &syn);
	first = refusing_segment(&piece, cookie, 0, 0);
	refusing_expect(rig, &first, cookie, SAID(SAYS_NOTHING));
	refusing_expect(rig, &first, cookie, SAID(SAYS_RESET));
}

#define OTHER(what, run)                                                                           \
	{                                                                                          \
		what, run, NULL, 0                                                                 \
	}

int main(void)
{
	static const struct rig_test others[] = {
		OTHER("wrong numbers are not answered, and a stranger's are the kernel's",
		      wrong_numbers_are_not_answered),
		OTHER("a segment in a jumbo frame of two pieces shrinks to the text",
		      a_segment_in_a_frame_of_two_pieces_shrinks),
		OTHER("the window ends where it is said to", the_window_ends_where_it_is_said_to),
		OTHER("a segment without an acknowledgement is nobody's",
		      a_segment_without_an_acknowledgement_is_nobody_s),
		OTHER("a segment that is not whole is nobody's",
		      a_segment_that_is_not_whole_is_nobody_s),
		OTHER("where no answer can be sent it is dropped and counted",
		      where_no_answer_can_be_sent_it_is_counted),
		OTHER("a CancelRequest in pieces is heard as a whole",
		      a_cancel_request_in_pieces_is_heard_as_a_whole),
		OTHER("its first piece that comes again alone is cut off",
		      a_first_piece_that_comes_again_alone_is_cut_off),
		OTHER("a SYN is answered by no more bytes than it has",
		      a_syn_is_answered_by_no_more_bytes_than_it_has),
	};
	struct rig_test tests[COUNT_OF(rows) + COUNT_OF(others)];

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		tests[i] = (struct rig_test){rows[i].sentence, check_row, &rows[i], 0};
	memcpy(tests + COUNT_OF(rows), others, sizeof(others));
	return rig_main("exchange", tests, COUNT_OF(tests));
}
