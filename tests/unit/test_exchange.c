/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conversation with a refused client, segment by segment: what each is answered, and which are nobody's.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spillway/exchange.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT		100u /* bytes of the refusal */
#define TLS		80877103u
#define GSS		80877104u
#define CANCEL		80877102u
#define VERSION_3	0x00030000u
#define PG		SW_ANSWERS_POSTGRES
#define MY		SW_ANSWERS_MYSQL

/*
 * What the client said and heard before, what it says now (bytes; the first two words; a FIN); what is answered:
 * how far behind our and the client's first byte.
 */
struct row {
	const char *sentence;
	enum sw_answers as;
	uint32_t said, heard, bytes, head[2], fin;
	enum sw_say say;
	uint32_t seq, ack, is_heard;
};

/* clang-format off */
static const struct row rows[] = {
	{"the handshake's ACK is not answered", PG, 0, 0, 0, {0}, 0, SW_SAY_NOTHING, 0, 0, 0},
	{"a startup packet is told", PG, 0, 0, 40, {40, VERSION_3}, 0, SW_SAY_TEXT, 0, 40, 0},
	{"one of protocol 3.2 is told", PG, 0, 0, 40, {40, VERSION_3 + 2}, 0, SW_SAY_TEXT, 0, 40, 0},
	{"the shortest is told", PG, 0, 0, 9, {9, VERSION_3}, 0, SW_SAY_TEXT, 0, 9, 0},
	{"the longest's first piece is told", PG, 0, 0, 536, {10000, VERSION_3}, 0, SW_SAY_TEXT, 0, 536, 0},
	{"one with a FIN is told, the FIN acknowledged", PG, 0, 0, 40, {40, VERSION_3}, 1, SW_SAY_TEXT, 0, 41, 0},
	{"one that is too short is cut off", PG, 0, 0, 9, {8, VERSION_3}, 0, SW_SAY_RESET, 0, 9, 0},
	{"one that is too long is cut off", PG, 0, 0, 536, {10001, VERSION_3}, 0, SW_SAY_RESET, 0, 536, 0},
	{"protocol 2 is cut off", PG, 0, 0, 296, {296, 0x00020000}, 0, SW_SAY_RESET, 0, 296, 0},
	{"protocol 4 is cut off", PG, 0, 0, 40, {40, 0x00040000}, 0, SW_SAY_RESET, 0, 40, 0},
	{"TLS without a request is cut off", PG, 0, 0, 517, {0x16030102, 0x00010001}, 0, SW_SAY_RESET, 0, 517, 0},
	{"HTTP is cut off", PG, 0, 0, 60, {0x47455420, 0x2f204854}, 0, SW_SAY_RESET, 0, 60, 0},
	{"noise with a FIN is cut off, the FIN acknowledged", PG, 0, 0, 9, {1, 1}, 1, SW_SAY_RESET, 0, 10, 0},

	{"a request for TLS is told no", PG, 0, 0, 8, {8, TLS}, 0, SW_SAY_NO, 0, 8, 0},
	{"a request for GSS is told no", PG, 0, 0, 8, {8, GSS}, 0, SW_SAY_NO, 0, 8, 0},
	{"one that is repeated hears the same", PG, 0, 1, 8, {8, TLS}, 0, SW_SAY_NO, 0, 8, 0},
	{"one with a FIN is told no, the FIN acknowledged", PG, 0, 0, 8, {8, TLS}, 1, SW_SAY_NO, 0, 9, 0},
	{"a second request is told no, behind the first", PG, 8, 1, 8, {8, TLS}, 0, SW_SAY_NO, 1, 16, 0},
	{"the second repeated hears the same", PG, 8, 2, 8, {8, TLS}, 0, SW_SAY_NO, 1, 16, 0},
	{"a third request is cut off", PG, 16, 2, 8, {8, TLS}, 0, SW_SAY_RESET, 2, 24, 0},
	{"a request with more behind it is cut off", PG, 0, 0, 48, {8, TLS}, 0, SW_SAY_RESET, 0, 48, 0},
	{"a request of another length is cut off", PG, 0, 0, 8, {9, TLS}, 0, SW_SAY_RESET, 0, 8, 0},
	{"the ACK of a no is not answered", PG, 8, 1, 0, {0}, 0, SW_SAY_NOTHING, 0, 0, 0},
	{"the startup packet after one no is told behind it", PG, 8, 1, 40, {40, VERSION_3}, 0, SW_SAY_TEXT, 1, 48, 0},
	{"and after two", PG, 16, 2, 40, {40, VERSION_3}, 0, SW_SAY_TEXT, 2, 56, 0},
	{"noise is cut off behind what was heard", PG, 0, 1, 9, {1, 1}, 0, SW_SAY_RESET, 1, 9, 0},
	{"noise after a no is cut off", PG, 8, 1, 40, {5, 5}, 0, SW_SAY_RESET, 1, 48, 0},

	{"a first piece that tells nothing is acknowledged", PG, 0, 0, 7, {0}, 0, SW_SAY_ACK, 0, 7, 0},
	{"it is acknowledged behind what was heard", PG, 0, 1, 7, {0}, 0, SW_SAY_ACK, 1, 7, 0},
	{"its rest is told", PG, 7, 0, 33, {0x75736572, 0}, 0, SW_SAY_TEXT, 0, 40, 0},
	{"after a no a first piece that tells nothing is acknowledged", PG, 8, 1, 3, {0}, 0, SW_SAY_ACK, 1, 11, 0},
	{"and its rest is told behind the no", PG, 11, 1, 37, {0x75736572, 0}, 0, SW_SAY_TEXT, 1, 48, 0},
	{"a second piece whose first was not heard of is told from the start", PG, 20, 0, 20, {0x75736572, 0}, 0, SW_SAY_TEXT, 0, 40, 0},
	{"a second piece after 8 bytes is no new message", PG, 8, 0, 32, {0x75736572, 0}, 0, SW_SAY_TEXT, 0, 40, 0},
	{"a second piece after 16 bytes is no new message", PG, 16, 0, 24, {0x75736572, 0}, 0, SW_SAY_TEXT, 0, 40, 0},
	{"nor after a no and 8 bytes", PG, 16, 1, 24, {0x75736572, 0}, 0, SW_SAY_TEXT, 1, 40, 0},
	{"a second piece of a few bytes after 8 is told as well", PG, 8, 0, 2, {0}, 0, SW_SAY_TEXT, 0, 10, 0},
	{"a last piece with a FIN is told, the FIN acknowledged", PG, 20, 0, 20, {1, 1}, 1, SW_SAY_TEXT, 0, 41, 0},

	{"a CancelRequest is taken, and the end said", PG, 0, 0, 16, {16, CANCEL}, 0, SW_SAY_CANCEL, 0, 16, 0},
	{"one with the longest key is taken", PG, 0, 0, 268, {268, CANCEL}, 0, SW_SAY_CANCEL, 0, 268, 0},
	{"one after two requests is taken, behind both answers", PG, 16, 2, 16, {16, CANCEL}, 0, SW_SAY_CANCEL, 2, 32, 0},
	{"one with a FIN is taken, the FIN acknowledged", PG, 0, 0, 16, {16, CANCEL}, 1, SW_SAY_CANCEL, 0, 17, 0},
	{"one of another length is cut off", PG, 0, 0, 20, {16, CANCEL}, 0, SW_SAY_RESET, 0, 20, 0},
	{"one with too short a key is cut off", PG, 0, 0, 15, {15, CANCEL}, 0, SW_SAY_RESET, 0, 15, 0},
	{"one with too long a key is cut off", PG, 0, 0, 269, {269, CANCEL}, 0, SW_SAY_RESET, 0, 269, 0},
	{"its first piece is not answered, so that it comes as a whole", PG, 0, 0, 8, {16, CANCEL}, 0, SW_SAY_PIECE, 0, 0, 0},
	{"nor one that lacks a byte", PG, 0, 0, 15, {16, CANCEL}, 0, SW_SAY_PIECE, 0, 0, 0},
	{"nor that of a longer key, after two requests", PG, 16, 2, 100, {268, CANCEL}, 0, SW_SAY_PIECE, 0, 0, 0},
	{"one of too short a key is cut off at its first piece", PG, 0, 0, 8, {15, CANCEL}, 0, SW_SAY_RESET, 0, 8, 0},
	{"and one of too long a key", PG, 0, 0, 8, {269, CANCEL}, 0, SW_SAY_RESET, 0, 8, 0},
	{"the ACK of its end is not answered", PG, 16, 1, 0, {0}, 0, SW_SAY_NOTHING, 0, 0, 0},

	{"a FIN at once is answered by one", PG, 0, 0, 0, {0}, 1, SW_SAY_FIN, 0, 1, 0},
	{"a FIN after a no is answered by one", PG, 8, 1, 0, {0}, 1, SW_SAY_FIN, 1, 9, 0},
	{"a FIN after a no that it has not heard too", PG, 8, 0, 0, {0}, 1, SW_SAY_FIN, 0, 9, 0},
	{"a FIN behind a startup packet whose answer it has not heard is told again", PG, 40, 0, 0, {0}, 1, SW_SAY_TEXT, 0, 41, 0},
	{"and behind the no", PG, 48, 1, 0, {0}, 1, SW_SAY_TEXT, 1, 49, 0},
	{"a FIN that is repeated after it has heard ours is answered behind that", PG, 0, 1, 0, {0}, 1, SW_SAY_FIN, 1, 1, 0},
	{"the ACK of our FIN is not answered", PG, 1, 1, 0, {0}, 0, SW_SAY_NOTHING, 0, 0, 0},

	{"the ACK of the text is not answered, and it is heard", PG, 40, TEXT + 1, 0, {0}, 0, SW_SAY_NOTHING, TEXT + 1, 40, 1},
	{"the ACK of part of the text is not the whole", PG, 40, TEXT - 1, 0, {0}, 0, SW_SAY_NOTHING, TEXT - 1, 40, 0},
	{"the ACK of the text after two requests", PG, 56, TEXT + 3, 0, {0}, 0, SW_SAY_NOTHING, TEXT + 3, 56, 1},
	{"a FIN after the text is acknowledged", PG, 40, TEXT + 1, 0, {0}, 1, SW_SAY_ACK, TEXT + 1, 41, 1},
	{"a FIN that acknowledges the text but not its end too", PG, 40, TEXT, 0, {0}, 1, SW_SAY_ACK, TEXT, 41, 1},
	{"what it says after the text is acknowledged", PG, 40, TEXT + 1, 5, {0}, 0, SW_SAY_ACK, TEXT + 1, 45, 1},
	{"and with a FIN", PG, 40, TEXT + 1, 5, {0}, 1, SW_SAY_ACK, TEXT + 1, 46, 1},
	{"a startup packet repeated after the text is acknowledged", PG, 0, TEXT + 1, 40, {40, VERSION_3}, 0, SW_SAY_ACK, TEXT + 1, 40, 1},
	{"a request repeated after the text is acknowledged", PG, 0, TEXT + 2, 8, {8, TLS}, 0, SW_SAY_ACK, TEXT + 2, 8, 1},

	{"mysql: the handshake's ACK is told", MY, 0, 0, 0, {0}, 0, SW_SAY_TEXT, 0, 0, 0},
	{"mysql: who speaks first is told the same", MY, 0, 0, 20, {20, TLS}, 0, SW_SAY_TEXT, 0, 20, 0},
	{"mysql: even in PostgreSQL's words", MY, 8, 0, 8, {8, TLS}, 0, SW_SAY_TEXT, 0, 16, 0},
	{"mysql: even with a CancelRequest", MY, 0, 0, 16, {16, CANCEL}, 0, SW_SAY_TEXT, 0, 16, 0},
	{"mysql: a FIN with the data is acknowledged", MY, 0, 0, 20, {1, 1}, 1, SW_SAY_TEXT, 0, 21, 0},
	{"mysql: a FIN at once is answered by one", MY, 0, 0, 0, {0}, 1, SW_SAY_FIN, 0, 1, 0},
	{"mysql: the ACK of the text is not answered, and it is heard", MY, 0, TEXT, 0, {0}, 0, SW_SAY_NOTHING, TEXT, 0, 1},
	{"mysql: that of its end too", MY, 0, TEXT + 1, 0, {0}, 0, SW_SAY_NOTHING, TEXT + 1, 0, 1},
	{"mysql: a byte short it is not heard", MY, 0, TEXT - 1, 0, {0}, 0, SW_SAY_NOTHING, TEXT - 1, 0, 0},
	{"mysql: one byte is not nothing", MY, 0, 1, 0, {0}, 0, SW_SAY_NOTHING, 1, 0, 0},
	{"mysql: a FIN after the text is acknowledged", MY, 0, TEXT + 1, 0, {0}, 1, SW_SAY_ACK, TEXT + 1, 1, 1},
	{"mysql: what it says after the text is acknowledged", MY, 0, TEXT + 1, 33, {0}, 0, SW_SAY_ACK, TEXT + 1, 33, 1},
};
/* clang-format on */

/* The first numbers of both: ordinary, and so that they wrap in the middle of the conversation. */
static const struct {
	uint32_t isn, cookie;
} numbers[] = {{1000, 2000},
	       {0, 0},
	       {0xffffffff, 0xffffffff},
	       {0xfffffff8, 0x12345678},
	       {0x80000000, 0xfffffffe},
	       {0xffffffd0, 0xffffffb0}};

static struct sw_segment segment_of(const struct row *row, uint32_t isn, uint32_t cookie)
{
	return (struct sw_segment){
		.seq = isn + 1 + row->said,
		.ack = cookie + 1 + row->heard,
		.bytes = row->bytes,
		.head_be = {htonl(row->head[0]), htonl(row->head[1])},
		.has_fin = row->fin,
	};
}

static void check_row(const struct row *row, uint32_t isn, uint32_t cookie)
{
	struct sw_segment segment = segment_of(row, isn, cookie);
	struct sw_stand stand = sw_exchange_stand(&segment, isn, cookie);
	struct sw_answer answer = sw_exchange_answer(row->as, &segment, &stand, TEXT);

	if (stand.said != row->said || stand.heard != row->heard)
		fail_msg("%s: %u said, %u heard", row->sentence, stand.said, stand.heard);
	if (answer.say != row->say)
		fail_msg("%s: answered %u, not %u", row->sentence, answer.say, row->say);
	if (answer.is_heard != row->is_heard)
		fail_msg("%s: heard: %u", row->sentence, answer.is_heard);
	if (answer.say == SW_SAY_NOTHING || answer.say == SW_SAY_PIECE)
		return;
	if (answer.seq != cookie + 1 + row->seq || answer.ack != isn + 1 + row->ack)
		fail_msg("%s: at %u, acknowledging %u", row->sentence, answer.seq - cookie - 1,
			 answer.ack - isn - 1);
}

static void each_segment_is_answered_by_where_it_stands(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t j = 0; j < COUNT_OF(numbers); j++)
			check_row(&rows[i], numbers[j].isn, numbers[j].cookie);
}

static const struct sw_cookie_secrets secrets = {
	.key = {{{1, 2}}, {{3, 4}}},
	.is_set = 1,
};

static const struct sw_flow_key flow = {
	.client = {{{[10] = 0xff, 0xff, 10, 0, 0, 1}}},
	.server = {{{[10] = 0xff, 0xff, 192, 0, 2, 1}}},
	.client_port_be = 0x409c,
	.server_port_be = 0x3815,
};

static uint32_t cookie_of(uint32_t which, uint32_t isn)
{
	return sw_cookie_of(&secrets, &flow, isn, which);
}

static bool is_known(uint32_t isn, uint32_t said, uint32_t cookie, uint32_t heard)
{
	const struct sw_segment segment = {.seq = isn + 1 + said, .ack = cookie + 1 + heard};
	struct sw_stand stand;

	if (!sw_exchange_known(&secrets, &flow, &segment, isn, TEXT, &stand))
		return false;
	assert_int_equal(stand.isn, isn);
	assert_int_equal(stand.cookie, cookie);
	assert_int_equal(stand.said, said);
	assert_int_equal(stand.heard, heard);
	return true;
}

static void a_known_flow_goes_on_within_the_window_under_either_secret(void **state)
{
	static const uint32_t said[] = {0, 1, 7, 8, 16, 40, 536, 9999, SW_EXCHANGE_WINDOW};
	static const uint32_t heard[] = {0, 1, 2, 3, TEXT, TEXT + 1, TEXT + 2, TEXT + 3};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		for (uint32_t which = 0; which < 2; which++)
			for (size_t j = 0; j < COUNT_OF(said) * COUNT_OF(heard); j++)
				assert_true(is_known(numbers[i].isn, said[j % COUNT_OF(said)],
						     cookie_of(which, numbers[i].isn),
						     heard[j / COUNT_OF(said)]));
}

static void a_known_flow_s_wrong_numbers_are_wrong(void **state)
{
	static const uint32_t wrong_said[] = {-1, -2, SW_EXCHANGE_WINDOW + 1, 0x80000000};
	static const uint32_t wrong_heard[] = {-1, -2, TEXT + 4, 0x80000000};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		for (uint32_t which = 0; which < 2; which++) {
			uint32_t isn = numbers[i].isn, cookie = cookie_of(which, isn);

			for (size_t j = 0; j < COUNT_OF(wrong_said); j++) {
				assert_false(is_known(isn, wrong_said[j], cookie, 0));
				assert_false(is_known(isn, 0, cookie, wrong_heard[j]));
			}
		}
}

static bool is_unknown_ours(const struct sw_flow_key *of, const struct sw_segment *segment,
			    struct sw_stand *stand)
{
	return sw_exchange_unknown(&secrets, of, segment, TEXT, stand);
}

static void an_unknown_flow_is_ours_where_a_message_begins(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		for (uint32_t which = 0; which < 2; which++)
			for (uint32_t asked = 0; asked <= 2; asked++) {
				uint32_t isn = numbers[i].isn, cookie = cookie_of(which, isn);
				const struct sw_segment segment = {.seq = isn + 1 + 8 * asked,
								   .ack = cookie + 1 + asked};
				struct sw_stand stand;

				assert_true(is_unknown_ours(&flow, &segment, &stand));
				assert_int_equal(stand.isn, isn);
				assert_int_equal(stand.cookie, cookie);
				assert_int_equal(stand.said, 8 * asked);
				assert_int_equal(stand.heard, asked);
			}
}

/*
 * A piece of a startup packet, an ACK of the text, a FIN: where it stands is not known, and need not be. That a message
 * seems to begin where none does happens once in 256 places.
 */
static void an_unknown_flow_is_ours_anywhere_if_it_has_heard_what_we_say(void **state)
{
	const uint32_t isn = 1000, cookie = cookie_of(0, isn);
	int misplaced = 0;

	(void)state;
	for (uint32_t said = 0; said < 64; said++)
		for (uint32_t heard = 0; heard < TEXT + 8; heard++) {
			const struct sw_segment segment = {.seq = isn + 1 + said,
							   .ack = cookie + 1 + heard};
			bool fits = heard <= 2 || (heard >= TEXT && heard <= TEXT + 3);
			bool begins = heard <= 2 && said == 8 * heard;
			struct sw_stand stand;

			assert_int_equal(is_unknown_ours(&flow, &segment, &stand), fits);
			if (!fits)
				continue;
			assert_int_equal(stand.cookie, cookie);
			assert_int_equal(stand.heard, heard);
			if (begins)
				assert_int_equal(stand.said, said);
			else
				misplaced += stand.said != SW_EXCHANGE_SOMEWHERE;
		}
	assert_in_range(misplaced, 0, 5);
}

static uint64_t next_random(uint64_t *seed)
{
	/* xorshift64 (Marsaglia 2003) */
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* By chance 14 numbers in 2^24 hold. */
static void numbers_by_chance_are_nobody_s(void **state)
{
	struct sw_flow_key other = flow;
	uint64_t seed = 88172645463325252;
	struct sw_stand stand;
	int held = 0;

	(void)state;
	for (int i = 0; i < 1000000; i++) {
		uint64_t random = next_random(&seed);
		const struct sw_segment segment = {.seq = random, .ack = random >> 32};

		other.client_port_be = i;
		held += is_unknown_ours(&other, &segment, &stand);
	}
	assert_in_range(held, 0, 5);
}

static void an_unknown_flow_with_any_bit_changed_is_nobody_s_or_begins_nothing(void **state)
{
	struct sw_stand stand;

	(void)state;
	for (uint32_t asked = 0; asked <= 2; asked++)
		for (int bit = 0; bit < 32; bit++) {
			struct sw_segment right = {.seq = 1001 + 8 * asked,
						   .ack = cookie_of(0, 1000) + 1 + asked};
			struct sw_segment wrong_seq = right, wrong_ack = right;
			struct sw_flow_key other = flow;

			wrong_seq.seq ^= 1u << bit;
			wrong_ack.ack ^= 1u << bit;
			other.client.words_be[3] ^= 1u << bit;
			assert_true(is_unknown_ours(&flow, &right, &stand));
			assert_int_equal(stand.said, 8 * asked);
			assert_false(is_unknown_ours(&other, &right, &stand));
			/* By one or two it is heard of another answer. */
			if (bit >= 2 && bit < 24)
				assert_false(is_unknown_ours(&flow, &wrong_ack, &stand));
			else if (is_unknown_ours(&flow, &wrong_ack, &stand))
				assert_int_equal(stand.said, SW_EXCHANGE_SOMEWHERE);
			assert_true(is_unknown_ours(&flow, &wrong_seq, &stand));
			assert_int_equal(stand.said, SW_EXCHANGE_SOMEWHERE);
		}
}

static struct sw_answer answer_unknown(const struct sw_segment *segment)
{
	struct sw_stand stand;

	assert_true(is_unknown_ours(&flow, segment, &stand));
	return sw_exchange_answer(PG, segment, &stand, TEXT);
}

/* Its refusal is forgotten: so many were refused after it. */
static void a_conversation_that_nobody_remembers_goes_on_and_ends(void **state)
{
	const uint32_t isn = 0xfffffff0, cookie = cookie_of(1, isn);
	const struct sw_segment rest = {.seq = isn + 21, .ack = cookie + 1, .bytes = 20};
	const struct sw_segment heard = {.seq = isn + 41, .ack = cookie + 1 + TEXT + 1};
	const struct sw_segment end = {.seq = isn + 41, .ack = cookie + 1 + TEXT + 1, .has_fin = 1};
	struct sw_answer answer = answer_unknown(&rest);

	(void)state;
	assert_int_equal(answer.say, SW_SAY_TEXT);
	assert_int_equal(answer.seq, cookie + 1);
	assert_int_equal(answer.ack, isn + 41);
	assert_int_equal(answer_unknown(&heard).say, SW_SAY_NOTHING);
	answer = answer_unknown(&end);
	assert_int_equal(answer.say, SW_SAY_ACK);
	assert_int_equal(answer.seq, cookie + 1 + TEXT + 1);
	assert_int_equal(answer.ack, isn + 42);
}

static void of_a_cancel_in_pieces_neither_alone_is_answered_but_the_first_again(void **state)
{
	const struct sw_segment some = {.bytes = 8}, none = {.has_fin = 1};

	(void)state;
	assert_int_equal(sw_exchange_in_pieces(&some, SW_SAY_TEXT), SW_SAY_NOTHING);
	assert_int_equal(sw_exchange_in_pieces(&some, SW_SAY_PIECE), SW_SAY_RESET);
	assert_int_equal(sw_exchange_in_pieces(&some, SW_SAY_CANCEL), SW_SAY_CANCEL);
	assert_int_equal(sw_exchange_in_pieces(&none, SW_SAY_TEXT), SW_SAY_TEXT);
	assert_int_equal(sw_exchange_in_pieces(&none, SW_SAY_FIN), SW_SAY_FIN);
}

/* The client acknowledges each answer before it goes on, and repeats itself once before that. */
static void both_requests_and_the_startup_packet_make_a_whole(void **state)
{
	static const struct row steps[] = {
		{"GSS", PG, 0, 0, 8, {8, GSS}, 0, SW_SAY_NO, 0, 8, 0},
		{"TLS", PG, 8, 1, 8, {8, TLS}, 0, SW_SAY_NO, 1, 16, 0},
		{"startup", PG, 16, 2, 40, {40, VERSION_3}, 0, SW_SAY_TEXT, 2, 56, 0},
	};
	const uint32_t isn = 0xfffffff0, cookie = cookie_of(1, isn);
	uint32_t our_next = cookie + 1, its_next = isn + 1;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(steps) * 2; i++) {
		struct sw_segment segment = segment_of(&steps[i / 2], isn, cookie);
		struct sw_stand stand;
		struct sw_answer answer;

		assert_true(is_unknown_ours(&flow, &segment, &stand));
		answer = sw_exchange_answer(PG, &segment, &stand, TEXT);
		assert_int_equal(answer.say, steps[i / 2].say);
		assert_int_equal(answer.seq, our_next);
		assert_int_equal(answer.ack, its_next + segment.bytes);
		if (i % 2) {
			our_next += answer.say == SW_SAY_NO ? 1 : TEXT;
			its_next = answer.ack;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_segment_is_answered_by_where_it_stands),
		cmocka_unit_test(a_known_flow_goes_on_within_the_window_under_either_secret),
		cmocka_unit_test(a_known_flow_s_wrong_numbers_are_wrong),
		cmocka_unit_test(an_unknown_flow_is_ours_where_a_message_begins),
		cmocka_unit_test(an_unknown_flow_is_ours_anywhere_if_it_has_heard_what_we_say),
		cmocka_unit_test(numbers_by_chance_are_nobody_s),
		cmocka_unit_test(
			an_unknown_flow_with_any_bit_changed_is_nobody_s_or_begins_nothing),
		cmocka_unit_test(a_conversation_that_nobody_remembers_goes_on_and_ends),
		cmocka_unit_test(
			of_a_cancel_in_pieces_neither_alone_is_answered_but_the_first_again),
		cmocka_unit_test(both_requests_and_the_startup_packet_make_a_whole),
	};

	return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
