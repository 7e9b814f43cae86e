/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of the CLI: alignment, cutting on a narrow terminal and only there, cleaning, colour; and ages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "cli/field.c"
#include "cli/table.c"
#include "cli/term.c"

static const struct sw_column columns[] = {{"NAME", false}, {"N", true}, {"TEXT", false}};
static const struct sw_term pipe_term = {.tty = false, .width = 10};

static void expect_table(const struct sw_table *table, const struct sw_term *term,
			 const char *expected)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(sw_table_print(table, term, out), 0);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

static struct sw_table *two_rows(void)
{
	struct sw_table *table = sw_table_new(columns, 3);

	sw_table_add(table, SW_STYLE_PLAIN, "a");
	sw_table_add(table, SW_STYLE_GOOD, "%d", 12345);
	sw_table_add(table, SW_STYLE_PLAIN, "a text of some length");
	sw_table_add(table, SW_STYLE_PLAIN, "long name");
	sw_table_add(table, SW_STYLE_PLAIN, "%d", 7);
	sw_table_add(table, SW_STYLE_PLAIN, "x");
	return table;
}

static void columns_are_as_wide_as_their_content_and_numbers_stand_right(void **state)
{
	SW_TABLE_FREE struct sw_table *table = two_rows();

	(void)state;
	expect_table(table, &pipe_term,
		     "NAME           N  TEXT\n"
		     "a          12345  a text of some length\n"
		     "long name      7  x\n");
}

static void a_narrow_terminal_cuts_the_widest_text_to_fit_exactly(void **state)
{
	SW_TABLE_FREE struct sw_table *table = two_rows();

	(void)state;
	expect_table(table, &(struct sw_term){.tty = true, .width = 30},
		     "NAME           N  TEXT\n"
		     "a          12345  a text of s~\n"
		     "long name      7  x\n");
	expect_table(table, &(struct sw_term){.tty = true, .width = 39},
		     "NAME           N  TEXT\n"
		     "a          12345  a text of some length\n"
		     "long name      7  x\n");
}

static void nothing_is_cut_below_what_can_be_read(void **state)
{
	SW_TABLE_FREE struct sw_table *table = two_rows();

	(void)state;
	expect_table(table, &(struct sw_term){.tty = true, .width = 1},
		     "NAME           N  TEXT\n"
		     "a          12345  a text ~\n"
		     "long name      7  x\n");
}

static void colour_does_not_change_the_alignment(void **state)
{
	SW_TABLE_FREE struct sw_table *table = two_rows();

	(void)state;
	expect_table(table, &(struct sw_term){.color = true},
		     "\033[1mNAME\033[0m           \033[1mN\033[0m  \033[1mTEXT\033[0m\n"
		     "a          \033[32m12345\033[0m  a text of some length\n"
		     "long name      7  x\n");
}

static void a_cell_is_one_line_of_printable_ascii(void **state)
{
	SW_TABLE_FREE struct sw_table *table = sw_table_new(columns, 1);

	(void)state;
	sw_table_add(table, SW_STYLE_PLAIN, "a\nb\tc\033[31m\x7f\xc3\xa4~");
	expect_table(table, &pipe_term, "NAME\na?b?c?[31m???~\n");
}

static void a_table_without_rows_has_its_titles(void **state)
{
	SW_TABLE_FREE struct sw_table *table = sw_table_new(columns, 3);

	(void)state;
	expect_table(table, &pipe_term, "NAME  N  TEXT\n");
}

static void many_rows_are_all_there(void **state)
{
	SW_TABLE_FREE struct sw_table *table = sw_table_new(columns + 1, 1);
	char expected[4096] = "  N\n";

	(void)state;
	for (int i = 0; i < 300; i++) {
		sw_table_add(table, SW_STYLE_PLAIN, "%d", i);
		sprintf(expected + strlen(expected), "%3d\n", i);
	}
	expect_table(table, &pipe_term, expected);
}

static void an_age_has_its_two_largest_units(void **state)
{
	static const struct {
		long long seconds;
		const char *text;
	} rows[] = {{0, "0s"},	   {59, "59s"},	      {60, "1m"},	  {61, "1m 1s"},
		    {3600, "1h"},  {3661, "1h 1m"},   {86399, "23h 59m"}, {86400, "1d"},
		    {86460, "1d"}, {273600, "3d 4h"}, {-5, "-5s"}};
	char buf[SW_FIELD_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(sw_field_age(rows[i].seconds, buf, sizeof(buf)), rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_their_content_and_numbers_stand_right),
		cmocka_unit_test(a_narrow_terminal_cuts_the_widest_text_to_fit_exactly),
		cmocka_unit_test(nothing_is_cut_below_what_can_be_read),
		cmocka_unit_test(colour_does_not_change_the_alignment),
		cmocka_unit_test(a_cell_is_one_line_of_printable_ascii),
		cmocka_unit_test(a_table_without_rows_has_its_titles),
		cmocka_unit_test(many_rows_are_all_there),
		cmocka_unit_test(an_age_has_its_two_largest_units),
	};

	return cmocka_run_group_tests_name("cli tables", tests, NULL, NULL);
}
