/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The storm client's protocol reader: messages however they are cut, and bytes that are none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../tools/storm/wire.c"
#include "../../tools/storm/wire_send.c"

/* A NoticeResponse of 3 bytes, an empty EmptyQueryResponse, a ReadyForQuery. */
static const uint8_t three[] = "N\0\0\0\7abc"
			       "I\0\0\0\4"
			       "Z\0\0\0\5I";
#define THREE_LENGTH (sizeof(three) - 1)

/* Feeds bytes in pieces; the types of the messages found, as a text. */
static int read_in_pieces(const uint8_t *data, size_t length, size_t piece, char *types)
{
	struct sw_wire_reader reader = {.startup = true};
	size_t found = 0;

	while (length) {
		size_t left = piece < length ? piece : length;

		data += left;
		length -= left;
		for (const uint8_t *at = data - left; left;) {
			int rc = sw_wire_read(&reader, &at, &left);

			if (rc < 0)
				return rc;
			if (rc)
				types[found++] = reader.type;
		}
	}
	types[found] = '\0';
	return 0;
}

static void messages_are_found_however_they_are_cut(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= THREE_LENGTH; piece++) {
		char types[8];

		assert_int_equal(read_in_pieces(three, THREE_LENGTH, piece, types), 0);
		assert_string_equal(types, "NIZ");
	}
}

static int read_all(struct sw_wire_reader *reader, const void *bytes, size_t length)
{
	const uint8_t *data = bytes;

	return sw_wire_read(reader, &data, &length);
}

static void a_message_is_not_complete_before_its_last_byte(void **state)
{
	(void)state;
	for (size_t length = 0; length < 8; length++) {
		struct sw_wire_reader reader = {.startup = true};

		assert_int_equal(read_all(&reader, three, length), 0);
	}
}

static void bytes_behind_a_message_are_left(void **state)
{
	struct sw_wire_reader reader = {0};
	const uint8_t *data = three;
	size_t length = THREE_LENGTH;

	(void)state;
	assert_int_equal(sw_wire_read(&reader, &data, &length), 1);
	assert_int_equal(length, THREE_LENGTH - 8);
	assert_ptr_equal(data, three + 8);
	assert_string_equal((const char *)reader.body, "abc");
}

static void what_no_server_sends_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} bad[] = {
		{"\0", 1},	      /* no type */
		{"Q", 1},	      /* a client's */
		{"e", 1},	      /* the reader's own mark */
		{"Z\0\0\0\3", 5},     /* shorter than its length field */
		{"Z\0\0\x80\0", 5},   /* long, and not of a long type */
		{"D\x80\0\0\0", 5},   /* more than 2 GB */
		{"HTTP/1.1 400", 12}, /* another protocol */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sw_wire_reader reader = {.startup = true};

		assert_int_equal(read_all(&reader, bad[i].bytes, bad[i].length), -EPROTO);
	}
}

static void a_long_body_is_counted_but_only_its_start_kept(void **state)
{
	enum { LENGTH = 100000 };
	struct sw_wire_reader reader = {0};
	uint8_t *bytes = calloc(1, 5 + LENGTH);

	(void)state;
	memcpy(bytes, "D\0\x01\x86\xa4", 5); /* 100,004 */
	memset(bytes + 5, 'x', LENGTH);
	assert_int_equal(read_all(&reader, bytes, 5 + LENGTH - 1), 0);
	assert_int_equal(read_all(&reader, bytes, 1), 1);
	assert_int_equal(reader.body_length, LENGTH);
	assert_int_equal(sw_wire_kept(&reader), SW_WIRE_KEPT);
	assert_int_equal(strlen((const char *)reader.body), SW_WIRE_KEPT);
	free(bytes);
}

static void an_error_without_length_is_text_only_as_the_first_message(void **state)
{
	struct sw_wire_reader reader = {.startup = true};

	(void)state;
	assert_int_equal(read_all(&reader, "Ecould not fork", 15), 0);
	assert_int_equal(read_all(&reader, "\n", 2), 1);
	assert_int_equal(reader.type, SW_WIRE_OLD_ERROR);
	assert_string_equal((const char *)reader.body, "could not fork\n");

	reader = (struct sw_wire_reader){.startup = true};
	assert_int_equal(read_all(&reader, "Ecould not", 10), 0);
	assert_true(sw_wire_end_old_error(&reader));
	assert_string_equal((const char *)reader.body, "could not");

	reader = (struct sw_wire_reader){.startup = false};
	assert_int_equal(read_all(&reader, "Ecould not fork", 16), 0);
	assert_false(sw_wire_end_old_error(&reader));
}

static void fields_of_an_error_are_found_also_when_it_was_cut(void **state)
{
	static const char body[] = "SFATAL\0C53300\0Mfull";
	struct sw_wire_reader reader = {.body_seen = sizeof(body) - 1};

	(void)state;
	memcpy(reader.body, body, sizeof(body));
	assert_string_equal(sw_wire_error_field(&reader, 'C'), "53300");
	assert_string_equal(sw_wire_error_field(&reader, 'M'), "full");
	assert_string_equal(sw_wire_error_field(&reader, 'D'), "");
}

static void an_authentication_code_needs_four_bytes(void **state)
{
	struct sw_wire_reader reader = {.body = {0, 0, 0, 10}, .body_seen = 3};
	uint32_t code = 77;

	(void)state;
	assert_int_equal(sw_wire_auth_code(&reader, &code), -EPROTO);
	assert_int_equal(code, 77);
	reader.body_seen = 4;
	assert_int_equal(sw_wire_auth_code(&reader, &code), 0);
	assert_int_equal(code, SW_WIRE_AUTH_SASL);
}

static void assert_message(struct sw_message message, const char *bytes, size_t length)
{
	assert_int_equal(message.length, length);
	assert_memory_equal(message.data, bytes, length);
	free(message.data);
}

static void what_is_sent_has_the_bytes_of_the_manual(void **state)
{
	struct sw_message message;

	(void)state;
	assert_int_equal(sw_wire_ssl_request(&message), 0);
	assert_message(message, "\0\0\0\x08\x04\xd2\x16\x2f", 8);
	assert_int_equal(sw_wire_startup("u", "d", &message), 0);
	assert_message(message, "\0\0\0\x32\0\3\0\0user\0u\0database\0d\0application_name\0storm\0",
		       50);
	assert_int_equal(sw_wire_query("SELECT 1", &message), 0);
	assert_message(message, "Q\0\0\0\x0dSELECT 1", 14);
	assert_int_equal(sw_wire_terminate(&message), 0);
	assert_message(message, "X\0\0\0\4", 5);
	assert_int_equal(sw_wire_sasl_initial("M", "ab", &message), 0);
	assert_message(message, "p\0\0\0\x0cM\0\0\0\0\2ab", 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_found_however_they_are_cut),
		cmocka_unit_test(a_message_is_not_complete_before_its_last_byte),
		cmocka_unit_test(bytes_behind_a_message_are_left),
		cmocka_unit_test(what_no_server_sends_is_refused),
		cmocka_unit_test(a_long_body_is_counted_but_only_its_start_kept),
		cmocka_unit_test(an_error_without_length_is_text_only_as_the_first_message),
		cmocka_unit_test(fields_of_an_error_are_found_also_when_it_was_cut),
		cmocka_unit_test(an_authentication_code_needs_four_bytes),
		cmocka_unit_test(what_is_sent_has_the_bytes_of_the_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
