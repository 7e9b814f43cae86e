/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The RST that answers a refused SYN, byte for byte, and the frames that cannot be answered.
 */
#include <linux/if_ether.h>

#include "answer.h"

static void check_answer(struct rig *rig, const void *arg)
{
	const struct packet *packet = arg;
	uint32_t isn = packet->isn ? packet->isn : PACKET_ISN;

	rig->maps->service_conf[0].budget = 0;
	rig_expect(rig, packet, REFUSED(BUDGET));
	answer_check(rig, packet,
		     &(struct answer){.ack = isn + 1 + packet->data, .flags = RST | ACK});
}

static void check_sequence_wraps(struct rig *rig, const void *arg)
{
	const struct packet packet = {.isn = 0xffffffff, .data = 3};

	(void)arg;
	check_answer(rig, &packet);
}

static void check_unanswerable(struct rig *rig, const void *arg)
{
	rig->maps->service_conf[0].budget = 0;
	rig_expect(rig, arg,
		   OUTCOME(VERDICT(DROPPED, 0, REFUSE, BUDGET), COUNTS(0, 0, UNANSWERABLE)));
}

static void check_reset_lane(struct rig *rig, const void *arg)
{
	rig->maps->class_conf[0].lanes = CHAIN2(SW_LANE_DIRECT, SW_LANE_RESET);
	rig->maps->service_conf[0].budget = 0;
	rig_expect(rig, arg, OUTCOME(VERDICT(ANSWERED, 0, RESET, BUDGET)));
	assert_int_equal(rig->answer[ETH_HLEN + (rig->ipv6 ? 40 : 20) + 13], RST | ACK);
}

static void check_drop_lane(struct rig *rig, const void *arg)
{
	rig->maps->class_conf[0].lanes = CHAIN2(SW_LANE_DIRECT, SW_LANE_DROP);
	rig->maps->service_conf[0].budget = 0;
	rig_expect(rig, arg, OUTCOME(VERDICT(DROPPED, 0, DROP, BUDGET)));
}

#define PACKET(...)                                                                                \
	&(const struct packet)                                                                     \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

static const struct rig_test tests[] = {
	{"a SYN as Linux sends it is answered", check_answer, PACKET(.tcp_options = 20), 0},
	{"a SYN without options is answered", check_answer, PACKET(.isn = 0x80000000), 0},
	{"a SYN of Ethernet's shortest frame is answered, its padding cleared", check_answer,
	 PACKET(.padding = 6), 0},
	{"a SYN with long padding is answered, its padding cleared", check_answer,
	 PACKET(.padding = 100), 0},
	{"a SYN with data is answered and all of it acknowledged", check_answer,
	 PACKET(.data = 1000, .tcp_options = 12), 0},
	{"a SYN with an odd byte of data is answered", check_answer, PACKET(.data = 1), 0},
	{"a SYN in a jumbo frame is answered", check_answer, PACKET(.data = 3000), 0},
	{"a SYN in one tag is answered in that tag", check_answer,
	 PACKET(.tags = {ETH_P_8021Q}, .tcp_options = 20), 0},
	{"a SYN in two tags is answered in both", check_answer,
	 PACKET(.tags = {ETH_P_8021AD, ETH_P_8021Q}, .tcp_options = 20), 0},
	{"a SYN with ECN bits is answered with none", check_answer,
	 PACKET(.flags = SYN | ECE | CWR), 0},
	{"a sequence number wraps", check_sequence_wraps, NULL, 0},
	{"a SYN behind options or extension headers is dropped and counted", check_unanswerable,
	 PACKET(.options = 1), 0},
	{"a SYN in a fragment that is the whole is dropped and counted", check_unanswerable,
	 PACKET(.has_fragment_header = true), 6},
	{"a SYN to a multicast address is dropped and counted", check_unanswerable,
	 PACKET(.destination_mac = PACKET_MULTICAST), 0},
	{"a SYN to everybody is dropped and counted", check_unanswerable,
	 PACKET(.destination_mac = 0xff), 0},
	{"the reset lane answers the same", check_reset_lane, PACKET(.tcp_options = 20), 0},
	{"the drop lane answers nothing", check_drop_lane, PACKET(.tcp_options = 20), 0},
};

int main(void)
{
	return rig_main("answer", tests, COUNT_OF(tests));
}
