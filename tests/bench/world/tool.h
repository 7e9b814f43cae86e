/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the benchmarks share that need a world (tools/world): its namespaces, its daemon's maps, sockets, and
 * tables of what was measured. tests/bench/waiting makes the world and runs them.
 */
#ifndef TEST_BENCH_TOOL_H
#define TEST_BENCH_TOOL_H

#include <stddef.h>
#include <stdint.h>

#include "packet.h"
#include "spillway/queue.h"

#define TOOL_SERVICE 0 /* the only one of each configuration */

/* Ends the program: what failed, then why if err is not 0. */
void tool_die(int err, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));
/* The value of an environment variable that tests/bench/waiting sets. */
const char *tool_env(const char *name);
uint32_t tool_number(const char *text);

/* From here on sockets are made there: a socket stays in the namespace that it was made in. */
void tool_enter_server(void);
void tool_enter_client(void);
void tool_raise_files(void);
void tool_mac(const char *interface, uint8_t mac[6]); /* of the namespace that one is in */

/* The guarded address of the world's server; raw SYNs go to that of packet.h. */
int tool_listen(void);
int tool_connect(void);	      /* and waits until it is connected */
int tool_connect_start(void); /* does not wait */
void tool_connected(int fd);  /* fails unless it is */

/* From the maps that the world's daemon has pinned. */
int tool_map(const char *name);
void tool_read_waits(struct sw_waits *out);
uint64_t tool_waiting(void);
void tool_await_waiting(uint64_t count); /* at the most ten seconds */

/* The SYN of client `number` as Linux sends it, over IPv6 each source of a /64 of its own; and as the gate hands it on. */
size_t tool_syn(uint32_t number, uint32_t sources, uint8_t frame[PACKET_MAX]);
size_t tool_syn6(uint32_t number, uint32_t sources, uint8_t frame[PACKET_MAX]);
void tool_parked(const uint8_t *frame, size_t bytes, struct sw_parked *out);

void tool_pause_us(unsigned int us);

/* Of all CPUs together since they were started, in ticks: what a share of idle time is made of. */
struct tool_cpu {
	uint64_t all;
	uint64_t idle;
};

struct tool_cpu tool_cpu_now(void);
double tool_idle_share(const struct tool_cpu *since);
/* Waits until others leave the machine alone, but not for ever. */
void tool_await_idle(void);

/* A row of microseconds from samples in nanoseconds, which get sorted; and one that says whether the goal is met. */
void tool_show_row(const char *what, double *samples_ns, size_t count);
void tool_show_goal(double *samples_ns, size_t count);

#endif
