/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration from files: those that cannot be read, are too large, or are shipped by us.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "core/cleanup.h"

/* A temporary file with a content, removed by the caller. */
static void write_file(char *path, const char *text, size_t size)
{
	SW_CLOSE int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
}

static void a_file_is_named_in_its_errors(void **state)
{
	char path[] = "/tmp/spillway-test-XXXXXX", expected[128];
	struct sw_config *config = NULL;
	struct sw_error err = {0};

	(void)state;
	write_file(path, "mode: off\n", strlen("mode: off\n"));
	assert_int_equal(sw_config_load_file(path, &config, &err), -EINVAL);
	unlink(path);
	snprintf(expected, sizeof(expected),
		 "%s:1:7: mode: found 'off', expected one of: enforce, monitor", path);
	assert_string_equal(err.text, expected);
	assert_null(config);
}

static void a_file_that_cannot_be_read_says_why(void **state)
{
	struct sw_config *config = NULL;
	struct sw_error err = {0};

	(void)state;
	assert_int_equal(sw_config_load_file("/nowhere/x.yaml", &config, &err), -ENOENT);
	assert_string_equal(err.text, "/nowhere/x.yaml: cannot be read: No such file or directory");
	assert_int_equal(sw_config_load_file("/", &config, &err), -EISDIR);
	assert_string_equal(err.text, "/: cannot be read: Is a directory");
	assert_null(config);
}

static void a_file_above_one_mebibyte_is_refused(void **state)
{
	static const char start[] = "services: [{listen: [5432]}]\n#";
	SW_FREE char *text = malloc(SW_CONFIG_FILE_MAX + 1);
	char path[] = "/tmp/spillway-test-XXXXXX", expected[128];
	struct sw_config *config = NULL;
	struct sw_error err = {0};

	(void)state;
	memset(text, 'x', SW_CONFIG_FILE_MAX + 1);
	memcpy(text, start, strlen(start));
	assert_int_equal(sw_config_load_buffer(text, SW_CONFIG_FILE_MAX, "f", &config, &err), 0);
	sw_config_free(config);
	config = NULL;
	write_file(path, text, SW_CONFIG_FILE_MAX + 1);
	assert_int_equal(sw_config_load_file(path, &config, &err), -EFBIG);
	unlink(path);
	snprintf(expected, sizeof(expected), "%s: larger than 1048576 bytes, expected less", path);
	assert_string_equal(err.text, expected);
	assert_null(config);
}

static void the_sample_for_administrators_is_valid(void **state)
{
	SW_CONFIG_FREE struct sw_config *config = NULL;
	struct sw_error err = {0};

	(void)state;
	if (sw_config_load_file("tools/deploy/spillway.yaml", &config, &err) ||
	    sw_config_validate(config, &err))
		fail_msg("%s", err.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_named_in_its_errors),
		cmocka_unit_test(a_file_that_cannot_be_read_says_why),
		cmocka_unit_test(a_file_above_one_mebibyte_is_refused),
		cmocka_unit_test(the_sample_for_administrators_is_valid),
	};

	return cmocka_run_group_tests_name("config/file", tests, NULL, NULL);
}
