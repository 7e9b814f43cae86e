/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parses and formats single values by their rows, and says what a row allows. See value.h.
 */
#include "config/value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool is_name(const char *text)
{
	if (!islower((unsigned char)text[0]))
		return false;
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

/*
 * UTF-8 without control characters, the C1 set (U+0080 to U+009F) included: terminals obey it, too.
 */
static bool is_printable(const char *text)
{
	json_t *utf8 = json_string(text);
	bool valid = utf8 != NULL;

	json_decref(utf8);
	for (const unsigned char *at = (const unsigned char *)text; valid && *at; at++)
		valid = *at >= 0x20 && *at != 0x7f && !(at[0] == 0xc2 && at[1] < 0xa0);
	return valid;
}

static bool parse_string(const struct sw_key *key, void *at, const char *text)
{
	size_t length = strlen(text);

	if (length < key->min || length > key->max || !is_printable(text))
		return false;
	if (key->type == SW_KEY_NAME ? !is_name(text) : key->accepts && !key->accepts(text))
		return false;
	memcpy(at, text, length + 1);
	return true;
}

static bool parse_u32(const struct sw_key *key, uint32_t *at, const char *text)
{
	uint32_t value;

	if (sw_parse_u32(text, &value) || value < key->min || value > key->max)
		return false;
	*at = value;
	return true;
}

static bool parse_duration(const struct sw_key *key, uint64_t *at, const char *text)
{
	uint64_t value;

	if (sw_parse_duration(text, &value) || value < key->min || value > key->max)
		return false;
	*at = value;
	return true;
}

static bool parse_endpoint(const struct sw_key *key, struct sw_endpoint *at, const char *text)
{
	struct sw_endpoint value = {0};

	if (text[0] && sw_endpoint_parse(text, &value))
		return false;
	/* ":5432" has the address ::, so one question covers it. */
	if (value.port && (key->flags & SW_KEY_CONCRETE) && sw_addr_is_unspecified(&value.addr))
		return false;
	*at = value;
	return true;
}

static bool parse(const struct sw_key *key, void *at, const char *text)
{
	switch (key->type) {
	case SW_KEY_STRING:
	case SW_KEY_NAME:
		return parse_string(key, at, text);
	case SW_KEY_U32:
		return parse_u32(key, at, text);
	case SW_KEY_DURATION:
		return parse_duration(key, at, text);
	case SW_KEY_RATE:
		return sw_parse_rate(text, at) == 0;
	case SW_KEY_WORD:
		return sw_words_parse(key->words, text, at) == 0;
	case SW_KEY_ENDPOINT:
		return parse_endpoint(key, at, text);
	default:
		return false; /* lists have no single value */
	}
}

/* Words are stored through an unsigned int. */
_Static_assert(sizeof(enum sw_action) == sizeof(unsigned int),
	       "enums are as wide as their parser's output");

int sw_value_parse(const struct sw_key *key, void *base, const char *text, struct sw_error *err)
{
	char found[SW_FOUND_TEXT], expected[SW_EXPECTED_TEXT];

	if (parse(key, sw_value_at(key, base), text))
		return 0;
	sw_value_quote(text, found, sizeof(found));
	sw_value_expected(key, expected, sizeof(expected));
	return sw_error_set(err, -EINVAL, "found %s, %s", found, expected);
}

void sw_value_quote(const char *text, char *buf, size_t size)
{
	size_t length = strlen(text), room = size - sizeof("''...");
	size_t kept = length < room ? length : room;

	/* Never cut a UTF-8 character in two: JSON would refuse the whole message. */
	while (kept < length && kept > 0 && ((unsigned char)text[kept] & 0xc0) == 0x80)
		kept--;
	snprintf(buf, size, "'%.*s%s'", (int)kept, text, kept < length ? "..." : "");
	for (unsigned char *at = (unsigned char *)buf; *at; at++) {
		if (*at < 0x20 || *at == 0x7f)
			*at = '?';
		else if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0) /* C1 */
			at[0] = at[1] = '?';
	}
}

static void expect_duration(const struct sw_key *key, char *buf, size_t size)
{
	char min[SW_DURATION_TEXT], max[SW_DURATION_TEXT];

	sw_format_duration(key->min, min, sizeof(min));
	sw_format_duration(key->max, max, sizeof(max));
	snprintf(buf, size, "expected a duration from %s to %s, like 500ms, 10s or 5m", min, max);
}

static void expect_words(enum sw_words words, char *buf, size_t size)
{
	char list[SW_EXPECTED_TEXT / 2];

	sw_words_list(words, list, sizeof(list));
	snprintf(buf, size, "expected one of: %s", list);
}

void sw_value_expected(const struct sw_key *key, char *buf, size_t size)
{
	switch (key->type) {
	case SW_KEY_NAME:
		snprintf(buf, size,
			 "expected a name of 1 to %" PRIu64
			 " characters a-z, 0-9, '_', '-', beginning with a letter",
			 key->max);
		break;
	case SW_KEY_U32:
		snprintf(buf, size, "expected a whole number from %" PRIu64 " to %" PRIu64,
			 key->min, key->max);
		break;
	case SW_KEY_DURATION:
		expect_duration(key, buf, size);
		break;
	case SW_KEY_RATE:
		snprintf(buf, size, "expected a rate like 100/s, 30/m, 5/h, or unlimited");
		break;
	case SW_KEY_WORD:
		expect_words(key->words, buf, size);
		break;
	case SW_KEY_LANES:
		expect_words(SW_WORDS_LANE, buf, size);
		break;
	default:
		snprintf(buf, size, "%s", key->expected ? key->expected : "expected a value");
		break;
	}
}

void sw_value_format(const struct sw_key *key, const void *base, char *buf, size_t size)
{
	const void *at = sw_value_at_const(key, base);
	const struct sw_endpoint *endpoint = at;

	switch (key->type) {
	case SW_KEY_STRING:
	case SW_KEY_NAME:
		snprintf(buf, size, "%s", (const char *)at);
		break;
	case SW_KEY_U32:
		snprintf(buf, size, "%" PRIu32, *(const uint32_t *)at);
		break;
	case SW_KEY_DURATION:
		sw_format_duration(*(const uint64_t *)at, buf, size);
		break;
	case SW_KEY_RATE:
		sw_format_rate(at, buf, size);
		break;
	case SW_KEY_WORD:
		snprintf(buf, size, "%s", sw_words_name(key->words, *(const unsigned int *)at));
		break;
	case SW_KEY_ENDPOINT:
		buf[0] = '\0';
		if (endpoint->port)
			sw_endpoint_format(endpoint, buf, size);
		break;
	default:
		buf[0] = '\0';
		break;
	}
}
