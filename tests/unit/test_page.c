/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The status page's parts from answers made by hand: what is on it, and that no name gets out of its place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "answer_json.h"
#include "daemon/history.c"
#include "daemon/html.c"
#include "daemon/page_chart.c"
#include "daemon/page_service.c"
#include "daemon/page_tables.c"

static struct sw_page_data data;
static struct evbuffer *out;

static int set_up(void **state)
{
	(void)state;
	memset(&data, 0, sizeof(data));
	data.history = sw_history_new();
	out = evbuffer_new();
	return data.history && out ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	json_decref((json_t *)data.status);
	json_decref((json_t *)data.queue);
	json_decref((json_t *)data.sources);
	sw_history_free((struct sw_history *)data.history);
	evbuffer_free(out);
	return 0;
}

/* What was written so far; empties it. */
static const char *written(void)
{
	static char text[262144];
	int length = evbuffer_remove(out, text, sizeof(text) - 1);

	text[length > 0 ? length : 0] = '\0';
	return text;
}

static void expect(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in: %s", part, text);
}

static const json_t *service(size_t i)
{
	return json_array_get(json_object_get(data.status, "services"), i);
}

static void give_two_services(void)
{
	data.status = parse(
		"{'services':[{'name':'main','protocol':'postgres','listen':[':5432'],'budget':{'mode':'auto',"
		"'direct':80,'used':62,'reserved':3,'overcommitted':2},'pooler':{'address':'127.0.0.1:6432',"
		"'up':true,'used':12,'max':2000},'queue':{'waiting':5,'paused':true,'ready':true},'database':"
		"{'up':true,'max_connections':100,'backends':43},'totals':{'direct':1234567,'refused':9},"
		"'classes':[{'name':'admin','action':'limit','used':2,'reserved':3,'max_direct':9,'rate':"
		"'30/m','weight':10}]},{'name':'edge','protocol':'tcp','budget':{'mode':'fixed','direct':0,"
		"'used':1},'pooler':{'address':'127.0.0.1:1','up':false},'queue':{'ready':false},"
		"'database':{'up':false,'why':'turns_away'},'totals':{}}],'mode':'enforce','daemon':"
		"{'version':'1.2','uptime_s':3725},'interfaces':[{'name':'eth0','mode':'native'},"
		"{'name':'eth1','mode':'tc','attached':false}]}");
	data.queue =
		parse("{'services':[{'name':'main','waiting':5,'max_waiting':50,'oldest_s':1.5,"
		      "'predicted_wait_s':250,'classes':[{'name':'admin','waiting':4}]}]}");
	data.sources =
		parse("{'sources':[{'service':'main','source':'10.0.0.1','class':'admin','live':3,"
		      "'rate':0.25,'refused':0}],'total':77}");
}

static void a_service_says_budget_queue_pooler_and_database(void **state)
{
	const char *text;

	(void)state;
	give_two_services();
	sw_page_service(out, &data, service(0));
	text = written();
	expect(text, "<h2>main</h2>");
	expect(text, "postgres :5432");
	expect(text, "<b>62</b> of <b>80</b> direct slots");
	expect(text, "auto budget, 3 reserved");
	expect(text, "overcommitted 2 times");
	expect(text, "<rect class=\"good\" width=\"775\"");
	expect(text, "5<small> of 50</small>");
	expect(text, "<dd>5 min</dd>");
	expect(text, "<dd>1.5 s</dd>");
	expect(text, "12<small> of 2,000</small>");
	expect(text, "43<small> of 100</small>");
	expect(text, "paused</span>");
	expect(text, "database up</span>");
	expect(text, "1.2M in all");
	sw_page_service(out, &data, service(1));
	text = written();
	expect(text, "<rect class=\"bad\" width=\"1000\"");
	expect(text, "text-bad\">down</dd>");
	expect(text, "database down: turns connections away");
	expect(text, "newcomers wait for the database");
}

static void head_and_tables_say_the_rest(void **state)
{
	const char *text;

	(void)state;
	give_two_services();
	data.at = 3600 + 2 * 60 + 3;
	sw_page_head(out, &data);
	text = written();
	expect(text, "good\">enforcing");
	expect(text, "eth0 native</span>");
	expect(text, "bad\">eth1 tc: taken off</span>");
	expect(text, "spillwayd 1.2, up 1h 2m, as of <time>01:02:03</time> UTC");
	assert_null(strstr(text, "Not healthy"));
	data.trouble = "eth1: the gate was taken off";
	sw_page_head(out, &data);
	expect(written(), "Not healthy: eth1: the gate was taken off");
	sw_page_sources(out, &data);
	text = written();
	expect(text, "<td class=\"\">10.0.0.1</td>");
	expect(text, "<td class=\"num\">0.2</td>");
	expect(text, "<td class=\"num zero\">0</td>");
	expect(text, "The busiest 1 of 77 sources");
	sw_page_classes(out, &data);
	text = written();
	expect(text, "<td class=\"\">admin</td><td class=\" wide\">main</td>");
	expect(text, "<td class=\"num\">4</td>");
	expect(text, "<td class=\"num\">30/m</td>");
}

/* Every string of every answer is one that would like to be markup. */
static json_t *poison(const json_t *value)
{
	json_t *copy, *element;
	const char *key;
	size_t i;

	if (json_is_string(value))
		return json_string("<script>alert('1')</script>\"'&\x01\x7f");
	copy = json_is_object(value) ? json_object() : json_is_array(value) ? json_array() : NULL;
	if (!copy)
		return json_deep_copy(value);
	json_object_foreach((json_t *)value, key, element)
		json_object_set_new(copy, key, poison(element));
	json_array_foreach(value, i, element) json_array_append_new(copy, poison(element));
	return copy;
}

static void no_string_of_any_answer_becomes_markup(void **state)
{
	const json_t **answers[] = {&data.status, &data.queue, &data.sources};
	const char *text;

	(void)state;
	give_two_services();
	for (size_t i = 0; i < 3; i++) {
		json_t *clean = (json_t *)*answers[i];

		*answers[i] = poison(clean);
		json_decref(clean);
	}
	data.trouble = "<script>";
	sw_page_head(out, &data);
	sw_page_service(out, &data, service(0));
	sw_page_service(out, &data, service(1));
	sw_page_charts(out, &data, service(0));
	sw_page_sources(out, &data);
	sw_page_classes(out, &data);
	text = written();
	expect(text, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&#39;&amp;  ");
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "alert('"));
	assert_null(strchr(text, '\x01'));
	assert_null(strchr(text, '\x7f'));
}

static void answers_of_any_form_make_a_page(void **state)
{
	static const char *const forms[] = {
		"{}",
		"{'services':7,'sources':{},'interfaces':'x','daemon':[]}",
		"{'services':[1,null,{'classes':{},'budget':7,'name':3,'listen':[7]}],'sources':[[],7]}",
		"{'services':[{'classes':[1,null,{}]}],'sources':[{}],'interfaces':[7,{}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct sw_page_data odd = {.status = parse(forms[i]),
					   .queue = parse(forms[i]),
					   .sources = parse(forms[i]),
					   .history = data.history};

		sw_page_head(out, &odd);
		for (size_t k = 0; k < 3; k++) {
			const json_t *one =
				json_array_get(json_object_get(odd.status, "services"), k);

			sw_page_service(out, &odd, one);
			sw_page_charts(out, &odd, one);
		}
		sw_page_sources(out, &odd);
		sw_page_classes(out, &odd);
		json_decref((json_t *)odd.status);
		json_decref((json_t *)odd.queue);
		json_decref((json_t *)odd.sources);
		assert_true(strlen(written()) > 0);
	}
}

static void numbers_are_short_and_grouped(void **state)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {{0, "0"},	       {7, "7"},	  {0.25, "0.2"},       {99.9, "99.9"},
		    {123.4, "123"},    {1234, "1,234"},	  {999999, "999,999"}, {1000000, "1.0M"},
		    {4123456, "4.1M"}, {-1234, "-1,234"}, {-123, "-123"},      {3e15, "3000.0T"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sw_html_number(out, rows[i].value);
		assert_string_equal(written(), rows[i].text);
	}
}

static void add_seconds(int count, uint64_t used, uint64_t direct_each)
{
	static uint64_t now_ns = SW_NS_PER_S, direct;

	for (int i = 0; i < count; i++) {
		uint64_t values[SW_HISTORY_SERIES] = {[SW_HISTORY_USED] = used,
						      [SW_HISTORY_BUDGET] = 80,
						      [SW_HISTORY_DIRECT] = direct += direct_each};

		now_ns += SW_NS_PER_S;
		sw_history_add((struct sw_history *)data.history, 0, "main", values, now_ns);
	}
}

static void charts_show_the_highest_and_stay_small(void **state)
{
	const char *text;

	(void)state;
	give_two_services();
	add_seconds(301, 62, 10);
	sw_page_charts(out, &data, service(0));
	text = written();
	expect(text, "Direct slots</b><span>80 used or budgeted at most");
	expect(text, "New connections</b><span>10 a second at most");
	expect(text, "Waiting</b><span>0 connections at most");
	/* Flat lines have two ends; the right edge is now. */
	expect(text, "<polyline class=\"limit\" points=\"60,4 119,4 \"/>");
	assert_true(strlen(text) < 4000);
	assert_null(strstr(text, "nan"));
	for (int i = 0; i < 600; i++)
		add_seconds(1, (uint64_t)i % 50, (uint64_t)i % 7);
	sw_page_charts(out, &data, service(0));
	text = written();
	assert_true(strlen(text) < 20000);
	assert_null(strstr(text, "style="));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_service_says_budget_queue_pooler_and_database),
		TEST(head_and_tables_say_the_rest),
		TEST(no_string_of_any_answer_becomes_markup),
		TEST(answers_of_any_form_make_a_page),
		TEST(numbers_are_short_and_grouped),
		TEST(charts_show_the_highest_and_stay_small),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
