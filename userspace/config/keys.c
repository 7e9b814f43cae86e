/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rows: every key of the configuration with its default, range and help. Nothing else knows
 * them.
 */
#include "config/keys.h"

#include <string.h>

#include "core/clock.h"

#define MILLION 1000000
#define MINUTE	(60 * SW_NS_PER_S)
#define HOUR	(60 * MINUTE)

/* A row's fixed part: object, section, key, type and where the value lies. */
#define KEY(obj, st, sect, key, kind, member)                                                      \
	.object = SW_OBJECT_##obj, .section = (sect), .name = (key), .type = SW_KEY_##kind,        \
	.offset = offsetof(struct st, member)
#define ROOT(sect, key, kind, member)	 KEY(CONFIG, sw_config, sect, key, kind, member)
#define NIC(key, kind, member)		 KEY(INTERFACE, sw_config_interface, NULL, key, kind, member)
#define SERVICE(sect, key, kind, member) KEY(SERVICE, sw_config_service, sect, key, kind, member)
#define CLASS(key, kind, member)	 KEY(CLASS, sw_config_class, NULL, key, kind, member)
#define COUNT(st, member)		 .count_offset = offsetof(struct st, member)
#define LIMIT				 (SW_KEY_LIMIT | SW_KEY_TUNABLE)

static bool is_ifname(const char *text)
{
	return strpbrk(text, "/: \t") == NULL && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

static bool is_absolute(const char *text)
{
	return text[0] == '/';
}

static bool is_group(const char *text)
{
	return strpbrk(text, ":, \t") == NULL;
}

static bool is_users(const char *text)
{
	return strpbrk(text, ":/\t") == NULL;
}

#define LISTEN_EXPECTED	 "expected PORT, :PORT, ADDRESS:PORT or [IPV6]:PORT"
#define ADDRESS_EXPECTED "expected ADDRESS:PORT, [IPV6]:PORT, or \"\" for none"

/* clang-format off */
static const struct sw_key keys[] = {
	{ROOT(NULL, "interfaces", OBJECTS, interfaces), COUNT(sw_config, interface_count),
	 .child = SW_OBJECT_INTERFACE, .max = SW_CONFIG_INTERFACES_MAX,
	 .help = "network interfaces to guard"},
	{ROOT(NULL, "mode", WORD, mode), .words = SW_WORDS_MODE, .initial = "enforce",
	 .help = "enforce, or monitor: count and explain, never drop or divert"},
	{ROOT(NULL, "on_daemon_loss", WORD, on_daemon_loss), .words = SW_WORDS_ON_LOSS,
	 .initial = "hold",
	 .help = "without a daemon: hold all limits, open to all, or closed to all"},
	{ROOT(NULL, "heartbeat_timeout", DURATION, heartbeat_timeout_ns), .initial = "2s",
	 .min = 100 * SW_NS_PER_MS, .max = HOUR,
	 .help = "silence of the daemon after which it counts as lost"},
	{ROOT(NULL, "handshake_timeout", DURATION, handshake_timeout_ns), .initial = "5s",
	 .min = SW_NS_PER_S, .max = 10 * MINUTE,
	 .help = "how long a slot is kept for a handshake that does not end"},
	{ROOT(NULL, "user", STRING, user), .initial = "spillway", .max = SW_CONFIG_GROUP_MAX,
	 .accepts = is_group, .expected = "expected a user name of at most 32 bytes, or \"\" for none",
	 .help = "whom spillwayd goes on as when root has started it (\"\": root)"},
	{ROOT("control", "socket", STRING, control.socket),
	 .initial = "/run/spillway/spillway.sock", .min = 2, .max = SW_CONFIG_SOCKET_MAX,
	 .accepts = is_absolute,
	 .expected = "expected an absolute path of at most 107 bytes",
	 .help = "path of the control socket"},
	{ROOT("control", "group", STRING, control.group), .initial = "spillway",
	 .max = SW_CONFIG_GROUP_MAX, .accepts = is_group,
	 .expected = "expected a group name of at most 32 bytes, or \"\" for none",
	 .help = "group that may read through the control socket"},
	{ROOT("control", "admin_users", STRING, control.admin_users), .initial = "",
	 .max = SW_CONFIG_ADMINS_MAX, .accepts = is_users,
	 .expected = "expected names of users parted by commas, at most 511 bytes",
	 .help = "users in that group who may change what runs, besides root"},
	{ROOT("http", "listen", ENDPOINT, http.listen), .initial = "127.0.0.1:9432",
	 .expected = "expected :PORT, ADDRESS:PORT, [IPV6]:PORT, or \"\" for none",
	 .help = "where /metrics and /healthz are served"},
	{ROOT("log", "level", WORD, log.level), .words = SW_WORDS_LOG_LEVEL, .initial = "info",
	 .help = "least important messages to log"},
	{ROOT("log", "format", WORD, log.format), .words = SW_WORDS_LOG_FORMAT, .initial = "text",
	 .help = "lines of text or JSON objects"},
	{ROOT(NULL, "services", OBJECTS, services), COUNT(sw_config, service_count),
	 .child = SW_OBJECT_SERVICE, .max = SW_CONFIG_SERVICES_MAX,
	 .help = "the guarded services"},

	{NIC("name", STRING, name), .initial = "eth0", .min = 1, .max = SW_CONFIG_IFNAME_MAX,
	 .accepts = is_ifname,
	 .expected = "expected an interface name of 1 to 15 bytes without '/', ':' or blanks",
	 .help = "name of the interface"},
	{NIC("mode", WORD, mode), .words = SW_WORDS_ATTACH_MODE, .initial = "auto",
	 .help = "how to attach; auto takes the fastest that works"},

	{SERVICE(NULL, "name", NAME, name), .initial = "main", .min = 1, .max = SW_CONFIG_NAME_MAX,
	 .help = "name of the service"},
	{SERVICE(NULL, "protocol", WORD, protocol), .words = SW_WORDS_PROTOCOL,
	 .initial = "postgres", .help = "what is spoken there, for refusals clients understand"},
	{SERVICE(NULL, "listen", LISTEN, listen), COUNT(sw_config_service, listen_count),
	 .max = SW_CONFIG_LISTEN_MAX, .expected = LISTEN_EXPECTED,
	 .help = "the guarded addresses and ports (required)"},
	{SERVICE("source_prefix", "ipv4", U32, source_prefix.ipv4), .initial = "32", .max = 32,
	 .help = "bits of an IPv4 address that make a source; 0: all are one"},
	{SERVICE("source_prefix", "ipv6", U32, source_prefix.ipv6), .initial = "64", .max = 128,
	 .help = "the same for IPv6"},
	{SERVICE("budget", "mode", WORD, budget.mode), .words = SW_WORDS_BUDGET_MODE,
	 .initial = "fixed", .help = "where the number of direct connections comes from"},
	{SERVICE("budget", "direct", U32, budget.direct), .initial = "80", .max = MILLION,
	 .help = "fixed: the budget (0: nobody direct); otherwise its bound (0: none)"},
	{SERVICE("budget", "headroom", U32, budget.headroom), .initial = "3", .max = MILLION,
	 .help = "auto, adaptive: slots left free for others"},
	{SERVICE("budget", "min_direct", U32, budget.min_direct), .initial = "10", .min = 1,
	 .max = MILLION, .help = "adaptive: it is never cut below, unless the database has less room"},
	{SERVICE("budget", "tolerance_percent", U32, budget.tolerance_percent), .initial = "300",
	 .min = 110, .max = 10000,
	 .help = "adaptive: it is cut when all takes longer than so much of what is usual"},
	{SERVICE("budget", "freeze", WORD, budget.freeze), .words = SW_WORDS_YES_NO,
	 .initial = "no", .help = "adaptive: yes keeps it where it is"},
	{SERVICE("budget", "conninfo", STRING, budget.conninfo),
	 .initial = SW_CONFIG_CONNINFO_DEFAULT,
	 .max = SW_CONFIG_CONNINFO_MAX, .expected = "expected at most 1023 printable bytes",
	 .help = "libpq connection string for asking the database"},
	{SERVICE("budget", "evict_idle_after", DURATION, budget.evict_idle_after_ns), .initial = "0s",
	 .max = 24 * HOUR,
	 .help = "while somebody waits, end sessions that were idle for so long (0s: never)"},
	{SERVICE("budget", "evict_rate", RATE, budget.evict_rate), .initial = "10/s",
	 .help = "how many of them at most"},
	{SERVICE("direct", "address", ENDPOINT, direct.address), .initial = "",
	 .flags = SW_KEY_CONCRETE, .expected = ADDRESS_EXPECTED,
	 .help = "local listener for direct connections; \"\": where the packet went"},
	{SERVICE("pooler", "address", ENDPOINT, pooler.address), .initial = "",
	 .flags = SW_KEY_CONCRETE, .expected = ADDRESS_EXPECTED,
	 .help = "the local pooler; \"\": none, the lane never has room"},
	{SERVICE("pooler", "max_connections", U32, pooler.max_connections), .initial = "2000",
	 .max = MILLION, .help = "connections the pooler may hold (0: no cap)"},
	{SERVICE("half_open", "max_percent", U32, half_open.max_percent), .initial = "75",
	 .max = 100,
	 .help = "of the budget that unfinished handshakes may hold (0: no cap); one of a source more"},
	{SERVICE("half_open", "max_percent_per_source", U32, half_open.max_percent_per_source),
	 .initial = "50", .max = 100, .help = "those of one source (0: no cap)"},
	{SERVICE("queue", "max_waiting", U32, queue.max_waiting), .initial = "10000",
	 .max = MILLION, .help = "connections that may wait (0: no cap)"},
	{SERVICE("queue", "max_wait", DURATION, queue.max_wait_ns), .initial = "10s",
	 .min = SW_NS_PER_MS, .max = HOUR, .help = "longest wait before a refusal"},
	{SERVICE("queue", "discipline", WORD, queue.discipline), .words = SW_WORDS_DISCIPLINE,
	 .initial = "fair", .help = "who is next: sources in turn, the first, or the last"},
	{SERVICE("queue", "max_waiting_per_source", U32, queue.max_waiting_per_source),
	 .initial = "0", .max = MILLION, .help = "those of one source (0: no cap)"},
	{SERVICE("queue", "overload_after", DURATION, queue.overload_after_ns), .initial = "10s",
	 .max = HOUR, .help = "where room is wanting for so long nobody may wait as long (0s: he may)"},
	{SERVICE("queue", "overload_wait", DURATION, queue.overload_wait_ns), .initial = "2s",
	 .min = SW_NS_PER_MS, .max = HOUR, .help = "the longest wait then, for fair and fifo"},
	{SERVICE("queue", "resume_rate", RATE, queue.resume_rate), .initial = "200/s",
	 .help = "how fast waiters are let in after a pause or when the database is back"},
	{SERVICE(NULL, "lanes", LANES, lanes), .initial = "direct pooler queue refuse",
	 .flags = SW_KEY_INHERITS,
	 .help = "lanes tried in order; the last is refuse, reset or drop"},
	{SERVICE(NULL, "over_limit", LANES, over_limit), .initial = "refuse",
	 .help = "the same for a source over its rate or connections_per_source"},
	{SERVICE("refuse", "message", STRING, refuse.message),
	 .initial = "connection budget exhausted, retry later", .min = 1,
	 .max = SW_CONFIG_MESSAGE_MAX, .expected = "expected 1 to 160 printable bytes",
	 .help = "what a refused client is told"},
	{SERVICE("refuse", "retry_after", DURATION, refuse.retry_after_ns), .initial = "1s",
	 .max = HOUR,
	 .help = "a PostgreSQL client is told to retry in so long to twice as long (0s: no hint)"},
	{SERVICE(NULL, "classes", OBJECTS, classes), COUNT(sw_config_service, class_count),
	 .child = SW_OBJECT_CLASS, .max = SW_CONFIG_CLASSES_MAX - SW_CONFIG_BUILTIN,
	 .help = "groups of sources and their limits"},

	{CLASS("name", NAME, name), .initial = "default", .min = 1, .max = SW_CONFIG_NAME_MAX,
	 .help = "name of the class; default takes whom no other class names"},
	{CLASS("sources", SOURCES, sources), COUNT(sw_config_class, source_count),
	 .max = SW_CONFIG_SOURCES_MAX, .help = "prefixes of the class; the longest match wins"},
	{CLASS("action", WORD, action), .words = SW_WORDS_ACTION, .initial = "limit",
	 .flags = SW_KEY_INHERITS,
	 .help = "limit, or one answer for everybody in the class"},
	{CLASS("rate", RATE, rate), .initial = "100/s", .flags = LIMIT,
	 .help = "new connections per source"},
	{CLASS("burst", U32, burst), .initial = "200", .min = 1, .max = MILLION, .flags = LIMIT,
	 .help = "new connections of a source at once, beyond its rate"},
	{CLASS("connections_per_source", U32, connections_per_source), .initial = "0",
	 .max = MILLION, .flags = LIMIT, .help = "direct and pooler together (0: no cap)"},
	{CLASS("direct_per_source", U32, direct_per_source), .initial = "0", .max = MILLION,
	 .flags = LIMIT, .help = "direct connections of one source (0: no cap)"},
	{CLASS("max_direct", U32, max_direct), .initial = "0", .max = MILLION, .flags = LIMIT,
	 .help = "direct connections of the whole class (0: no cap)"},
	{CLASS("reserved", U32, reserved), .initial = "0", .max = MILLION, .flags = LIMIT,
	 .help = "slots of the budget kept for the class"},
	{CLASS("weight", U32, weight), .initial = "1", .min = 1, .max = 1000, .flags = LIMIT,
	 .help = "share of the class when connections wait"},
	{CLASS("evict", WORD, evict), .words = SW_WORDS_YES_NO, .initial = "yes",
	 .flags = SW_KEY_LIMIT | SW_KEY_INHERITS,
	 .help = "whether idle sessions of the class may be ended for those who wait"},
	{CLASS("message", STRING, message), .initial = "", .max = SW_CONFIG_MESSAGE_MAX,
	 .flags = SW_KEY_INHERITS, .expected = "expected at most 160 printable bytes",
	 .help = "what refused clients of the class are told; \"\": the service's refuse.message"},
	{CLASS("lanes", LANES, lanes), .flags = SW_KEY_LIMIT | SW_KEY_INHERITS,
	 .help = "lanes of the class, instead of the service's"},
};
/* clang-format on */

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

const struct sw_key *sw_keys_of(enum sw_object object, size_t *count)
{
	size_t first = 0, end;

	while (keys[first].object != object)
		first++;
	for (end = first; end < KEY_COUNT && keys[end].object == object; end++)
		;
	*count = end - first;
	return &keys[first];
}

size_t sw_keys_index(const struct sw_key *key)
{
	size_t count;

	return (size_t)(key - sw_keys_of(key->object, &count));
}

size_t sw_object_size(enum sw_object object)
{
	static const size_t sizes[SW_OBJECT_COUNT] = {
		[SW_OBJECT_CONFIG] = sizeof(struct sw_config),
		[SW_OBJECT_INTERFACE] = sizeof(struct sw_config_interface),
		[SW_OBJECT_SERVICE] = sizeof(struct sw_config_service),
		[SW_OBJECT_CLASS] = sizeof(struct sw_config_class),
	};

	return sizes[object];
}
