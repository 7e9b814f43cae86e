/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See form.h. Strangers may send a frame of another form each: then each costs its whole frame, and a search in
 * a hash as before.
 */
#include "policy/form.h"

#include <arpa/inet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "spillway/address.h"

#define ROOM_MIN       16u
#define SPANS_MAX      5
#define TCPOPT_END     0
#define TCPOPT_NOP     1
#define TCPOPT_TIME    8 /* RFC 7323: kind, length 10, value, echo */
#define TIME_BYTES     10
#define HASHED_AT_ONCE 32
/* In what is a frame's own: the client's address, and behind it his port. */
#define CLIENT4_AT 2
#define CLIENT6_AT 3

struct sw_form {
	uint32_t users;
	uint32_t same_hash; /* id of the next in the bucket */
	uint32_t ifindex;
	uint8_t length;
	uint8_t ip_at;
	uint8_t tcp_at;
	uint8_t is_ipv6;
	uint8_t bytes[];
};

struct span {
	uint8_t at, bytes;
};

/* Where the timestamp's value is; 0: there is none. */
static size_t timestamp_at(const struct sw_frame *frame)
{
	size_t at = frame->tcp_at + sizeof(struct tcphdr);

	while (at < frame->length && frame->bytes[at] != TCPOPT_END) {
		size_t bytes = 1;

		if (frame->bytes[at] != TCPOPT_NOP)
			bytes = at + 1 < frame->length ? frame->bytes[at + 1] : 0;
		if (bytes == 0 || at + bytes > frame->length)
			break;
		if (frame->bytes[at] == TCPOPT_TIME && bytes == TIME_BYTES)
			return at + 2;
		at += bytes;
	}
	return 0;
}

/* What is a frame's own, the timestamp last: it may lie anywhere in what the rest says nothing of. */
static size_t spans_of(const struct sw_frame *frame, struct span spans[SPANS_MAX])
{
	uint8_t ip = frame->ip_at, tcp = frame->tcp_at;
	size_t time = timestamp_at(frame), count = 0;

	if (frame->is_ipv6) {
		spans[count++] = (struct span){ip + 1, CLIENT6_AT};
		spans[count++] = (struct span){ip + offsetof(struct ipv6hdr, saddr), 16};
	} else {
		spans[count++] = (struct span){ip + offsetof(struct iphdr, id), CLIENT4_AT};
		spans[count++] = (struct span){ip + offsetof(struct iphdr, saddr), 4};
	}
	spans[count++] = (struct span){tcp, 2};
	spans[count++] = (struct span){tcp + offsetof(struct tcphdr, seq), 4};
	if (time)
		spans[count++] = (struct span){(uint8_t)time, 4};
	return count;
}

size_t sw_form_own_bytes(const struct sw_frame *frame)
{
	return (frame->is_ipv6 ? SW_OWN_MAX : SW_OWN_SMALL) - (timestamp_at(frame) ? 0 : 4);
}

static void xor_at(struct sw_frame *frame, size_t at, uint16_t with)
{
	frame->bytes[at] ^= (uint8_t)(with >> 8);
	frame->bytes[at + 1] ^= (uint8_t)with;
}

/* Checksums become what they are off by, and the other way round: zero where they are right. */
static void turn_checksums(struct sw_frame *frame)
{
	xor_at(frame, frame->tcp_at + offsetof(struct tcphdr, check), sw_frame_tcp_sum(frame));
	if (!frame->is_ipv6)
		xor_at(frame, frame->ip_at + offsetof(struct iphdr, check),
		       sw_frame_ipv4_sum(frame));
}

/* The frame becomes its form. */
static void take_own(struct sw_frame *frame, uint8_t *own)
{
	struct span spans[SPANS_MAX];
	size_t count = spans_of(frame, spans);

	turn_checksums(frame);
	for (size_t i = 0; i < count; i++) {
		memcpy(own, frame->bytes + spans[i].at, spans[i].bytes);
		memset(frame->bytes + spans[i].at, 0, spans[i].bytes);
		own += spans[i].bytes;
	}
}

static void put_own(struct sw_frame *frame, const uint8_t *own)
{
	struct span spans[SPANS_MAX];
	size_t count = spans_of(frame, spans);

	for (size_t i = 0; i < count; i++) {
		memcpy(frame->bytes + spans[i].at, own, spans[i].bytes);
		own += spans[i].bytes;
	}
	turn_checksums(frame);
}

/* Piece by piece, each with the sum of those before, for the hash takes keys of one length. */
static uint32_t hash_of(const uint8_t *bytes, size_t length, uint32_t ifindex)
{
	uint32_t piece[HASHED_AT_ONCE / 4 + 2] = {[0] = ifindex, [1] = (uint32_t)length};

	for (size_t at = 0; at < length; at += HASHED_AT_ONCE) {
		size_t more = length - at < HASHED_AT_ONCE ? length - at : HASHED_AT_ONCE;

		memset(&piece[2], 0, HASHED_AT_ONCE);
		memcpy(&piece[2], bytes + at, more);
		piece[0] = sw_hash(piece, sizeof(piece));
	}
	return piece[0];
}

static uint32_t *bucket_of(const struct sw_forms *forms, const uint8_t *bytes, size_t length,
			   uint32_t ifindex)
{
	return &forms->buckets[(uint64_t)hash_of(bytes, length, ifindex) * forms->room >> 32];
}

static void chain_in(struct sw_forms *forms, uint32_t id)
{
	struct sw_form *form = forms->by_id[id];
	uint32_t *bucket = bucket_of(forms, form->bytes, form->length, form->ifindex);

	form->same_hash = *bucket;
	*bucket = id;
}

static bool grow(struct sw_forms *forms)
{
	uint32_t room = forms->room ? 2 * forms->room : ROOM_MIN;
	struct sw_form **by_id = reallocarray(forms->by_id, room, sizeof(struct sw_form *));
	uint32_t *buckets, *free_ids;

	if (!by_id)
		return false;
	forms->by_id = by_id;
	free_ids = reallocarray(forms->free_ids, room, sizeof(*free_ids));
	if (!free_ids)
		return false;
	forms->free_ids = free_ids;
	buckets = reallocarray(forms->buckets, room, sizeof(*buckets));
	if (!buckets)
		return false;
	forms->buckets = buckets;
	memset(buckets, 0xff, room * sizeof(*buckets));
	for (uint32_t id = room; id-- > forms->room;) {
		by_id[id] = NULL;
		free_ids[forms->free_count++] = id;
	}
	forms->room = room;
	for (uint32_t id = 0; id < room; id++)
		if (by_id[id])
			chain_in(forms, id);
	return true;
}

static bool is_of(const struct sw_form *form, const struct sw_frame *frame)
{
	return form->length == frame->length && form->ifindex == frame->ifindex &&
	       form->ip_at == frame->ip_at && form->tcp_at == frame->tcp_at &&
	       form->is_ipv6 == frame->is_ipv6 && !memcmp(form->bytes, frame->bytes, frame->length);
}

static uint32_t add(struct sw_forms *forms, const struct sw_frame *frame)
{
	struct sw_form *form;
	uint32_t id;

	if (!forms->free_count && !grow(forms))
		return SW_NO_FORM;
	form = malloc(sizeof(*form) + frame->length);
	if (!form)
		return SW_NO_FORM;
	id = forms->free_ids[--forms->free_count];
	*form = (struct sw_form){
		.users = 1,
		.ifindex = frame->ifindex,
		.length = frame->length,
		.ip_at = frame->ip_at,
		.tcp_at = frame->tcp_at,
		.is_ipv6 = frame->is_ipv6,
	};
	memcpy(form->bytes, frame->bytes, frame->length);
	forms->by_id[id] = form;
	chain_in(forms, id);
	forms->bytes += sizeof(*form) + frame->length;
	return id;
}

uint32_t sw_form_take(struct sw_forms *forms, const struct sw_frame *frame, uint8_t *own)
{
	struct sw_frame bare = *frame;
	uint32_t id = SW_NO_FORM;

	take_own(&bare, own);
	if (forms->room)
		id = *bucket_of(forms, bare.bytes, bare.length, bare.ifindex);
	while (id != SW_NO_FORM && !is_of(forms->by_id[id], &bare))
		id = forms->by_id[id]->same_hash;
	if (id == SW_NO_FORM)
		return add(forms, &bare);
	forms->by_id[id]->users++;
	return id;
}

void sw_form_drop(struct sw_forms *forms, uint32_t id)
{
	struct sw_form *form = forms->by_id[id];
	uint32_t *link;

	if (--form->users)
		return;
	link = bucket_of(forms, form->bytes, form->length, form->ifindex);
	while (*link != id)
		link = &forms->by_id[*link]->same_hash;
	*link = form->same_hash;
	forms->bytes -= sizeof(*form) + form->length;
	forms->by_id[id] = NULL;
	forms->free_ids[forms->free_count++] = id;
	free(form);
	if (forms->free_count == forms->room)
		sw_forms_clear(forms);
}

void sw_forms_clear(struct sw_forms *forms)
{
	for (uint32_t id = 0; id < forms->room; id++)
		free(forms->by_id[id]);
	free(forms->by_id);
	free(forms->free_ids);
	free(forms->buckets);
	*forms = (struct sw_forms){0};
}

void sw_form_fill(const struct sw_forms *forms, uint32_t id, const uint8_t *own,
		  struct sw_frame *out)
{
	const struct sw_form *form = forms->by_id[id];

	memcpy(out->bytes, form->bytes, form->length);
	out->length = form->length;
	out->ip_at = form->ip_at;
	out->tcp_at = form->tcp_at;
	out->is_ipv6 = form->is_ipv6;
	out->ifindex = form->ifindex;
	put_own(out, own);
}

void sw_form_flow(const struct sw_forms *forms, uint32_t id, const uint8_t *own,
		  struct sw_flow_key *out)
{
	const struct sw_form *form = forms->by_id[id];
	const uint8_t *client = own + (form->is_ipv6 ? CLIENT6_AT : CLIENT4_AT);
	size_t bytes = form->is_ipv6 ? sizeof(out->client) : sizeof(out->client.words_be[3]);

	/* What it says of the client is nothing but his family. */
	sw_frame_flow(form->bytes, form->ip_at, form->tcp_at, form->is_ipv6, out);
	memcpy(out->client.bytes + sizeof(out->client) - bytes, client, bytes);
	memcpy(&out->client_port_be, client + bytes, sizeof(out->client_port_be));
}

size_t sw_forms_bytes(const struct sw_forms *forms)
{
	return forms->bytes + forms->room * (sizeof(struct sw_form *) + sizeof(*forms->free_ids) +
					     sizeof(*forms->buckets));
}
