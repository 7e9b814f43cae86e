/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy/refusal: what refused clients are told, byte for byte, its checksum and the delay in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "policy/plan.h"
#include "policy/refusal.h"
#include "spillway/exchange.h"

#define HOUR_MS (60 * 60 * 1000)

static struct sw_refusal_text made(enum sw_protocol protocol, const char *message,
				   uint32_t retry_after_ms)
{
	static struct sw_config_service service;
	struct sw_refusal_text text;

	service.protocol = protocol;
	service.refuse.retry_after_ns = retry_after_ms * SW_NS_PER_MS;
	snprintf(service.refuse.message, sizeof(service.refuse.message), "%s", message);
	/* Whatever was there before. */
	memset(&text, 0xa5, sizeof(text));
	sw_refusal_make(&service, NULL, &text);
	return text;
}

/* The text as it is sent to the flow that draws `chance`. */
static void write_out(const struct sw_refusal_text *text, uint32_t chance, uint8_t *out)
{
	struct sw_refusal_delay delay;

	memcpy(out, text->text, SW_REFUSAL_TEXT_MAX);
	sw_refusal_write_delay(sw_refusal_delay_ms(text->delay_ms, chance), &delay);
	memcpy(out + text->delay_at, delay.digit + SW_REFUSAL_DIGITS_MAX - text->digits,
	       text->digits);
}

#define assert_bytes(made_up, expected)                                                            \
	do {                                                                                       \
		assert_int_equal((made_up)->bytes, sizeof(expected) - 1);                          \
		assert_memory_equal((made_up)->text, expected, sizeof(expected) - 1);              \
	} while (0)

static void postgres_hears_an_error_response_with_a_hint(void **state)
{
	struct sw_refusal_text text = made(SW_PROTOCOL_POSTGRES, "no room here", 700);
	uint8_t sent[SW_REFUSAL_TEXT_MAX];

	(void)state;
	assert_bytes(&text, "E\0\0\0\x3b"
			    "SFATAL\0VFATAL\0C53300\0Mno room here\0"
			    "HRetry in\0\0\0\0\0 ms.\0\0");
	write_out(&text, 437, sent);
	assert_string_equal((char *)sent + text.delay_at - strlen("HRetry in"),
			    "HRetry in 1137 ms.");
	write_out(&text, 0, sent);
	assert_string_equal((char *)sent + text.delay_at, "  700 ms.");
}

static void without_a_delay_there_is_no_hint(void **state)
{
	struct sw_refusal_text text = made(SW_PROTOCOL_POSTGRES, "no room here", 0);

	(void)state;
	assert_bytes(&text, "E\0\0\0\x28"
			    "SFATAL\0VFATAL\0C53300\0Mno room here\0\0");
	assert_int_equal(text.digits, 0);
	assert_int_equal(text.delay_ms, 0);
}

static void mysql_hears_an_err_packet(void **state)
{
	struct sw_refusal_text text = made(SW_PROTOCOL_MYSQL, "no room here", 700);

	(void)state;
	assert_bytes(&text, "\x15\0\0\0"
			    "\xff\x10\x04#08004no room here");
	assert_int_equal(text.digits, 0);
}

static void where_nothing_can_be_told_there_is_no_text(void **state)
{
	static const struct sw_refusal_text none;
	struct sw_refusal_text text = made(SW_PROTOCOL_TCP, "no room here", 700);

	(void)state;
	assert_memory_equal(&text, &none, sizeof(none));
	assert_int_equal(sw_refusal_answers_as(SW_PROTOCOL_TCP), SW_ANSWERS_RESET);
	assert_int_equal(sw_refusal_answers_as(SW_PROTOCOL_POSTGRES), SW_ANSWERS_POSTGRES);
	assert_int_equal(sw_refusal_answers_as(SW_PROTOCOL_MYSQL), SW_ANSWERS_MYSQL);
}

/* The length that the protocol gives to what comes behind it. */
static uint32_t promised(enum sw_protocol protocol, const struct sw_refusal_text *text)
{
	const uint8_t *at = text->text;

	return protocol == SW_PROTOCOL_MYSQL
		       ? 4 + at[0] + (at[1] << 8) + (at[2] << 16)
		       : 1 + (at[1] << 24) + (at[2] << 16) + (at[3] << 8) + at[4];
}

static void the_longest_message_and_delay_fit_whole(void **state)
{
	char longest[SW_CONFIG_MESSAGE_MAX + 1];
	struct sw_refusal_text text;

	(void)state;
	memset(longest, 'm', SW_CONFIG_MESSAGE_MAX);
	longest[SW_CONFIG_MESSAGE_MAX] = '\0';
	text = made(SW_PROTOCOL_POSTGRES, longest, HOUR_MS);
	assert_in_range(text.bytes, SW_CONFIG_MESSAGE_MAX, SW_REFUSAL_TEXT_MAX);
	/* More than the room at an XDP frame's head, and the shortest startup packet: it might not be sent. */
	assert_in_range(text.bytes, 0, 256 - 40 + SW_EXCHANGE_STARTUP_MIN);
	assert_int_equal(promised(SW_PROTOCOL_POSTGRES, &text), text.bytes);
	assert_int_equal(text.digits, SW_REFUSAL_DIGITS_MAX);
	assert_memory_equal(text.text + text.bytes - 7, "\0 ms.\0\0", 7);
	text = made(SW_PROTOCOL_MYSQL, longest, HOUR_MS);
	assert_in_range(text.bytes, SW_CONFIG_MESSAGE_MAX, SW_REFUSAL_TEXT_MAX);
	assert_int_equal(promised(SW_PROTOCOL_MYSQL, &text), text.bytes);
	assert_int_equal(text.text[text.bytes - 1], 'm');
}

static uint32_t folded(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static uint32_t sum_of(const uint8_t *bytes)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < SW_REFUSAL_TEXT_MAX; i += 2) {
		uint16_t word;

		memcpy(&word, bytes + i, sizeof(word));
		sum += word;
	}
	return folded(sum);
}

static void check_sum(const struct sw_refusal_text *text, uint32_t chance)
{
	uint8_t sent[SW_REFUSAL_TEXT_MAX];
	struct sw_refusal_delay delay;

	write_out(text, chance, sent);
	sw_refusal_write_delay(sw_refusal_delay_ms(text->delay_ms, chance), &delay);
	assert_int_equal(
		folded(text->sum + sw_refusal_sum_of(&delay, text->delay_at, text->digits)),
		sum_of(sent));
}

/* The digits stand at even and at odd places, and there are more and fewer of them. */
static void the_sum_is_that_of_what_is_sent(void **state)
{
	static const uint32_t delays_ms[] = {0, 1, 5, 49, 700, 1000, 54321, HOUR_MS};
	char message[SW_CONFIG_MESSAGE_MAX + 1];

	(void)state;
	for (size_t length = 1; length <= SW_CONFIG_MESSAGE_MAX; length++) {
		uint32_t delay_ms = delays_ms[length % 8];
		struct sw_refusal_text postgres, mysql;

		memset(message, 'a' + length % 26, length);
		message[length] = '\0';
		postgres = made(SW_PROTOCOL_POSTGRES, message, delay_ms);
		mysql = made(SW_PROTOCOL_MYSQL, message, delay_ms);
		for (uint32_t chance = 0; chance < 7919 * 20; chance += 7919) {
			check_sum(&postgres, chance);
			check_sum(&mysql, chance);
		}
	}
}

static void a_delay_is_from_what_is_set_up_to_twice_as_much(void **state)
{
	static const uint32_t delays_ms[] = {1, 2, 5, 9, 10, 50, 700, 1000, 4999, HOUR_MS};
	static const uint32_t chances[] = {0, 1, 4, 6, 699, 700, 4998, 0x7fffffff, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < sizeof(delays_ms) / sizeof(delays_ms[0]); i++) {
		uint32_t delay_ms = delays_ms[i];
		struct sw_refusal_text text = made(SW_PROTOCOL_POSTGRES, "m", delay_ms);

		for (size_t j = 0; j < sizeof(chances) / sizeof(chances[0]); j++) {
			uint8_t sent[SW_REFUSAL_TEXT_MAX];
			char *end;
			long told;

			write_out(&text, chances[j], sent);
			/* A blank at least is before it, and nothing was cut off. */
			assert_int_equal(sent[text.delay_at], ' ');
			told = strtol((char *)sent + text.delay_at, &end, 10);
			assert_in_range(told, delay_ms, 2 * delay_ms - 1);
			assert_string_equal(end, " ms.");
		}
		assert_int_equal(sw_refusal_delay_ms(delay_ms, delay_ms - 1), 2 * delay_ms - 1);
	}
}

static struct sw_plan *planned(const char *yaml)
{
	struct sw_config *config = NULL;
	struct sw_plan *plan = NULL;
	struct sw_error err = {0};

	if (sw_config_load_string(yaml, "test", &config, &err) ||
	    sw_config_validate(config, &err) || sw_plan_make(config, NULL, NULL, NULL, &plan, &err))
		fail_msg("%s", err.text);
	sw_config_free(config);
	return plan;
}

static const struct sw_plan_class *class_named(const struct sw_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->class_count; i++)
		if (!strcmp(plan->classes[i].name, name))
			return &plan->classes[i];
	fail_msg("there is no class %s", name);
	return NULL;
}

static void a_class_s_own_message_goes_before_the_service_s(void **state)
{
	struct sw_plan *plan = planned(
		"services:\n- name: main\n  listen: [5432]\n"
		"  refuse: {message: of all, retry_after: 3s}\n"
		"  classes:\n"
		"  - {name: own, sources: [10.0.0.0/8], message: of its own}\n"
		"  - {name: banned, sources: [10.1.0.0/16], action: refuse, message: never}\n");
	struct sw_refusal_text of_all = made(SW_PROTOCOL_POSTGRES, "of all", 3000);
	struct sw_refusal_text of_its_own = made(SW_PROTOCOL_POSTGRES, "of its own", 3000);
	struct sw_refusal_text never = made(SW_PROTOCOL_POSTGRES, "never", 3000);

	(void)state;
	assert_memory_equal(&class_named(plan, "own")->refusal, &of_its_own, sizeof(of_all));
	assert_memory_equal(&class_named(plan, "banned")->refusal, &never, sizeof(of_all));
	assert_memory_equal(&class_named(plan, "default")->refusal, &of_all, sizeof(of_all));
	assert_int_equal(plan->services[0].conf.answers_as, SW_ANSWERS_POSTGRES);
	/* The rules' as well: who is allowed is refused by nothing, but every class has a text. */
	for (size_t i = 0; i < plan->class_count; i++)
		assert_true(plan->classes[i].refusal.bytes > 0);
	sw_plan_free(plan);
}

static void each_service_is_planned_in_its_own_protocol(void **state)
{
	struct sw_plan *plan =
		planned("services:\n"
			"- {name: my, listen: [3306], protocol: mysql, refuse: {message: full},\n"
			"   classes: [{name: in_my, sources: [10.0.0.0/8]}]}\n"
			"- {name: tcp, listen: [6379], protocol: tcp,\n"
			"   classes: [{name: in_tcp, sources: [10.0.0.0/8]}]}\n");
	struct sw_refusal_text full = made(SW_PROTOCOL_MYSQL, "full", 1000);

	(void)state;
	assert_int_equal(plan->services[0].conf.answers_as, SW_ANSWERS_MYSQL);
	assert_int_equal(plan->services[1].conf.answers_as, SW_ANSWERS_RESET);
	assert_memory_equal(&class_named(plan, "in_my")->refusal, &full, sizeof(full));
	assert_int_equal(class_named(plan, "in_tcp")->refusal.bytes, 0);
	sw_plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(postgres_hears_an_error_response_with_a_hint),
		cmocka_unit_test(without_a_delay_there_is_no_hint),
		cmocka_unit_test(mysql_hears_an_err_packet),
		cmocka_unit_test(where_nothing_can_be_told_there_is_no_text),
		cmocka_unit_test(the_longest_message_and_delay_fit_whole),
		cmocka_unit_test(the_sum_is_that_of_what_is_sent),
		cmocka_unit_test(a_delay_is_from_what_is_set_up_to_twice_as_much),
		cmocka_unit_test(a_class_s_own_message_goes_before_the_service_s),
		cmocka_unit_test(each_service_is_planned_in_its_own_protocol),
	};

	return cmocka_run_group_tests_name("policy/refusal", tests, NULL, NULL);
}
