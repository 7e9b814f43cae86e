/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Telling a refused client why, on what it sends after its SYN was answered: spillway/exchange.h on the live maps.
 * The kernel's TCP never sees it. Used by the gate and, for those who cannot ask again, by release_waiter.
 */
#ifndef SPILLWAY_EXCHANGE_BPF_H
#define SPILLWAY_EXCHANGE_BPF_H

#include "answering.bpf.h"
#include "cancel.bpf.h"
#include "class.bpf.h"
#include "says.bpf.h"
#include "segment.bpf.h"
#include "told.bpf.h"

/* False: there is nothing that it could be told. */
static __always_inline int exchange_begin(struct exchange *exchange, const struct sw_flow_key *key)
{
	struct sw_refusal *refusal = bpf_map_lookup_elem(&refused, key);
	struct sw_refusal_text *text;

	if (refusal && (refusal->lane != SW_LANE_REFUSE || is_old(refusal)))
		refusal = 0;
	exchange->refusal = refusal;
	exchange->class_id = refusal ? refusal->class_id
				     : class_of(exchange->conf, exchange->service, &key->client);
	text = bpf_map_lookup_elem(&refusal_texts, &exchange->class_id);
	exchange->text_bytes = text ? text->bytes : 0;
	return exchange->text_bytes != 0;
}

/* The daemon hands it on, to every listener that there is: none of them has heard of it. */
static __always_inline void hand_on(struct packet_ctx *ctx, __u32 where,
				    const struct sw_flow_key *key, __u32 service)
{
	struct sw_control *said = bpf_map_lookup_elem(&control, &the_only);
	struct sw_service_state *state = bpf_map_lookup_elem(&service_state, &service);
	__u64 now_ns = bpf_ktime_get_ns();

	if (!said || !state || !may_tell(said, state, now_ns) ||
	    tell(ctx, where, key, service, SW_LANE_REFUSE, now_ns))
		count(service, SW_COUNTER_CANCELS_LOST);
}

/*
 * Who says nothing himself is told again by the daemon, which gets what came before it becomes the answer. Without
 * a daemon nobody reads it, and the next one is not to begin with what is long over.
 */
static __always_inline void have_told_again(struct packet_ctx *ctx, __u32 where,
					    const struct sw_flow_key *key,
					    const struct exchange *exchange)
{
	struct sw_control *said = bpf_map_lookup_elem(&control, &the_only);

	if (!exchange->refusal || exchange->refusal->progress & SW_REFUSAL_TOLD ||
	    exchange->conf->answers_as != SW_ANSWERS_MYSQL || exchange->segment.bytes)
		return;
	if (said && sw_decide_is_fresh(said, bpf_ktime_get_ns()))
		park_told(ctx, where, key, exchange->service);
}

static __always_inline void note_answer(struct packet_ctx *ctx, __u32 where,
					const struct sw_flow_key *key, struct exchange *exchange,
					const struct sw_answer *answer)
{
	/* Who only came to cancel a query is not to be told. */
	if ((answer->is_heard || answer->say == SW_SAY_CANCEL) && exchange->refusal)
		exchange->refusal->progress |= SW_REFUSAL_HEARD;
	if (answer->say == SW_SAY_TEXT)
		have_told_again(ctx, where, key, exchange);
	else if (answer->say == SW_SAY_CANCEL)
		hand_on(ctx, where, key, exchange->service);
	else if (answer->say == SW_SAY_RESET)
		count(exchange->service, SW_COUNTER_REFUSALS_RESET);
}

/* The answer is written. Who is told twice counts once. */
static __always_inline void note_written(struct exchange *exchange)
{
	struct sw_refusal *refusal = exchange->refusal;

	if (exchange->reply.says != REPLY_SAYS_TEXT)
		return;
	answering_begin(bpf_ktime_get_ns());
	if (!refusal || !(refusal->progress & SW_REFUSAL_TOLD))
		count(exchange->service, SW_COUNTER_REFUSALS_TOLD);
	if (refusal)
		refusal->progress |= SW_REFUSAL_TOLD;
}

static __always_inline __u8 flags_of(__u32 say)
{
	switch (say) {
	case SW_SAY_ACK:
		return TCP_ACK;
	case SW_SAY_NO:
		return TCP_ACK | TCP_PSH;
	case SW_SAY_TEXT:
		return TCP_ACK | TCP_PSH | TCP_FIN;
	case SW_SAY_RESET:
		return TCP_RST | TCP_ACK;
	default:
		return TCP_ACK | TCP_FIN;
	}
}

static __always_inline void compose(struct exchange *exchange, const struct sw_answer *answer)
{
	exchange->reply = (struct reply){
		.seq = answer->seq,
		.ack = answer->ack,
		.class_id = exchange->class_id,
		.chance = exchange->stand.cookie >> 1,
		.window = answer->say == SW_SAY_RESET ? 0 : SW_EXCHANGE_WINDOW,
		.flags = flags_of(answer->say),
		.says = answer->say == SW_SAY_TEXT ? REPLY_SAYS_TEXT
			: answer->say == SW_SAY_NO ? REPLY_SAYS_NO
						   : REPLY_SAYS_NOTHING,
	};
}

/*
 * A bare FIN, of which the numbers alone do not tell: somebody has heard, or does not want to; or was told, and it
 * was lost, whatever his startup packet's length looks like.
 */
static __always_inline void know_end(const struct exchange *exchange, struct sw_answer *answer)
{
	if (!exchange->segment.has_fin || exchange->segment.bytes || !exchange->refusal)
		return;
	if (exchange->refusal->progress & SW_REFUSAL_HEARD) {
		answer->say = SW_SAY_ACK;
		answer->seq = exchange->segment.ack;
	} else if (exchange->refusal->progress & SW_REFUSAL_TOLD && answer->say == SW_SAY_FIN &&
		   exchange->conf->answers_as == SW_ANSWERS_POSTGRES) {
		answer->say = SW_SAY_TEXT;
	}
}

/* A CancelRequest in pieces, which the client's kernel puts together when it sends them again. */
static __always_inline void know_pieces(const struct exchange *exchange, struct sw_answer *answer)
{
	struct sw_refusal *refusal = exchange->refusal;

	if (!refusal)
		return;
	if (refusal->progress & SW_REFUSAL_PIECE) {
		answer->say = sw_exchange_in_pieces(&exchange->segment, answer->say);
		if (answer->say == SW_SAY_RESET)
			answer->seq = exchange->segment.ack;
	} else if (answer->say == SW_SAY_PIECE) {
		refusal->progress |= SW_REFUSAL_PIECE;
	}
}

/* GATE_ANSWERED: with exchange->reply, which the caller writes: the stack does not reach that far from here. */
static __noinline int exchange_on(struct packet_ctx *ctx, __u32 where,
				  const struct sw_flow_key *key, struct exchange *exchange)
{
	struct sw_answer answer;
	enum whose whose;

	if (read_segment(ctx, where, &exchange->segment) || !exchange_begin(exchange, key))
		return GATE_PASS;
	whose = whose_is(key, exchange);
	if (whose == WHOSE_NOT_OURS || is_the_kernels(ctx, key, whose))
		return GATE_PASS;
	if (whose == WHOSE_WRONG)
		return GATE_DROP;
	answer = sw_exchange_answer(exchange->conf->answers_as, &exchange->segment,
				    &exchange->stand, exchange->text_bytes);
	know_end(exchange, &answer);
	know_pieces(exchange, &answer);
	note_answer(ctx, where, key, exchange, &answer);
	if (answer.say == SW_SAY_NOTHING || answer.say == SW_SAY_PIECE)
		return GATE_DROP;
	compose(exchange, &answer);
	return GATE_ANSWERED;
}

/* A segment with an ACK, while somebody is being told: enum gate_says. A global function, as gate_syn() is. */
__attribute__((noinline)) int gate_answer(struct packet_ctx *ctx, __u32 where)
{
	struct sw_flow_key key = {}; /* 6.1 wants what a global function fills to be filled */
	struct exchange exchange = {};
	struct sw_control *said;
	int says;

	if (where & WHERE_FRAGMENT || read_flow(ctx, where, &key))
		return GATE_PASS;
	exchange.service = service_of(&key);
	if (exchange.service == NO_SERVICE || is_let_in(&key))
		return GATE_PASS;
	said = bpf_map_lookup_elem(&control, &the_only);
	exchange.conf = bpf_map_lookup_elem(&service_conf, &exchange.service);
	if (!said || !exchange.conf || !exchange.conf->answers_as || said->mode != SW_MODE_ENFORCE)
		return GATE_PASS;
	says = exchange_on(ctx, where, &key, &exchange);
	if (says != GATE_ANSWERED)
		return says;
	if (reply_write(ctx, where, &exchange.reply)) {
		count(exchange.service, SW_COUNTER_UNANSWERABLE);
		return GATE_DROP;
	}
	note_written(&exchange);
	return GATE_ANSWERED;
}

/* A RST: who was refused does not want to hear why. */
static __always_inline void refusal_ends(const struct sw_flow_key *key, __u32 sequence)
{
	struct sw_refusal *refusal;

	if (!*(volatile __u64 *)&answering_ns)
		return;
	refusal = bpf_map_lookup_elem(&refused, key);
	if (refusal && refusal->lane == SW_LANE_REFUSE &&
	    sequence - refusal->isn - 1 <= SW_EXCHANGE_WINDOW)
		refusal->progress |= SW_REFUSAL_HEARD;
}

#endif
