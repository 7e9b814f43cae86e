/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses, prefixes and endpoints of both families.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>

#include <cmocka.h>

#include "core/addr.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* What a parser must leave as it is when it fails. */
static const struct sw_addr untouched = {{0xaa, 0xbb, 0xcc}};

static void an_ipv4_address_is_kept_as_mapped_ipv6(void **state)
{
	static const uint8_t expected[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3};
	struct sw_addr addr, other;

	(void)state;
	assert_int_equal(sw_addr_parse("10.1.2.3", &addr), 0);
	assert_memory_equal(addr.bytes, expected, 16);
	assert_true(sw_addr_is_ipv4(&addr));
	sw_addr_from_ipv4(htonl(0x0a010203), &other);
	assert_true(sw_addr_equal(&addr, &other));
	assert_int_equal(sw_addr_parse("::ffff:10.1.2.3", &other), 0);
	assert_true(sw_addr_equal(&addr, &other));
	assert_int_equal(sw_addr_parse("::10.1.2.3", &other), 0);
	assert_false(sw_addr_is_ipv4(&other));
}

static void an_address_is_printed_in_its_shortest_form(void **state)
{
	static const char *const rows[][2] = {
		{"10.1.2.3", "10.1.2.3"},
		{"::ffff:10.1.2.3", "10.1.2.3"},
		{"FD00:0:0:0:0:0:0:1", "fd00::1"},
		{"::", "::"},
		{"0.0.0.0", "0.0.0.0"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};
	char text[SW_ADDR_TEXT], tight[8];
	struct sw_addr addr;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(sw_addr_parse(rows[i][0], &addr), 0);
		assert_int_equal(sw_addr_format(&addr, text, sizeof(text)), 0);
		assert_string_equal(text, rows[i][1]);
	}
	assert_int_equal(sw_addr_parse("10.1.2.3", &addr), 0);
	assert_int_equal(sw_addr_format(&addr, tight, sizeof(tight)), -ENOSPC);
}

static void what_is_not_quite_an_address_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"10",
		"10.0.0",
		"10.0.0.0.1",
		"10.0.0.256",
		"10.0.0.01",
		"10.0.0.1 ",
		" 10.0.0.1",
		"10.0.0.1/8",
		"10.0.0.1:5432",
		"0x0a.0.0.1",
		"localhost",
		"fe80::1%eth0",
		"fe80::1%1",
		"[fd00::1]",
		"fd00:::1",
		"fd00",
		"1::2::3",
		"12345::",
		":",
		"10.0.0.-1",
		"::ffff:10.0.0.256",
	};
	struct sw_addr addr;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		addr = untouched;
		if (sw_addr_parse(rows[i], &addr) != -EINVAL || !sw_addr_equal(&addr, &untouched))
			fail_msg("'%s' was not refused", rows[i]);
	}
}

static void only_all_zeros_is_unspecified(void **state)
{
	static const struct {
		const char *text;
		bool unspecified;
	} rows[] = {{"0.0.0.0", true}, {"::", true}, {"0.0.0.1", false}, {"::1", false}};
	struct sw_addr addr;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(sw_addr_parse(rows[i].text, &addr), 0);
		assert_int_equal(sw_addr_is_unspecified(&addr), rows[i].unspecified);
	}
}

static void a_prefix_has_its_length_in_the_mapped_form(void **state)
{
	static const struct {
		const char *text, *back;
		uint8_t len;
	} rows[] = {
		{"10.0.0.0/8", "10.0.0.0/8", 104},
		{"0.0.0.0/0", "0.0.0.0/0", 96},
		{"10.0.0.5", "10.0.0.5/32", 128},
		{"10.0.0.5/32", "10.0.0.5/32", 128},
		{"10.0.0.4/31", "10.0.0.4/31", 127},
		{"fd00::/8", "fd00::/8", 8},
		{"::/0", "::/0", 0},
		{"fd00::1", "fd00::1/128", 128},
		{"::ffff:10.0.0.0/104", "10.0.0.0/8", 104},
		{"::ffff:0:0/96", "0.0.0.0/0", 96},
		{"8000::/1", "8000::/1", 1},
	};
	char text[SW_PREFIX_TEXT];
	struct sw_prefix prefix;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(sw_prefix_parse(rows[i].text, &prefix, NULL), 0);
		assert_int_equal(prefix.len, rows[i].len);
		assert_int_equal(sw_prefix_format(&prefix, text, sizeof(text)), 0);
		assert_string_equal(text, rows[i].back);
	}
	assert_int_equal(sw_prefix_format(&prefix, text, strlen("8000::/1")), -ENOSPC);
}

static void a_bad_prefix_is_refused_with_what_to_write_instead(void **state)
{
	static const char *const form =
		"expected an address or a prefix like 10.0.0.0/8 or fd00::/8";
	static const char *const upto32 = "the prefix length must be a whole number from 0 to 32";
	static const char *const upto128 = "the prefix length must be a whole number from 0 to 128";
	const struct {
		const char *text, *error;
	} rows[] = {
		{"10.0.0.5/8", "bits are set behind the prefix length; write 10.0.0.0/8"},
		{"10.0.0.5/0", "bits are set behind the prefix length; write 0.0.0.0/0"},
		{"10.0.0.1/31", "bits are set behind the prefix length; write 10.0.0.0/31"},
		{"fd00::1/64", "bits are set behind the prefix length; write fd00::/64"},
		{"::ffff:10.0.0.1/90",
		 "bits are set behind the prefix length; write ::ffc0:0:0/90"},
		{"10.0.0.0/33", upto32},
		{"10.0.0.0/", upto32},
		{"10.0.0.0/ 8", upto32},
		{"10.0.0.0/+8", upto32},
		{"10.0.0.0/8x", upto32},
		{"10.0.0.0/8/8", upto32},
		{"10.0.0.0/-1", upto32},
		{"10.0.0.0/255.0.0.0", upto32},
		{"fd00::/129", upto128},
		{"fd00::/4294967304", upto128},
		{"", form},
		{"/8", form},
		{"10.0.0/8", form},
		{"fe80::1%eth0/64", form},
		{"[fd00::]/8", form},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb/8", form},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct sw_prefix prefix = {untouched, 77};
		struct sw_error err = {0};

		assert_int_equal(sw_prefix_parse(rows[i].text, &prefix, &err), -EINVAL);
		assert_int_equal(err.code, -EINVAL);
		assert_string_equal(err.text, rows[i].error);
		assert_true(sw_addr_equal(&prefix.addr, &untouched));
		assert_int_equal(prefix.len, 77);
	}
}

static void a_prefix_contains_what_begins_like_it(void **state)
{
	static const struct {
		const char *outer, *inner;
		bool contains;
	} rows[] = {
		{"10.0.0.0/8", "10.1.0.0/16", true},  {"10.0.0.0/8", "10.0.0.0/8", true},
		{"10.1.0.0/16", "10.0.0.0/8", false}, {"10.0.0.0/8", "11.0.0.0/8", false},
		{"0.0.0.0/0", "192.0.2.1", true},     {"0.0.0.0/0", "fd00::1", false},
		{"::/0", "192.0.2.1", true},	      {"::/0", "fd00::/8", true},
		{"10.0.0.4/31", "10.0.0.5", true},    {"10.0.0.4/31", "10.0.0.6", false},
	};
	struct sw_prefix outer, inner;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(sw_prefix_parse(rows[i].outer, &outer, NULL), 0);
		assert_int_equal(sw_prefix_parse(rows[i].inner, &inner, NULL), 0);
		assert_int_equal(sw_prefix_contains(&outer, &inner), rows[i].contains);
		assert_int_equal(sw_prefix_equal(&outer, &inner),
				 strcmp(rows[i].outer, rows[i].inner) == 0);
	}
}

static void masking_keeps_exactly_the_first_bits(void **state)
{
	struct sw_addr ones;

	(void)state;
	memset(ones.bytes, 0xff, sizeof(ones.bytes));
	for (unsigned int len = 0; len <= 128; len++) {
		struct sw_addr masked = sw_addr_mask(&ones, (uint8_t)len);
		unsigned int kept = 0;

		for (unsigned int bit = 0; bit < 128; bit++) {
			bool set = masked.bytes[bit / 8] & (0x80 >> (bit % 8));

			assert_int_equal(set, bit < len);
			kept += set;
		}
		assert_int_equal(kept, len);
	}
}

static void an_endpoint_reads_back_as_it_was_written(void **state)
{
	static const struct {
		const char *text, *back;
		uint16_t port;
		bool any;
	} rows[] = {
		{":5432", ":5432", 5432, true},
		{"5432", ":5432", 5432, true},
		{"10.0.0.1:5432", "10.0.0.1:5432", 5432, false},
		{"[fd00::1]:5432", "[fd00::1]:5432", 5432, false},
		{"[::ffff:10.0.0.1]:1", "10.0.0.1:1", 1, false},
		{"[::]:65535", "[::]:65535", 65535, false},
		{"0.0.0.0:80", "0.0.0.0:80", 80, false},
	};
	char text[SW_ENDPOINT_TEXT];
	struct sw_endpoint endpoint;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(sw_endpoint_parse(rows[i].text, &endpoint), 0);
		assert_int_equal(endpoint.port, rows[i].port);
		assert_int_equal(endpoint.any, rows[i].any);
		assert_int_equal(sw_endpoint_format(&endpoint, text, sizeof(text)), 0);
		assert_string_equal(text, rows[i].back);
	}
	assert_int_equal(sw_endpoint_format(&endpoint, text, strlen("0.0.0.0:80")), -ENOSPC);
}

static void what_is_not_quite_an_endpoint_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		":",
		":0",
		"0",
		":65536",
		"65536",
		":-1",
		":+5",
		": 5",
		":5432 ",
		":5432x",
		"10.0.0.1",
		"10.0.0.1:",
		"10.0.0.1:0",
		"10.0.0.1:65536",
		"fd00::1:5432",
		"[fd00::1]",
		"[fd00::1]5432",
		"[fd00::1:5432",
		"fd00::1]:5432",
		"[10.0.0.1]:5432",
		"[]:5432",
		"[:5432",
		"]:5432",
		"*:5432",
		"localhost:5432",
		"[fe80::1%lo]:1",
		"::5432",
		"10.0.0.1::5432",
		"[[::1]]:1",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct sw_endpoint endpoint = {untouched, 7, false};

		if (sw_endpoint_parse(rows[i], &endpoint) == 0 || endpoint.port != 7 ||
		    !sw_addr_equal(&endpoint.addr, &untouched))
			fail_msg("'%s' was not refused", rows[i]);
	}
}

static void endpoints_are_equal_if_they_claim_the_same(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {
		{":5432", "5432", true},
		{":5432", ":5433", false},
		{":5432", "10.0.0.1:5432", false},
		{"10.0.0.1:5432", "[::ffff:10.0.0.1]:5432", true},
		{"10.0.0.1:5432", "10.0.0.2:5432", false},
		{"10.0.0.1:5432", "10.0.0.1:5433", false},
	};
	struct sw_endpoint a, b;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(sw_endpoint_parse(rows[i].a, &a), 0);
		assert_int_equal(sw_endpoint_parse(rows[i].b, &b), 0);
		assert_int_equal(sw_endpoint_equal(&a, &b), rows[i].equal);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ipv4_address_is_kept_as_mapped_ipv6),
		cmocka_unit_test(an_address_is_printed_in_its_shortest_form),
		cmocka_unit_test(what_is_not_quite_an_address_is_refused),
		cmocka_unit_test(only_all_zeros_is_unspecified),
		cmocka_unit_test(a_prefix_has_its_length_in_the_mapped_form),
		cmocka_unit_test(a_bad_prefix_is_refused_with_what_to_write_instead),
		cmocka_unit_test(a_prefix_contains_what_begins_like_it),
		cmocka_unit_test(masking_keeps_exactly_the_first_bits),
		cmocka_unit_test(an_endpoint_reads_back_as_it_was_written),
		cmocka_unit_test(what_is_not_quite_an_endpoint_is_refused),
		cmocka_unit_test(endpoints_are_equal_if_they_claim_the_same),
	};

	return cmocka_run_group_tests_name("core/addr", tests, NULL, NULL);
}
