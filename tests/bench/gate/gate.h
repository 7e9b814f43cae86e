/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gate and the release of waiters as they ship, in a kernel of whom nobody asks anything: loaded, their maps
 * filled, run on made-up packets by BPF_PROG_TEST_RUN, and the time that takes. Used by verdict_cost.c and growth.c.
 */
#ifndef TEST_BENCH_GATE_H
#define TEST_BENCH_GATE_H

#include <bpf/libbpf.h>
#include <stddef.h>
#include <stdint.h>

#include "bench.h"
#include "bench.skel.h"
#include "packet.h"
#include "spillway/maps.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define GATE_SYNS	4096 /* of one round: a storm; each leaves a flow */
#define GATE_UNKNOWN                                                                               \
	0x800000 /* number of the first source that nobody knows: above all known ones */
#define GATE_UNLIMITED 0xffffffffu
#define GATE_PORT      BENCH_PORT /* of service 0; the others have those that follow */

struct gate_bench {
	struct bench_bpf *skel;
	struct sw_ports *ports;
	struct sw_control *control;
	struct sw_service_conf *service_conf;
	struct sw_service_state *service_state;
	struct sw_class_conf *class_conf;
	struct sw_class_state *class_state;
	struct ring_buffer *wakeups;
	struct ring_buffer *decisions;
	size_t copies, told; /* of SYNs, so far; of decisions, in the last round */
	uint32_t sources;    /* known ones */
	uint32_t services;
};

/* Nanoseconds a packet, over all rounds. */
struct gate_cost {
	double median;
	double least;
	double most;
};

/* As small as a SYN can be; and as Linux sends it, which is what is kept of those that wait. */
extern const struct packet gate_bare_syn;
extern const struct packet gate_whole_syn;

/* --- gate.c: loading and running; all of it ends the program when it fails */

void gate_die(const char *what, int failed) __attribute__((noreturn));
void gate_must(const char *what, int failed);
/* most_sources: the size of both tables of sources. */
void gate_load(struct gate_bench *bench, uint32_t most_sources);
void gate_unload(struct gate_bench *bench);
/* On the last CPU, where interrupts are rarest. */
void gate_stay_on_one_cpu(void);
double gate_now_ns(
	void); /* this thread's own time: what others do meanwhile on a busy machine does not count */
/* Nanoseconds each. */
double gate_run(const struct bpf_program *program, const struct packet *packet, int repeat);
/* `packet` again and again, but each time with the next client. */
double gate_run_syns(struct gate_bench *bench, const struct bpf_program *program,
		     const struct packet *packet, int count);
struct gate_cost gate_cost_of(double *nets, size_t count);

/* --- tables.c: what is in the maps */

/* So many services as of a small configuration: a rate, no other limit, all admitted. */
void gate_set_services(struct gate_bench *bench, uint32_t count);
void gate_set_budget(struct gate_bench *bench, uint32_t budget);
/* What those who are told why are told by: the numbers do not matter. */
void gate_set_refusals(struct gate_bench *bench);
void gate_know_sources(struct gate_bench *bench, uint32_t count);
void gate_forget_source(struct gate_bench *bench, uint32_t number);
void gate_add_prefixes(struct gate_bench *bench, uint32_t count);
void gate_remove_prefixes(struct gate_bench *bench);
/* Flows of clients who are in, and ask for nothing. */
void gate_add_flows(struct gate_bench *bench, uint32_t count);
void gate_forget_flows(struct gate_bench *bench);
/* The next SYN's source and port; the source of number i comes to service i % services. */
uint32_t gate_source_of(const struct gate_bench *bench, uint32_t number);

#endif
