/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spillwayd's command line: what it takes, and in which words it refuses the rest.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/options.c"

#include "daemon/options_config.c"

#define WORDS_MAX 160

/* Splits at blanks, as a shell would; what the options point to stays until the next call. */
static int parse(const char *line, struct sw_options *options, enum sw_options_next *next,
		 struct sw_error *err)
{
	static char text[4096];
	char *argv[WORDS_MAX] = {"spillwayd"};
	char *rest = text;
	int argc = 1;

	snprintf(text, sizeof(text), "%s", line);
	while ((argv[argc] = strsep(&rest, " ")) && argc < WORDS_MAX - 1)
		argc++;
	return sw_options_parse(argc, argv, options, next, err);
}

static struct sw_options accepted(const char *line)
{
	enum sw_options_next next = SW_OPTIONS_DONE;
	struct sw_options options;
	struct sw_error err = {0};

	if (parse(line, &options, &next, &err))
		fail_msg("%s: %s", line, err.text);
	assert_int_equal(next, SW_OPTIONS_RUN);
	return options;
}

static void what_is_wrong_is_refused_and_named(void **state)
{
	static const char *const rows_of_lines[][2] = {
		{"--frob", "unknown option '--frob'; see --help"},
		{"--che --service 5432", "unknown option '--che'; see --help"},
		{"--conf=/x", "unknown option '--conf=/x'; see --help"},
		{"--configs /x", "unknown option '--configs'; see --help"},
		{"--service 5432 --", "unknown option '--'; see --help"},
		{"-h", "unknown option '-h'; see --help"},
		{"-check", "unknown option '-check'; see --help"},
		{"check", "'check' is not an option; see --help"},
		{"--check -", "'-' is not an option; see --help"},
		{"--service 5432 5433", "'5433' is not an option; see --help"},
		{"--check=yes", "--check takes no value; see --help"},
		{"--config", "--config needs a value: --config FILE"},
		{"--config --check", "--config needs a value: --config FILE"},
		{"--service 5432 --budget", "--budget needs a value: --budget N"},
		{"--config /x --service 5432",
		 "--config and --service exclude each other: services are either in the file or on "
		 "the command line"},
		{"--budget 80", "--budget needs a --service that it is for"},
		{"--config /x --budget 80", "--budget needs a --service that it is for"},
		{"--pooler 127.0.0.1:6432", "--pooler needs a --service that it is for"},
	};
	const struct sw_options before = {.file = "as it was"};

	(void)state;
	for (size_t i = 0; i < sizeof(rows_of_lines) / sizeof(rows_of_lines[0]); i++) {
		enum sw_options_next next = SW_OPTIONS_DONE;
		struct sw_options options = before;
		struct sw_error err = {0};

		assert_int_equal(parse(rows_of_lines[i][0], &options, &next, &err), -EINVAL);
		assert_string_equal(err.text, rows_of_lines[i][1]);
		assert_string_equal(options.file, "as it was");
		assert_int_equal(next, SW_OPTIONS_DONE);
	}
}

static void nothing_said_means_the_file_in_its_place(void **state)
{
	enum sw_options_next next = SW_OPTIONS_DONE;
	struct sw_options options;
	char *argv[] = {"spillwayd", NULL};

	(void)state;
	assert_int_equal(sw_options_parse(1, argv, &options, &next, NULL), 0);
	assert_int_equal(next, SW_OPTIONS_RUN);
	assert_string_equal(options.file, "/etc/spillway/spillway.yaml");
	assert_string_equal(options.pin_dir, SW_PIN_DIR_DEFAULT);
	assert_null(options.socket);
	assert_null(options.budget);
	assert_null(options.pooler);
	assert_int_equal(options.interface_count + options.service_count, 0);
	assert_false(options.check || options.foreground);
}

static void every_option_reaches_its_place(void **state)
{
	struct sw_options options =
		accepted("--interface eth0 --interface=eth1 --service 5432 --service 10.0.0.1:3306 "
			 "--budget 80 --pooler=127.0.0.1:6432 --pin-dir /p --socket /s --check "
			 "--foreground");

	(void)state;
	assert_null(options.file);
	assert_int_equal(options.interface_count, 2);
	assert_string_equal(options.interfaces[1], "eth1");
	assert_int_equal(options.service_count, 2);
	assert_string_equal(options.services[1], "10.0.0.1:3306");
	assert_string_equal(options.budget, "80");
	assert_string_equal(options.pooler, "127.0.0.1:6432");
	assert_string_equal(options.pin_dir, "/p");
	assert_string_equal(options.socket, "/s");
	assert_true(options.check && options.foreground);
	options = accepted("--config=/x --interface eth0");
	assert_string_equal(options.file, "/x");
	options = accepted("--config=--odd");
	assert_string_equal(options.file, "--odd");
}

static void as_many_interfaces_as_the_daemon_has_room_for(void **state)
{
	char line[4096] = "--check";
	struct sw_options options;
	enum sw_options_next next;
	struct sw_error err = {0};

	(void)state;
	for (int i = 0; i < SW_CONFIG_INTERFACES_MAX; i++)
		strcat(line, " --interface e");
	assert_int_equal(accepted(line).interface_count, SW_CONFIG_INTERFACES_MAX);
	strcat(line, " --interface e");
	assert_int_equal(parse(line, &options, &next, &err), -EINVAL);
	assert_string_equal(err.text, "--interface: at most 64 of them");
}

/* What parse() prints to standard output. */
static void read_answer(const char *line, char *text, size_t size)
{
	enum sw_options_next next = SW_OPTIONS_RUN;
	struct sw_options options;
	FILE *file = tmpfile();
	int saved = dup(STDOUT_FILENO);
	int failed;

	assert_non_null(file);
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	failed = parse(line, &options, &next, NULL);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	rewind(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
	assert_int_equal(failed, 0);
	assert_int_equal(next, SW_OPTIONS_DONE);
}

static void help_names_every_option(void **state)
{
	char text[4096];

	(void)state;
	read_answer("--service 5432 --help --frob", text, sizeof(text));
	for (const struct sw_options_row *row = sw_options_rows; row->name; row++) {
		char left[64];

		snprintf(left, sizeof(left), "\n  --%s%s%s ", row->name, row->value ? " " : "",
			 row->value ? row->value : "");
		assert_non_null(strstr(text, left));
	}
}

static void version_is_one_line(void **state)
{
	char text[256];

	(void)state;
	read_answer("--version", text, sizeof(text));
	assert_string_equal(text, "spillwayd " SW_VERSION "\n");
}

static void services_on_the_command_line_make_a_configuration(void **state)
{
	struct sw_options options =
		accepted("--interface eth0 --service 5432 --service 5433 --budget 7");
	SW_CONFIG_FREE struct sw_config *config = NULL;
	struct sw_error err = {0};

	(void)state;
	assert_int_equal(sw_options_config(&options, &config, &err), 0);
	assert_int_equal(config->service_count, 2);
	assert_string_equal(config->services[0].name, "main");
	assert_string_equal(config->services[1].name, "service2");
	assert_int_equal(config->services[1].budget.direct, 7);
	assert_string_equal(config->interfaces[0].name, "eth0");
}

static void a_value_that_is_wrong_is_named_by_its_option(void **state)
{
	struct sw_config *config = NULL;
	struct sw_options options;
	struct sw_error err = {0};

	(void)state;
	options = accepted("--service 70000");
	assert_int_equal(sw_options_config(&options, &config, &err), -EINVAL);
	assert_non_null(strstr(err.text, "--service '70000': expected a port"));
	options = accepted("--service 5432 --budget 8x");
	assert_int_equal(sw_options_config(&options, &config, &err), -EINVAL);
	assert_non_null(strstr(err.text, "found '8x'"));
	assert_null(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_refused_and_named),
		cmocka_unit_test(nothing_said_means_the_file_in_its_place),
		cmocka_unit_test(every_option_reaches_its_place),
		cmocka_unit_test(as_many_interfaces_as_the_daemon_has_room_for),
		cmocka_unit_test(help_names_every_option),
		cmocka_unit_test(version_is_one_line),
		cmocka_unit_test(services_on_the_command_line_make_a_configuration),
		cmocka_unit_test(a_value_that_is_wrong_is_named_by_its_option),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
