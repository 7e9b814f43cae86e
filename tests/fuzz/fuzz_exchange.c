/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Any frame through the code that answers refused clients (bpf/exchange.bpf.h and what it includes), compiled for the
 * host: it touches nothing beyond the frame; answered is only who returned a cookie, is in nowhere, and lives in
 * no socket; and the answer is whole, its checksums right, no longer than a text, and says nothing twice.
 *
 * The first byte says how (HOW_…), the second and third how far behind the first numbers the segment is put if it
 * is to be right. The frame follows.
 */
#include "exchange_world.h"

/* What an answer is checked against: the frame as it came. */
struct came {
	uint8_t *bytes;
	size_t length;
	__u32 where;
	struct sw_flow_key key;
	struct tcphdr tcp;
	__u32 data_bytes;
	bool is_partial;
};

/* The number of ours that the segment returns; 0 if it is none. Said anew, and not by exchange.h's functions. */
static bool is_returned(const struct came *came, __u32 *cookie)
{
	__u32 seq = bpf_ntohl(came->tcp.seq), ack = bpf_ntohl(came->tcp.ack_seq);

	for (__u32 which = 0; which < 2; which++) {
		__u32 of_flow = sw_cookie_of(&world.secrets, &came->key, 0, which) & 0xffffff;

		for (__u32 heard = 0; heard <= world.text.bytes + 3u && !world.has_refusal;
		     heard++) {
			*cookie = ack - 1 - heard;
			if ((heard <= 2 || heard >= world.text.bytes) &&
			    (*cookie & 0xffffff) == of_flow)
				return true;
		}
		*cookie = sw_cookie_of(&world.secrets, &came->key, ISN, which);
		if (world.has_refusal && seq - ISN - 1 <= SW_EXCHANGE_WINDOW &&
		    ack - *cookie - 1 <= world.text.bytes + 3u)
			return true;
	}
	return false;
}

static __u16 tcp_sum(const struct came *came, const uint8_t *tcp, __u32 bytes)
{
	__u64 sum = pseudo_header(&came->key, bytes);

	for (__u32 i = 0; i < bytes; i++)
		sum += i % 2 ? tcp[i] << 8 : tcp[i];
	return fold(sum);
}

static void check_link(const struct came *came, const uint8_t *answer)
{
	__u32 bytes = ip_offset(came->where);

	if (bytes < ETH_HLEN)
		return;
	MUST(!memcmp(answer, came->bytes + ETH_ALEN, ETH_ALEN));
	MUST(!memcmp(answer + ETH_ALEN, came->bytes, ETH_ALEN));
	MUST(!memcmp(answer + 2 * ETH_ALEN, came->bytes + 2 * ETH_ALEN, bytes - 2 * ETH_ALEN));
	MUST(!(came->bytes[0] & 1));
}

/* The data of an answer that is whole and goes back to where it came from; its bytes. */
static __u32 check_headers(const struct frame *frame, const struct came *came, struct tcphdr *out)
{
	const uint8_t *answer = (const uint8_t *)frame->data;
	const uint8_t *ip = answer + ip_offset(came->where), *tcp;
	__u32 headers = came->where & WHERE_IPV6 ? 40 : 20;
	__u32 length = frame->data_end - frame->data - ip_offset(came->where) - headers;
	__u64 sum = 0;

	MUST(!(came->where & (WHERE_OPTIONS | WHERE_FRAGMENT)));
	check_link(came, answer);
	tcp = ip + headers;
	memcpy(out, tcp, sizeof(*out));
	if (came->where & WHERE_IPV6) {
		MUST((ip[4] << 8 | ip[5]) == (int)length);
		MUST(!memcmp(ip + 8, &came->key.server, 16));
		MUST(!memcmp(ip + 24, &came->key.client, 16));
	} else {
		MUST((ip[2] << 8 | ip[3]) == (int)(length + headers));
		MUST(!memcmp(ip + 12, came->key.server.bytes + 12, 4));
		MUST(!memcmp(ip + 16, came->key.client.bytes + 12, 4));
		for (int i = 0; i < 20; i++)
			sum += i % 2 ? ip[i] << 8 : ip[i];
		MUST(fold(sum) == 0);
	}
	MUST(out->source == came->key.server_port_be && out->dest == came->key.client_port_be);
	MUST(out->doff == 5);
	if (came->is_partial && !(frame->how & HOW_XDP))
		MUST(out->check == (__u16)~fold(pseudo_header(&came->key, length)));
	else
		MUST(tcp_sum(came, tcp, length) == 0);
	return length - sizeof(*out);
}

static void check_answer(const struct frame *frame, const struct came *came)
{
	__u32 cookie = 0, data_bytes, heard, answered;
	struct tcphdr tcp;

	MUST(world.secrets.is_set && world.control.mode == SW_MODE_ENFORCE);
	MUST(!world.has_flow && !world.has_socket);
	MUST(came->tcp.ack && is_returned(came, &cookie));
	MUST(tcp_offset(came->where) + came->tcp.doff * 4u + came->data_bytes <= came->length);
	data_bytes = check_headers(frame, came, &tcp);
	MUST(data_bytes <= 1 || data_bytes == world.text.bytes);
	MUST(!tcp.syn && tcp.ack && (!tcp.rst || !data_bytes));
	heard = bpf_ntohl(came->tcp.ack_seq) - cookie - 1;
	answered = bpf_ntohl(tcp.seq) - cookie - 1;
	MUST(answered <= heard);
	MUST(bpf_ntohl(tcp.ack_seq) == bpf_ntohl(came->tcp.seq) + came->data_bytes + came->tcp.fin);
	if (data_bytes > 1)
		MUST(tcp.fin && answered <= 2);
}

/* Before its number was returned it is answered by the number, and by no more bytes than it has. */
static void check_syn_ack(const struct frame *frame, const struct came *came)
{
	struct tcphdr tcp;

	MUST(check_headers(frame, came, &tcp) == 0);
	MUST(frame->data_end - frame->data <= came->length);
	MUST(tcp.ack);
	if (!world.secrets.is_set) {
		MUST(tcp.rst && !tcp.syn);
		return;
	}
	MUST(tcp.syn && !tcp.rst);
	MUST(bpf_ntohl(tcp.ack_seq) == bpf_ntohl(came->tcp.seq) + 1);
	MUST(sw_cookie_holds(&world.secrets, &came->key, bpf_ntohl(came->tcp.seq),
			     bpf_ntohl(tcp.seq)));
}

/* Puts the segment where the input says, so that not only wrong ones are tried. */
static void put_right(struct tcphdr *tcp, const struct sw_flow_key *key, __u8 said, __u8 heard)
{
	__u32 cookie = sw_cookie_now(&world.secrets, key, ISN);

	tcp->seq = bpf_htonl(ISN + 1 + said);
	tcp->ack_seq = bpf_htonl(cookie + 1 + heard);
}

/* What gate_syn() lets through to an answer. */
static bool is_sound_syn(const struct came *came)
{
	return !(came->where & WHERE_FRAGMENT) && !came->tcp.fin && !came->tcp.rst &&
	       !came->tcp.ack && came->tcp.doff >= 5 && (__s32)came->data_bytes >= 0;
}

/* Of which the whole is waited for, so it is not even acknowledged. */
static bool may_be_cancel_s_piece(const struct came *came)
{
	const uint8_t *data = came->bytes + tcp_offset(came->where) + came->tcp.doff * 4u;
	__be32 head_be[2];

	if (came->data_bytes < sizeof(head_be))
		return false;
	memcpy(head_be, data, sizeof(head_be));
	return bpf_ntohl(head_be[1]) == 80877102 && bpf_ntohl(head_be[0]) > came->data_bytes &&
	       bpf_ntohl(head_be[0]) <= 268;
}

/* A client of ours that says something, where nothing stands against an answer: it is to have one. */
static bool must_be_answered(const struct frame *frame, const struct came *came, __u32 heard)
{
	const uint8_t all = HOW_KNOWN | HOW_RIGHT;

	return (frame->how & all) == all && heard <= world.text.bytes + 3u && came->tcp.ack &&
	       !(frame->how & (HOW_IN | HOW_SOCKET | HOW_MONITOR | HOW_NO_SECRET)) &&
	       !(came->where & (WHERE_OPTIONS | WHERE_FRAGMENT)) &&
	       came->key.server_port_be == bpf_htons(PORT_SERVICE) && came->tcp.doff >= 5 &&
	       (__s32)came->data_bytes > 0 &&
	       came->length >= sizeof(((struct reply_head *)0)->link) &&
	       tcp_offset(came->where) + came->tcp.doff * 4u + came->data_bytes <= came->length &&
	       (ip_offset(came->where) < ETH_HLEN || !(came->bytes[0] & 1)) &&
	       !may_be_cancel_s_piece(came);
}

static void check_frame(struct frame *frame, struct came *came, __u32 heard)
{
	int says;

	if (came->tcp.syn) {
		if (is_sound_syn(came) && !answer_syn(frame, came->where, 1))
			check_syn_ack(frame, came);
		return;
	}
	says = gate_answer(frame, came->where);
	MUST(says == GATE_PASS || says == GATE_DROP || says == GATE_ANSWERED);
	if (says == GATE_ANSWERED)
		check_answer(frame, came);
	else
		MUST(!must_be_answered(frame, came, heard));
	/* Nothing of somebody else's is kept from him. */
	if (says == GATE_DROP)
		MUST(world.control.mode == SW_MODE_ENFORCE && !world.has_flow && !world.has_socket);
	if (says == GATE_PASS)
		MUST(frame_bytes(frame) == came->length &&
		     !memcmp((void *)frame->data, came->bytes, came->length));
	MUST(world.told <= 1);
}

static void run(struct frame *frame, const uint8_t *input)
{
	struct came came = {.where = locate_tcp(frame), .length = frame_bytes(frame)};
	struct packet packet = packet_at(frame, came.where);
	struct tcphdr *tcp;

	if (came.where < NOWHERE_COUNT || !(tcp = tcp_header(&packet)) ||
	    read_flow(frame, came.where, &came.key))
		return;
	fill_world(frame->how, &came.key);
	if (frame->how & HOW_RIGHT)
		put_right(tcp, &came.key, input[1], input[2]);
	came.tcp = *tcp;
	came.data_bytes = data_bytes(&packet, tcp);
	came.is_partial = tcp->check == (__u16)~fold(pseudo_header(&came.key, tcp_bytes(&packet)));
	came.bytes = fuzz_copy((void *)frame->data, came.length);
	check_frame(frame, &came, input[2]);
	free(came.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame frame = {0};

	if (size < 3)
		return 0;
	frame.how = data[0];
	frame.data = (__u64)(uintptr_t)fuzz_copy(data + 3, size - 3);
	frame.data_end = frame.data + size - 3;
	run(&frame, data);
	free((void *)frame.data);
	return 0;
}
