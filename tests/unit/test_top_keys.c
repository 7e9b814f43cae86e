/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys of `spillway top`: order, filter, selection and questions, without a terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/top_keys.c"
#include "cli/top_view.c"

static struct sw_top_service services[2];
static struct sw_top_source sources[4];
static struct sw_top_data data;
static struct sw_top_view view;

static void fill(struct sw_top_source *source, const char *service, const char *address,
		 const char *class, long long live, double rate, long long refused,
		 long long waiting)
{
	*source = (struct sw_top_source){
		.live = live, .rate = rate, .refused = refused, .waiting = waiting};
	strcpy(source->service, service);
	strcpy(source->source, address);
	strcpy(source->class, class);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(services[0].name, "main");
	strcpy(services[1].name, "edge");
	services[0].paused = services[1].paused = false;
	fill(&sources[0], "main", "10.0.0.1", "default", 9, 1, 0, 3);
	fill(&sources[1], "main", "10.0.0.2", "lambda", 5, 7, 2, 0);
	fill(&sources[2], "edge", "10.0.0.1", "default", 7, 3, 9, 1);
	fill(&sources[3], "edge", "10.9.9.9", "shut", 5, 0, 4, 0);
	data = (struct sw_top_data){
		.services = services, .service_count = 2, .sources = sources, .source_count = 4};
	view = (struct sw_top_view){.page = 2};
	return 0;
}

static enum sw_top_action press(int key)
{
	return sw_top_key(&view, &data, key);
}

/* The rows as "service/source" each, the selected one with a star. */
static const char *rows(void)
{
	static char text[256];
	const struct sw_top_source **list;
	size_t count, at;

	list = sw_top_rows(&view, &data, &count);
	at = sw_top_select(&view, list, count);
	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		sprintf(text + strlen(text), "%s%s/%s%s", i ? " " : "", list[i]->service,
			list[i]->source, i == at ? "*" : "");
	free(list);
	return text;
}

static void s_goes_through_the_orders(void **state)
{
	(void)state;
	assert_string_equal(rows(), "main/10.0.0.1* edge/10.0.0.1 main/10.0.0.2 edge/10.9.9.9");
	assert_int_equal(press('s'), SW_TOP_ORDER);
	assert_string_equal(sw_top_sort_names[view.sort], "rate");
	assert_string_equal(rows(), "main/10.0.0.2 edge/10.0.0.1 main/10.0.0.1* edge/10.9.9.9");
	press('s');
	assert_string_equal(sw_top_sort_names[view.sort], "refused");
	assert_string_equal(rows(), "edge/10.0.0.1 edge/10.9.9.9 main/10.0.0.2 main/10.0.0.1*");
	press('s');
	assert_string_equal(rows(), "main/10.0.0.1* edge/10.0.0.1 main/10.0.0.2 edge/10.9.9.9");
	press('s');
	assert_string_equal(sw_top_sort_names[view.sort], "live");
}

static void the_selected_source_stays_so_wherever_it_goes(void **state)
{
	(void)state;
	rows();
	press(KEY_DOWN);
	assert_string_equal(rows(), "main/10.0.0.1 edge/10.0.0.1* main/10.0.0.2 edge/10.9.9.9");
	sources[2].live = 1;
	assert_string_equal(rows(), "main/10.0.0.1 main/10.0.0.2 edge/10.9.9.9 edge/10.0.0.1*");
	data.source_count = 2;
	assert_string_equal(rows(), "main/10.0.0.1 main/10.0.0.2*");
}

static void moving_stops_at_both_ends(void **state)
{
	(void)state;
	press('k');
	assert_string_equal(view.source, "10.0.0.1");
	press(KEY_END);
	assert_string_equal(view.source, "10.9.9.9");
	press('j');
	assert_string_equal(view.source, "10.9.9.9");
	press(KEY_PPAGE);
	assert_int_equal(view.row, 1);
	press(KEY_NPAGE);
	assert_int_equal(view.row, 3);
	press(KEY_HOME);
	assert_int_equal(view.row, 0);
	data.source_count = 0;
	press('j');
	assert_string_equal(rows(), "");
}

static void a_filter_is_typed_and_taken_back(void **state)
{
	(void)state;
	press('/');
	assert_int_equal(view.state, SW_TOP_FILTERS);
	for (const char *at = "10.0.0.1"; *at; at++)
		assert_int_equal(press(*at), SW_TOP_ORDER);
	assert_string_equal(rows(), "main/10.0.0.1* edge/10.0.0.1");
	press(KEY_BACKSPACE);
	press('2');
	press('\n');
	assert_int_equal(view.state, SW_TOP_BROWSES);
	assert_string_equal(rows(), "main/10.0.0.2*");
	press(ESCAPE);
	assert_string_equal(view.filter, "");
	press('/');
	for (const char *at = "shut"; *at; at++)
		press(*at);
	assert_string_equal(rows(), "edge/10.9.9.9*");
	press(ESCAPE);
	assert_int_equal(view.state, SW_TOP_BROWSES);
	assert_string_equal(view.filter, "");
}

static void a_filter_has_an_end_and_takes_no_control_characters(void **state)
{
	(void)state;
	press('/');
	press(3);
	press(0xe9);
	assert_string_equal(view.filter, "");
	for (int i = 0; i < 1000; i++)
		press('x');
	assert_int_equal(strlen(view.filter), sizeof(view.filter) - 1);
}

static void tab_goes_through_the_services_and_back_to_all(void **state)
{
	(void)state;
	press('\t');
	assert_string_equal(view.service, "main");
	assert_string_equal(rows(), "main/10.0.0.1* main/10.0.0.2");
	press('\t');
	assert_string_equal(rows(), "edge/10.0.0.1* edge/10.9.9.9");
	press('\t');
	assert_string_equal(view.service, "");
	strcpy(view.service, "gone");
	press('\t');
	assert_string_equal(view.service, "main");
}

static void denying_asks_first_and_only_a_yes_is_one(void **state)
{
	char question[128];

	(void)state;
	rows();
	press(KEY_DOWN);
	assert_int_equal(press('d'), SW_TOP_NOTHING);
	assert_int_equal(view.state, SW_TOP_ASKS);
	sw_top_question(&view, question, sizeof(question));
	assert_string_equal(question, "Deny 10.0.0.1 on edge for 10 minutes? y/N");
	assert_int_equal(press('\n'), SW_TOP_NOTHING);
	assert_int_equal(view.state, SW_TOP_BROWSES);
	press('d');
	/* Whatever comes and goes meanwhile, it is about the one that was asked about. */
	data.source_count = 1;
	assert_int_equal(press('y'), SW_TOP_CHANGE);
	assert_int_equal(view.change, SW_TOP_DENY);
	assert_string_equal(view.target, "10.0.0.1");
	assert_string_equal(view.target_service, "edge");
	data.source_count = 0;
	press('d');
	assert_int_equal(view.state, SW_TOP_BROWSES);
}

static void pausing_asks_about_the_one_service_that_is_meant(void **state)
{
	char question[128];

	(void)state;
	press('p');
	assert_int_equal(view.state, SW_TOP_BROWSES);
	press('\t');
	press('p');
	sw_top_question(&view, question, sizeof(question));
	assert_string_equal(question, "Pause main: new connections wait? y/N");
	assert_int_equal(press('y'), SW_TOP_CHANGE);
	services[0].paused = true;
	press('p');
	sw_top_question(&view, question, sizeof(question));
	assert_string_equal(question, "Resume main? y/N");
	assert_int_equal(press('y'), SW_TOP_CHANGE);
	assert_int_equal(view.change, SW_TOP_RESUME);
}

static void help_freeze_and_quit(void **state)
{
	(void)state;
	press('?');
	assert_int_equal(view.state, SW_TOP_HELPS);
	assert_int_equal(press('q'), SW_TOP_NOTHING);
	assert_int_equal(view.state, SW_TOP_BROWSES);
	press(' ');
	assert_true(view.frozen);
	press('z');
	assert_false(view.frozen);
	assert_int_equal(press('q'), SW_TOP_QUIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
		TEST(s_goes_through_the_orders),
		TEST(the_selected_source_stays_so_wherever_it_goes),
		TEST(moving_stops_at_both_ends),
		TEST(a_filter_is_typed_and_taken_back),
		TEST(a_filter_has_an_end_and_takes_no_control_characters),
		TEST(tab_goes_through_the_services_and_back_to_all),
		TEST(denying_asks_first_and_only_a_yes_is_one),
		TEST(pausing_asks_about_the_one_service_that_is_meant),
		TEST(help_freeze_and_quit),
	};

	return cmocka_run_group_tests_name("top keys", tests, NULL, NULL);
}
