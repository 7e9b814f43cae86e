/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking a command line apart: where options may stand, how values are given, what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "cli/args.c"

static const struct sw_verb show = {
	.name = "show",
	.options = {{"service", "S", ""}, {"all", NULL, ""}},
	.min = 1,
	.max = 2,
};

const struct sw_verb *sw_verb_find(const char *name)
{
	return strcmp(name, show.name) == 0 ? &show : NULL;
}

#define WORDS_MAX 12

/* Words are split at blanks; args is to be freed. */
static int parse(const char *line, struct sw_args *args, struct sw_error *err)
{
	static char copy[256], *argv[WORDS_MAX + 1];
	int argc = 0;

	snprintf(copy, sizeof(copy), "spillway %s", line);
	for (char *word = strtok(copy, " "); word && argc < WORDS_MAX; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	return sw_args_parse(argc, argv, args, err);
}

static void options_may_stand_anywhere_and_have_their_value_either_way(void **state)
{
	static const char *const lines[] = {
		"show one two --service main --all --socket /s",
		"--socket=/s show --all --service=main one two",
		"show --service main one --socket /s two --all",
		"--socket /s show one --all --service main -- two",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct sw_error err;
		struct sw_args args;

		assert_int_equal(parse(lines[i], &args, &err), 0);
		assert_ptr_equal(args.verb, &show);
		assert_int_equal(args.count, 2);
		assert_string_equal(args.positional[0], "one");
		assert_string_equal(args.positional[1], "two");
		assert_string_equal(sw_args_value(&args, "service"), "main");
		assert_non_null(sw_args_value(&args, "all"));
		assert_string_equal(args.globals[SW_GLOBAL_SOCKET], "/s");
		assert_null(args.globals[SW_GLOBAL_JSON]);
		sw_args_free(&args);
	}
}

static void what_is_not_given_is_null(void **state)
{
	struct sw_error err;
	struct sw_args args;

	(void)state;
	assert_int_equal(parse("show one", &args, &err), 0);
	assert_null(sw_args_value(&args, "service"));
	assert_null(sw_args_value(&args, "all"));
	sw_args_free(&args);
}

static void what_follows_two_dashes_and_a_single_dash_are_words(void **state)
{
	struct sw_error err;
	struct sw_args args;

	(void)state;
	assert_int_equal(parse("show - -- --all", &args, &err), 0);
	assert_string_equal(args.positional[0], "-");
	assert_string_equal(args.positional[1], "--all");
	assert_null(sw_args_value(&args, "all"));
	sw_args_free(&args);
}

static void a_wrong_line_is_refused_with_what_is_wrong(void **state)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
		{"", "no verb"},
		{"--json", "no verb"},
		{"sho one", "unknown verb 'sho'"},
		{"show", "missing"},
		{"show one two three", "unexpected argument 'three'"},
		{"show one --servic x", "unknown option --servic"},
		{"show one --services=x", "unknown option --services"},
		{"show one -j", "unknown option -j"},
		{"--service main show one", "unknown option --service"},
		{"show one --all=1", "--all takes no value"},
		{"show one --service", "--service needs a value"},
		{"show one --service --all", "--service needs a value"},
		{"show one --=x", "unknown option --"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sw_error err = {};
		struct sw_args args;

		assert_int_equal(parse(rows[i].line, &args, &err), -EINVAL);
		if (!strstr(err.text, rows[i].says))
			fail_msg("'%s': '%s' does not say '%s'", rows[i].line, err.text,
				 rows[i].says);
		sw_args_free(&args);
	}
}

static void help_is_heard_whatever_else_is_missing(void **state)
{
	static const char *const lines[] = {"--help", "-h", "show --help", "show -h",
					    "--help show"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct sw_error err;
		struct sw_args args;

		assert_int_equal(parse(lines[i], &args, &err), 0);
		assert_non_null(args.globals[SW_GLOBAL_HELP]);
		sw_args_free(&args);
	}
}

static void text_that_is_not_utf8_is_refused_rather_than_left_out(void **state)
{
	json_t *request = json_object();
	struct sw_error err;

	(void)state;
	assert_int_equal(sw_request_text(request, "service", "\xff", &err), -EINVAL);
	assert_int_equal(sw_request_text(request, "service", "\xc3\xa4", &err), 0);
	assert_int_equal(json_object_size(request), 1);
	json_decref(request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_may_stand_anywhere_and_have_their_value_either_way),
		cmocka_unit_test(what_is_not_given_is_null),
		cmocka_unit_test(what_follows_two_dashes_and_a_single_dash_are_words),
		cmocka_unit_test(a_wrong_line_is_refused_with_what_is_wrong),
		cmocka_unit_test(help_is_heard_whatever_else_is_missing),
		cmocka_unit_test(text_that_is_not_utf8_is_refused_rather_than_left_out),
	};

	return cmocka_run_group_tests_name("cli arguments", tests, NULL, NULL);
}
