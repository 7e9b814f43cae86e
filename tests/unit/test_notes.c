/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a daemon takes over from the notes of one before it, which may be of another version.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The pins, kept by the test. */
#define sw_notes_write	     fake_notes_write
#define sw_notes_read	     fake_notes_read
#define sw_kern_generation   fake_kern_generation
#define sw_kern_before	     fake_kern_before
#define sw_kern_inherited    fake_kern_inherited
#define sw_kern_netns_cookie fake_kern_netns_cookie

#include "daemon/notes.c"
#include "daemon/notes_ids.c"

#define FILE_TEXT "services: [{name: main, listen: [5432], budget: {direct: 80}}]"
#define COOKIE	  7

static char noted[65536];
static bool has_maps; /* of the daemon before */

int fake_notes_write(const char *dir, uint64_t netns_cookie, const char *text, size_t length,
		     struct sw_error *err)
{
	(void)dir, (void)netns_cookie, (void)err;
	assert_in_range(length, 1, sizeof(noted) - 1);
	memcpy(noted, text, length + 1);
	return 0;
}

int fake_notes_read(const char *dir, struct sw_notes_header *header, char **text,
		    struct sw_error *err)
{
	(void)dir, (void)err;
	*header = (struct sw_notes_header){.netns_cookie = COOKIE};
	*text = strdup(noted);
	return 0;
}

const char *fake_kern_generation(const struct sw_kern *kern)
{
	(void)kern;
	return "here";
}

const char *fake_kern_before(const struct sw_kern *kern)
{
	(void)kern;
	return "here";
}

bool fake_kern_inherited(const struct sw_kern *kern)
{
	(void)kern;
	return has_maps;
}

uint64_t fake_kern_netns_cookie(const struct sw_kern *kern)
{
	(void)kern;
	return COOKIE;
}

static struct sw_config *load(const char *text)
{
	struct sw_config *config = NULL;
	struct sw_error err = {0};

	if (sw_config_load_string(text, "f.yaml", &config, &err))
		fail_msg("%s", err.text);
	return config;
}

/* Notes of a daemon that read the file and whose budget was then set to 5. */
static void leave_notes(void)
{
	SW_CONFIG_FREE struct sw_config *config = load(FILE_TEXT);
	struct sw_plan plan = {0};
	struct sw_daemon daemon = {.config = config, .plan = &plan};

	sw_notes_take_base(&daemon);
	config->services[0].budget.direct = 5;
	sw_notes_save(&daemon);
	free(daemon.base_config);
}

/* In the base and in what ran: "" takes a line out. Each is there once. */
static void rewrite(const char *line, const char *by)
{
	char *at = noted;
	int times = 0;

	for (; (at = strstr(at, line)); at += strlen(by), times++) {
		memmove(at + strlen(by), at + strlen(line), strlen(at + strlen(line)) + 1);
		memcpy(at, by, strlen(by));
	}
	assert_int_equal(times, 2);
}

/* The budget that the next daemon has, when it finds this in its file. */
static uint32_t budget_after(const char *text)
{
	SW_CONFIG_FREE struct sw_config *config = load(text);
	struct sw_daemon daemon = {0};
	struct sw_error err = {0};
	uint32_t budget;

	if (sw_notes_restore(&daemon, &config, &err))
		fail_msg("the daemon does not start: %s", err.text);
	budget = config->services[0].budget.direct;
	free(daemon.base_config);
	return budget;
}

static void the_same_file(void **state)
{
	(void)state;
	leave_notes();
	assert_int_equal(budget_after(FILE_TEXT), 5);
}

static void another_file(void **state)
{
	(void)state;
	leave_notes();
	assert_int_equal(
		budget_after("services: [{name: main, listen: [5432], budget: {direct: 81}}]"), 81);
}

static void a_key_has_come(void **state)
{
	(void)state;
	leave_notes();
	rewrite("on_daemon_loss: hold\\n", "");
	assert_int_equal(budget_after(FILE_TEXT), 5);
	assert_int_equal(budget_after("on_daemon_loss: open\n" FILE_TEXT), 80);
}

static void a_key_has_gone(void **state)
{
	(void)state;
	leave_notes();
	rewrite("on_daemon_loss: hold\\n", "on_daemon_gain: hold\\n");
	assert_int_equal(budget_after(FILE_TEXT), 80);
}

static void what_ran_is_not_known(void **state)
{
	(void)state;
	leave_notes();
	/* The last: "running" stands behind "base". */
	memcpy(strstr(strstr(noted, "\"running\""), "on_daemon_loss"), "on_daemon_gain", 14);
	assert_int_equal(budget_after(FILE_TEXT), 80);
}

/* What the next daemon takes as told of those that full tables turned away; -1: it does not know. */
static long turned_away_after(bool inherits)
{
	SW_CONFIG_FREE struct sw_config *config = load(FILE_TEXT);
	struct sw_daemon daemon = {.turned_away = 99};
	struct sw_error err = {0};

	has_maps = inherits;
	if (sw_notes_restore(&daemon, &config, &err))
		fail_msg("the daemon does not start: %s", err.text);
	has_maps = false;
	sw_plan_free(daemon.plan);
	free(daemon.base_config);
	return daemon.knows_turned_away ? (long)daemon.turned_away : -1;
}

static void what_was_told_of_full_tables(void **state)
{
	SW_CONFIG_FREE struct sw_config *config = load(FILE_TEXT);
	struct sw_plan plan = {0};
	struct sw_daemon daemon = {
		.config = config, .plan = &plan, .turned_away = 7, .knows_turned_away = true};

	(void)state;
	sw_notes_take_base(&daemon);
	sw_notes_save(&daemon);
	assert_int_equal(turned_away_after(true), 7);
	/* Other maps count from 0. */
	assert_int_equal(turned_away_after(false), 0);
	daemon.knows_turned_away = false;
	sw_notes_save(&daemon);
	assert_int_equal(turned_away_after(true), -1);
	assert_int_equal(turned_away_after(false), 0);
	free(daemon.base_config);
}

/* Their checksum is right, so a daemon wrote them. */
static void what_is_no_json(void **state)
{
	SW_CONFIG_FREE struct sw_config *config = load(FILE_TEXT);
	struct sw_daemon daemon = {0};
	struct sw_error err = {0};

	(void)state;
	strcpy(noted, "{\"ids\":");
	assert_int_equal(budget_after(FILE_TEXT), 80);
	has_maps = true;
	assert_int_equal(sw_notes_restore(&daemon, &config, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "here/state"));
	has_maps = false;
	free(daemon.base_config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"what was tuned is taken over while the file is the same", the_same_file, NULL,
		 NULL, NULL},
		{"a file that was changed replaces what was tuned", another_file, NULL, NULL, NULL},
		{"a version with a key more takes over what was tuned", a_key_has_come, NULL, NULL,
		 NULL},
		{"a version with a key less goes by the file", a_key_has_gone, NULL, NULL, NULL},
		{"what was told of full tables is known as long as their counts go on",
		 what_was_told_of_full_tables, NULL, NULL, NULL},
		{"notes that cannot be read are told where maps go by them", what_is_no_json, NULL,
		 NULL, NULL},
		{"so does one that does not know all that was tuned", what_ran_is_not_known, NULL,
		 NULL, NULL},
	};

	return cmocka_run_group_tests_name("notes", tests, NULL, NULL);
}
