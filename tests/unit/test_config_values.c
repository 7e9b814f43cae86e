/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that are wrong by themselves: what was found, what is allowed, and where.
 */
#include "test_config_rows.h"

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

#define NUMBER	 "expected a whole number from 0 to 1000000"
#define NAME	 "expected a name of 1 to 31 characters a-z, 0-9, '_', '-', beginning with a letter"
#define IFNAME	 "expected an interface name of 1 to 15 bytes without '/', ':' or blanks"
#define LANES	 "expected one of: direct, pooler, queue, refuse, reset, drop"
#define RATE	 "expected a rate like 100/s, 30/m, 5/h, or unlimited"
#define LISTEN	 "expected PORT, :PORT, ADDRESS:PORT or [IPV6]:PORT"
#define CONCRETE "expected ADDRESS:PORT, [IPV6]:PORT, or \"\" for none"
#define HTTP	 "expected :PORT, ADDRESS:PORT, [IPV6]:PORT, or \"\" for none"
#define PREFIX	 "expected an address or a prefix like 10.0.0.0/8 or fd00::/8"
#define BUDGET	 "f.yaml:3:20: services[0].budget.direct: found "

/* clang-format off */
static const struct row rows[] = {
	{"a number has no letters", SERVICE("budget: {direct: eighty}"), BUDGET "'eighty', " NUMBER, 0},
	{"a number has nothing behind it", SERVICE("budget: {direct: 12abc}"), BUDGET "'12abc', " NUMBER, 0},
	{"a number has no sign", SERVICE("budget: {direct: +5}"), BUDGET "'+5', " NUMBER, 0},
	{"a number is not negative", SERVICE("budget: {direct: -1}"), BUDGET "'-1', " NUMBER, 0},
	{"a number is not hexadecimal", SERVICE("budget: {direct: 0x10}"), BUDGET "'0x10', " NUMBER, 0},
	{"a number is not empty", SERVICE("budget: {direct: ''}"), BUDGET "'', " NUMBER, 0},
	{"a number is within its range", SERVICE("budget: {direct: 1000001}"), BUDGET "'1000001', " NUMBER, 0},
	{"a number does not wrap around", SERVICE("budget: {direct: 4294967297}"), BUDGET "'4294967297', " NUMBER, 0},
	{"a number is not a list", SERVICE("budget: {direct: [80]}"), BUDGET "a list, " NUMBER, 0},
	{"a number is not a map", SERVICE("budget: {direct: {max: 80}}"), BUDGET "a map, " NUMBER, 0},
	{"a long value is cut in the message", SERVICE("budget: {direct: " X50 X50 "}"),
	 BUDGET "'" X50 "xxxxxxxxxxxxxxxxxxxxxxxx...', " NUMBER, 0},
	{"a control character is not printed", SERVICE("budget: {direct: \"\\e[31m\"}"), BUDGET "'?[31m', " NUMBER, 0},
	{"an IPv4 source has at most 32 bits", SERVICE("source_prefix: {ipv4: 33}"),
	 "f.yaml:3:25: services[0].source_prefix.ipv4: found '33', expected a whole number from 0 to 32", 0},
	{"an IPv6 source has at most 128 bits", SERVICE("source_prefix: {ipv6: 129}"),
	 "f.yaml:3:25: services[0].source_prefix.ipv6: found '129', expected a whole number from 0 to 128", 0},
	{"a duration needs its unit", "heartbeat_timeout: 2\n",
	 "f.yaml:1:20: heartbeat_timeout: found '2', expected a duration from 100ms to 1h, like 500ms, 10s or 5m", 0},
	{"a heartbeat is not too fast", "heartbeat_timeout: 99ms\n",
	 "f.yaml:1:20: heartbeat_timeout: found '99ms', expected a duration from 100ms to 1h, like 500ms, 10s or 5m", 0},
	{"a handshake is not too slow", "handshake_timeout: 601s\n",
	 "f.yaml:1:20: handshake_timeout: found '601s', expected a duration from 1s to 10m, like 500ms, 10s or 5m", 0},
	{"a wait has an end", SERVICE("queue: {max_wait: 61m}"),
	 "f.yaml:3:21: services[0].queue.max_wait: found '61m', expected a duration from 1ms to 1h, like 500ms, 10s or 5m", 0},
	{"a mode is one of its words", "mode: monitr\n",
	 "f.yaml:1:7: mode: found 'monitr', expected one of: enforce, monitor", 0},
	{"words are not capitalised", "on_daemon_loss: Hold\n",
	 "f.yaml:1:17: on_daemon_loss: found 'Hold', expected one of: hold, open, closed", 0},
	{"an attach mode is one of its words", "interfaces: [{mode: skb}]\n",
	 "f.yaml:1:21: interfaces[0].mode: found 'skb', expected one of: auto, native, generic, tc", 0},
	{"a protocol is one of its words", SERVICE("protocol: oracle"),
	 "f.yaml:3:13: services[0].protocol: found 'oracle', expected one of: postgres, mysql, tcp", 0},
	{"a budget mode is one of its words", SERVICE("budget: {mode: guess}"),
	 "f.yaml:3:18: services[0].budget.mode: found 'guess', expected one of: fixed, auto, adaptive", 0},
	{"a discipline is one of its words", SERVICE("queue: {discipline: random}"),
	 "f.yaml:3:23: services[0].queue.discipline: found 'random', expected one of: fair, fifo, lifo", 0},
	{"a log level is one of its words", "log: {level: 3}\n",
	 "f.yaml:1:14: log.level: found '3', expected one of: error, warn, info, debug", 0},
	{"a log format is one of its words", "log: {format: xml}\n",
	 "f.yaml:1:15: log.format: found 'xml', expected one of: text, json", 0},
	{"a socket has an absolute path", "control: {socket: run/s}\n",
	 "f.yaml:1:19: control.socket: found 'run/s', expected an absolute path of at most 107 bytes", 0},
	{"a socket path fits its address", "control: {socket: /" X50 X50 "1234567}\n",
	 "f.yaml:1:19: control.socket: found '/" X50 "xxxxxxxxxxxxxxxxxxxxxxx...', expected an absolute path of at most 107 bytes", 0},
	{"a group is a name", "control: {group: a b}\n",
	 "f.yaml:1:18: control.group: found 'a b', expected a group name of at most 32 bytes, or \"\" for none", 0},
	{"an HTTP address has a port", "http: {listen: 127.0.0.1}\n", "f.yaml:1:16: http.listen: found '127.0.0.1', " HTTP, 0},
	{"a port is below 65536", "services: [{listen: [':65536']}]",
	 "f.yaml:1:22: services[0].listen[0]: found ':65536', " LISTEN, 0},
	{"a port is not 0", "services: [{listen: [1, '10.0.0.1:0']}]",
	 "f.yaml:1:25: services[0].listen[1]: found '10.0.0.1:0', " LISTEN, 0},
	{"a listen address is not a name", "services: [{listen: ['db:5432']}]",
	 "f.yaml:1:22: services[0].listen[0]: found 'db:5432', " LISTEN, 0},
	{"an IPv6 listen address has brackets", "services: [{listen: ['fd00::1:5432']}]",
	 "f.yaml:1:22: services[0].listen[0]: found 'fd00::1:5432', " LISTEN, 0},
	{"any address is written with a colon", "services: [{listen: ['0.0.0.0:5432']}]",
	 "f.yaml:1:22: services[0].listen[0]: found '0.0.0.0:5432', expected \":5432\" for any address, or one address", 0},
	{"a pooler has an address", SERVICE("pooler: {address: ':6432'}"),
	 "f.yaml:3:21: services[0].pooler.address: found ':6432', " CONCRETE, 0},
	{"a pooler has one address", SERVICE("pooler: {address: '0.0.0.0:6432'}"),
	 "f.yaml:3:21: services[0].pooler.address: found '0.0.0.0:6432', " CONCRETE, 0},
	{"a pooler is not a name", SERVICE("pooler: {address: 'localhost:6432'}"),
	 "f.yaml:3:21: services[0].pooler.address: found 'localhost:6432', " CONCRETE, 0},
	{"a direct listener has one address", SERVICE("direct: {address: '[::]:5433'}"),
	 "f.yaml:3:21: services[0].direct.address: found '[::]:5433', " CONCRETE, 0},
	{"an interface name has at most 15 bytes", "interfaces: [{name: sixteen-bytes-xx}]",
	 "f.yaml:1:21: interfaces[0].name: found 'sixteen-bytes-xx', " IFNAME, 0},
	{"an interface name has no slash", "interfaces: [{name: a/b}]",
	 "f.yaml:1:21: interfaces[0].name: found 'a/b', " IFNAME, 0},
	{"an interface name is not a folder", "interfaces: [{name: ..}]",
	 "f.yaml:1:21: interfaces[0].name: found '..', " IFNAME, 0},
	{"a service name begins with a letter", SERVICE("name: 1st"),
	 "f.yaml:3:9: services[0].name: found '1st', " NAME, 0},
	{"a service name is in lower case", SERVICE("name: Main"),
	 "f.yaml:3:9: services[0].name: found 'Main', " NAME, 0},
	{"a class name has at most 31 characters", CLASS("name: abcdefghijklmnopqrstuvwxyz012345"),
	 "f.yaml:4:11: services[0].classes[0].name: found 'abcdefghijklmnopqrstuvwxyz012345', " NAME, 0},
	{"a class name is not empty", CLASS("name: ''"), "f.yaml:4:11: services[0].classes[0].name: found '', " NAME, 0},
	{"a rate names its time", CLASS("rate: 100"), "f.yaml:4:11: services[0].classes[0].rate: found '100', " RATE, 0},
	{"a rate is not nothing", CLASS("rate: 0/s"), "f.yaml:4:11: services[0].classes[0].rate: found '0/s', " RATE, 0},
	{"a burst is at least one", CLASS("burst: 0"),
	 "f.yaml:4:12: services[0].classes[0].burst: found '0', expected a whole number from 1 to 1000000", 0},
	{"a weight is at least one", CLASS("weight: 0"),
	 "f.yaml:4:13: services[0].classes[0].weight: found '0', expected a whole number from 1 to 1000", 0},
	{"a weight is at most a thousand", CLASS("weight: 1001"),
	 "f.yaml:4:13: services[0].classes[0].weight: found '1001', expected a whole number from 1 to 1000", 0},
	{"an action is one of its words", CLASS("action: deny"),
	 "f.yaml:4:13: services[0].classes[0].action: found 'deny', expected one of: limit, allow, refuse, reset, drop", 0},
	{"a source is an address", CLASS("sources: [10.0.0.0/8, lambda]"),
	 "f.yaml:4:27: services[0].classes[0].sources[1]: found 'lambda', " PREFIX, 0},
	{"a source has no host bits", CLASS("sources: [10.0.0.5/8]"),
	 "f.yaml:4:15: services[0].classes[0].sources[0]: found '10.0.0.5/8', bits are set behind the prefix length; write 10.0.0.0/8", 0},
	{"a source has a length that exists", CLASS("sources: [10.0.0.0/33]"),
	 "f.yaml:4:15: services[0].classes[0].sources[0]: found '10.0.0.0/33', the prefix length must be a whole number from 0 to 32", 0},
	{"a source has no zone", CLASS("sources: ['fe80::1%eth0']"),
	 "f.yaml:4:15: services[0].classes[0].sources[0]: found 'fe80::1%eth0', " PREFIX, 0},
	{"a lane is one of its words", SERVICE("lanes: [direct, wait]"),
	 "f.yaml:3:19: services[0].lanes[1]: found 'wait', " LANES, 0},
	{"no lane is called none", SERVICE("over_limit: [none]"),
	 "f.yaml:3:16: services[0].over_limit[0]: found 'none', " LANES, 0},
	{"a lane is tried once", SERVICE("lanes: [direct, queue, direct, drop]"),
	 "f.yaml:3:26: services[0].lanes[2]: found 'direct' a second time, expected each lane once", 0},
	{"a lane is not a list", SERVICE("lanes: [[direct]]"), "f.yaml:3:11: services[0].lanes[0]: found a list, " LANES, 0},
	{"a chain is not empty", SERVICE("lanes: []"),
	 "f.yaml:3:10: services[0].lanes: found an empty list, expected at least one lane", 0},
	{"a message is not empty", SERVICE("refuse: {message: ''}"),
	 "f.yaml:3:21: services[0].refuse.message: found '', expected 1 to 200 printable bytes", 0},
	{"a message has one line", SERVICE("refuse: {message: \"a\\nb\"}"),
	 "f.yaml:3:21: services[0].refuse.message: found 'a?b', expected 1 to 200 printable bytes", 0},
	{"a message has no terminal controls", SERVICE("refuse: {message: \"a\\x9b31m\"}"),
	 "f.yaml:3:21: services[0].refuse.message: found 'a??31m', expected 1 to 200 printable bytes", 0},
	{"a message has at most 200 bytes", SERVICE("refuse: {message: " X50 X50 X50 X50 "x}"),
	 "f.yaml:3:21: services[0].refuse.message: found '" X50 "xxxxxxxxxxxxxxxxxxxxxxxx...', expected 1 to 200 printable bytes", 0},
	{"a text has no NUL inside", SERVICE("refuse: {message: \"a\\0b\"}"),
	 "f.yaml:3:21: services[0].refuse.message: found a NUL byte, expected 1 to 200 printable bytes", 0},
};
/* clang-format on */

int main(void)
{
	return run_rows("config/values", rows, COUNT_OF(rows));
}
