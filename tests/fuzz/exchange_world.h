/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The code that answers refused clients (bpf/exchange.bpf.h and what it includes), compiled for the host, with a
 * frame of its own and maps that hold one thing each. Included by fuzz_exchange.c.
 */
#ifndef SW_TESTS_FUZZ_EXCHANGE_WORLD_H
#define SW_TESTS_FUZZ_EXCHANGE_WORLD_H

#include "fuzz.h"

#include <stdbool.h>

#include "bpf_host.h"

#define packet_ctx frame

struct frame {
	__u64 data;
	__u64 data_end;
	uint8_t how;
};

#define HOW_MYSQL     0x01
#define HOW_KNOWN     0x02 /* the refusal is remembered */
#define HOW_IN	      0x04
#define HOW_SOCKET    0x08
#define HOW_MONITOR   0x10
#define HOW_XDP	      0x20
#define HOW_RIGHT     0x40 /* its numbers are put right */
#define HOW_NO_SECRET 0x80

#include "spillway/maps.h"

struct reply;
int parkable(struct frame *frame, __u32 where, const struct sw_flow_key *key);
int park(struct frame *frame, __u32 where, const struct sw_flow_key *key, int is_partial);
int gate_cancel(struct frame *frame, __u32 where);
int gate_answer(struct frame *frame, __u32 where);
int answer_syn(struct frame *frame, __u32 where, int tells);
int reply_write(struct frame *frame, __u32 where, const struct reply *reply);

/* Instead of bpf/service.bpf.h, which has an instruction of BPF's: port 5432 of any address. */
#define SPILLWAY_SERVICE_BPF_H
#define NO_SERVICE   0xffffffffu
#define PORT_SERVICE 5432

static const __u32 the_only = 0;

#include <bpf/bpf_endian.h>

static inline __u32 service_of(const struct sw_flow_key *flow)
{
	return flow->server_port_be == bpf_htons(PORT_SERVICE) ? 0 : NO_SERVICE;
}

static inline __u32 frame_bytes(struct frame *frame)
{
	return frame->data_end - frame->data;
}

static inline int may_be_partial(struct frame *frame)
{
	(void)frame;
	return 1;
}

static inline int keeps_partial(struct frame *frame)
{
	return !(frame->how & HOW_XDP);
}

static inline long load_bytes(struct frame *frame, __u32 offset, void *to, __u32 bytes)
{
	if ((__u64)offset + bytes > frame_bytes(frame))
		return -1;
	memcpy(to, (uint8_t *)frame->data + offset, bytes);
	return 0;
}

static inline long store_bytes(struct frame *frame, __u32 offset, const void *from, __u32 bytes)
{
	if ((__u64)offset + bytes > frame_bytes(frame))
		return -1;
	memcpy((uint8_t *)frame->data + offset, from, bytes);
	return 0;
}

/* Elsewhere, as the kernel may, and with other bytes, so that all that is sent has to be written. */
static inline int resize(struct frame *frame, __u32 length)
{
	uint8_t *bytes = malloc(length);

	MUST(bytes);
	memset(bytes, 0xa5, length);
	free((void *)frame->data);
	frame->data = (__u64)(uintptr_t)bytes;
	frame->data_end = frame->data + length;
	return 0;
}

static inline __u32 ingress_of(const struct frame *frame)
{
	(void)frame;
	return 1;
}

struct sw_parked;

static inline void stripped_tag(const struct frame *frame, struct sw_parked *parked)
{
	(void)frame, (void)parked;
}

#include "../../bpf/exchange.bpf.h"

#define ISN    0xfffffff0u
#define NOW_NS (1000 * NS_PER_SECOND)

/* All that the maps hold. */
static struct {
	struct sw_control control;
	struct sw_service_conf conf;
	struct sw_service_state state;
	struct sw_counters counters;
	struct sw_refusal refusal;
	struct sw_refusal_text text;
	struct sw_cookie_secrets secrets;
	struct sw_flow flow;
	bool has_refusal, has_flow, has_socket;
	int told;
} world;

static void *bpf_map_lookup_elem(void *map, const void *key)
{
	(void)key;
	if (map == &control)
		return &world.control;
	if (map == &service_conf)
		return &world.conf;
	if (map == &service_state)
		return &world.state;
	if (map == &counters)
		return &world.counters;
	if (map == &refusal_texts)
		return &world.text;
	if (map == &cookie_secrets)
		return &world.secrets;
	if (map == &refused)
		return world.has_refusal ? &world.refusal : NULL;
	return map == &flows && world.has_flow ? &world.flow : NULL;
}

static void *bpf_ringbuf_reserve(void *ring, __u64 bytes, __u64 flags)
{
	void *record = malloc(bytes);

	(void)ring, (void)flags;
	MUST(record);
	return record;
}

static void bpf_ringbuf_submit(void *record, __u64 flags)
{
	(void)flags;
	world.told++;
	free(record);
}

static void bpf_ringbuf_discard(void *record, __u64 flags)
{
	(void)flags;
	free(record);
}

static __u64 bpf_ktime_get_ns(void)
{
	return NOW_NS;
}

static struct bpf_sock *bpf_skc_lookup_tcp(void *ctx, struct bpf_sock_tuple *tuple, __u32 bytes,
					   __u64 netns, __u64 flags)
{
	static struct bpf_sock established = {.state = BPF_TCP_ESTABLISHED};

	(void)ctx, (void)tuple, (void)bytes, (void)netns, (void)flags;
	return world.has_socket ? &established : NULL;
}

static void bpf_sk_release(struct bpf_sock *sk)
{
	(void)sk;
}

static void fill_world(uint8_t how, const struct sw_flow_key *key)
{
	static const char said[] = "E\0\0\0\x19SFATAL\0HRetry in\0\0\0\0\0 ms.\0";

	memset(&world, 0, sizeof(world));
	world.control.heartbeat_ns = NOW_NS;
	world.control.heartbeat_timeout_ns = NS_PER_SECOND;
	world.control.mode = how & HOW_MONITOR ? SW_MODE_MONITOR : SW_MODE_ENFORCE;
	world.conf.answers_as = how & HOW_MYSQL ? SW_ANSWERS_MYSQL : SW_ANSWERS_POSTGRES;
	world.secrets.key[0].word[0] = 1;
	world.secrets.key[1].word[0] = 2;
	world.secrets.is_set = !(how & HOW_NO_SECRET);
	world.text.bytes = sizeof(said);
	world.text.delay_at = 21;
	world.text.digits = 5;
	world.text.delay_ms = 700;
	memcpy(world.text.text, said, sizeof(said));
	for (size_t i = 0; i < sizeof(world.text.text); i += 2)
		world.text.sum += world.text.text[i] | world.text.text[i + 1] << 8;
	world.has_refusal = how & HOW_KNOWN;
	world.refusal.isn = ISN;
	world.refusal.at_ns = NOW_NS;
	world.refusal.lane = SW_LANE_REFUSE;
	world.has_flow = how & HOW_IN;
	world.flow.tag = sw_flow_tag(key);
	world.flow.state = SW_FLOW_OPEN;
	world.has_socket = how & HOW_SOCKET;
}

#endif
