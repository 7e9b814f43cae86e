/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making a kept frame whole: Ethernet where there is none, the VLAN tag that a device took off, TCP's
 * checksum where it was left to the device, and nothing else.
 */
#include "queue_rig.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define ETHERNET	14
#define IPV6_TCP_AT	(FRAME_AT + 40)

static struct sw_parked ipv4(void)
{
	const struct client client = {.source = 3, .port = 40000, .isn = 123456789};
	struct sw_parked parked = syn_of(&client, START, START);

	parked.is_partial = 0;
	parked.frame[13] = 0;
	memcpy(parked.frame, "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
	parked.frame[FRAME_AT] = 0x45;
	parked.frame[FRAME_AT + 9] = IPPROTO_TCP;
	memcpy(parked.frame + FRAME_AT + 16, "\12\116\0\1", 4);
	parked.frame[TCP_AT + 12] = 0xa0;
	parked.frame[TCP_AT + 13] = 2;
	return parked;
}

static struct sw_parked ipv6(void)
{
	struct sw_parked parked = ipv4();

	parked.is_ipv6 = 1;
	parked.where = FRAME_AT | IPV6_TCP_AT << 8;
	parked.length = IPV6_TCP_AT + 40;
	memmove(parked.frame + IPV6_TCP_AT, parked.frame + TCP_AT, 40);
	memset(parked.frame + FRAME_AT, 0, 40);
	memcpy(parked.frame + 12, "\x86\xdd\x60", 3);
	parked.frame[FRAME_AT + 6] = IPPROTO_TCP;
	for (int i = 0; i < 32; i++)
		parked.frame[FRAME_AT + 8 + i] = (uint8_t)(i * 7);
	return parked;
}

/* The checksum of RFC 9293 over all of the segment, which is 0xffff where it is right. */
static uint16_t segment_sum(const struct sw_frame *frame, int is_ipv6)
{
	const uint8_t *from = frame->bytes + frame->ip_at + (is_ipv6 ? 8 : 12);
	size_t bytes = (size_t)frame->length - frame->tcp_at;
	uint64_t sum = IPPROTO_TCP + bytes;

	for (int i = 0; i < (is_ipv6 ? 32 : 8); i += 2)
		sum += (uint64_t)from[i] * 256 + from[i + 1];
	for (size_t i = 0; i < bytes; i += 2)
		sum += (uint64_t)frame->bytes[frame->tcp_at + i] * 256 +
		       frame->bytes[frame->tcp_at + i + 1];
	while (sum > 0xffff)
		sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}

static void a_whole_frame_stays_as_it_is(void **state)
{
	const struct sw_parked both[] = {ipv4(), ipv6()};
	struct sw_frame out;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		assert_int_equal(sw_frame_complete(&both[i], &out), 0);
		assert_int_equal(out.length, both[i].length);
		assert_memory_equal(out.bytes, both[i].frame, out.length);
		assert_int_not_equal(segment_sum(&out, both[i].is_ipv6), 0xffff);
	}
}

static void a_partial_checksum_is_completed(void **state)
{
	struct sw_parked both[] = {ipv4(), ipv6()};
	struct sw_frame out;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		size_t tcp_at = both[i].where >> 8;

		both[i].is_partial = 1;
		both[i].frame[tcp_at + 16] = 0xab; /* whatever is there */
		assert_int_equal(sw_frame_complete(&both[i], &out), 0);
		assert_int_equal(segment_sum(&out, both[i].is_ipv6), 0xffff);
		/* and nothing but the checksum is another */
		memcpy(both[i].frame + tcp_at + 16, out.bytes + tcp_at + 16, 2);
		assert_memory_equal(out.bytes, both[i].frame, out.length);
	}
}

static void a_tag_that_the_device_took_off_is_put_back(void **state)
{
	struct sw_parked parked = ipv4();
	struct sw_frame out;

	(void)state;
	parked.vlan_protocol_be = htons(0x8100);
	parked.vlan_tci = 0x6123;
	parked.is_partial = 1;
	assert_int_equal(sw_frame_complete(&parked, &out), 0);
	assert_int_equal(out.length, parked.length + 4);
	assert_memory_equal(out.bytes, parked.frame, 12);
	assert_memory_equal(out.bytes + 12, "\x81\x00\x61\x23\x08\x00", 6);
	assert_int_equal(out.ip_at, FRAME_AT + 4);
	assert_int_equal(out.tcp_at, TCP_AT + 4);
	assert_int_equal(segment_sum(&out, 0), 0xffff);
}

static void where_there_is_no_ethernet_a_header_is_put_before(void **state)
{
	struct sw_parked both[] = {ipv4(), ipv6()};
	const uint8_t types[][2] = {{0x08, 0x00}, {0x86, 0xdd}};
	struct sw_frame out;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		struct sw_parked bare = both[i];

		bare.length -= ETHERNET;
		memcpy(bare.frame, both[i].frame + ETHERNET, bare.length);
		bare.where = ((both[i].where >> 8) - ETHERNET) << 8;
		assert_int_equal(sw_frame_complete(&bare, &out), 0);
		assert_int_equal(out.length, both[i].length);
		assert_memory_equal(out.bytes + 12, types[i], 2);
		assert_memory_equal(out.bytes + ETHERNET, both[i].frame + ETHERNET,
				    both[i].length - ETHERNET);
		assert_int_equal(out.ip_at, ETHERNET);
	}
}

static void the_longest_frame_fits_with_all_that_is_added(void **state)
{
	struct sw_parked parked = ipv6();
	struct sw_frame out;

	(void)state;
	parked.length = SW_FRAME_MAX;
	parked.where = 0 | 68 << 8; /* no Ethernet, and 60 bytes of TCP at the end */
	parked.vlan_protocol_be = htons(0x88a8);
	parked.is_partial = 1;
	assert_int_equal(sw_frame_complete(&parked, &out), 0);
	assert_int_equal(out.length, sizeof(out.bytes));
	assert_int_equal(segment_sum(&out, 1), 0xffff);
}

static void what_the_gate_never_sends_is_refused(void **state)
{
	static const struct {
		uint32_t where;
		uint8_t length;
	} wrong[] = {
		{FRAME_AT | TCP_AT << 8, SW_FRAME_MAX + 1},
		{FRAME_AT | TCP_AT << 8, TCP_AT + 19},
		{FRAME_AT | (FRAME_AT + 19) << 8, LENGTH},
		{FRAME_AT | 0xffff00u, LENGTH},
		{0xff | TCP_AT << 8, LENGTH},
		{0, 0},
	};
	struct sw_parked parked = ipv4();
	struct sw_frame out;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		parked.where = wrong[i].where;
		parked.length = wrong[i].length;
		assert_true(sw_frame_complete(&parked, &out) < 0);
	}
}

static void a_frame_tells_its_flow_and_number(void **state)
{
	const struct sw_parked parked = ipv4();
	struct sw_flow_key key;

	(void)state;
	sw_frame_flow(parked.frame, FRAME_AT, TCP_AT, 0, &key);
	assert_int_equal(ntohl(key.client.words_be[3]), 0x0a000003);
	assert_int_equal(ntohl(key.client.words_be[2]), 0xffff);
	assert_int_equal(ntohl(key.server.words_be[3]), 0x0a4e0001);
	assert_int_equal(ntohs(key.client_port_be), 40000);
	assert_int_equal(key.pad, 0);
	assert_int_equal(sw_frame_isn(parked.frame, TCP_AT), 123456789);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_frame_stays_as_it_is),
		cmocka_unit_test(a_partial_checksum_is_completed),
		cmocka_unit_test(a_tag_that_the_device_took_off_is_put_back),
		cmocka_unit_test(where_there_is_no_ethernet_a_header_is_put_before),
		cmocka_unit_test(the_longest_frame_fits_with_all_that_is_added),
		cmocka_unit_test(what_the_gate_never_sends_is_refused),
		cmocka_unit_test(a_frame_tells_its_flow_and_number),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
