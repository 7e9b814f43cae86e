/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that contradict each other: the configuration loads, and validation says where and why not.
 */
#include "test_config_rows.h"

#define TERMINAL "the chain must end with refuse, reset or drop"
#define POOLER	 "the lane 'pooler' needs a pooler: set pooler.address, or leave it out"
#define LAST	 "refuse, reset and drop always have room: nothing may follow them"
#define TEN	 "sources: [10.0.0.0/8]"

/* clang-format off */
static const struct row rows[] = {
	{"a configuration without services guards nothing", "mode: enforce\n",
	 "f.yaml: services: there is none; at least one with 'listen' is needed, like: services: [{listen: [\":5432\"]}]", 0},
	{"a service without listen guards nothing", "services:\n- name: db\n",
	 "f.yaml:2:3: services[0].listen: missing: what service 'db' guards, like [\":5432\"]", 0},
	{"a service with an empty listen guards nothing", "services:\n- listen: []\n",
	 "f.yaml:2:11: services[0].listen: missing: what service 'main' guards, like [\":5432\"]", 0},
	{"an interface is attached once", "interfaces:\n- name: eth0\n- name: eth0\nservices: [{listen: [1]}]",
	 "f.yaml:3:9: interfaces[1].name: 'eth0' is there already, as interfaces[0]", 0},
	{"services have different names", "services:\n- {name: a, listen: [1]}\n- {name: a, listen: [2]}\n",
	 "f.yaml:3:10: services[1].name: the service 'a' is there already, as services[0]", 0},
	{"two services without a name have the same", "services:\n- {listen: [1]}\n- {listen: [2]}\n",
	 "f.yaml:3:3: services[1].name: the service 'main' is there already, as services[0]", 0},
	{"a port is claimed by one service", "services:\n- {name: a, listen: [5432]}\n- {name: b, listen: [5433, ':5432']}\n",
	 "f.yaml:3:28: services[1].listen[1]: :5432 is claimed already, by service 'a'", 0},
	{"a port is claimed once by a service", "services: [{listen: ['10.0.0.1:1', '[::ffff:10.0.0.1]:1']}]",
	 "f.yaml:1:36: services[0].listen[1]: 10.0.0.1:1 is claimed already, by service 'main'", 0},

	{"only a PostgreSQL is asked for its budget", SERVICE("protocol: mysql\n  budget: {mode: auto}"),
	 "f.yaml:4:18: services[0].budget.mode: 'auto' asks a PostgreSQL, and the service's protocol is mysql; use fixed", 0},
	{"only a PostgreSQL tells who is idle", SERVICE("protocol: tcp\n  budget: {evict_idle_after: 1m}"),
	 "f.yaml:4:30: services[0].budget.evict_idle_after: only a PostgreSQL tells who is idle, and the service's protocol is tcp; use 0s", 0},
	{"what is reserved fits the bound of a budget that is asked for",
	 SERVICE("budget: {mode: auto, direct: 4}\n  classes: [{reserved: 5}]"),
	 "f.yaml:3:32: services[0].budget.direct: the classes reserve 5 slots, but the budget is 4; raise it or reserve less", 0},
	{"only a PostgreSQL tells how well it works", SERVICE("protocol: mysql\n  budget: {mode: adaptive}"),
	 "f.yaml:4:18: services[0].budget.mode: 'adaptive' asks a PostgreSQL, and the service's protocol is mysql; use fixed", 0},
	{"the floor of a budget is not above its bound", SERVICE("budget: {mode: adaptive, direct: 4}"),
	 "f.yaml:2:3: services[0].budget.min_direct: found 10, but budget.direct bounds it to 4; lower it or raise budget.direct", 0},
	{"what is reserved fits what a budget may be cut to",
	 SERVICE("budget: {mode: adaptive, min_direct: 4}\n  classes: [{reserved: 5}]"),
	 "f.yaml:3:40: services[0].budget.min_direct: the classes reserve 5 slots, but the budget may be cut to 4; raise it or reserve less", 0},
	{"what is reserved fits the budget",
	 SERVICE("budget: {direct: 4}\n  classes: [{reserved: 2}, {name: a, " TEN ", reserved: 3}]"),
	 "f.yaml:3:20: services[0].budget.direct: the classes reserve 5 slots, but the budget is 4; raise it or reserve less", 0},
	{"what is reserved fits the default budget", CLASS("reserved: 81"),
	 "f.yaml:2:3: services[0].budget.direct: the classes reserve 81 slots, but the budget is 80; raise it or reserve less", 0},
	{"what is reserved fits the class", CLASS("max_direct: 2\n    reserved: 3"),
	 "f.yaml:5:15: services[0].classes[0].reserved: 3 slots are reserved, but max_direct lets the class have 2 only", 0},

	{"classes of a service have different names", SERVICE("classes:\n  - {name: a, " TEN "}\n  - {name: a, sources: ['::/0']}"),
	 "f.yaml:5:12: services[0].classes[1].name: the class 'a' is there already, as classes[0]", 0},
	{"there is one default class", SERVICE("classes: [{}, {name: default}]"),
	 "f.yaml:3:24: services[0].classes[1].name: the class 'default' is there already, as classes[0]", 0},
	{"the name of the allow list is taken", CLASS("name: allowed"),
	 "f.yaml:4:11: services[0].classes[0].name: 'allowed' is kept for `spillway allow` and `spillway deny`; choose another name", 0},
	{"the name of the deny list is taken", CLASS("name: denied"),
	 "f.yaml:4:11: services[0].classes[0].name: 'denied' is kept for `spillway allow` and `spillway deny`; choose another name", 0},
	{"the default class has no sources", CLASS("sources: ['::/0']"),
	 "f.yaml:4:14: services[0].classes[0].sources: the class 'default' takes whom no other class names and has no sources of its own", 0},
	{"another class has sources", CLASS("name: a"),
	 "f.yaml:4:5: services[0].classes[0].sources: the class 'a' needs at least one prefix, like [\"10.0.0.0/8\"]", 0},
	{"a prefix is in one class", SERVICE("classes:\n  - {name: b, " TEN "}\n  - {name: a, sources: [10.0.0.0/9, 10.0.0.0/8]}"),
	 "f.yaml:5:37: services[0].classes[1].sources[1]: 10.0.0.0/8 is in class 'b' and in class 'a'; remove it from one of them", 0},
	{"a prefix written in another way is the same", SERVICE("classes:\n  - {name: b, " TEN "}\n  - {name: a, sources: ['::ffff:10.0.0.0/104']}"),
	 "f.yaml:5:25: services[0].classes[1].sources[0]: 10.0.0.0/8 is in class 'b' and in class 'a'; remove it from one of them", 0},
	{"a prefix is in a class once", SERVICE("classes: [{name: a, sources: [10.0.0.1, 10.0.0.2, 10.0.0.1/32]}]"),
	 "f.yaml:3:53: services[0].classes[0].sources[2]: 10.0.0.1/32 is there twice in class 'a'", 0},

	{"a class with an action has no rate", CLASS("name: a\n    " TEN "\n    action: drop\n    rate: 5/s"),
	 "f.yaml:7:11: services[0].classes[0].rate: contradicts 'action: drop', which has no limits; remove one", 0},
	{"a class with an action has no limit, even that of the default", CLASS("action: allow\n    reserved: 0"),
	 "f.yaml:5:15: services[0].classes[0].reserved: contradicts 'action: allow', which has no limits; remove one", 0},
	{"a class with an action has no lanes", CLASS("action: refuse\n    lanes: [drop]"),
	 "f.yaml:5:12: services[0].classes[0].lanes: contradicts 'action: refuse', which has no limits; remove one", 0},

	{"a chain ends", SERVICE("lanes: [direct, queue]"), "f.yaml:3:10: services[0].lanes: " TERMINAL, 0},
	{"an over-limit chain ends", SERVICE("over_limit: [queue]"), "f.yaml:3:15: services[0].over_limit: " TERMINAL, 0},
	{"a chain of a class ends", CLASS("lanes: [direct]"), "f.yaml:4:12: services[0].classes[0].lanes: " TERMINAL, 0},
	{"nothing follows the end of a chain", SERVICE("lanes: [direct, refuse, queue, drop]"),
	 "f.yaml:3:10: services[0].lanes: " LAST, 0},
	{"a chain has one end", CLASS("lanes: [refuse, drop]"), "f.yaml:4:12: services[0].classes[0].lanes: " LAST, 0},
	{"a chain that names the pooler needs one", SERVICE("lanes: [direct, pooler, refuse]"),
	 "f.yaml:3:10: services[0].lanes: " POOLER, 0},
	{"the default chain spelled out needs a pooler as well", SERVICE("lanes: [direct, pooler, queue, refuse]"),
	 "f.yaml:3:10: services[0].lanes: " POOLER, 0},
	{"an over-limit chain that names the pooler needs one", SERVICE("over_limit: [pooler, refuse]"),
	 "f.yaml:3:15: services[0].over_limit: " POOLER, 0},
	{"a chain of a class that names the pooler needs one", CLASS("lanes: [pooler, refuse]"),
	 "f.yaml:4:12: services[0].classes[0].lanes: " POOLER, 0},
};
/* clang-format on */

int main(void)
{
	return run_rows("config/validate", rows, COUNT_OF(rows));
}
