/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Secrets, texts and segments; and the programs' own memory, which no map of ours shows.
 */
#include "refusing.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "policy/refusal.h"
#include "spillway.skel.h"

#define PROGRAM_MAPS_MAX 64
#define MS_NS		 1000000ull

static int bss_fd_of(uint32_t map_id)
{
	struct bpf_map_info info = {0};
	uint32_t bytes = sizeof(info);
	int fd = bpf_map_get_fd_by_id(map_id);

	assert_true(fd >= 0);
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &bytes), 0);
	if (strstr(info.name, ".bss"))
		return fd;
	close(fd);
	return -1;
}

static uint64_t *find_since(const struct rig *rig)
{
	uint32_t ids[PROGRAM_MAPS_MAX];
	struct bpf_prog_info info = {.nr_map_ids = PROGRAM_MAPS_MAX, .map_ids = (uintptr_t)ids};
	uint32_t bytes = sizeof(info);
	struct spillway_bpf__bss *bss;
	int fd = -1;

	assert_int_equal(bpf_obj_get_info_by_fd(sw_kern_program_fd(rig->kern, SW_PROGRAM_GATE_XDP),
						&info, &bytes),
			 0);
	for (uint32_t i = 0; i < info.nr_map_ids && fd < 0; i++)
		fd = bss_fd_of(ids[i]);
	assert_true(fd >= 0);
	bss = mmap(NULL, sizeof(*bss), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(bss, MAP_FAILED);
	close(fd);
	return (uint64_t *)&bss->answering_ns;
}

uint64_t *refusing_since(const struct rig *rig)
{
	static uint64_t *since;

	if (!since)
		since = find_since(rig);
	return since;
}

static void put_text(struct rig *rig, uint32_t class_id, enum sw_protocol protocol,
		     const char *message, uint32_t retry_after_ms)
{
	static struct sw_config_service service;

	service.protocol = protocol;
	service.refuse.retry_after_ns = retry_after_ms * MS_NS;
	snprintf(service.refuse.message, sizeof(service.refuse.message), "%s", message);
	sw_refusal_make(&service, NULL, &rig->maps->refusal_texts[class_id]);
}

void refusing_add_class(struct rig *rig, uint32_t class_id, enum sw_protocol protocol,
			const char *message)
{
	put_text(rig, class_id, protocol, message, 1000);
	rig->maps->class_conf[class_id].lanes = CHAIN2(SW_LANE_DIRECT, SW_LANE_REFUSE);
}

void refusing_open(struct rig *rig, enum sw_protocol protocol, const char *message,
		   uint32_t retry_after_ms)
{
	struct sw_service_conf *conf = &rig->maps->service_conf[0];

	conf->budget = conf->shared_limit = 0;
	conf->answers_as = sw_refusal_answers_as(protocol);
	put_text(rig, 0, protocol, message, retry_after_ms);
	*rig->maps->cookie_secrets = (struct sw_cookie_secrets){
		.key = {{{1, 2}}, {{3, 4}}},
		.is_set = 1,
	};
	*refusing_since(rig) = 0;
	assert_int_equal(sw_kern_beat(rig->kern), 0);
	queue_hear(rig);
}

static uint32_t isn_of(const struct packet *packet)
{
	return packet->isn ? packet->isn : PACKET_ISN;
}

uint32_t refusing_syn(struct rig *rig, const struct packet *syn)
{
	struct packet whole = *syn;
	struct sw_flow_key flow;
	uint32_t cookie;

	assert_int_equal(rig_send(rig, syn), ANSWERED);
	whole.ipv6 = rig->ipv6;
	flow = packet_flow(&whole);
	cookie = answer_seq(rig, syn);
	assert_true(sw_cookie_holds(rig->maps->cookie_secrets, &flow, isn_of(syn), cookie));
	answer_check(rig, syn,
		     &(struct answer){
			     .seq = cookie,
			     .ack = isn_of(syn) + 1,
			     .window = SW_EXCHANGE_WINDOW,
			     .flags = SYN | ACK,
		     });
	return cookie;
}

struct packet refusing_segment(const struct packet *like, uint32_t cookie, uint32_t said,
			       uint32_t heard)
{
	struct packet segment = *like;

	segment.isn = isn_of(like) + 1 + said;
	segment.ack = cookie + 1 + heard;
	if (!segment.flags)
		segment.flags = segment.data ? ACK | PSH : ACK;
	return segment;
}

struct packet refusing_client(struct rig *rig, uint32_t *cookie)
{
	static const struct packet syn = {0};
	static const struct packet startup = {.says = REFUSING_STARTUP,
					      .data = sizeof(REFUSING_STARTUP) - 1};

	refusing_open(rig, SW_PROTOCOL_POSTGRES, REFUSING_MESSAGE, 700);
	*cookie = refusing_syn(rig, &syn);
	return refusing_segment(&startup, *cookie, 0, 0);
}

struct sw_flow_key refusing_flow(const struct rig *rig, const struct packet *packet)
{
	struct packet whole = *packet;

	whole.ipv6 = rig->ipv6;
	return packet_flow(&whole);
}

void refusing_put_flow(struct rig *rig, const struct packet *syn, uint8_t state,
		       uint32_t tag_off_by)
{
	const struct sw_flow_key key = refusing_flow(rig, syn);
	const struct sw_flow flow = {
		.tag = sw_flow_tag(&key) + tag_off_by,
		.state = state,
		.lane = SW_LANE_DIRECT,
		.isn = PACKET_ISN,
	};

	rig_put_flow(rig, syn, &flow);
}

/* The class's text as this flow hears it. */
static size_t text_for(const struct rig *rig, uint32_t class_id, uint32_t cookie,
		       uint8_t out[SW_REFUSAL_TEXT_MAX])
{
	const struct sw_refusal_text *text = &rig->maps->refusal_texts[class_id];
	struct sw_refusal_delay delay;

	memcpy(out, text->text, sizeof(text->text));
	sw_refusal_write_delay(sw_refusal_delay_ms(text->delay_ms, cookie >> 1), &delay);
	memcpy(out + text->delay_at, delay.digit + SW_REFUSAL_DIGITS_MAX - text->digits,
	       text->digits);
	return text->bytes;
}

static void check_said(const struct rig *rig, const struct packet *segment, uint32_t cookie,
		       const struct said *said)
{
	static const uint8_t flags[] = {[SAYS_ACK] = ACK,
					[SAYS_NO] = ACK | PSH,
					[SAYS_TEXT] = ACK | PSH | FIN,
					[SAYS_FIN] = ACK | FIN,
					[SAYS_RESET] = RST | ACK};
	uint8_t data[SW_REFUSAL_TEXT_MAX] = "N";
	struct answer want = {
		.seq = cookie + 1 + said->seq,
		.ack = segment->isn + segment->data + !!(segment->flags & FIN),
		.window = said->say == SAYS_RESET ? 0 : SW_EXCHANGE_WINDOW,
		.flags = flags[said->say],
		.data = data,
	};

	if (said->say == SAYS_TEXT)
		want.bytes = text_for(rig, said->class_id, cookie, data);
	else
		want.bytes = said->say == SAYS_NO;
	answer_check(rig, segment, &want);
}

void refusing_expect_at(const char *file, int line, struct rig *rig, const struct packet *segment,
			uint32_t cookie, const struct said *said)
{
	struct outcome outcome = {
		.action = said->say == SAYS_NOTHING ? DROPPED
			  : said->say == SAYS_PASS  ? PASSES
						    : ANSWERED,
	};

	if (said->say == SAYS_RESET || (said->say == SAYS_TEXT && said->is_counted)) {
		outcome.counters[0].id = said->say == SAYS_RESET ? SW_COUNTER_REFUSALS_RESET
								 : SW_COUNTER_REFUSALS_TOLD;
		outcome.counters[0].by = 1;
	}
	rig_expect_at(file, line, rig, segment, &outcome);
	if (outcome.action == ANSWERED)
		check_said(rig, segment, cookie, said);
}

void refusing_forget(struct rig *rig)
{
	rig_empty_map(rig->maps->refused_fd);
}
