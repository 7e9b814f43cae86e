/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One request line in, one reply line out: what is refused and how, who may change what, which code an errno becomes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/control_request.c"

#define STRANGER ((uid_t)54321)

struct fake_daemon {
	int rc;
	const char *text;
	int calls;
	const struct sw_control_rules *rules;
};

static int run_show(void *daemon, json_t *args, json_t **result, struct sw_error *err)
{
	struct fake_daemon *fake = daemon;

	fake->calls++;
	if (fake->rc < 0)
		return fake->text ? sw_error_set(err, fake->rc, "%s", fake->text) : fake->rc;
	*result = json_pack("{s:O}", "args", args);
	return 0;
}

static int run_quiet(void *daemon, json_t *args, json_t **result, struct sw_error *err)
{
	(void)args;
	(void)result;
	(void)err;
	((struct fake_daemon *)daemon)->calls++;
	return 0;
}

static int run_huge(void *daemon, json_t *args, json_t **result, struct sw_error *err)
{
	static char text[SW_CONTROL_REPLY_MAX + 1];

	(void)daemon;
	(void)args;
	(void)err;
	memset(text, 'x', sizeof(text) - 1);
	*result = json_string(text);
	return 0;
}

static bool changes_unless_list(json_t *args)
{
	const char *action = json_string_value(json_object_get(args, "action"));

	return !action || strcmp(action, "list") != 0;
}

static const struct sw_control_verb verbs[] = {
	{"show", false, run_show, NULL},
	{"set", true, run_quiet, NULL},
	{"class", true, run_show, changes_unless_list},
	{"huge", false, run_huge, NULL},
};

static json_t *answer_bytes(struct fake_daemon *fake, uid_t uid, const char *line, size_t length)
{
	struct sw_control_table table = {verbs, sizeof(verbs) / sizeof(verbs[0]), fake,
					 fake->rules};
	char *reply = sw_control_answer(&table, uid, line, length);
	json_t *root;

	assert_non_null(reply);
	assert_ptr_equal(strchr(reply, '\n'), reply + strlen(reply) - 1);
	root = json_loads(reply, 0, NULL);
	assert_non_null(root);
	free(reply);
	return root;
}

static json_t *answer(struct fake_daemon *fake, uid_t uid, const char *line)
{
	return answer_bytes(fake, uid, line, strlen(line));
}

static void expect_error(json_t *reply, int code, const char *part)
{
	json_t *error = json_object_get(reply, "error");
	const char *message = json_string_value(json_object_get(error, "message"));

	assert_non_null(message);
	assert_null(json_object_get(reply, "result"));
	assert_int_equal(json_integer_value(json_object_get(error, "code")), code);
	if (!strstr(message, part))
		fail_msg("\"%s\" does not say \"%s\"", message, part);
	json_decref(reply);
}

static void expect_result(json_t *reply, const char *expected)
{
	char *text = json_dumps(json_object_get(reply, "result"), JSON_ENCODE_ANY | JSON_COMPACT);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
	json_decref(reply);
}

static void a_request_is_dispatched_with_its_args(void **state)
{
	struct fake_daemon fake = {};

	(void)state;
	expect_result(answer(&fake, 0, "{\"verb\":\"show\",\"args\":{\"limit\":3}}"),
		      "{\"args\":{\"limit\":3}}");
	expect_result(answer(&fake, 0, "{\"verb\":\"show\",\"args\":{}}\r"), "{\"args\":{}}");
	assert_int_equal(fake.calls, 2);
}

static void missing_args_are_an_empty_object_and_no_result_is_one_too(void **state)
{
	struct fake_daemon fake = {};

	(void)state;
	expect_result(answer(&fake, 0, "{\"verb\":\"show\"}"), "{\"args\":{}}");
	expect_result(answer(&fake, 0, "{\"verb\":\"set\"}"), "{}");
}

static void what_is_not_a_request_is_refused_with_usage(void **state)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
		{"", "not one line of JSON"},
		{"garbage", "not one line of JSON"},
		{"{\"verb\":\"show\"", "not one line of JSON"},
		{"{\"verb\":\"show\"} x", "not one line of JSON"},
		{"{\"verb\":\"show\",\"verb\":\"set\"}", "duplicate"},
		{"[]", "no verb"},
		{"{}", "no verb"},
		{"{\"verb\":7}", "no verb"},
		{"{\"verb\":\"show\",\"args\":[]}", "not an object"},
		{"{\"verb\":\"show\",\"args\":null}", "not an object"},
		{"{\"verb\":\"sho\"}", "no verb 'sho'"},
		{"{\"verb\":\"\\u001b[31m\"}", "no verb"},
	};
	struct fake_daemon fake = {};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_error(answer(&fake, 0, rows[i].line), 2, rows[i].says);
	assert_int_equal(fake.calls, 0);
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	struct fake_daemon fake = {};

	(void)state;
	expect_error(answer_bytes(&fake, 0, "{\"verb\":\"show\"}\0", 16), 2, "");
	expect_error(answer_bytes(&fake, 0, "\0\0\0\0", 4), 2, "");
	expect_error(answer_bytes(&fake, 0, "{\"verb\":\"\xff\xfe\"}", 13), 2, "");
	assert_int_equal(fake.calls, 0);
}

static void a_very_deep_request_is_refused(void **state)
{
	struct fake_daemon fake = {};
	char line[60000];

	(void)state;
	memset(line, '[', sizeof(line));
	expect_error(answer_bytes(&fake, 0, line, sizeof(line)), 2, "not one line of JSON");
}

static void a_long_verb_of_two_byte_letters_cut_in_the_middle_still_gets_a_valid_reply(void **state)
{
	struct fake_daemon fake = {};
	char line[256] = "{\"verb\":\"x";

	(void)state;
	for (int i = 0; i < 60; i++)
		strcat(line, "\xc3\xa4");
	strcat(line, "\"}");
	expect_error(answer(&fake, 0, line), 2, "");
}

static void a_stranger_may_read_but_not_change(void **state)
{
	struct fake_daemon fake = {};

	(void)state;
	expect_result(answer(&fake, STRANGER, "{\"verb\":\"show\"}"), "{\"args\":{}}");
	expect_error(answer(&fake, STRANGER, "{\"verb\":\"set\"}"), 3, "uid 54321");
	assert_int_equal(fake.calls, 1);
}

static void root_and_the_daemons_own_uid_may_change(void **state)
{
	struct fake_daemon fake = {};

	(void)state;
	expect_result(answer(&fake, 0, "{\"verb\":\"set\"}"), "{}");
	expect_result(answer(&fake, geteuid(), "{\"verb\":\"set\"}"), "{}");
}

static bool is_stranger(void *daemon, uid_t uid)
{
	(void)daemon;
	return uid == STRANGER;
}

/* It has counted the verb's call by then. */
static json_t *calls_so_far(void *daemon)
{
	return json_pack("{s:i}", "calls", ((struct fake_daemon *)daemon)->calls);
}

static void rules_say_who_may_change_instead(void **state)
{
	const struct sw_control_rules rules = {.may_change = is_stranger};
	struct fake_daemon fake = {.rules = &rules};

	(void)state;
	expect_result(answer(&fake, STRANGER, "{\"verb\":\"set\"}"), "{}");
	expect_error(answer(&fake, STRANGER + 1, "{\"verb\":\"set\"}"), 3, "uid 54322");
	assert_int_equal(fake.calls, 1);
}

static void a_change_is_logged_with_what_was_and_what_is(void **state)
{
	const struct sw_control_rules rules = {.snapshot = calls_so_far};
	struct fake_daemon fake = {.rules = &rules};
	char said[512] = "";
	int ends[2], kept = dup(STDERR_FILENO);

	(void)state;
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	expect_result(answer(&fake, 0, "{\"verb\":\"set\"}"), "{}");
	expect_result(answer(&fake, 0, "{\"verb\":\"show\"}"), "{\"args\":{}}");
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(ends[1]);
	assert_true(read(ends[0], said, sizeof(said) - 1) > 0);
	close(ends[0]);
	assert_non_null(strstr(said, "control: uid 0: calls: 0 -> 1\n"));
	assert_null(strstr(said, "1 -> 2"));
}

static void whether_a_verb_changes_may_depend_on_its_args(void **state)
{
	struct fake_daemon fake = {};

	(void)state;
	expect_result(
		answer(&fake, STRANGER, "{\"verb\":\"class\",\"args\":{\"action\":\"list\"}}"),
		"{\"args\":{\"action\":\"list\"}}");
	expect_error(answer(&fake, STRANGER, "{\"verb\":\"class\",\"args\":{\"action\":\"add\"}}"),
		     3, "uid 54321");
	expect_error(answer(&fake, STRANGER, "{\"verb\":\"class\"}"), 3, "uid 54321");
	assert_int_equal(fake.calls, 1);
}

static void an_errno_becomes_the_exit_code_it_stands_for(void **state)
{
	static const struct {
		int rc, code;
	} rows[] = {
		{-EINVAL, 2}, {-ENOENT, 2}, {-E2BIG, 2},  {-ERANGE, 2},	   {-EEXIST, 2},
		{-ENODEV, 1}, {-EPERM, 3},  {-EACCES, 3}, {-ENOTSUP, 3},   {-ENOSYS, 3},
		{-EIO, 1},    {-EBUSY, 1},  {-ENOMEM, 1}, {-ETIMEDOUT, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake_daemon fake = {.rc = rows[i].rc, .text = "no service main"};

		expect_error(answer(&fake, 0, "{\"verb\":\"show\"}"), rows[i].code,
			     "no service main");
	}
}

static void an_error_without_a_text_gets_the_errnos(void **state)
{
	struct fake_daemon fake = {.rc = -EIO};

	(void)state;
	expect_error(answer(&fake, 0, "{\"verb\":\"show\"}"), 1, "Input/output error");
}

static void an_answer_over_the_limit_becomes_an_error(void **state)
{
	struct fake_daemon fake = {};

	(void)state;
	expect_error(answer(&fake, 0, "{\"verb\":\"huge\"}"), 1, "64 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_dispatched_with_its_args),
		cmocka_unit_test(missing_args_are_an_empty_object_and_no_result_is_one_too),
		cmocka_unit_test(what_is_not_a_request_is_refused_with_usage),
		cmocka_unit_test(bytes_that_are_no_text_are_refused),
		cmocka_unit_test(a_very_deep_request_is_refused),
		cmocka_unit_test(
			a_long_verb_of_two_byte_letters_cut_in_the_middle_still_gets_a_valid_reply),
		cmocka_unit_test(a_stranger_may_read_but_not_change),
		cmocka_unit_test(root_and_the_daemons_own_uid_may_change),
		cmocka_unit_test(rules_say_who_may_change_instead),
		cmocka_unit_test(a_change_is_logged_with_what_was_and_what_is),
		cmocka_unit_test(whether_a_verb_changes_may_depend_on_its_args),
		cmocka_unit_test(an_errno_becomes_the_exit_code_it_stands_for),
		cmocka_unit_test(an_error_without_a_text_gets_the_errnos),
		cmocka_unit_test(an_answer_over_the_limit_becomes_an_error),
	};

	return cmocka_run_group_tests_name("control requests", tests, NULL, NULL);
}
