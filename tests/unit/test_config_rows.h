/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A table of configurations that are wrong, each with the very message it ends in; each row is one test.
 * Shared by the tests of single values, of YAML and keys, and of values that contradict each other.
 */
#ifndef TEST_CONFIG_ROWS_H
#define TEST_CONFIG_ROWS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "config/config.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* What is given stands in line 3, from column 3. */
#define SERVICE(more) "services:\n- listen: [5432]\n  " more "\n"
/* The first class begins in line 4, column 5, its keys in column 7 … */
#define CLASS(more) SERVICE("classes:\n  - " more)

struct row {
	const char *sentence;
	const char *text;
	const char *error;
	int code; /* 0: -EINVAL */
};

static inline void check_row(void **state)
{
	const struct row *row = *state;
	struct sw_config *config = NULL;
	struct sw_error err = {0};
	int rc = sw_config_load_string(row->text, "f.yaml", &config, &err);

	if (rc)
		assert_null(config);
	else
		rc = sw_config_validate(config, &err);
	sw_config_free(config);
	assert_string_equal(err.text, row->error);
	assert_int_equal(rc, row->code ? row->code : -EINVAL);
	assert_int_equal(err.code, rc);
}

static inline int run_rows(const char *name, const struct row *rows, size_t count)
{
	struct CMUnitTest *tests = calloc(count, sizeof(*tests));
	int failed;

	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){.name = rows[i].sentence,
					       .test_func = check_row,
					       .initial_state = (void *)&rows[i]};
	failed = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
	free(tests);
	return failed;
}

#endif
