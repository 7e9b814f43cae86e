/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The conversation with a client that is refused: from its handshake's ACK to its FIN, without a socket. Pure;
 * what the client sent says by its numbers where the conversation is, so nothing is kept of it.
 *
 * PostgreSQL (protocol 3): the client may ask for encryption by GSS and by TLS, in 8 bytes each, is answered 'N'
 * by one byte each, and then sends its startup packet, or a CancelRequest, in one segment or several. So the
 * first of a message stands at 0, 8 or 16 of what the client says, where as many bytes as requests were heard
 * from us. MySQL: the server speaks first.
 */
#ifndef SPILLWAY_EXCHANGE_H
#define SPILLWAY_EXCHANGE_H

#include "spillway/cancel.h"
#include "spillway/cookie.h"
#include "spillway/refusal.h"

#define SW_EXCHANGE_REQUESTS_MAX  2u
#define SW_EXCHANGE_REQUEST_BYTES 8u
#define SW_EXCHANGE_TLS		  80877103u /* SSLRequest */
#define SW_EXCHANGE_GSS		  80877104u /* GSSENCRequest */
/* PostgreSQL's own limit of a startup packet (MAX_STARTUP_PACKET_LENGTH). */
#define SW_EXCHANGE_STARTUP_MAX 10000u
#define SW_EXCHANGE_STARTUP_MIN 9u /* length, version, and the byte that ends the list */
#define SW_EXCHANGE_PROTOCOL	3u /* the version's upper half */
/* What may be sent to us: what the SYN-ACK and each answer says. Twice the longest startup packet. */
#define SW_EXCHANGE_WINDOW 20000u

/* Said before, of a client of which that is not known: where no message begins. */
#define SW_EXCHANGE_SOMEWHERE SW_EXCHANGE_WINDOW

/* A segment of the client's that has an ACK, in host byte order. */
struct sw_segment {
	__u32 seq;
	__u32 ack;
	__u32 bytes;	   /* of data */
	__be32 head_be[2]; /* its first 8 bytes, where there are so many */
	__u32 has_fin;	   /* 0 or 1 */
};

/* Where a segment stands. */
struct sw_stand {
	__u32 isn;    /* the client's */
	__u32 cookie; /* ours */
	__u32 said;   /* bytes that the client said before it */
	__u32 heard;  /* bytes of ours that it acknowledges, a FIN among them */
};

enum sw_say {
	SW_SAY_NOTHING,
	SW_SAY_ACK,
	SW_SAY_NO,     /* 'N': no encryption */
	SW_SAY_TEXT,   /* the refusal, and FIN */
	SW_SAY_CANCEL, /* FIN; and what it asked for is to be handed on */
	SW_SAY_FIN,
	SW_SAY_RESET,
	SW_SAY_PIECE, /* nothing, of a CancelRequest's first piece: what is not acknowledged comes again, as a whole */
};

struct sw_answer {
	__u32 say; /* enum sw_say */
	__u32 seq;
	__u32 ack;
	__u32 is_heard; /* the client has all of the text */
};

SW_INLINE struct sw_stand sw_exchange_stand(const struct sw_segment *segment, __u32 isn,
					    __u32 cookie)
{
	struct sw_stand stand = {
		.isn = isn,
		.cookie = cookie,
		.said = segment->seq - isn - 1,
		.heard = segment->ack - cookie - 1,
	};

	return stand;
}

/* What can be acknowledged: answers to requests, the text, and the FIN. */
SW_INLINE int sw_exchange_fits(const struct sw_stand *stand, __u32 text_bytes)
{
	return stand->said <= SW_EXCHANGE_WINDOW &&
	       stand->heard <= SW_EXCHANGE_REQUESTS_MAX + text_bytes + 1;
}

/* What the client has heard from us, by the flow's part of the cookie; anything, if that is none of ours. */
SW_INLINE __u32 sw_exchange_heard(const struct sw_cookie_secrets *secrets,
				  const struct sw_flow_key *flow, const struct sw_segment *segment,
				  __u32 which)
{
	return (segment->ack - 1 - sw_cookie_flow(secrets, flow, which)) & SW_COOKIE_FLOW;
}

/* Whether the rest of the cookie says that this is the client's first number. */
SW_INLINE int sw_exchange_holds(const struct sw_cookie_secrets *secrets,
				const struct sw_flow_key *flow, const struct sw_stand *stand)
{
	return sw_cookie_isn(secrets, flow, stand->isn, stand->cookie & 1) ==
	       (stand->cookie & ~SW_COOKIE_FLOW);
}

/*
 * Where the segment stands in the conversation of a flow that is known to be refused, the client's first number
 * being known. False: its numbers are wrong.
 */
SW_INLINE int sw_exchange_known(const struct sw_cookie_secrets *secrets,
				const struct sw_flow_key *flow, const struct sw_segment *segment,
				__u32 isn, __u32 text_bytes, struct sw_stand *out)
{
	for (__u32 which = 0; which < 2; which++) {
		__u32 heard = sw_exchange_heard(secrets, flow, segment, which);

		*out = sw_exchange_stand(segment, isn, segment->ack - 1 - heard);
		if (sw_exchange_fits(out, text_bytes) && sw_exchange_holds(secrets, flow, out))
			return 1;
	}
	return 0;
}

/* What a client has heard from us when it says something: answers to requests; or all, with the FIN or without. */
SW_INLINE int sw_exchange_hears(__u32 heard, __u32 text_bytes)
{
	return heard <= SW_EXCHANGE_REQUESTS_MAX ||
	       heard - text_bytes <= SW_EXCHANGE_REQUESTS_MAX + 1;
}

/*
 * The same of a flow of which nothing is known. What the segment acknowledges tells by the flow's part of the cookie
 * what the client has heard. By the rest of the cookie it is known whether a message begins there, at one of three
 * places; if none does, it stands somewhere behind. False: it is none of ours.
 */
SW_INLINE int sw_exchange_unknown(const struct sw_cookie_secrets *secrets,
				  const struct sw_flow_key *flow, const struct sw_segment *segment,
				  __u32 text_bytes, struct sw_stand *out)
{
	for (__u32 which = 0; which < 2; which++) {
		__u32 heard = sw_exchange_heard(secrets, flow, segment, which);

		if (!sw_exchange_hears(heard, text_bytes))
			continue;
		*out = sw_exchange_stand(segment,
					 segment->seq - 1 - SW_EXCHANGE_REQUEST_BYTES * heard,
					 segment->ack - 1 - heard);
		if (heard > SW_EXCHANGE_REQUESTS_MAX || !sw_exchange_holds(secrets, flow, out))
			out->said = SW_EXCHANGE_SOMEWHERE;
		return 1;
	}
	return 0;
}

/*
 * How many requests were answered before what is said there, if a message begins there: no more than the client
 * has heard of. Who says something there without having heard so much goes on with what he began before.
 */
SW_INLINE __u32 sw_exchange_asked(const struct sw_stand *stand)
{
	__u32 asked = stand->said / SW_EXCHANGE_REQUEST_BYTES;

	return asked < stand->heard ? asked : stand->heard;
}

SW_INLINE int sw_exchange_begins(const struct sw_stand *stand, __u32 asked)
{
	return stand->said == SW_EXCHANGE_REQUEST_BYTES * asked;
}

/*
 * To a FIN alone: a client that does not want to know any more. But who had said more than requests is told once
 * more: what he said is acknowledged by any answer, and will not be repeated.
 */
SW_INLINE __u32 sw_exchange_to_end(const struct sw_stand *stand, int is_mysql)
{
	return is_mysql || (stand->said <= SW_EXCHANGE_REQUESTS_MAX * SW_EXCHANGE_REQUEST_BYTES &&
			    stand->said % SW_EXCHANGE_REQUEST_BYTES == 0)
		       ? SW_SAY_FIN
		       : SW_SAY_TEXT;
}

/* What is said to the first bytes of a message of PostgreSQL's. */
SW_INLINE __u32 sw_exchange_to_message(const struct sw_segment *segment, __u32 asked)
{
	__u32 length = SW_ADDRESS_BE32(segment->head_be[0]);
	__u32 code = SW_ADDRESS_BE32(segment->head_be[1]);

	if (segment->bytes < SW_EXCHANGE_REQUEST_BYTES)
		return SW_SAY_ACK; /* the rest tells */
	if (code == SW_EXCHANGE_TLS || code == SW_EXCHANGE_GSS)
		return length == SW_EXCHANGE_REQUEST_BYTES && segment->bytes == length &&
				       asked < SW_EXCHANGE_REQUESTS_MAX
			       ? SW_SAY_NO
			       : SW_SAY_RESET;
	if (sw_cancel_fits(segment->bytes) && sw_cancel_begins(segment->head_be, segment->bytes))
		return SW_SAY_CANCEL;
	if (segment->bytes < length && sw_cancel_fits(length) &&
	    sw_cancel_begins(segment->head_be, length))
		return SW_SAY_PIECE;
	return code >> 16 == SW_EXCHANGE_PROTOCOL && length >= SW_EXCHANGE_STARTUP_MIN &&
			       length <= SW_EXCHANGE_STARTUP_MAX
		       ? SW_SAY_TEXT
		       : SW_SAY_RESET;
}

/* To a client that has heard more than answers to its requests. */
SW_INLINE struct sw_answer sw_exchange_after(const struct sw_segment *segment,
					     const struct sw_stand *stand, __u32 text_bytes)
{
	struct sw_answer answer = {
		.say = segment->has_fin || segment->bytes ? SW_SAY_ACK : SW_SAY_NOTHING,
		.seq = segment->ack,
		.ack = segment->seq + segment->bytes + segment->has_fin,
		.is_heard = stand->heard >= text_bytes,
	};

	return answer;
}

/*
 * That of a client of which a CancelRequest's first piece is remembered. Its rest alone tells nothing, and an answer
 * would acknowledge both; the first piece alone, repeated, is of a client that waits with the rest to be answered.
 */
SW_INLINE __u32 sw_exchange_in_pieces(const struct sw_segment *segment, __u32 say)
{
	if (say == SW_SAY_PIECE)
		return SW_SAY_RESET;
	return say == SW_SAY_TEXT && segment->bytes ? SW_SAY_NOTHING : say;
}

/* What is said to the segment. Repeated, it is answered the same. Who has heard nothing was asked nothing. */
SW_INLINE struct sw_answer sw_exchange_answer(__u32 answers_as, const struct sw_segment *segment,
					      const struct sw_stand *stand, __u32 text_bytes)
{
	int is_mysql = answers_as == SW_ANSWERS_MYSQL;
	__u32 asked = sw_exchange_asked(stand);
	int begins = !is_mysql && sw_exchange_begins(stand, asked);
	struct sw_answer answer = {.say = SW_SAY_TEXT};

	if (stand->heard > (is_mysql ? 0 : SW_EXCHANGE_REQUESTS_MAX))
		return sw_exchange_after(segment, stand, text_bytes);
	if (!segment->bytes && segment->has_fin)
		answer.say = sw_exchange_to_end(stand, is_mysql);
	else if (!segment->bytes)
		answer.say = is_mysql ? SW_SAY_TEXT : SW_SAY_NOTHING;
	else if (begins)
		answer.say = sw_exchange_to_message(segment, asked);
	if (!is_mysql && !begins)
		asked = stand->heard;
	answer.seq = stand->cookie + 1 + asked;
	answer.ack = segment->seq + segment->bytes + segment->has_fin;
	if (answer.say == SW_SAY_FIN || answer.say == SW_SAY_RESET || answer.say == SW_SAY_ACK)
		answer.seq = segment->ack;
	return answer;
}

#endif
