/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames taken apart into what many share and what is one's own, and put together again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "policy/form.h"

#define MANY 5000

static const uint8_t linux_options[] = {2, 4, 5, 180, 4, 2, 8, 10, 1, 2,
					3, 4, 0, 0,   0, 0, 1, 3,  3, 7};

struct kind {
	uint8_t ip_at, tcp_at, is_ipv6;
	uint8_t options[40];
	uint8_t bytes; /* of options */
	size_t own;
};

static const struct kind kinds[] = {
	{14, 34, 0, {0}, 0, 12},
	{14, 34, 0, {2, 4, 5, 180}, 4, 12},
	{18, 38, 0, {1, 1, 8, 10, 9, 9, 9, 9, 0, 0, 0, 0}, 12, 16},
	{14, 54, 0, {8, 10, 9, 9, 9, 9, 0, 0, 0, 0, 1, 1}, 12, 16}, /* IPv4 options */
	{14, 54, 1, {8, 10, 9, 9, 9, 9, 0, 0, 0, 0, 1, 1}, 12, 29},
	{14, 54, 1, {0}, 0, 25},
	/* What no client means, and the kernel may take all the same. */
	{14, 34, 0, {0, 8, 10, 9, 9, 9, 9, 0, 0, 0, 0, 1}, 12, 12},
	{14, 34, 0, {8, 10, 9, 9}, 4, 12},
	{14, 34, 0, {8, 0, 8, 10}, 4, 12},
	{14, 34, 0, {1, 1, 1, 8}, 4, 12},
	{14, 34, 0, {8, 11, 9, 9, 9, 9, 0, 0, 0, 0, 1, 1}, 12, 12},
};

/* All bytes but the options are drawn from the seed. */
static struct sw_frame frame_of(const struct kind *kind, uint32_t seed)
{
	struct sw_frame frame = {
		.length = kind->tcp_at + 20 + kind->bytes,
		.ip_at = kind->ip_at,
		.tcp_at = kind->tcp_at,
		.is_ipv6 = kind->is_ipv6,
		.ifindex = 7,
	};

	for (size_t i = 0; i < frame.length; i++) {
		seed = seed * 1664525 + 1013904223;
		frame.bytes[i] = (uint8_t)(seed >> 24);
	}
	memcpy(frame.bytes + kind->tcp_at + 20, kind->options, kind->bytes);
	return frame;
}

static void assert_same(const struct sw_frame *a, const struct sw_frame *b)
{
	assert_int_equal(a->length, b->length);
	assert_int_equal(a->ip_at, b->ip_at);
	assert_int_equal(a->tcp_at, b->tcp_at);
	assert_int_equal(a->is_ipv6, b->is_ipv6);
	assert_int_equal(a->ifindex, b->ifindex);
	assert_memory_equal(a->bytes, b->bytes, a->length);
}

static void assert_same_flow(const struct sw_forms *forms, uint32_t id, const uint8_t *own,
			     const struct sw_frame *frame)
{
	struct sw_flow_key flow, again;

	sw_frame_flow(frame->bytes, frame->ip_at, frame->tcp_at, frame->is_ipv6, &flow);
	sw_form_flow(forms, id, own, &again);
	assert_memory_equal(&flow, &again, sizeof(flow));
}

static void every_frame_comes_back_to_the_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct sw_forms forms = {0};
		uint8_t own[2][SW_OWN_MAX + 1] = {{0}, {0}};
		uint32_t ids[2];

		for (uint32_t n = 0; n < 2; n++) {
			struct sw_frame frame = frame_of(&kinds[i], n);

			assert_int_equal(sw_form_own_bytes(&frame), kinds[i].own);
			own[n][kinds[i].own] = 0xee;
			ids[n] = sw_form_take(&forms, &frame, own[n]);
			assert_int_equal(own[n][kinds[i].own], 0xee);
		}
		assert_int_not_equal(ids[0], ids[1]);
		for (uint32_t n = 0; n < 2; n++) {
			struct sw_frame frame = frame_of(&kinds[i], n), again;

			sw_form_fill(&forms, ids[n], own[n], &again);
			assert_same(&frame, &again);
			assert_same_flow(&forms, ids[n], own[n], &frame);
			sw_form_drop(&forms, ids[n]);
		}
		assert_int_equal(sw_forms_bytes(&forms), 0);
	}
}

static void put_be16(uint8_t *at, uint16_t value)
{
	const uint16_t value_be = htons(value);

	memcpy(at, &value_be, sizeof(value_be));
}

static void put_checksums(struct sw_frame *frame)
{
	put_be16(frame->bytes + frame->tcp_at + 16, sw_frame_tcp_sum(frame));
	if (!frame->is_ipv6)
		put_be16(frame->bytes + frame->ip_at + 10, sw_frame_ipv4_sum(frame));
}

/* As the clients of one host, or of many behind one router, send them. */
static struct sw_frame client_of(uint32_t n)
{
	struct sw_frame frame = {.length = 74, .ip_at = 14, .tcp_at = 34, .ifindex = 2};

	memcpy(frame.bytes + 54, linux_options, sizeof(linux_options));
	memcpy(frame.bytes + 18, &n, 2);
	memcpy(frame.bytes + 26, &n, 4);
	memcpy(frame.bytes + 34, &n, 2);
	memcpy(frame.bytes + 38, &n, 4);
	memcpy(frame.bytes + 62, &n, 4);
	put_checksums(&frame);
	return frame;
}

/* Likewise, but of hosts all over the Internet. */
static struct sw_frame client6_of(uint32_t n)
{
	struct sw_frame frame = {
		.length = 94, .ip_at = 14, .tcp_at = 54, .is_ipv6 = 1, .ifindex = 2};
	const uint64_t half = n * 0x9e3779b97f4a7c15ull;

	memcpy(frame.bytes + 74, linux_options, sizeof(linux_options));
	frame.bytes[14] = 0x60;
	memcpy(frame.bytes + 15, &half, 3);
	memcpy(frame.bytes + 22, &half, 8);
	memcpy(frame.bytes + 30, &half, 8);
	memcpy(frame.bytes + 54, &n, 2);
	memcpy(frame.bytes + 58, &n, 4);
	memcpy(frame.bytes + 82, &n, 4);
	put_checksums(&frame);
	return frame;
}

static void clients_that_differ_in_what_is_their_own_share_a_form(void **state)
{
	static struct sw_frame (*const kinds_of[])(uint32_t n) = {client_of, client6_of};
	static uint8_t own[MANY][SW_OWN_MAX];
	struct sw_forms forms = {0};
	size_t bytes;

	(void)state;
	for (size_t kind = 0; kind < 2; kind++) {
		for (uint32_t n = 0; n < MANY; n++) {
			struct sw_frame frame = kinds_of[kind](n);

			assert_int_equal(sw_form_take(&forms, &frame, own[n]), 0);
			bytes = n ? bytes : sw_forms_bytes(&forms);
			assert_int_equal(sw_forms_bytes(&forms), bytes);
		}
		for (uint32_t n = 0; n < MANY; n++) {
			struct sw_frame frame = kinds_of[kind](n), again;

			sw_form_fill(&forms, 0, own[n], &again);
			assert_same(&frame, &again);
			sw_form_drop(&forms, 0);
		}
		assert_int_equal(sw_forms_bytes(&forms), 0);
	}
}

/* It is not put right: neither IPv4's nor TCP's, be it all zeros or ones. */
static void a_wrong_checksum_comes_back_wrong(void **state)
{
	static const struct {
		uint8_t at;
		uint16_t with;
	} wrong[] = {{24, 0}, {24, 0xffff}, {50, 0}, {50, 0xffff}, {50, 0x1234}};
	struct sw_frame right = client_of(1), again;
	uint8_t own[2][SW_OWN_SMALL];
	struct sw_forms forms = {0};
	uint32_t id = sw_form_take(&forms, &right, own[0]);

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct sw_frame frame = right;
		uint32_t other;

		put_be16(frame.bytes + wrong[i].at, wrong[i].with);
		other = sw_form_take(&forms, &frame, own[1]);
		assert_int_not_equal(other, id);
		sw_form_fill(&forms, other, own[1], &again);
		assert_same(&frame, &again);
		sw_form_drop(&forms, other);
	}
	sw_form_drop(&forms, id);
}

/* Another interface, header, option, or length makes another form. */
static void thousands_of_forms_are_told_apart_and_go_with_their_last_user(void **state)
{
	static uint8_t own[MANY][SW_OWN_SMALL];
	static uint32_t ids[MANY];
	struct sw_forms forms = {0};

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (uint32_t n = 0; n < MANY; n++) {
			struct sw_frame frame = client_of(n);

			memcpy(frame.bytes + 48, &n, 2); /* the window */
			put_checksums(&frame);
			frame.ifindex = 1 + n % 3;
			ids[n] = sw_form_take(&forms, &frame, own[n]);
			assert_int_not_equal(ids[n], SW_NO_FORM);
			assert_int_equal(sw_form_take(&forms, &frame, own[n]), ids[n]);
			sw_form_drop(&forms, ids[n]);
		}
		/* Half of them go, and come in the second round. */
		for (uint32_t n = 0; n < MANY; n++) {
			struct sw_frame frame = client_of(n), again;

			memcpy(frame.bytes + 48, &n, 2);
			put_checksums(&frame);
			frame.ifindex = 1 + n % 3;
			sw_form_fill(&forms, ids[n], own[n], &again);
			assert_same(&frame, &again);
			if (round || n % 2)
				sw_form_drop(&forms, ids[n]);
		}
	}
	for (uint32_t n = 0; n < MANY; n += 2)
		sw_form_drop(&forms, ids[n]);
	assert_int_equal(sw_forms_bytes(&forms), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_comes_back_to_the_byte),
		cmocka_unit_test(clients_that_differ_in_what_is_their_own_share_a_form),
		cmocka_unit_test(a_wrong_checksum_comes_back_wrong),
		cmocka_unit_test(thousands_of_forms_are_told_apart_and_go_with_their_last_user),
	};

	return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}
