/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What loads: the documented example, the defaults, values of every kind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "config/config.h"
#include "core/clock.h"

/* The example every user is shown, with nothing left to its default that is not written here. */
static const char example[] =
	"interfaces:\n"
	"  - {name: eth0, mode: auto}        # auto | native | generic | tc\n"
	"mode: enforce                       # enforce | monitor (count and explain)\n"
	"on_daemon_loss: hold                # hold | open | closed\n"
	"heartbeat_timeout: 2s\n"
	"handshake_timeout: 5s\n"
	"control: {socket: /run/spillway/spillway.sock, group: spillway}\n"
	"http: {listen: \"127.0.0.1:9432\"}\n"
	"log: {level: info, format: text}    # text | json\n"
	"services:\n"
	"  - name: main\n"
	"    protocol: postgres              # postgres | mysql | tcp\n"
	"    listen: [\":5432\"]\n"
	"    source_prefix: {ipv4: 32, ipv6: 64}\n"
	"    budget:\n"
	"      mode: fixed                   # fixed | auto | adaptive\n"
	"      direct: 80\n"
	"      headroom: 3                   # auto: slots left free for others\n"
	"      conninfo: \"host=/var/run/postgresql dbname=postgres user=spillway\"\n"
	"    direct: {address: \"\"}\n"
	"    pooler: {address: \"127.0.0.1:6432\", max_connections: 2000}\n"
	"    queue: {max_waiting: 10000, max_wait: 10s, discipline: fair, "
	"max_waiting_per_source: 0}\n"
	"    lanes: [direct, pooler, queue, refuse]\n"
	"    over_limit: [refuse]\n"
	"    refuse: {message: \"connection budget exhausted, retry later\"}\n"
	"    classes:\n"
	"      - {name: default, rate: 100/s, burst: 200, connections_per_source: 0, "
	"direct_per_source: 0, max_direct: 0, reserved: 0, weight: 1}\n"
	"      - {name: admin, sources: [\"10.0.0.5/32\"], reserved: 3, weight: 10, "
	"rate: unlimited, lanes: [direct, queue, refuse]}\n"
	"      - {name: lambda, sources: [\"10.64.0.0/12\"], lanes: [pooler, queue, refuse]}\n"
	"      - {name: banned, sources: [\"192.0.2.0/24\"], action: drop}\n";

/* Loads and validates; the test fails with the message if either does. */
static struct sw_config *load(const char *text)
{
	struct sw_config *config = NULL;
	struct sw_error err = {0};

	if (sw_config_load_string(text, "f.yaml", &config, &err) ||
	    sw_config_validate(config, &err))
		fail_msg("%s", err.text);
	return config;
}

static void assert_lanes(const struct sw_config_lanes *lanes, size_t count, ...)
{
	va_list expected;

	assert_int_equal(lanes->count, count);
	va_start(expected, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(lanes->lane[i], va_arg(expected, enum sw_lane));
	va_end(expected);
}

static void assert_endpoint(const struct sw_endpoint *endpoint, const char *expected)
{
	char text[SW_ENDPOINT_TEXT];

	assert_int_equal(sw_endpoint_format(endpoint, text, sizeof(text)), 0);
	assert_string_equal(text, expected);
}

static void assert_source(const struct sw_config_class *class, const char *expected)
{
	char text[SW_PREFIX_TEXT];

	assert_int_equal(class->source_count, 1);
	sw_prefix_format(&class->sources[0].prefix, text, sizeof(text));
	assert_string_equal(text, expected);
}

/* Values that are the defaults and what the example says. */
static void assert_documented_root(const struct sw_config *config)
{
	assert_int_equal(config->mode, SW_MODE_ENFORCE);
	assert_int_equal(config->on_daemon_loss, SW_ON_LOSS_HOLD);
	assert_int_equal(config->heartbeat_timeout_ns, 2 * SW_NS_PER_S);
	assert_int_equal(config->handshake_timeout_ns, 5 * SW_NS_PER_S);
	assert_string_equal(config->control.socket, "/run/spillway/spillway.sock");
	assert_string_equal(config->control.group, "spillway");
	assert_endpoint(&config->http.listen, "127.0.0.1:9432");
	assert_int_equal(config->log.level, SW_LOG_INFO);
	assert_int_equal(config->log.format, SW_LOG_TEXT);
}

static void assert_documented_service(const struct sw_config_service *service)
{
	assert_string_equal(service->name, "main");
	assert_int_equal(service->protocol, SW_PROTOCOL_POSTGRES);
	assert_int_equal(service->source_prefix.ipv4, 32);
	assert_int_equal(service->source_prefix.ipv6, 64);
	assert_int_equal(service->budget.mode, SW_BUDGET_FIXED);
	assert_int_equal(service->budget.direct, 80);
	assert_int_equal(service->budget.headroom, 3);
	assert_string_equal(service->budget.conninfo,
			    "host=/var/run/postgresql dbname=postgres user=spillway");
	assert_int_equal(service->direct.address.port, 0);
	assert_int_equal(service->pooler.max_connections, 2000);
	assert_int_equal(service->half_open.max_percent, 75);
	assert_int_equal(service->half_open.max_percent_per_source, 50);
	assert_int_equal(service->queue.max_waiting, 10000);
	assert_int_equal(service->queue.max_wait_ns, 10 * SW_NS_PER_S);
	assert_int_equal(service->queue.discipline, SW_DISCIPLINE_FAIR);
	assert_int_equal(service->queue.max_waiting_per_source, 0);
	assert_lanes(&service->lanes, 4, SW_LANE_DIRECT, SW_LANE_POOLER, SW_LANE_QUEUE,
		     SW_LANE_REFUSE);
	assert_lanes(&service->over_limit, 1, SW_LANE_REFUSE);
	assert_string_equal(service->refuse.message, "connection budget exhausted, retry later");
	assert_int_equal(service->refuse.retry_after_ns, SW_NS_PER_S);
}

static void assert_documented_class(const struct sw_config_class *class, const char *name)
{
	assert_string_equal(class->name, name);
	assert_int_equal(class->action, SW_ACTION_LIMIT);
	assert_int_equal(class->rate.count, 100);
	assert_int_equal(class->rate.per_ns, SW_NS_PER_S);
	assert_int_equal(class->burst, 200);
	assert_int_equal(class->connections_per_source, 0);
	assert_int_equal(class->direct_per_source, 0);
	assert_int_equal(class->max_direct, 0);
	assert_int_equal(class->reserved, 0);
	assert_int_equal(class->weight, 1);
}

static void the_documented_example_means_what_it_says(void **state)
{
	SW_CONFIG_FREE struct sw_config *config = load(example);
	const struct sw_config_service *service = &config->services[0];
	const struct sw_config_class *classes = service->classes;

	(void)state;
	assert_int_equal(config->interface_count, 1);
	assert_string_equal(config->interfaces[0].name, "eth0");
	assert_int_equal(config->interfaces[0].mode, SW_ATTACH_AUTO);
	assert_documented_root(config);
	assert_int_equal(config->service_count, 1);
	assert_documented_service(service);
	assert_int_equal(service->listen_count, 1);
	assert_endpoint(&service->listen[0].endpoint, ":5432");
	assert_endpoint(&service->pooler.address, "127.0.0.1:6432");
	assert_int_equal(service->class_count, 4);
	assert_documented_class(&classes[0], "default");
	assert_int_equal(classes[0].source_count, 0);
	assert_ptr_equal(sw_config_class_lanes(service, &classes[0]), &service->lanes);
	assert_string_equal(classes[1].name, "admin");
	assert_source(&classes[1], "10.0.0.5/32");
	assert_int_equal(classes[1].reserved, 3);
	assert_int_equal(classes[1].weight, 10);
	assert_int_equal(classes[1].rate.count, 0);
	assert_int_equal(classes[1].burst, 200);
	assert_lanes(sw_config_class_lanes(service, &classes[1]), 3, SW_LANE_DIRECT, SW_LANE_QUEUE,
		     SW_LANE_REFUSE);
	assert_documented_class(&classes[2], "lambda");
	assert_source(&classes[2], "10.64.0.0/12");
	assert_lanes(&classes[2].lanes, 3, SW_LANE_POOLER, SW_LANE_QUEUE, SW_LANE_REFUSE);
	assert_string_equal(classes[3].name, "banned");
	assert_source(&classes[3], "192.0.2.0/24");
	assert_int_equal(classes[3].action, SW_ACTION_DROP);
}

static void everything_but_listen_has_its_documented_default(void **state)
{
	SW_CONFIG_FREE struct sw_config *config = load("services: [{listen: [5432]}]");
	const struct sw_config_service *service = &config->services[0];

	(void)state;
	assert_int_equal(config->interface_count, 0);
	assert_documented_root(config);
	assert_documented_service(service);
	assert_int_equal(service->pooler.address.port, 0);
	assert_int_equal(service->class_count, 1);
	assert_documented_class(&service->classes[0], "default");
	assert_int_equal(service->classes[0].lanes.count, 0);
}

static void defaults_need_no_file(void **state)
{
	SW_CONFIG_FREE struct sw_config *config = NULL;
	struct sw_config_service *service;

	(void)state;
	assert_int_equal(sw_config_defaults(&config), 0);
	assert_null(config->file);
	assert_int_equal(config->service_count, 0);
	assert_documented_root(config);
	assert_int_equal(sw_config_add_service(config, "main", &service, NULL), 0);
	assert_documented_service(service);
	assert_documented_class(&service->classes[0], "default");
}

static void every_other_value_is_taken_as_well(void **state)
{
	SW_CONFIG_FREE struct sw_config *config =
		load("mode: monitor\n"
		     "on_daemon_loss: closed\n"
		     "heartbeat_timeout: 100ms\n"
		     "handshake_timeout: 10m\n"
		     "control: {socket: /tmp/s, group: ''}\n"
		     "http: {listen: ''}\n"
		     "log: {level: debug, format: json}\n"
		     "interfaces: [{name: ens3, mode: tc}, {name: lo, mode: generic}, {}]\n"
		     "services:\n"
		     "- name: a_b-9\n"
		     "  protocol: mysql\n"
		     "  listen: ['10.0.0.1:3306', '[fd00::1]:3306', 3306]\n"
		     "  source_prefix: {ipv4: 0, ipv6: 128}\n"
		     "  budget: {direct: 0}\n"
		     "  direct: {address: '127.0.0.1:3307'}\n"
		     "  pooler: {address: '[::1]:6033', max_connections: 0}\n"
		     "  queue: {max_wait: 1ms, discipline: lifo, max_waiting_per_source: 7}\n"
		     "  lanes: [pooler, reset]\n"
		     "  over_limit: [pooler, drop]\n"
		     "  refuse: {message: 'genug für heute', retry_after: 0s}\n"
		     "  classes:\n"
		     "  - {name: vip, sources: ['fd00::/8', 10.0.0.1], action: allow, "
		     "message: ganz besonders genug}\n");
	const struct sw_config_service *service = &config->services[0];

	(void)state;
	assert_int_equal(config->mode, SW_MODE_MONITOR);
	assert_int_equal(config->on_daemon_loss, SW_ON_LOSS_CLOSED);
	assert_int_equal(config->heartbeat_timeout_ns, 100 * SW_NS_PER_MS);
	assert_string_equal(config->control.group, "");
	assert_int_equal(config->http.listen.port, 0);
	assert_int_equal(config->log.format, SW_LOG_JSON);
	assert_int_equal(config->interfaces[0].mode, SW_ATTACH_TC);
	assert_int_equal(config->interfaces[1].mode, SW_ATTACH_GENERIC);
	assert_string_equal(config->interfaces[2].name, "eth0");
	assert_int_equal(service->listen_count, 3);
	assert_endpoint(&service->listen[1].endpoint, "[fd00::1]:3306");
	assert_endpoint(&service->listen[2].endpoint, ":3306");
	assert_int_equal(service->source_prefix.ipv4, 0);
	assert_endpoint(&service->direct.address, "127.0.0.1:3307");
	assert_endpoint(&service->pooler.address, "[::1]:6033");
	assert_lanes(&service->lanes, 2, SW_LANE_POOLER, SW_LANE_RESET);
	assert_lanes(&service->over_limit, 2, SW_LANE_POOLER, SW_LANE_DROP);
	assert_string_equal(service->refuse.message, "genug für heute");
	assert_int_equal(service->refuse.retry_after_ns, 0);
	assert_string_equal(service->classes[0].message, "ganz besonders genug");
	assert_string_equal(service->classes[1].message, "");
	assert_int_equal(service->class_count, 2);
	assert_int_equal(service->classes[0].action, SW_ACTION_ALLOW);
	assert_int_equal(service->classes[0].source_count, 2);
	assert_string_equal(service->classes[1].name, "default");
}

static void anchors_may_be_used_to_say_things_once(void **state)
{
	SW_CONFIG_FREE struct sw_config *config = load(
		"services:\n"
		"- {name: a, listen: [1], lanes: &chain [direct, drop], queue: &q {max_wait: 3s}}\n"
		"- {name: b, listen: [2], lanes: *chain, queue: *q}\n");

	(void)state;
	assert_lanes(&config->services[1].lanes, 2, SW_LANE_DIRECT, SW_LANE_DROP);
	assert_int_equal(config->services[1].queue.max_wait_ns, 3 * SW_NS_PER_S);
}

static void an_exact_address_may_be_taken_out_of_any_address(void **state)
{
	SW_CONFIG_FREE struct sw_config *config =
		load("services: [{name: a, listen: [':1']}, {name: b, listen: ['10.0.0.1:1']}]");

	(void)state;
	assert_int_equal(config->service_count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_documented_example_means_what_it_says),
		cmocka_unit_test(everything_but_listen_has_its_documented_default),
		cmocka_unit_test(defaults_need_no_file),
		cmocka_unit_test(every_other_value_is_taken_as_well),
		cmocka_unit_test(anchors_may_be_used_to_say_things_once),
		cmocka_unit_test(an_exact_address_may_be_taken_out_of_any_address),
	};

	return cmocka_run_group_tests_name("config/load", tests, NULL, NULL);
}
