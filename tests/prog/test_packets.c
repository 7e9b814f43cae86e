/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which frames are taken for a new connection to a guarded port, which pass untouched, and which are
 * dropped for what they are. One frame a row.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/if_ether.h>
#include <linux/ipv6.h>
#include <stdio.h>
#include <string.h>

#include "rig.h"

struct row {
	const char *sentence;
	struct packet packet;
	struct outcome outcome; /* all zero: passes and no map is touched */
	int only;
};

#define CONNECTS                                                                                   \
	{                                                                                          \
		VERDICT(PASSES, 0, DIRECT, FIRST)                                                  \
	}
#define IS_MALFORMED                                                                               \
	{                                                                                          \
		.action = DROPPED, COUNTS(0, 0, MALFORMED)                                         \
	}
#define IS_FRAGMENT                                                                                \
	{                                                                                          \
		.action = DROPPED, COUNTS(0, 0, FRAGMENTED)                                        \
	}
#define DROPS_FOR(id)                                                                              \
	{                                                                                          \
		.action = DROPPED, COUNTS(0, SW_COUNTERS_HOST, id)                                 \
	}

/* clang-format off */
static const struct row rows[] = {
	/* What a connection attempt may look like. */
	{"a SYN to a guarded port is decided", {0}, CONNECTS, 0},
	{"a SYN with ECN bits is decided", {.flags = SYN | ECE | CWR}, CONNECTS, 0},
	{"a SYN with PSH and URG is decided", {.flags = SYN | PSH | URG}, CONNECTS, 0},
	{"a SYN with options is decided", {.tcp_options = 20}, CONNECTS, 0},
	{"a SYN with all options that fit is decided", {.tcp_options = 40}, CONNECTS, 0},
	{"a SYN with data is decided", {.data = 500}, CONNECTS, 0},
	{"a SYN of a jumbo frame is decided", {.data = 3000}, CONNECTS, 0},
	{"a SYN with padding behind it is decided", {.padding = 6}, CONNECTS, 0},
	{"a SYN in an 802.1Q tag is decided", {.tags = {ETH_P_8021Q}}, CONNECTS, 0},
	{"a SYN in an 802.1ad tag is decided", {.tags = {ETH_P_8021AD}}, CONNECTS, 0},
	{"a SYN in two tags is decided", {.tags = {ETH_P_8021AD, ETH_P_8021Q}}, CONNECTS, 0},
	{"a SYN in three tags passes untouched",
	 {.tags = {ETH_P_8021AD, ETH_P_8021Q, ETH_P_8021Q}}, {0}, 0},
	{"a SYN behind one word or header of options is decided", {.options = 1}, CONNECTS, 0},
	{"a SYN behind eight of them is decided", {.options = 8}, CONNECTS, 0},
	{"a SYN behind all IP options that fit is decided", {.options = 10}, CONNECTS, 4},
	{"a SYN behind hop-by-hop options is decided", {.extensions = "00"}, CONNECTS, 6},
	{"a SYN behind a routing header is decided", {.extensions = "2b"}, CONNECTS, 6},
	{"a SYN behind an authentication header is decided", {.extensions = "33"}, CONNECTS, 6},
	{"a SYN behind one of each is decided",
	 {.extensions = "00 3c 2b 33 3c", .has_fragment_header = true}, CONNECTS, 6},
	{"a SYN in a fragment that is the whole is decided", {.has_fragment_header = true},
	 CONNECTS, 6},
	{"a SYN in tags behind options is decided",
	 {.tags = {ETH_P_8021AD, ETH_P_8021Q}, .options = 3, .tcp_options = 20}, CONNECTS, 0},

	/* What is none. */
	{"an ACK passes untouched", {.flags = ACK}, {0}, 0},
	{"data passes untouched", {.flags = ACK | PSH, .data = 1000}, {0}, 0},
	{"a SYN-ACK passes untouched", {.flags = SYN | ACK}, {0}, 0},
	{"a FIN passes untouched", {.flags = FIN | ACK}, {0}, 0},
	{"a RST passes untouched", {.flags = RST}, {0}, 0},
	{"no flag at all passes untouched", {.flags = NO_FLAGS}, {0}, 0},
	{"every flag at once passes untouched", {.flags = 0xff}, {0}, 0},
	{"an ACK with an impossible header passes untouched", {.flags = ACK, .doff = 2}, {0}, 0},
	{"UDP passes untouched", {.protocol = 17}, {0}, 0},
	{"ICMP passes untouched", {.protocol = 1}, {0}, 4},
	{"ESP passes untouched", {.protocol = 50}, {0}, 0},
	{"UDP behind options passes untouched", {.protocol = 17, .options = 3}, {0}, 0},
	{"ARP passes untouched", {.ethertype = ETH_P_ARP}, {0}, 0},
	{"an unknown protocol passes untouched", {.ethertype = 0x88cc}, {0}, 0},
	{"a tag with nothing known in it passes untouched",
	 {.tags = {ETH_P_8021Q}, .ethertype = 0x88cc}, {0}, 0},
	{"a SYN to a port not guarded passes untouched", {.server_port = 5433}, {0}, 0},
	{"a SYN from the guarded port passes untouched",
	 {.client_port = 5432, .server_port = 40000}, {0}, 0},
	{"another IP version in the header passes untouched", {.version = 5}, {0}, 0},
	{"an IP header shorter than one passes untouched", {.ihl = 4}, {0}, 4},

	/* What nobody sends who means well. */
	{"SYN and FIN at once is dropped", {.flags = SYN | FIN}, IS_MALFORMED, 0},
	{"SYN and RST at once is dropped", {.flags = SYN | RST}, IS_MALFORMED, 0},
	{"SYN and FIN to a port not guarded passes untouched",
	 {.flags = SYN | FIN, .server_port = 1}, {0}, 0},
	{"a TCP header of length 0 is dropped", {.doff_is_zero = true}, IS_MALFORMED, 0},
	{"a TCP header of 4 words is dropped", {.doff = 4}, IS_MALFORMED, 0},
	{"a TCP header longer than the packet is dropped", {.doff = 6}, IS_MALFORMED, 0},
	{"a TCP header longer than its data allows is dropped",
	 {.doff = 15, .data = 39}, IS_MALFORMED, 0},
	{"a TCP header as long as the packet is decided", {.doff = 15, .data = 40}, CONNECTS, 0},
	{"a TCP header longer than IP says is dropped",
	 {.tcp_options = 20, .ip_length_more = -1}, IS_MALFORMED, 0},
	{"an IP length that ends inside the IP header is dropped",
	 {.ip_length_more = -30}, IS_MALFORMED, 4},
	{"an IP length of 0 is dropped", {.ip_length_more = -20}, IS_MALFORMED, 6},
	{"nine extension headers are dropped", {.options = 9}, DROPS_FOR(MALFORMED), 6},
	{"nine extension headers of all kinds are dropped",
	 {.extensions = "00 3c 3c 2b 3c 3c 33 3c 3c"}, DROPS_FOR(MALFORMED), 6},

	/* A SYN of which a part is missing is no SYN that the kernel would take. */
	{"an IP length beyond the frame is not a connection", {.ip_length_more = 1}, {0}, 0},
	{"an IP length far beyond the frame is not a connection",
	 {.ip_length_more = 9000}, {0}, 0},
	{"a SYN without its last option is not a connection",
	 {.tcp_options = 20, .cut = 1}, {0}, 0},

	/* Fragments. */
	{"a SYN in a first fragment is dropped", {.more_fragments = true}, IS_FRAGMENT, 0},
	{"a SYN with data in a first fragment is dropped",
	 {.more_fragments = true, .data = 512}, IS_FRAGMENT, 0},
	{"a first fragment to a port not guarded passes untouched",
	 {.more_fragments = true, .server_port = 80}, {0}, 0},
	{"a first fragment of data passes untouched",
	 {.more_fragments = true, .flags = ACK, .data = 512}, {0}, 0},
	{"a first fragment too short for the flags is dropped",
	 {.more_fragments = true, .cut = 8}, DROPS_FOR(FRAGMENTED), 0},
	{"a later fragment passes untouched", {.fragment_offset = 64, .data = 64}, {0}, 0},
	{"a later fragment with more to come passes untouched",
	 {.fragment_offset = 1, .more_fragments = true, .data = 64}, {0}, 0},
};
/* clang-format on */

static void check_row(struct rig *rig, const void *arg)
{
	static const struct outcome untouched = {.action = PASSES};
	const struct row *row = arg;
	uint64_t before = rig_fingerprint(rig);

	if (row->outcome.action) {
		rig_expect(rig, &row->packet, &row->outcome);
		rig_assert_slots(rig, 0, row->outcome.is_decided, 0);
		assert_int_equal(rig_has_flow(rig, &row->packet), row->outcome.is_decided);
		return;
	}
	rig_expect(rig, &row->packet, &untouched);
	assert_int_equal(rig_fingerprint(rig), before);
}

/* In monitor mode what would be dropped is counted and passes. */
static void check_row_in_monitor_mode(struct rig *rig, const void *arg)
{
	const struct row *row = arg;
	struct outcome outcome = row->outcome;

	rig->maps->control->mode = SW_MODE_MONITOR;
	outcome.action = PASSES;
	rig_expect(rig, &row->packet, &outcome);
}

/* Every length that a frame can be cut to: no part of a SYN is ever a connection. */
static void truncate_everywhere(struct rig *rig, const void *arg)
{
	const struct packet *packet = arg;
	struct packet whole = *packet;
	uint8_t frame[PACKET_MAX];
	uint64_t before = rig_fingerprint(rig);
	size_t bytes;

	whole.ipv6 = rig->ipv6;
	bytes = packet_build(&whole, frame);
	/* The kernel runs XDP on an Ethernet header and more, TC on an IP header and more. */
	for (size_t i = ETH_HLEN + (!rig->tc ? 1 : rig->ipv6 ? 40 : 20); i < bytes; i++) {
		enum action action = rig_send_frame(rig, frame, i);

		if (action != PASSES || rig_fingerprint(rig) != before)
			fail_msg("cut to %zu of %zu bytes it is action %d, and the maps %s", i,
				 bytes, action,
				 rig_fingerprint(rig) == before ? "are as before" : "changed");
	}
	rig_expect(rig, packet, DIRECT_FIRST);
}

static void every_flag_is_looked_at(struct rig *rig, const void *arg)
{
	(void)arg;
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 1000;
	for (int flags = 1; flags < 256; flags++) {
		struct packet packet = {.client_port = 1000 + flags, .flags = flags};
		struct outcome outcome = {.action = PASSES};

		if (flags == NO_FLAGS)
			continue;
		if ((flags & (SYN | ACK)) == SYN)
			outcome = flags & (FIN | RST) ? (struct outcome)IS_MALFORMED
						      : (struct outcome)CONNECTS;
		rig_expect(rig, &packet, &outcome);
	}
}

/* A SYN behind two destination option headers of 2,048 bytes each: more than XDP's first buffer. */
static size_t build_far_syn(uint8_t *frame)
{
	const struct packet plain = {.ipv6 = true};
	const size_t header = 2048, before = ETH_HLEN + sizeof(struct ipv6hdr);
	struct ipv6hdr *ip = (struct ipv6hdr *)(frame + ETH_HLEN);
	size_t bytes = packet_build(&plain, frame);

	memmove(frame + before + 2 * header, frame + before, bytes - before);
	memset(frame + before, 0, 2 * header);
	for (int i = 0; i < 2; i++) {
		frame[before + i * header] = i ? IPPROTO_TCP : IPPROTO_DSTOPTS;
		frame[before + i * header + 1] = header / 8 - 1;
	}
	ip->nexthdr = IPPROTO_DSTOPTS;
	ip->payload_len = htons(ntohs(ip->payload_len) + 2 * header);
	return bytes + 2 * header;
}

/* Only XDP's test run takes a packet of several buffers. */
static void what_cannot_be_seen_is_dropped(struct rig *rig, const void *arg)
{
	uint8_t frame[PACKET_MAX + 4096];
	size_t bytes = build_far_syn(frame);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = bytes, .repeat = 1);

	(void)arg;
	if (rig->tc)
		return;
	assert_int_equal(
		bpf_prog_test_run_opts(sw_kern_program_fd(rig->kern, SW_PROGRAM_GATE_XDP), &opts),
		0);
	assert_int_equal(opts.retval, XDP_DROP);
	rig->maps->control->mode = SW_MODE_MONITOR;
	assert_int_equal(
		bpf_prog_test_run_opts(sw_kern_program_fd(rig->kern, SW_PROGRAM_GATE_XDP), &opts),
		0);
	assert_int_equal(opts.retval, XDP_PASS);
	rig_assert_slots(rig, 0, 0, 0);
}

#define BEGINNING                                                                                  \
	8 /* instructions; the kernel's own prologue calls bpf_skb_pull_data() by the sixth */

/* Whoever writes into packets without a helper pays for each that is shared, answered or not. */
static void tc_programs_leave_shared_packets_as_they_are(struct rig *rig, const void *arg)
{
	static const enum sw_program programs[] = {SW_PROGRAM_GATE_TC, SW_PROGRAM_STEER_TC};

	(void)arg;
	for (size_t i = 0; i < COUNT_OF(programs); i++) {
		struct bpf_insn code[BEGINNING];
		struct bpf_prog_info info = {.xlated_prog_len = sizeof(code),
					     .xlated_prog_insns = (uintptr_t)code};
		uint32_t bytes = sizeof(info);

		assert_int_equal(bpf_obj_get_info_by_fd(sw_kern_program_fd(rig->kern, programs[i]),
							&info, &bytes),
				 0);
		assert_true(info.xlated_prog_len > sizeof(code));
		for (size_t at = 0; at < BEGINNING; at++)
			assert_int_not_equal(code[at].code, BPF_JMP | BPF_CALL);
	}
}

static const struct rig_test others[] = {
	{"no packet is copied only because some are answered",
	 tc_programs_leave_shared_packets_as_they_are, NULL, 4},
	{"a SYN behind headers that do not fit the first buffer is dropped",
	 what_cannot_be_seen_is_dropped, NULL, 6},
	{"a plain SYN cut anywhere is no connection", truncate_everywhere, &(struct packet){0}, 0},
	{"a SYN with everything, cut anywhere, is no connection", truncate_everywhere,
	 &(struct packet){
		 .tags = {ETH_P_8021AD, ETH_P_8021Q}, .options = 2, .tcp_options = 20, .data = 16},
	 0},
	{"a SYN behind extension headers, cut anywhere, is no connection", truncate_everywhere,
	 &(struct packet){.extensions = "00 2b 33", .has_fragment_header = true}, 6},
	{"each of the 255 combinations of flags is what it is", every_flag_is_looked_at, NULL, 0},
};

int main(void)
{
	struct rig_test tests[2 * COUNT_OF(rows) + COUNT_OF(others)];
	static char sentences[COUNT_OF(rows)][120];
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *row = &rows[i];

		tests[count++] = (struct rig_test){row->sentence, check_row, row, row->only};
		if (row->outcome.action != DROPPED)
			continue;
		snprintf(sentences[i], sizeof(sentences[i]), "%s, but not in monitor mode",
			 row->sentence);
		tests[count++] =
			(struct rig_test){sentences[i], check_row_in_monitor_mode, row, row->only};
	}
	memcpy(&tests[count], others, sizeof(others));
	return rig_main("packets", tests, count + COUNT_OF(others));
}
