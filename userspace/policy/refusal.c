/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PostgreSQL's ErrorResponse (protocol 3.0, "Message Formats") and MySQL's ERR packet.
 */
#include "policy/refusal.h"

#include <string.h>

#include "core/clock.h"

#define POSTGRES_CODE "53300" /* too_many_connections */
#define MYSQL_CODE    1040    /* ER_CON_COUNT_ERROR */
#define MYSQL_STATE   "08004"

static void put(struct sw_refusal_text *to, const void *from, size_t bytes)
{
	size_t room = sizeof(to->text) - to->bytes;

	if (bytes > room)
		bytes = room;
	memcpy(to->text + to->bytes, from, bytes);
	to->bytes = (uint16_t)(to->bytes + bytes);
}

/* A field of an ErrorResponse: its type, and a string that ends in a zero. */
static void put_field(struct sw_refusal_text *to, char type, const char *value)
{
	put(to, &type, 1);
	put(to, value, strlen(value) + 1);
}

static uint16_t digits_of(uint32_t number)
{
	uint16_t digits = 1;

	while (number /= 10)
		digits++;
	return digits;
}

/* The digits are zero here: whoever sends it writes them. */
static void put_hint(struct sw_refusal_text *to, uint32_t delay_ms)
{
	static const char zeros[SW_REFUSAL_DIGITS_MAX];

	if (!delay_ms)
		return;
	to->delay_ms = delay_ms;
	to->digits = 1 + digits_of(2 * delay_ms - 1);
	put(to, "HRetry in", strlen("HRetry in"));
	to->delay_at = to->bytes;
	put(to, zeros, to->digits);
	put(to, " ms.", sizeof(" ms."));
}

static void make_postgres(const char *message, uint32_t delay_ms, struct sw_refusal_text *out)
{
	uint8_t head[5] = {'E'};

	put(out, head, sizeof(head));
	put_field(out, 'S', "FATAL");
	put_field(out, 'V', "FATAL");
	put_field(out, 'C', POSTGRES_CODE);
	put_field(out, 'M', message);
	put_hint(out, delay_ms);
	put(out, "", 1);
	/* Its own length is in it, what it is is not. */
	out->text[3] = (uint8_t)((out->bytes - 1) >> 8);
	out->text[4] = (uint8_t)(out->bytes - 1);
}

/* The first packet of the connection has the number 0. */
static void make_mysql(const char *message, struct sw_refusal_text *out)
{
	const uint8_t head[] = {0, 0, 0, 0, 0xff, MYSQL_CODE & 0xff, MYSQL_CODE >> 8, '#'};

	put(out, head, sizeof(head));
	put(out, MYSQL_STATE, strlen(MYSQL_STATE));
	put(out, message, strlen(message));
	out->text[0] = (uint8_t)(out->bytes - 4);
	out->text[1] = (uint8_t)((out->bytes - 4) >> 8);
}

static uint32_t sum_of(const struct sw_refusal_text *text)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < sizeof(text->text); i += 2) {
		uint16_t word;

		memcpy(&word, text->text + i, 2);
		sum += word;
	}
	return sum;
}

enum sw_answers sw_refusal_answers_as(enum sw_protocol protocol)
{
	switch (protocol) {
	case SW_PROTOCOL_POSTGRES:
		return SW_ANSWERS_POSTGRES;
	case SW_PROTOCOL_MYSQL:
		return SW_ANSWERS_MYSQL;
	default:
		return SW_ANSWERS_RESET;
	}
}

void sw_refusal_make(const struct sw_config_service *service, const struct sw_config_class *class,
		     struct sw_refusal_text *out)
{
	const char *message = class && class->message[0] ? class->message : service->refuse.message;

	memset(out, 0, sizeof(*out));
	switch (sw_refusal_answers_as(service->protocol)) {
	case SW_ANSWERS_POSTGRES:
		make_postgres(message, (uint32_t)(service->refuse.retry_after_ns / SW_NS_PER_MS),
			      out);
		break;
	case SW_ANSWERS_MYSQL:
		make_mysql(message, out);
		break;
	case SW_ANSWERS_RESET:
		return;
	}
	out->sum = sum_of(out);
}
