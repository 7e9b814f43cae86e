/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text that is not YAML, keys that do not exist or exist twice, lists where maps should be.
 */
#include "test_config_rows.h"

#define EMPTY                                                                                      \
	"f.yaml: the file is empty; at least services[].listen is needed, like: services: "        \
	"[{listen: [\":5432\"]}]"
#define ROOT_KEYS                                                                                  \
	"allowed: interfaces, mode, on_daemon_loss, heartbeat_timeout, handshake_timeout, user, "  \
	"control, http, log, services"
#define SERVICE_KEYS                                                                               \
	"allowed: name, protocol, listen, source_prefix, budget, direct, pooler, half_open, "      \
	"queue, lanes, over_limit, refuse, classes"
#define CLASS_KEYS                                                                                 \
	"allowed: name, sources, action, rate, burst, connections_per_source, "                    \
	"direct_per_source, max_direct, reserved, weight, evict, message, lanes"
#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* clang-format off */
static const struct row rows[] = {
	{"an empty file says what is needed", "", EMPTY, 0},
	{"a file of comments says what is needed", "# nothing\n\n", EMPTY, 0},
	{"an empty document says what is needed", "---\n...\n", EMPTY, 0},
	{"a word is not a configuration", "hello\n", "f.yaml:1:1: found 'hello', expected a map of keys", 0},
	{"a list is not a configuration", "- mode: enforce\n", "f.yaml:1:1: found a list, expected a map of keys", 0},
	{"an unclosed list has its place", "services: [\n",
	 "f.yaml:2:1: not valid YAML: did not find expected node content, while parsing a flow node", 0},
	{"an unclosed quote has its place", "mode: \"enforce\n",
	 "f.yaml:2:1: not valid YAML: found unexpected end of stream, while scanning a quoted scalar", 0},
	{"wrong indentation has its place", "log:\n  level: info\n format: text\n",
	 "f.yaml:3:2: not valid YAML: did not find expected key, while parsing a block mapping", 0},
	{"a tab has its place", "log:\n\tlevel: info\n",
	 "f.yaml:2:1: not valid YAML: found character that cannot start any token, while scanning for the next token", 0},
	{"bytes that are not UTF-8 have their place", "mode: enforce\nlog: {level: \xff}\n",
	 "f.yaml:2:14: not valid YAML: invalid leading UTF-8 octet", 0},
	{"a control character has its place", "mode: enforce\nlog: \x01\n",
	 "f.yaml:2:6: not valid YAML: control characters are not allowed", 0},
	{"an alias needs its anchor", "mode: *m\n", "f.yaml:1:7: not valid YAML: found undefined alias", 0},
	{"a second document is one too many", SERVICE("name: a") "---\nmode: monitor\n",
	 "f.yaml:5:1: a second document begins here, expected one", 0},
	{"what follows the document is YAML, too", SERVICE("name: a") "---\n]\n",
	 "f.yaml:5:1: not valid YAML: did not find expected node content, while parsing a block node", 0},

	{"a mistyped key is guessed", SERVICE("budget: {dirct: 80}"),
	 "f.yaml:3:12: services[0].budget: unknown key 'dirct' (did you mean 'direct'?); allowed: mode, direct, headroom, min_direct, tolerance_percent, freeze, conninfo, evict_idle_after, evict_rate", 0},
	{"a mistyped key at the top is guessed", "intefaces: []\n",
	 "f.yaml:1:1: unknown key 'intefaces' (did you mean 'interfaces'?); " ROOT_KEYS, 0},
	{"a mistyped map is guessed", SERVICE("source-prefix: {}"),
	 "f.yaml:3:3: services[0]: unknown key 'source-prefix' (did you mean 'source_prefix'?); " SERVICE_KEYS, 0},
	{"keys are not capitalised", SERVICE("Budget: {}"),
	 "f.yaml:3:3: services[0]: unknown key 'Budget' (did you mean 'budget'?); " SERVICE_KEYS, 0},
	{"a mistyped key of a class is guessed", CLASS("rates: 5/s"),
	 "f.yaml:4:5: services[0].classes[0]: unknown key 'rates' (did you mean 'rate'?); " CLASS_KEYS, 0},
	{"a mistyped key of an interface is guessed", "interfaces:\n- nam: eth0\n",
	 "f.yaml:2:3: interfaces[0]: unknown key 'nam' (did you mean 'name'?); allowed: name, mode", 0},
	{"a key far from all is not guessed", "http: {tls: yes}\n",
	 "f.yaml:1:8: http: unknown key 'tls'; allowed: listen", 0},
	{"a path is not a key", "log.level: info\n", "f.yaml:1:1: unknown key 'log.level'; " ROOT_KEYS, 0},
	{"a key of another level is unknown", "listen: [5432]\n", "f.yaml:1:1: unknown key 'listen'; " ROOT_KEYS, 0},
	{"merge keys are unknown", SERVICE("<<: {name: a}"), "f.yaml:3:3: services[0]: unknown key '<<'; " SERVICE_KEYS, 0},
	{"an empty key is unknown", "'': 1\n", "f.yaml:1:1: unknown key ''; " ROOT_KEYS, 0},
	{"a very long key is cut in the message", X64 X64 ": 1\n",
	 "f.yaml:1:1: unknown key '" X64 "xxxxxxxxxx...'; " ROOT_KEYS, 0},
	{"a key is not a list", "[mode]: enforce\n", "f.yaml:1:1: found a list as a key, expected a word", 0},
	{"a key is not a map", "{mode: a}: enforce\n", "f.yaml:1:1: found a map as a key, expected a word", 0},
	{"a key has no NUL inside", "\"mo\\0de\": enforce\n", "f.yaml:1:1: found a NUL byte as a key, expected a word", 0},
	{"a key is given once", "mode: enforce\nlog: {}\nmode: monitor\n",
	 "f.yaml:3:1: mode: the key is given twice, first in line 1", 0},
	{"a map is given once", SERVICE("budget: {direct: 1}\n  budget: {direct: 2}"),
	 "f.yaml:4:3: services[0].budget: the key is given twice, first in line 3", 0},
	{"a key in a map is given once", SERVICE("budget: {direct: 1, direct: 1}"),
	 "f.yaml:3:23: services[0].budget.direct: the key is given twice, first in line 3", 0},

	{"a map is not a value", "control: /run/s\n", "f.yaml:1:10: control: found '/run/s', expected a map of keys", 0},
	{"a map is not a list", SERVICE("budget: [80]"), "f.yaml:3:11: services[0].budget: found a list, expected a map of keys", 0},
	{"a map is not nothing", SERVICE("budget:"), "f.yaml:3:10: services[0].budget: found nothing, expected a map of keys", 0},
	{"services are not a map", "services: {main: {listen: [1]}}\n", "f.yaml:1:11: services: found a map, expected a list", 0},
	{"interfaces are a list", "interfaces: eth0\n", "f.yaml:1:13: interfaces: found 'eth0', expected a list", 0},
	{"an interface is a map", "interfaces: [eth0]\n", "f.yaml:1:14: interfaces[0]: found 'eth0', expected a map of keys", 0},
	{"listen is a list", "services: [{listen: 5432}]", "f.yaml:1:21: services[0].listen: found '5432', expected a list", 0},
	{"sources are a list", CLASS("sources: 10.0.0.0/8"),
	 "f.yaml:4:14: services[0].classes[0].sources: found '10.0.0.0/8', expected a list", 0},
	{"lanes are a list", SERVICE("lanes: direct"), "f.yaml:3:10: services[0].lanes: found 'direct', expected a list", 0},
	{"a word is not a list", "mode: [enforce]\n", "f.yaml:1:7: mode: found a list, expected one of: enforce, monitor", 0},

	{"a map that contains itself ends in an error", "&a\nlog: *a\n",
	 "f.yaml:2:1: log: unknown key 'log'; allowed: level, format", 0},
	{"a list that contains itself ends in an error", "services: &s\n- *s\n",
	 "f.yaml:1:11: services[0]: found a list, expected a map of keys", 0},
	{"a service that contains itself ends in an error", "services: &s\n- classes: *s\n",
	 "f.yaml:2:3: services[0].classes[0]: unknown key 'classes'; " CLASS_KEYS, 0},
};
/* clang-format on */

int main(void)
{
	return run_rows("config/yaml", rows, COUNT_OF(rows));
}
