/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tree changed from code, as options and `spillway limit`, `budget`, `class` and `attach` do.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "core/clock.h"

#define TUNABLE                                                                                    \
	"allowed: rate, burst, connections_per_source, direct_per_source, max_direct, reserved, "  \
	"weight"

static struct sw_config *load(const char *text)
{
	struct sw_config *config = NULL;
	struct sw_error err = {0};

	if (sw_config_load_string(text, "f.yaml", &config, &err))
		fail_msg("%s", err.text);
	return config;
}

static void limits_of_a_class_are_set_as_typed(void **state)
{
	SW_CONFIG_FREE struct sw_config *config = load("services: [{listen: [1]}]");
	struct sw_config_class *class = &config->services[0].classes[0];

	(void)state;
	assert_int_equal(sw_config_set_class_limit(class, "rate", "30/m", NULL), 0);
	assert_int_equal(class->rate.count, 30);
	assert_int_equal(class->rate.per_ns, 60 * SW_NS_PER_S);
	assert_int_equal(sw_config_set_class_limit(class, "burst", "7", NULL), 0);
	assert_int_equal(class->burst, 7);
	assert_int_equal(sw_config_set_class_limit(class, "connections_per_source", "1", NULL), 0);
	assert_int_equal(class->connections_per_source, 1);
	assert_int_equal(sw_config_set_class_limit(class, "direct_per_source", "2", NULL), 0);
	assert_int_equal(class->direct_per_source, 2);
	assert_int_equal(sw_config_set_class_limit(class, "max_direct", "3", NULL), 0);
	assert_int_equal(class->max_direct, 3);
	assert_int_equal(sw_config_set_class_limit(class, "reserved", "2", NULL), 0);
	assert_int_equal(class->reserved, 2);
	assert_int_equal(sw_config_set_class_limit(class, "weight", "9", NULL), 0);
	assert_int_equal(class->weight, 9);
	assert_int_equal(sw_config_validate(config, NULL), 0);
}

static void a_limit_that_is_wrong_changes_nothing_and_says_what_is_allowed(void **state)
{
	static const char *const rows[][3] = {
		{"rate", "100",
		 "rate: found '100', expected a rate like 100/s, 30/m, 5/h, or unlimited"},
		{"burst", "0", "burst: found '0', expected a whole number from 1 to 1000000"},
		{"weigth", "1", "unknown key 'weigth' (did you mean 'weight'?); " TUNABLE},
		{"name", "a", "unknown key 'name'; " TUNABLE},
		{"lanes", "drop", "unknown key 'lanes'; " TUNABLE},
		{"action", "drop", "unknown key 'action'; " TUNABLE},
		{"", "1", "unknown key ''; " TUNABLE},
	};
	SW_CONFIG_FREE struct sw_config *config = load("services: [{listen: [1]}]");
	struct sw_config_class *class = &config->services[0].classes[0], before = *class;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sw_error err = {0};

		assert_int_equal(sw_config_set_class_limit(class, rows[i][0], rows[i][1], &err),
				 -EINVAL);
		assert_string_equal(err.text, rows[i][2]);
	}
	assert_memory_equal(class, &before, sizeof(before));
}

static void a_limit_beside_an_action_is_refused_without_naming_a_line(void **state)
{
	SW_CONFIG_FREE struct sw_config *config =
		load("services: [{listen: [1], classes: [{action: drop}]}]");
	struct sw_config_class *class = &config->services[0].classes[0];
	struct sw_error err = {0};

	(void)state;
	assert_int_equal(sw_config_validate(config, &err), 0);
	assert_int_equal(sw_config_set_class_limit(class, "burst", "7", &err), 0);
	assert_int_equal(sw_config_validate(config, &err), -EINVAL);
	assert_non_null(strstr(err.text, "classes[0].burst: contradicts 'action: drop'"));
}

static void what_is_wrong_with_a_live_change_is_said_without_the_file(void **state)
{
	static const char text[] =
		"interfaces: [{name: eth0}]\n"
		"services:\n"
		"- name: db\n"
		"  listen: [5432]\n"
		"  budget: {direct: 4}\n"
		"  classes: [{name: batch, sources: [10.0.0.0/8, 10.0.0.0/9]}]\n";
	SW_CONFIG_FREE struct sw_config *config = load(text);
	struct sw_config_service *db = &config->services[0];
	struct sw_config_class *batch = &db->classes[0];
	struct sw_error err = {0};

	(void)state;
	sw_config_forget_places(config);
	assert_int_equal(sw_config_validate(config, &err), 0);

	batch->reserved = 5;
	assert_int_equal(sw_config_validate(config, &err), -EINVAL);
	assert_string_equal(err.text,
			    "service 'db': budget.direct: the classes reserve 5 slots, but "
			    "the budget is 4; raise it or reserve less");
	batch->max_direct = 2;
	batch->reserved = 3;
	assert_int_equal(sw_config_validate(config, &err), -EINVAL);
	assert_string_equal(err.text,
			    "service 'db', class 'batch': reserved: 3 slots are reserved, "
			    "but max_direct lets the class have 2 only");
	batch->reserved = 0;
	batch->sources[1] = batch->sources[0];
	assert_int_equal(sw_config_validate(config, &err), -EINVAL);
	assert_string_equal(err.text,
			    "service 'db', class 'batch': sources[1]: 10.0.0.0/8 is there "
			    "twice in class 'batch'");
	batch->source_count = 1;
	assert_int_equal(sw_config_add_listen(db, &db->listen[0].endpoint), 0);
	assert_int_equal(sw_config_validate(config, &err), -EINVAL);
	assert_string_equal(err.text,
			    "service 'db': listen[1]: :5432 is claimed already, by service "
			    "'db'");
}

static void places_are_forgotten_and_what_was_given_is_not(void **state)
{
	SW_CONFIG_FREE struct sw_config *config =
		load("services: [{listen: [1], classes: [{action: drop, burst: 200}]}]");
	struct sw_error err = {0};

	(void)state;
	sw_config_forget_places(config);
	assert_int_equal(sw_config_validate(config, &err), -EINVAL);
	assert_string_equal(err.text,
			    "service 'main', class 'default': burst: contradicts 'action: "
			    "drop', which has no limits; remove one");
}

static void one_class_too_many_is_named_also_when_it_was_added_live(void **state)
{
	SW_CONFIG_FREE struct sw_config *config = load("services: [{listen: [1]}]");
	struct sw_config_class *class;
	struct sw_error err = {0};
	struct sw_prefix prefix;
	char name[16];

	(void)state;
	for (int i = 1; i <= SW_CLASSES_MAX - 2; i++) {
		assert_int_equal(sw_config_validate(config, &err), 0);
		snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(sw_config_add_class(&config->services[0], name, &class, &err), 0);
		snprintf(name, sizeof(name), "10.0.%d.%d", i / 256, i % 256);
		assert_int_equal(sw_prefix_parse(name, &prefix, NULL), 0);
		assert_int_equal(sw_config_add_source(class, &prefix), 0);
	}
	sw_config_forget_places(config);
	assert_int_equal(sw_config_validate(config, &err), -EINVAL);
	assert_string_equal(err.text,
			    "service 'main', class 'c510': name: class 'c510' is one too "
			    "many: 513 classes in all, expected at most 512, with 'allowed' "
			    "and 'denied' of each service");
}

static void options_are_held_to_the_rules_of_the_file(void **state)
{
	SW_CONFIG_FREE struct sw_config *config = NULL;
	struct sw_config_service *service;
	struct sw_endpoint endpoint;
	struct sw_error err = {0};

	(void)state;
	assert_int_equal(sw_config_defaults(&config), 0);
	assert_int_equal(sw_config_add_interface(config, "eth1", NULL, &err), 0);
	assert_int_equal(sw_config_add_service(config, "main", &service, &err), 0);
	assert_int_equal(sw_config_validate(config, &err), -EINVAL);
	assert_string_equal(err.text,
			    "service 'main': listen: missing: what service 'main' guards, "
			    "like [\":5432\"]");
	assert_int_equal(sw_endpoint_parse("5432", &endpoint), 0);
	assert_int_equal(sw_config_add_listen(service, &endpoint), 0);
	assert_int_equal(sw_config_set_service(service, "budget.direct", "20", &err), 0);
	assert_int_equal(sw_config_set_service(service, "pooler.address", "10.0.0.1:6432", &err),
			 0);
	assert_int_equal(sw_config_set(config, "log.level", "debug", &err), 0);
	assert_int_equal(sw_config_validate(config, &err), 0);
	assert_int_equal(service->budget.direct, 20);
	assert_int_equal(service->pooler.address.port, 6432);
	assert_int_equal(config->log.level, SW_LOG_DEBUG);

	assert_int_equal(sw_config_set_service(service, "pooler.address", ":6432", &err), -EINVAL);
	assert_string_equal(err.text, "pooler.address: found ':6432', expected ADDRESS:PORT, "
				      "[IPV6]:PORT, or \"\" for none");
	assert_int_equal(sw_config_set_service(service, "lanes", "drop", &err), -EINVAL);
	assert_string_equal(err.text, "lanes: a list cannot be set as one value");
	assert_int_equal(sw_config_set(config, "log.colour", "1", &err), -EINVAL);
}

static void a_budget_below_what_is_reserved_is_refused(void **state)
{
	SW_CONFIG_FREE struct sw_config *config =
		load("services: [{listen: [1], classes: [{reserved: 5}]}]");
	SW_CONFIG_FREE struct sw_config *clone = sw_config_clone(config);
	struct sw_error err = {0};

	(void)state;
	assert_int_equal(sw_config_set_service(&clone->services[0], "budget.direct", "4", &err), 0);
	assert_int_equal(sw_config_validate(clone, &err), -EINVAL);
	assert_int_equal(config->services[0].budget.direct, 80);
	assert_int_equal(sw_config_validate(config, &err), 0);
}

static void names_are_checked_when_they_are_added(void **state)
{
	SW_CONFIG_FREE struct sw_config *config = load("services: [{listen: [1]}]");
	struct sw_config_service *service = &config->services[0];
	struct sw_error err = {0};

	(void)state;
	assert_int_equal(sw_config_add_class(service, "Bad", NULL, &err), -EINVAL);
	assert_string_equal(err.text, "found 'Bad', expected a name of 1 to 31 characters a-z, "
				      "0-9, '_', '-', beginning with a letter");
	assert_int_equal(sw_config_add_class(service, "default", NULL, &err), -EEXIST);
	assert_string_equal(err.text, "'default' is there already");
	assert_int_equal(sw_config_add_service(config, "main", NULL, NULL), -EEXIST);
	assert_int_equal(sw_config_add_interface(config, "a/b", NULL, NULL), -EINVAL);
	assert_int_equal(service->class_count, 1);
	assert_int_equal(config->service_count, 1);
	assert_int_equal(config->interface_count, 0);
}

static void what_was_added_is_found_until_it_is_removed(void **state)
{
	SW_CONFIG_FREE struct sw_config *config = load("services: [{listen: [1]}]");
	struct sw_config_service *service = sw_config_find_service(config, "main");
	struct sw_config_class *class;
	struct sw_prefix prefix;
	char name[] = "a";

	(void)state;
	assert_int_equal(sw_prefix_parse("10.0.0.0/8", &prefix, NULL), 0);
	for (name[0] = 'a'; name[0] <= 'k'; name[0]++) {
		prefix.addr.bytes[12] = (uint8_t)name[0];
		assert_int_equal(sw_config_add_class(service, name, &class, NULL), 0);
		assert_int_equal(sw_config_add_source(class, &prefix), 0);
	}
	assert_int_equal(sw_config_validate(config, NULL), 0);
	assert_int_equal(sw_config_remove_class(service, "c"), 0);
	assert_int_equal(sw_config_remove_class(service, "c"), -ENOENT);
	assert_int_equal(sw_config_remove_class(service, "default"), -EINVAL);
	assert_null(sw_config_find_class(service, "c"));
	assert_int_equal(service->class_count, 11);
	assert_int_equal(sw_config_find_class(service, "d")->sources[0].prefix.addr.bytes[12], 'd');
	assert_int_equal(sw_config_add_interface(config, "eth0", NULL, NULL), 0);
	assert_non_null(sw_config_find_interface(config, "eth0"));
	assert_int_equal(sw_config_remove_interface(config, "eth0"), 0);
	assert_int_equal(sw_config_remove_interface(config, "eth0"), -ENOENT);
	assert_null(sw_config_find_service(config, "other"));
}

static void a_clone_shares_nothing(void **state)
{
	struct sw_config *config = load("interfaces: [{name: a}, {name: b}, {name: c}]\n"
					"services: [{listen: [1, 2, 3], classes: [{name: x, "
					"sources: [10.0.0.1, 10.0.0.2, 10.0.0.3]}]}]");
	SW_CONFIG_FREE struct sw_config *clone = sw_config_clone(config);
	const struct sw_config_class *class;
	struct sw_prefix prefix;

	(void)state;
	sw_config_free(config);
	class = sw_config_find_class(&clone->services[0], "x");
	assert_string_equal(clone->file, "f.yaml");
	assert_string_equal(clone->interfaces[2].name, "c");
	assert_int_equal(clone->services[0].listen[2].endpoint.port, 3);
	assert_int_equal(class->sources[2].prefix.addr.bytes[15], 3);
	/* Arrays of a clone grow like others. */
	assert_int_equal(sw_prefix_parse("10.0.0.4", &prefix, NULL), 0);
	for (int i = 0; i < 6; i++)
		assert_int_equal(sw_config_add_source(&clone->services[0].classes[0], &prefix), 0);
	assert_int_equal(clone->services[0].classes[0].source_count, 9);
}

static void words_have_names_both_ways(void **state)
{
	unsigned int value = 77;
	char list[64];

	(void)state;
	assert_string_equal(sw_words_name(SW_WORDS_LANE, SW_LANE_POOLER), "pooler");
	assert_string_equal(sw_words_name(SW_WORDS_LANE, SW_LANE_NONE), "none");
	assert_string_equal(sw_words_name(SW_WORDS_MODE, 99), "none");
	assert_int_equal(sw_words_parse(SW_WORDS_ATTACH_MODE, "nativ", &value), -EINVAL);
	assert_int_equal(sw_words_parse(SW_WORDS_ATTACH_MODE, "", &value), -EINVAL);
	assert_int_equal(value, 77);
	assert_int_equal(sw_words_parse(SW_WORDS_ATTACH_MODE, "tc", &value), 0);
	assert_int_equal(value, SW_ATTACH_TC);
	sw_words_list(SW_WORDS_ATTACH_MODE, list, sizeof(list));
	assert_string_equal(list, "auto, native, generic, tc");
	sw_words_list(SW_WORDS_ATTACH_MODE, list, 8);
	assert_string_equal(list, "auto, n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_of_a_class_are_set_as_typed),
		cmocka_unit_test(a_limit_that_is_wrong_changes_nothing_and_says_what_is_allowed),
		cmocka_unit_test(a_limit_beside_an_action_is_refused_without_naming_a_line),
		cmocka_unit_test(what_is_wrong_with_a_live_change_is_said_without_the_file),
		cmocka_unit_test(places_are_forgotten_and_what_was_given_is_not),
		cmocka_unit_test(one_class_too_many_is_named_also_when_it_was_added_live),
		cmocka_unit_test(options_are_held_to_the_rules_of_the_file),
		cmocka_unit_test(a_budget_below_what_is_reserved_is_refused),
		cmocka_unit_test(names_are_checked_when_they_are_added),
		cmocka_unit_test(what_was_added_is_found_until_it_is_removed),
		cmocka_unit_test(a_clone_shares_nothing),
		cmocka_unit_test(words_have_names_both_ways),
	};

	return cmocka_run_group_tests_name("config/edit", tests, NULL, NULL);
}
