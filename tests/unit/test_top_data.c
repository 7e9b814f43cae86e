/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `spillway top` makes of the daemon's answers: rates, what is not known, and answers of any form.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "answer_json.h"
#include "cli/field.c"
#include "cli/table.c"
#include "cli/term.c"
#include "cli/top_data.c"

#define SECOND UINT64_C(1000000000)

static struct sw_top_data data;

static int tear_down(void **state)
{
	(void)state;
	sw_top_data_clear(&data);
	return 0;
}

static void take(const char *status, const char *queue, const char *sources, uint64_t at_ns)
{
	json_t *answers[] = {parse(status), parse(queue), parse(sources)};

	assert_int_equal(sw_top_data_take(&data, answers[0], answers[1], answers[2], at_ns), 0);
	for (size_t i = 0; i < 3; i++)
		json_decref(answers[i]);
}

/* One service `main` with so many connections so far, all of them direct. */
static void take_total(long long total, uint64_t at_ns)
{
	char status[256];

	snprintf(status, sizeof(status),
		 "{'services':[{'name':'main','totals':{'syn':%lld,'direct':%lld}}]}", total,
		 total);
	take(status, "{}", "{}", at_ns);
}

static void a_rate_is_what_came_by_the_time_between_two_answers(void **state)
{
	(void)state;
	take_total(100, 10 * SECOND);
	assert_false(data.services[0].has_rates);
	take_total(160, 12 * SECOND);
	assert_true(data.services[0].has_rates);
	assert_float_equal(data.services[0].rates[SW_TOP_SYN], 30, 1e-9);
	assert_float_equal(data.services[0].rates[SW_TOP_DIRECT], 30, 1e-9);
	assert_float_equal(data.services[0].rates[SW_TOP_REFUSED], 0, 1e-9);
}

static void a_total_that_began_anew_makes_no_rate_and_the_next_one_does(void **state)
{
	(void)state;
	take_total(1000000, 10 * SECOND);
	take_total(7, 11 * SECOND);
	assert_false(data.services[0].has_rates);
	take_total(9, 12 * SECOND);
	assert_true(data.services[0].has_rates);
	assert_float_equal(data.services[0].rates[SW_TOP_SYN], 2, 1e-9);
}

static void two_answers_of_the_same_moment_make_no_rate(void **state)
{
	(void)state;
	take_total(1, 10 * SECOND);
	take_total(2, 10 * SECOND);
	assert_false(data.services[0].has_rates);
}

static void rates_go_by_name_when_services_come_and_go(void **state)
{
	(void)state;
	take("{'services':[{'name':'a','totals':{'syn':5}},{'name':'b','totals':{'syn':50}}]}",
	     "{}", "{}", SECOND);
	take("{'services':[{'name':'b','totals':{'syn':53}},{'name':'c','totals':{'syn':9}}]}",
	     "{}", "{}", 2 * SECOND);
	assert_int_equal(data.service_count, 2);
	assert_float_equal(data.services[0].rates[SW_TOP_SYN], 3, 1e-9);
	assert_false(data.services[1].has_rates);
}

static void all_that_is_drawn_is_taken(void **state)
{
	const struct sw_top_service *service;

	(void)state;
	take("{'services':[{'name':'main','budget':{'mode':'auto','direct':80,'used':41,'reserved':3,"
	     "'overcommitted':1},'pooler':{'address':'127.0.0.1:6432','up':false,'used':12,'max':99},"
	     "'queue':{'waiting':5,'paused':true,'ready':false},'database':{'up':false,"
	     "'why':'turns_away','max_connections':100,'backends':43},'totals':{},"
	     "'classes':[{'name':'admin','action':'limit','used':2,'reserved':3,'max_direct':9,"
	     "'rate':'30/m','weight':10}]}],'mode':'enforce','daemon':{'pid':7,'version':'1.2',"
	     "'uptime_s':65},'interfaces':[{'name':'eth0','mode':'tc','attached':false}]}",
	     "{'services':[{'name':'main','max_waiting':50,'oldest_s':1.5,'admitted_per_s':2.5,"
	     "'predicted_wait_s':null,'classes':[{'name':'admin','waiting':4}]}]}",
	     "{'sources':[{'service':'main','source':'10.0.0.1','class':'admin','live':3,'direct':2,"
	     "'pooler':1,'waiting':6,'rate':0.5,'refused':8}],'total':77}",
	     SECOND);
	service = &data.services[0];
	assert_string_equal(service->budget_mode, "auto");
	assert_int_equal(service->used, 41);
	assert_int_equal(service->budget, 80);
	assert_int_equal(service->overcommitted, 1);
	assert_true(service->has_pooler && service->pooler_is_down);
	assert_int_equal(service->pooler_max, 99);
	assert_true(service->paused && !service->ready);
	assert_int_equal(service->max_waiting, 50);
	assert_float_equal(service->oldest_s, 1.5, 1e-9);
	assert_true(service->predicted_s < 0);
	assert_true(service->database_is_asked && !service->database_is_up);
	assert_string_equal(service->why, "turns_away");
	assert_int_equal(service->backends, 43);
	assert_int_equal(data.class_count, 1);
	assert_int_equal(data.classes[0].waiting, 4);
	assert_string_equal(data.classes[0].service, "main");
	assert_string_equal(data.classes[0].rate, "30/m");
	assert_int_equal(data.source_count, 1);
	assert_int_equal(data.sources[0].pooler, 1);
	assert_int_equal(data.sources[0].refused, 8);
	assert_float_equal(data.sources[0].rate, 0.5, 1e-9);
	assert_int_equal(data.sources_total, 77);
	assert_string_equal(data.interfaces, "eth0 (tc, LOST)");
	assert_int_equal(data.uptime_s, 65);
}

static void names_do_not_drive_the_terminal(void **state)
{
	(void)state;
	take("{'services':[{'name':'a\\u001b[2Jb','totals':{}}],"
	     "'interfaces':[{'name':'\\u001bc','mode':'x'}]}",
	     "{}", "{'sources':[{'source':'\\u0007\\u00e9','class':'\\n'}]}", SECOND);
	assert_string_equal(data.services[0].name, "a?[2Jb");
	assert_string_equal(data.interfaces, "?c (x)");
	assert_null(strchr(data.sources[0].source, '\a'));
	assert_string_equal(data.sources[0].service, "-");
}

static void an_answer_of_any_form_is_taken(void **state)
{
	static const char *const forms[] = {
		"{}",
		"{'services':7,'sources':{},'interfaces':'x'}",
		"{'services':[1,null,{'classes':{},'budget':7,'name':3}],'sources':'x'}",
		"{'services':[{'classes':[1,null,{}]}],'sources':[[],7,null],'daemon':[]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++)
			take(forms[i], forms[k], forms[k], (1 + 4 * i + k) * SECOND);
}

static void a_long_list_of_interfaces_is_cut(void **state)
{
	char status[8192] = "{'interfaces':[";

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(status, "{'name':'interface-with-a-name','mode':'tc'},");
	strcat(status, "{}]}");
	take(status, "{}", "{}", SECOND);
	assert_true(strlen(data.interfaces) < sizeof(data.interfaces));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
		TEST(a_rate_is_what_came_by_the_time_between_two_answers),
		TEST(a_total_that_began_anew_makes_no_rate_and_the_next_one_does),
		TEST(two_answers_of_the_same_moment_make_no_rate),
		TEST(rates_go_by_name_when_services_come_and_go),
		TEST(all_that_is_drawn_is_taken),
		TEST(names_do_not_drive_the_terminal),
		TEST(an_answer_of_any_form_is_taken),
		TEST(a_long_list_of_interfaces_is_cut),
	};

	return cmocka_run_group_tests_name("top data", tests, NULL, NULL);
}
