/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `dump` writes loads again and means the same; and how much a configuration may hold.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/value.h"
#include "core/cleanup.h"

#define ALL_VALUES                                                                                 \
	"mode: monitor\non_daemon_loss: open\nheartbeat_timeout: 1500ms\n"                         \
	"control: {socket: '/tmp/a b: #c', group: 'yes'}\nhttp: {listen: ''}\n"                    \
	"interfaces: [{name: 'null', mode: tc}, {name: '0x1f'}, {name: 12, mode: native}]\n"       \
	"services:\n"                                                                              \
	"- name: db\n  listen: [5432, '10.0.0.1:5432', '[fd00::1]:5432']\n"                        \
	"  budget: {direct: 40, conninfo: \"host='a\\\\b' password=\\\"p\\\" x=ü - # : [\"}\n"    \
	"  pooler: {address: '127.0.0.1:6432'}\n  lanes: [pooler, drop]\n"                         \
	"  refuse: {message: ' %s leading and trailing ', retry_after: 1500ms}\n"                  \
	"  classes:\n"                                                                             \
	"  - {name: admin, sources: ['::/0', 0.0.0.0/0, 10.0.0.1], rate: 5/h, lanes: [direct, "    \
	"reset]}\n"                                                                                \
	"  - {name: banned, sources: [10.0.0.2], action: reset, message: '- not: \"you\" # '}\n"   \
	"- {name: other, listen: [3306]}\n"

static struct sw_config *load(const char *text)
{
	struct sw_config *config = NULL;
	struct sw_error err = {0};

	if (sw_config_load_string(text, "f.yaml", &config, &err) ||
	    sw_config_validate(config, &err))
		fail_msg("%s in:\n%s", err.text, text);
	return config;
}

static void what_is_written_loads_as_the_same(void **state)
{
	static const char *const rows[] = {
		"services: [{listen: [1]}]",
		ALL_VALUES,
		"services: [{listen: [1], classes: [{action: refuse}]}]",
		"services: [{listen: [1], lanes: [direct, drop], over_limit: [drop]}]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		SW_CONFIG_FREE struct sw_config *first = load(rows[i]);
		SW_FREE char *text = sw_config_to_yaml(first);
		SW_CONFIG_FREE struct sw_config *second = load(text);
		SW_FREE char *again = sw_config_to_yaml(second);
		json_t *before = sw_config_to_json(first), *after = sw_config_to_json(second);

		assert_string_equal(text, again);
		assert_true(json_equal(before, after));
		json_decref(before);
		json_decref(after);
	}
}

static void what_refused_clients_hear_is_written_and_read_again(void **state)
{
	SW_CONFIG_FREE struct sw_config *first = load(ALL_VALUES);
	SW_FREE char *text = sw_config_to_yaml(first);
	SW_CONFIG_FREE struct sw_config *second = load(text);
	const struct sw_config_service *service = &second->services[0];

	(void)state;
	assert_string_equal(service->refuse.message, " %s leading and trailing ");
	assert_int_equal(service->refuse.retry_after_ns, 1500 * 1000000ull);
	assert_string_equal(sw_config_find_class(service, "banned")->message, "- not: \"you\" # ");
	assert_string_equal(sw_config_find_class(service, "admin")->message, "");
}

static void what_other_readers_would_not_take_for_text_is_quoted(void **state)
{
	static const char *const quoted[] = {"\"null\"", "\"0x1f\"",	   "\"12\"",
					     "\"yes\"",	 "\":5432\"",	   "\"\"",
					     "\"::/0\"", "\"10.0.0.1/32\""};
	static const char *const plain[] = {"mode: tc\n", ": 1500ms\n", "rate: 5/h\n",
					    "direct: 40\n"};
	SW_CONFIG_FREE struct sw_config *config = load(ALL_VALUES);
	SW_FREE char *text = sw_config_to_yaml(config);

	(void)state;
	for (size_t i = 0; i < sizeof(quoted) / sizeof(quoted[0]); i++)
		assert_non_null(strstr(text, quoted[i]));
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		assert_non_null(strstr(text, plain[i]));
}

static void a_live_change_is_kept_by_what_is_written(void **state)
{
	SW_CONFIG_FREE struct sw_config *config = load("services: [{listen: [1]}]");
	struct sw_config_service *service = &config->services[0];
	SW_CONFIG_FREE struct sw_config *again = NULL;
	SW_FREE char *text = NULL;

	(void)state;
	assert_int_equal(sw_config_set_class_limit(&service->classes[0], "rate", "7/h", NULL), 0);
	assert_int_equal(sw_config_set_service(service, "budget.direct", "7", NULL), 0);
	service->lanes.lane[1] = SW_LANE_DROP;
	service->lanes.count = 2;
	text = sw_config_to_yaml(config);
	again = load(text);
	assert_int_equal(again->services[0].classes[0].rate.count, 7);
	assert_int_equal(again->services[0].budget.direct, 7);
	assert_int_equal(again->services[0].lanes.count, 2);
}

/* The value at "services.0.budget.direct". */
static json_t *at(json_t *json, const char *path)
{
	char copy[128], *rest = copy, *step;

	snprintf(copy, sizeof(copy), "%s", path);
	while (json && (step = strsep(&rest, ".")))
		json = json_is_array(json) ? json_array_get(json, strtoul(step, NULL, 10))
					   : json_object_get(json, step);
	return json;
}

static void json_has_numbers_as_numbers_and_the_rest_as_the_file_says(void **state)
{
	SW_CONFIG_FREE struct sw_config *config = load(ALL_VALUES);
	json_t *json = sw_config_to_json(config);

	(void)state;
	assert_int_equal(json_integer_value(at(json, "services.0.budget.direct")), 40);
	assert_string_equal(json_string_value(at(json, "heartbeat_timeout")), "1500ms");
	assert_string_equal(json_string_value(at(json, "http.listen")), "");
	assert_string_equal(json_string_value(at(json, "services.0.listen.2")), "[fd00::1]:5432");
	assert_string_equal(json_string_value(at(json, "services.0.classes.0.rate")), "5/h");
	assert_string_equal(json_string_value(at(json, "services.0.classes.0.sources.2")),
			    "10.0.0.1/32");
	assert_string_equal(json_string_value(at(json, "services.0.classes.1.action")), "reset");
	assert_null(at(json, "services.0.classes.1.rate"));
	assert_string_equal(json_string_value(at(json, "services.0.classes.2.name")), "default");
	assert_string_equal(json_string_value(at(json, "services.1.lanes.1")), "pooler");
	json_decref(json);
}

static void every_key_has_help_and_a_default_that_its_own_rules_accept(void **state)
{
	for (enum sw_object object = 0; object < SW_OBJECT_COUNT; object++) {
		size_t count;
		const struct sw_key *keys = sw_keys_of(object, &count);
		SW_FREE void *base = calloc(1, sw_object_size(object));

		assert_in_range(count, 1, SW_CONFIG_KEYS_MAX);
		for (size_t i = 0; i < count; i++) {
			assert_true(strlen(keys[i].help) > 10);
			if (keys[i].type >= SW_KEY_LANES)
				continue;
			assert_non_null(keys[i].initial);
			assert_int_equal(sw_value_parse(&keys[i], base, keys[i].initial, NULL), 0);
		}
	}
	(void)state;
}

/* count elements around a running number, in front and behind something. */
static char *repeat(const char *before, const char *element, size_t count, const char *after)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	fputs(before, file);
	for (size_t i = 0; i < count; i++) {
		for (const char *c = element; *c; c++) {
			if (*c == '#')
				fprintf(file, "%zu", i);
			else if (*c == '@') /* an IPv4 address */
				fprintf(file, "10.%zu.%zu.%zu", i >> 16, i >> 8 & 255, i & 255);
			else
				fputc(*c, file);
		}
	}
	fputs(after, file);
	fclose(file);
	return text;
}

static void a_configuration_holds_so_much_and_no_more(void **state)
{
	static const struct {
		const char *before, *element, *after;
		size_t most;
		const char *error;
	} rows[] = {
		{"interfaces: [", "{name: e#},", "]\nservices: [{listen: [1]}]", 64,
		 "f:1:13: interfaces: found a list of 65, expected at most 64"},
		{"services: [", "{name: s#, listen: ['10.0.0.1:1#']},", "]", 64,
		 "f:1:11: services: found a list of 65, expected at most 64"},
		{"services: [{listen: [", "1#,", "]}]", 64,
		 "f:1:21: services[0].listen: found a list of 65, expected at most 64"},
		{"services:\n- listen: [1]\n  classes:\n  - {}\n", "  - {name: c#, sources: [@]}\n",
		 "", 509, "f:4:3: services[0].classes: found a list of 511, expected at most 510"},
		{"services:\n- {name: a, listen: [1]}\n- listen: [2]\n  classes:\n",
		 "  - {name: c#, sources: [@]}\n", "", 506,
		 "f:3:3: services[1].classes[507].name: class 'default' is one too many: 513 "
		 "classes in all, expected at most 512, with 'allowed' and 'denied' of each service"},
		{"services:\n- {name: a, listen: [1]}\n- listen: [2]\n  classes:\n  - {}\n",
		 "  - {name: c#, sources: [@]}\n", "", 506,
		 "f:512:12: services[1].classes[507].name: class 'c506' is one too many: 513 classes "
		 "in all, expected at most 512, with 'allowed' and 'denied' of each service"},
		{"services:\n- {name: a, listen: [1]}\n- listen: [2]\n  classes:\n",
		 "  - {name: c#, sources: [@]}\n", "- {name: last, listen: [3]}\n", 503,
		 "f:509:3: services[2].classes[0].name: class 'default' is one too many: 513 classes "
		 "in all, expected at most 512, with 'allowed' and 'denied' of each service"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t more = 0; more < 2; more++) {
			SW_CONFIG_FREE struct sw_config *config = NULL;
			SW_FREE char *text = repeat(rows[i].before, rows[i].element,
						    rows[i].most + more, rows[i].after);
			struct sw_error err = {0};
			int rc = sw_config_load_string(text, "f", &config, &err);

			if (!rc)
				rc = sw_config_validate(config, &err);
			assert_string_equal(err.text, more ? rows[i].error : "");
			assert_int_equal(rc, more ? -EINVAL : 0);
		}
	}
}

static void prefixes_multiplied_by_aliases_are_counted(void **state)
{
	SW_FREE char *text = repeat(
		"services:\n- listen: [1]\n  classes:\n  - name: c\n    sources: &s [", "@,", 50000,
		"]\n  - {name: d, sources: *s}\n  - {name: e, sources: [10.0.0.1]}\n");
	struct sw_config *config = NULL;
	struct sw_error err = {0};

	(void)state;
	assert_int_equal(sw_config_load_string(text, "f", &config, &err), -EINVAL);
	assert_string_equal(err.text, "f:7:25: services[0].classes[2].sources[0]: more than "
				      "100000 prefixes in all");
	assert_null(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_loads_as_the_same),
		cmocka_unit_test(what_refused_clients_hear_is_written_and_read_again),
		cmocka_unit_test(what_other_readers_would_not_take_for_text_is_quoted),
		cmocka_unit_test(a_live_change_is_kept_by_what_is_written),
		cmocka_unit_test(json_has_numbers_as_numbers_and_the_rest_as_the_file_says),
		cmocka_unit_test(every_key_has_help_and_a_default_that_its_own_rules_accept),
		cmocka_unit_test(a_configuration_holds_so_much_and_no_more),
		cmocka_unit_test(prefixes_multiplied_by_aliases_are_counted),
	};

	return cmocka_run_group_tests_name("config/write", tests, NULL, NULL);
}
