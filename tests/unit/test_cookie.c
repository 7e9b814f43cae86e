/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keyed hash, and the sequence numbers that are made of it: what holds, and that nothing else does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "spillway/cookie.h"

#define ISN	     1000u
#define VECTOR_WORDS 7

static const struct sw_cookie_secrets fresh = {
	.key = {{{0x0706050403020100, 0x0f0e0d0c0b0a0908}},
		{{0x1716151413121110, 0x1f1e1d1c1b1a1918}}},
	.is_set = 1,
};

static struct sw_flow_key a_flow(void)
{
	struct sw_flow_key flow = {.client_port_be = 0x409c, .server_port_be = 0x3815};

	for (int i = 0; i < 16; i++) {
		flow.client.bytes[i] = 0x20 + i;
		flow.server.bytes[i] = 0x40 + i;
	}
	return flow;
}

static struct sw_cookie_secrets secrets_of(uint32_t newest)
{
	struct sw_cookie_secrets secrets = fresh;

	secrets.newest = newest;
	return secrets;
}

/* vectors_sip64 in vectors.h of the authors' implementation: the key is 00 01 .. 0f, the message 00 01 ... */
static void the_hash_gives_the_published_vectors(void **state)
{
	static const uint8_t published[VECTOR_WORDS + 1][8] = {
		{0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb, 0x6f, 0x72},
		{0x62, 0x24, 0x93, 0x9a, 0x79, 0xf5, 0xf5, 0x93},
		{0xdb, 0x9b, 0xc2, 0x57, 0x7f, 0xcc, 0x2a, 0x3f},
		{0x94, 0xaf, 0x49, 0xf6, 0xc6, 0x50, 0xad, 0xb8},
		{0xce, 0x7c, 0xf2, 0x72, 0x2f, 0x51, 0x27, 0x71},
		{0xd0, 0xa7, 0x04, 0x53, 0x6b, 0xa9, 0x3e, 0x0e},
		{0x51, 0xa9, 0xcb, 0x9e, 0xcb, 0xa3, 0x12, 0xe6},
		{0xbd, 0x83, 0x8d, 0x3a, 0xaf, 0xbf, 0x8d, 0xb7},
	};
	__u64 words[VECTOR_WORDS];
	uint8_t message[sizeof(words)];

	(void)state;
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = i;
	memcpy(words, message, sizeof(words));
	for (uint32_t count = 0; count <= VECTOR_WORDS; count++) {
		uint64_t hash = sw_siphash_words(&fresh.key[0], words, count);

		assert_memory_equal(&hash, published[count], sizeof(hash));
	}
}

static void a_cookie_is_known_again(void **state)
{
	const struct sw_flow_key flow = a_flow();

	(void)state;
	for (uint32_t newest = 0; newest < 2; newest++) {
		struct sw_cookie_secrets secrets = secrets_of(newest);
		__u32 cookie = sw_cookie_now(&secrets, &flow, ISN);

		assert_true(sw_cookie_holds(&secrets, &flow, ISN, cookie));
		assert_int_equal(cookie, sw_cookie_now(&secrets, &flow, ISN));
	}
}

static void its_lowest_bit_says_which_secret_it_is_of(void **state)
{
	const struct sw_flow_key flow = a_flow();

	(void)state;
	for (uint32_t newest = 0; newest < 2; newest++) {
		struct sw_cookie_secrets secrets = secrets_of(newest);

		for (uint32_t isn = 0; isn < 100; isn++)
			assert_int_equal(sw_cookie_now(&secrets, &flow, isn) & 1, newest);
	}
}

static void the_cookies_of_both_secrets_hold_whichever_is_newest(void **state)
{
	const struct sw_flow_key flow = a_flow();
	struct sw_cookie_secrets first = secrets_of(0), second = secrets_of(1);
	__u32 of_first = sw_cookie_now(&first, &flow, ISN);
	__u32 of_second = sw_cookie_now(&second, &flow, ISN);

	(void)state;
	assert_int_not_equal(of_first & ~1u, of_second & ~1u);
	assert_true(sw_cookie_holds(&second, &flow, ISN, of_first));
	assert_true(sw_cookie_holds(&first, &flow, ISN, of_second));
}

static void the_cookie_of_a_secret_that_was_replaced_does_not_hold(void **state)
{
	const struct sw_flow_key flow = a_flow();

	(void)state;
	for (uint32_t which = 0; which < 2; which++)
		for (int word = 0; word < 2; word++) {
			struct sw_cookie_secrets secrets = secrets_of(which);
			__u32 cookie = sw_cookie_now(&secrets, &flow, ISN);

			secrets.key[!which].word[word]++;
			assert_true(sw_cookie_holds(&secrets, &flow, ISN, cookie));
			secrets.key[which].word[word]++;
			assert_false(sw_cookie_holds(&secrets, &flow, ISN, cookie));
		}
}

static void a_cookie_with_any_bit_changed_does_not_hold(void **state)
{
	const struct sw_flow_key flow = a_flow();

	(void)state;
	for (uint32_t newest = 0; newest < 2; newest++) {
		struct sw_cookie_secrets secrets = secrets_of(newest);
		__u32 cookie = sw_cookie_now(&secrets, &flow, ISN);

		for (int bit = 0; bit < 32; bit++)
			assert_false(sw_cookie_holds(&secrets, &flow, ISN, cookie ^ 1u << bit));
	}
}

/* Everything in the key but what pads it, bit by bit. */
static void a_cookie_holds_for_its_own_flow_alone(void **state)
{
	const struct sw_flow_key flow = a_flow();
	struct sw_cookie_secrets secrets = secrets_of(0);
	__u32 cookie = sw_cookie_now(&secrets, &flow, ISN);

	(void)state;
	for (size_t bit = 0; bit < offsetof(struct sw_flow_key, pad) * 8; bit++) {
		struct sw_flow_key other = flow;

		((uint8_t *)&other)[bit / 8] ^= 1u << bit % 8;
		assert_false(sw_cookie_holds(&secrets, &other, ISN, cookie));
	}
}

/* But for one number in 256. */
static void a_cookie_holds_for_the_number_that_it_answered_alone(void **state)
{
	const struct sw_flow_key flow = a_flow();
	struct sw_cookie_secrets secrets = secrets_of(1);
	__u32 cookie = sw_cookie_now(&secrets, &flow, ISN);
	int held = 0;

	(void)state;
	for (__u32 other = 1; other <= 256 * 100; other++)
		held += sw_cookie_holds(&secrets, &flow, ISN + other, cookie);
	assert_in_range(held, 60, 140);
}

static void what_is_of_the_flow_alone_is_the_same_for_every_number(void **state)
{
	const struct sw_flow_key flow = a_flow();
	struct sw_cookie_secrets secrets = secrets_of(1);

	(void)state;
	for (__u32 isn = 0; isn < 1000; isn++)
		assert_int_equal(sw_cookie_now(&secrets, &flow, isn) & SW_COOKIE_FLOW,
				 sw_cookie_flow(&secrets, &flow, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hash_gives_the_published_vectors),
		cmocka_unit_test(a_cookie_is_known_again),
		cmocka_unit_test(its_lowest_bit_says_which_secret_it_is_of),
		cmocka_unit_test(the_cookies_of_both_secrets_hold_whichever_is_newest),
		cmocka_unit_test(the_cookie_of_a_secret_that_was_replaced_does_not_hold),
		cmocka_unit_test(a_cookie_with_any_bit_changed_does_not_hold),
		cmocka_unit_test(a_cookie_holds_for_its_own_flow_alone),
		cmocka_unit_test(a_cookie_holds_for_the_number_that_it_answered_alone),
		cmocka_unit_test(what_is_of_the_flow_alone_is_the_same_for_every_number),
	};

	return cmocka_run_group_tests_name("cookie", tests, NULL, NULL);
}
