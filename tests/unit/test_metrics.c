/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The metrics and health pages over maps made by hand: what is on them, and that promtool agrees.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What the kernel would say, said by the test. */
#define sw_read_counters    fake_read_counters
#define sw_read_verdicts    fake_read_verdicts
#define sw_read_usage	    fake_read_usage
#define sw_read_waits	    fake_read_waits
#define sw_attachment_holds fake_attachment_holds
#define sw_listeners_read   fake_listeners_read

#include "core/cleanup.h"

#include "daemon/exposition.c"
#include "daemon/health.c"
#include "daemon/metrics.c"
#include "daemon/metrics_database.c"
#include "daemon/metrics_lifetimes.c"
#include "daemon/metrics_waits.c"
#include "daemon/read_args.c"
#include "daemon/read_database.c"
#include "daemon/read_service.c"
#include "spillway/slots.h"

#define PROMTOOL "/usr/bin/promtool"

static struct sw_service_state service_state[SW_SERVICES_MAX];
static struct sw_class_conf class_conf[SW_CLASSES_MAX];
static struct sw_class_state class_state[SW_CLASSES_MAX];
static uint64_t verdicts[SW_CLASSES_MAX][SW_VERDICT_CELLS];
static uint64_t counters[SW_COUNTERS_ROWS][SW_COUNTER_COUNT];
static struct sw_lifetimes lifetimes[SW_SERVICES_MAX];
static struct sw_waits waits[SW_SERVICES_MAX];
static struct sw_control control;
static const struct sw_maps maps = {
	.control = &control,
	.service_state = service_state,
	.class_conf = class_conf,
	.class_state = class_state,
};
static struct sw_listener listener;
static bool holds;
/* Of the service `main`. */
static enum sw_ready_state database_state;

/* Of the service `main`, once it has answered. */
static struct sw_monitor_view asked;

const struct sw_monitor_view *sw_monitor_view(const struct sw_daemon *daemon, uint32_t service)
{
	(void)daemon;
	return service == 0 && asked.has_answered ? &asked : NULL;
}

struct sw_room *sw_room_of(const struct sw_daemon *daemon, uint32_t service)
{
	(void)daemon;
	return service == 0 ? (struct sw_room *)&database_state : NULL;
}

enum sw_ready_state sw_room_database_state(const struct sw_room *room)
{
	return *(const enum sw_ready_state *)(const void *)room;
}

void sw_read_counters(const struct sw_maps *from, uint32_t row, uint64_t out[SW_COUNTER_COUNT])
{
	assert_ptr_equal(from, &maps);
	memcpy(out, counters[row], sizeof(counters[row]));
}

void sw_read_waits(const struct sw_maps *from, uint32_t service, struct sw_waits *out)
{
	assert_ptr_equal(from, &maps);
	*out = waits[service];
}

void sw_read_verdicts(const struct sw_maps *from, uint32_t id, uint64_t out[SW_VERDICT_CELLS])
{
	assert_ptr_equal(from, &maps);
	memcpy(out, verdicts[id], sizeof(verdicts[id]));
}

void sw_read_lifetimes(const struct sw_maps *from, uint32_t service, struct sw_lifetimes *out)
{
	assert_ptr_equal(from, &maps);
	*out = lifetimes[service];
}

void sw_read_usage(const struct sw_maps *from, struct sw_map_usage out[SW_MAP_USAGE_ROWS])
{
	assert_ptr_equal(from, &maps);
	memset(out, 0, SW_MAP_USAGE_ROWS * sizeof(*out));
	out[0] = (struct sw_map_usage){"flows", 12, 131072};
}

bool sw_attachment_holds(const struct sw_attachment *attachment)
{
	(void)attachment;
	return holds;
}

int sw_listeners_read(struct sw_listeners *out)
{
	out->list = calloc(1, sizeof(listener));
	if (!out->list)
		return -ENOMEM;
	*out->list = listener;
	out->count = 1;
	return 0;
}

static const char yaml[] = "interfaces: [{name: eth0, mode: native}]\n"
			   "services:\n"
			   "  - name: main\n"
			   "    listen: [':5432']\n"
			   "    budget: {mode: fixed, direct: 80}\n"
			   "    classes:\n"
			   "      - {name: default}\n"
			   "      - {name: banned, sources: ['192.0.2.0/24'], action: drop}\n"
			   "  - name: edge\n"
			   "    listen: ['10.0.0.1:6000']\n"
			   "    budget: {mode: fixed, direct: 7}\n";

static int set_up(void **state)
{
	static struct sw_daemon daemon;
	struct sw_plan *plan = NULL;
	const struct sw_rules rules = {0};
	struct sw_error err = {0};

	memset(&daemon, 0, sizeof(daemon));
	memset(service_state, 0, sizeof(service_state));
	memset(class_conf, 0, sizeof(class_conf));
	memset(class_state, 0, sizeof(class_state));
	memset(verdicts, 0, sizeof(verdicts));
	memset(counters, 0, sizeof(counters));
	if (sw_config_load_string(yaml, "test.yaml", &daemon.config, &err) < 0 ||
	    sw_plan_make(daemon.config, &rules, NULL, NULL, &plan, &err) < 0) {
		print_error("%s\n", err.text);
		return -1;
	}
	for (size_t i = 0; i < plan->class_count; i++)
		class_conf[plan->classes[i].id] = plan->classes[i].conf;
	daemon.plan = plan;
	daemon.maps = &maps;
	daemon.attachments[0] = (struct sw_attachment){
		.name = "eth0", .wanted = SW_ATTACH_AUTO, .mode = SW_ATTACH_NATIVE};
	daemon.attachment_count = 1;
	holds = true;
	listener = (struct sw_listener){.port = 5432, .dual = true};
	control = (struct sw_control){.heartbeat_ns = sw_clock_monotonic_ns(),
				      .heartbeat_timeout_ns = 60 * SW_NS_PER_S};
	*state = &daemon;
	return 0;
}

static int tear_down(void **state)
{
	struct sw_daemon *daemon = *state;

	sw_plan_free(daemon->plan);
	sw_config_free(daemon->config);
	return 0;
}

/* The whole page, to be freed. */
static char *page_of(struct sw_daemon *daemon)
{
	struct evbuffer *out = evbuffer_new();
	size_t length;
	char *text;

	assert_non_null(out);
	sw_metrics_write(daemon, out);
	length = evbuffer_get_length(out);
	text = calloc(1, length + 1);
	assert_non_null(text);
	evbuffer_copyout(out, text, length);
	evbuffer_free(out);
	return text;
}

static bool has_line(const char *page, const char *line)
{
	size_t length = strlen(line);

	for (const char *at = page; (at = strstr(at, line)); at++) {
		if ((at == page || at[-1] == '\n') && at[length] == '\n')
			return true;
	}
	return false;
}

static void expect_line(struct sw_daemon *daemon, const char *line)
{
	SW_FREE char *page = page_of(daemon);

	if (!has_line(page, line))
		fail_msg("there is no line '%s' in:\n%s", line, page);
}

static void expect_nothing_of(struct sw_daemon *daemon, const char *part)
{
	SW_FREE char *page = page_of(daemon);

	if (strstr(page, part))
		fail_msg("there is '%s' in:\n%s", part, page);
}

static uint32_t class_id(const struct sw_daemon *daemon, const char *service, const char *name)
{
	return sw_plan_class_named(daemon->plan, sw_plan_service_named(daemon->plan, service)->id,
				   name)
		->id;
}

static uint32_t service_id(const struct sw_daemon *daemon, const char *name)
{
	return sw_plan_service_named(daemon->plan, name)->id;
}

static void slots_are_told_by_service_lane_and_class(void **state)
{
	struct sw_daemon *daemon = *state;

	service_state[service_id(daemon, "main")].direct = sw_slots_word(5, 3);
	service_state[service_id(daemon, "main")].pooler = 9;
	class_state[class_id(daemon, "main", "default")].direct = sw_slots_word(2, 3);
	expect_line(daemon, "spillway_budget_slots{service=\"main\"} 80");
	expect_line(daemon, "spillway_budget_slots{service=\"edge\"} 7");
	expect_line(daemon, "spillway_slots_used{service=\"main\",lane=\"direct\"} 5");
	expect_line(daemon, "spillway_slots_used{service=\"main\",lane=\"pooler\"} 9");
	expect_line(daemon, "spillway_slots_used{service=\"edge\",lane=\"direct\"} 0");
	expect_line(daemon, "spillway_class_slots_used{service=\"main\",class=\"default\"} 5");
	expect_line(daemon, "spillway_queue_waiting{service=\"main\",class=\"default\"} 0");
}

static void verdicts_add_up_to_the_syns_of_their_service(void **state)
{
	struct sw_daemon *daemon = *state;

	verdicts[class_id(daemon, "main", "default")]
		[sw_verdict_cell(SW_LANE_DIRECT, SW_REASON_FIRST)] = 40;
	verdicts[class_id(daemon, "main", "default")]
		[sw_verdict_cell(SW_LANE_REFUSE, SW_REASON_BUDGET)] = 3;
	verdicts[class_id(daemon, "main", "banned")]
		[sw_verdict_cell(SW_LANE_DROP, SW_REASON_ACTION)] = 2;
	verdicts[class_id(daemon, "edge", "default")]
		[sw_verdict_cell(SW_LANE_DIRECT, SW_REASON_FIRST)] = 1;
	expect_line(daemon, "spillway_syn_total{service=\"main\"} 45");
	expect_line(daemon, "spillway_syn_total{service=\"edge\"} 1");
	expect_line(daemon, "spillway_verdicts_total{service=\"main\",class=\"default\","
			    "lane=\"direct\",reason=\"first\"} 40");
	expect_line(daemon, "spillway_verdicts_total{service=\"main\",class=\"default\","
			    "lane=\"refuse\",reason=\"budget\"} 3");
	expect_line(daemon, "spillway_verdicts_total{service=\"main\",class=\"banned\","
			    "lane=\"drop\",reason=\"action\"} 2");
}

static void a_class_that_limits_has_its_first_series_before_the_first_connection(void **state)
{
	expect_line(*state, "spillway_verdicts_total{service=\"main\",class=\"default\","
			    "lane=\"direct\",reason=\"first\"} 0");
	expect_nothing_of(*state, "spillway_verdicts_total{service=\"main\",class=\"banned\"");
	expect_nothing_of(*state, "lane=\"none\"");
}

static void no_total_falls_when_a_class_is_removed(void **state)
{
	struct sw_daemon *daemon = *state;
	uint32_t id = class_id(daemon, "main", "banned");

	verdicts[id][sw_verdict_cell(SW_LANE_DROP, SW_REASON_ACTION)] = 100;
	for (size_t i = 0; i < daemon->plan->class_count; i++) {
		if (daemon->plan->classes[i].id == id)
			daemon->plan->classes[i] =
				daemon->plan->classes[--daemon->plan->class_count];
	}
	expect_line(daemon, "spillway_syn_total{service=\"main\"} 100");
	expect_nothing_of(daemon, "banned");
}

static void every_counter_has_its_family(void **state)
{
	struct sw_daemon *daemon = *state;

	for (unsigned int row = 0; row < SW_COUNTER_COUNT; row++)
		counters[service_id(daemon, "edge")][row] = 1000 + row;
	for (unsigned int row = 0; row < SW_COUNTER_COUNT; row++) {
		char line[128];

		snprintf(line, sizeof(line), "%s{service=\"edge\"} %u", counter_rows[row].name,
			 1000 + row);
		expect_line(daemon, line);
	}
	expect_line(daemon, "spillway_overcommitted_total{service=\"main\"} 0");
	expect_line(daemon, "spillway_drift_total{service=\"main\"} 0");
	expect_line(daemon, "spillway_wakeups_lost_total{service=\"main\"} 0");
}

static void what_belongs_to_no_service_is_told_without_one_and_only_if_there_is_any(void **state)
{
	expect_nothing_of(*state, "service=\"\"");
	counters[SW_COUNTERS_HOST][SW_COUNTER_FRAGMENTED] = 4;
	expect_line(*state, "spillway_fragmented_total{service=\"\"} 4");
}

static void an_interface_that_lost_the_gate_is_told_as_zero(void **state)
{
	struct sw_daemon *daemon = *state;

	expect_line(daemon, "spillway_interface_attached{interface=\"eth0\",mode=\"native\"} 1");
	holds = false;
	expect_line(daemon, "spillway_interface_attached{interface=\"eth0\",mode=\"native\"} 0");
	daemon->attachment_count = 0;
	expect_line(daemon, "spillway_interface_attached{interface=\"eth0\",mode=\"native\"} 0");
}

static void the_database_is_up_while_somebody_listens_where_the_service_is(void **state)
{
	expect_line(*state, "spillway_database_up{service=\"main\"} 1");
	expect_line(*state, "spillway_database_up{service=\"edge\"} 0");
	assert_int_equal(sw_addr_parse("10.0.0.2", &listener.addr), 0);
	listener.port = 6000;
	expect_line(*state, "spillway_database_up{service=\"main\"} 0");
	expect_line(*state, "spillway_database_up{service=\"edge\"} 0");
	assert_int_equal(sw_addr_parse("10.0.0.1", &listener.addr), 0);
	expect_line(*state, "spillway_database_up{service=\"edge\"} 1");
}

static void a_database_that_listens_and_is_known_to_turn_all_away_is_not_up(void **state)
{
	database_state = SW_READY_TURNS_AWAY;
	expect_line(*state, "spillway_database_up{service=\"main\"} 0");
	expect_line(*state, "spillway_database_down{service=\"main\",why=\"turns_away\"} 1");
	expect_line(*state, "spillway_database_down{service=\"main\",why=\"silent\"} 0");
	expect_line(*state, "spillway_database_down{service=\"edge\",why=\"nobody_listens\"} 1");
	database_state = SW_READY_SERVES;
	expect_line(*state, "spillway_database_up{service=\"main\"} 1");
	expect_line(*state, "spillway_database_down{service=\"main\",why=\"turns_away\"} 0");
}

static void lifetimes_are_a_histogram_in_seconds(void **state)
{
	struct sw_daemon *daemon = *state;
	struct sw_lifetimes *ended = &lifetimes[service_id(daemon, "main")];

	ended->count[0] = 2;		       /* up to 1 ms */
	ended->count[5] = 3;		       /* up to 1.024 s */
	ended->count[SW_LIFETIME_BUCKETS] = 1; /* longer than the last bound */
	ended->sum_ns = 2500000000ull;
	expect_line(daemon, "spillway_connection_seconds_bucket{service=\"main\",le=\"0.001\"} 2");
	expect_line(daemon, "spillway_connection_seconds_bucket{service=\"main\",le=\"1.024\"} 5");
	expect_line(daemon, "spillway_connection_seconds_bucket{service=\"main\",le=\"+Inf\"} 6");
	expect_line(daemon, "spillway_connection_seconds_sum{service=\"main\"} 2.5");
	expect_line(daemon, "spillway_connection_seconds_count{service=\"edge\"} 0");
	memset(ended, 0, sizeof(*ended));
}

static void waits_are_histograms_by_outcome_in_seconds(void **state)
{
	const struct sw_daemon *daemon = *state;
	uint32_t class = sw_plan_class_named(daemon->plan, 0, "default")->id;
	struct sw_waits *of = &waits[0];

	of->by_outcome[SW_WAIT_ADMITTED].count[0] = 4; /* up to 1 ms */
	of->by_outcome[SW_WAIT_ADMITTED].count[10] = 2;
	of->by_outcome[SW_WAIT_ADMITTED].sum_ns = 1500000000ull;
	of->by_outcome[SW_WAIT_TIMED_OUT].count[SW_WAIT_BUCKETS] = 1;
	of->handed.count[2] = 3; /* up to 40 us */
	of->handed.sum_ns = 90000;
	class_state[class].waiting = 7;
	expect_line(
		*state,
		"spillway_queue_wait_seconds_bucket{service=\"main\",outcome=\"admitted\",le=\"0.001\"} 4");
	expect_line(
		*state,
		"spillway_queue_wait_seconds_bucket{service=\"main\",outcome=\"admitted\",le=\"1.024\"} 6");
	expect_line(*state,
		    "spillway_queue_wait_seconds_sum{service=\"main\",outcome=\"admitted\"} 1.5");
	expect_line(
		*state,
		"spillway_queue_wait_seconds_bucket{service=\"main\",outcome=\"timed_out\",le=\"32.768\"} 0");
	expect_line(*state,
		    "spillway_queue_wait_seconds_count{service=\"main\",outcome=\"timed_out\"} 1");
	expect_line(*state,
		    "spillway_queue_wait_seconds_count{service=\"edge\",outcome=\"steered\"} 0");
	expect_line(*state, "spillway_release_seconds_bucket{service=\"main\",le=\"2e-05\"} 0");
	expect_line(*state, "spillway_release_seconds_bucket{service=\"main\",le=\"4e-05\"} 3");
	expect_line(*state, "spillway_queue_waiting{service=\"main\",class=\"default\"} 7");
	memset(of, 0, sizeof(*of));
	class_state[class].waiting = 0;
}

static void the_tables_tell_how_full_they_are(void **state)
{
	expect_line(*state, "spillway_map_entries{map=\"flows\"} 12");
	expect_line(*state, "spillway_map_capacity{map=\"flows\"} 131072");
}

/* promtool's exit code for the page. */
static int check_with_promtool(const char *page)
{
	SW_FCLOSE FILE *file = tmpfile();
	int status;
	pid_t pid;

	assert_non_null(file);
	assert_true(fputs(page, file) >= 0 && fflush(file) == 0);
	rewind(file);
	pid = fork();
	if (pid == 0) {
		dup2(fileno(file), STDIN_FILENO);
		execl(PROMTOOL, "promtool", "check", "metrics", (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void promtool_finds_nothing_to_complain_about(void **state)
{
	SW_FREE char *page = page_of(*state);

	if (access(PROMTOOL, X_OK) < 0) {
		print_message("missing: %s (package prometheus)\n", PROMTOOL);
		skip();
	}
	assert_int_equal(check_with_promtool(page), 0);
}

static void expect_health(struct sw_daemon *daemon, bool healthy, const char *expected)
{
	char why[128] = "";

	assert_int_equal(sw_health_check(daemon, why, sizeof(why)), healthy);
	assert_string_equal(why, expected);
}

static void health_is_the_gate_on_every_interface_and_a_fresh_heartbeat(void **state)
{
	struct sw_daemon *daemon = *state;

	expect_health(daemon, true, "");
	holds = false;
	expect_health(daemon, false, "eth0: the gate was taken off");
	holds = true;
	control.heartbeat_ns -= 61 * SW_NS_PER_S;
	expect_health(daemon, false,
		      "the heartbeat is late: new connections follow on_daemon_loss");
	control.heartbeat_ns += 61 * SW_NS_PER_S;
	assert_int_equal(sw_config_add_interface(daemon->config, "eth1", NULL, NULL), 0);
	expect_health(daemon, false, "eth1: not attached");
	daemon->attachment_count = 0;
	expect_health(daemon, false, "attached to no interface");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(slots_are_told_by_service_lane_and_class),
		TEST(verdicts_add_up_to_the_syns_of_their_service),
		TEST(a_class_that_limits_has_its_first_series_before_the_first_connection),
		TEST(no_total_falls_when_a_class_is_removed),
		TEST(every_counter_has_its_family),
		TEST(what_belongs_to_no_service_is_told_without_one_and_only_if_there_is_any),
		TEST(an_interface_that_lost_the_gate_is_told_as_zero),
		TEST(the_database_is_up_while_somebody_listens_where_the_service_is),
		TEST(a_database_that_listens_and_is_known_to_turn_all_away_is_not_up),
		TEST(lifetimes_are_a_histogram_in_seconds),
		TEST(waits_are_histograms_by_outcome_in_seconds),
		TEST(the_tables_tell_how_full_they_are),
		TEST(promtool_finds_nothing_to_complain_about),
		TEST(health_is_the_gate_on_every_interface_and_a_fresh_heartbeat),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
