/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A service that refuses everybody and tells them why, and the client's side of the conversation.
 */
#ifndef TEST_PROG_REFUSING_H
#define TEST_PROG_REFUSING_H

#include "answer.h"
#include "config/config.h"
#include "queue.h"
#include "spillway/exchange.h"

/* Service 0 has no slot and speaks the protocol; class 0 has the message. The daemon lives, and told nothing. */
void refusing_open(struct rig *rig, enum sw_protocol protocol, const char *message,
		   uint32_t retry_after_ms);

#define REFUSING_MESSAGE "no room here"
/* A startup packet of PostgreSQL's. */
#define REFUSING_STARTUP "\0\0\0\x1b\0\3\0\0user\0app\0database\0a\0"

/* The same for PostgreSQL, and a client that it has refused: its startup packet. */
struct packet refusing_client(struct rig *rig, uint32_t *cookie);

struct sw_flow_key refusing_flow(const struct rig *rig, const struct packet *packet);

/* A flow of that SYN, whose word is its own, or another's. */
void refusing_put_flow(struct rig *rig, const struct packet *syn, uint8_t state,
		       uint32_t tag_off_by);

/* Another class of the service, with a message of its own. */
void refusing_add_class(struct rig *rig, uint32_t class_id, enum sw_protocol protocol,
			const char *message);

/* Sends the SYN and checks the answer: its number. */
uint32_t refusing_syn(struct rig *rig, const struct packet *syn);

/* What the client of that SYN sends where it has said and heard so much; data and flags are as in `like`. */
struct packet refusing_segment(const struct packet *like, uint32_t cookie, uint32_t said,
			       uint32_t heard);

enum say {
	SAYS_NOTHING, /* the frame is dropped */
	SAYS_PASS,    /* it is none of ours */
	SAYS_ACK,
	SAYS_NO,
	SAYS_TEXT,
	SAYS_FIN,
	SAYS_RESET,
};

/* Sends a segment and checks all of what comes back; seq: how far behind our first byte that stands. */
struct said {
	enum say say;
	uint32_t seq;
	uint32_t class_id;
	bool is_counted; /* a TEXT that nobody in this flow heard before; a RESET always is */
};

void refusing_expect_at(const char *file, int line, struct rig *rig, const struct packet *segment,
			uint32_t cookie, const struct said *said);
#define refusing_expect(...) refusing_expect_at(__FILE__, __LINE__, __VA_ARGS__)
#define SAID(what, ...)	     (&(struct said){.say = (what), ##__VA_ARGS__})

/* All refusals that were noted are forgotten. */
void refusing_forget(struct rig *rig);

/* The word by which the gate knows that somebody was refused a moment ago. */
uint64_t *refusing_since(const struct rig *rig);

#endif
