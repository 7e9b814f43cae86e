/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many CPUs decide at once: the budget, the rate and the counts of sources stay exact.
 * runs alone: the CPUs are to meet.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"

#define THREADS_MAX 64
#define SYNS	    2000 /* of each thread in each round */
#define ROUNDS	    5
#define CLIENT	    0x010000
#define HOUR_NS	    UINT64_C(3600000000000)

/* What one thread sends, pinned to its CPU, and how it went. */
struct sender {
	struct rig rig;
	pthread_t thread;
	pthread_barrier_t *start;
	int number;
	bool one_source; /* else each SYN is of another source */
	bool same_flows; /* as the other threads', at the same time */
	int outcomes[4]; /* by enum action */
};

static struct packet syn_of(const struct sender *sender, int i)
{
	int thread = sender->same_flows ? 0 : sender->number;
	struct packet packet = {.client = CLIENT, .client_port = 1 + i};

	if (sender->one_source)
		packet.client_port += thread * SYNS;
	else
		packet.client += thread * SYNS + i;
	return packet;
}

static void *send_all(void *arg)
{
	struct sender *sender = arg;
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(sender->number % sysconf(_SC_NPROCESSORS_ONLN), &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	pthread_barrier_wait(sender->start);
	for (int i = 0; i < SYNS; i++) {
		struct packet packet = syn_of(sender, i);

		sender->outcomes[rig_send(&sender->rig, &packet)]++;
	}
	return NULL;
}

/* Twice as many threads as CPUs, so that they are also interrupted. */
static int thread_count(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return 2 * cpus < THREADS_MAX ? (int)(2 * cpus) : THREADS_MAX;
}

static void send_at_once(const struct rig *rig, const struct sender *like, int sum[4])
{
	struct sender *senders = calloc(THREADS_MAX, sizeof(*senders));
	pthread_barrier_t start;

	assert_non_null(senders);
	memset(sum, 0, 4 * sizeof(*sum));
	pthread_barrier_init(&start, NULL, thread_count());
	for (int i = 0; i < thread_count(); i++) {
		senders[i] = *like;
		senders[i].rig = *rig;
		senders[i].number = i;
		senders[i].start = &start;
		assert_int_equal(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]),
				 0);
	}
	for (int i = 0; i < thread_count(); i++) {
		pthread_join(senders[i].thread, NULL);
		for (int j = 0; j < 4; j++)
			sum[j] += senders[i].outcomes[j];
	}
	pthread_barrier_destroy(&start);
	free(senders);
}

static void exactly_the_budget(struct rig *rig, const void *arg)
{
	int sum[4];

	(void)arg;
	for (int round = 0; round < ROUNDS; round++) {
		rig_reset(rig);
		rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 20;
		send_at_once(rig, &(struct sender){0}, sum);
		assert_int_equal(sum[PASSES], 20);
		assert_int_equal(sum[ANSWERED], thread_count() * SYNS - 20);
		rig_assert_slots(rig, 0, 20, 0);
		assert_int_equal(rig_entries(rig->maps->flows_fd, sizeof(struct sw_flow_key)), 20);
	}
}

static void exactly_the_burst(struct rig *rig, const void *arg)
{
	int sum[4];

	(void)arg;
	for (int round = 0; round < ROUNDS; round++) {
		rig_reset(rig);
		rig->maps->service_conf[0].budget = 100000;
		rig->maps->service_conf[0].shared_limit = 100000;
		rig->maps->class_conf[0].interval_ns = HOUR_NS;
		rig->maps->class_conf[0].tolerance_ns = 776 * HOUR_NS;
		send_at_once(rig, &(struct sender){.one_source = true}, sum);
		assert_int_equal(sum[PASSES], 777);
		assert_int_equal(sum[DROPPED], thread_count() * SYNS - 777);
		rig_assert_slots(rig, 0, 777, 0);
	}
}

static void exactly_the_connections(struct rig *rig, const void *arg)
{
	int sum[4];

	(void)arg;
	for (int round = 0; round < ROUNDS; round++) {
		rig_reset(rig);
		rig->maps->service_conf[0].budget = 100000;
		rig->maps->service_conf[0].shared_limit = 100000;
		rig->maps->class_conf[0].connections_per_source = 333;
		send_at_once(rig, &(struct sender){.one_source = true}, sum);
		assert_int_equal(sum[PASSES], 333);
		rig_assert_slots(rig, 0, 333, 0);
		assert_int_equal(sw_source_live_count(
					 rig_source(rig, 0, &(struct packet){.client = CLIENT})),
				 333);
	}
}

static void exactly_the_handshakes(struct rig *rig, const void *arg)
{
	int sum[4];

	(void)arg;
	for (int round = 0; round < ROUNDS; round++) {
		rig_reset(rig);
		rig->maps->service_conf[0].budget = 100000;
		rig->maps->service_conf[0].shared_limit = 100000;
		rig->maps->service_conf[0].half_open_per_source = 555;
		send_at_once(rig, &(struct sender){.one_source = true}, sum);
		assert_int_equal(sum[PASSES], 555);
		rig_assert_slots(rig, 0, 555, 0);
		rig_assert_half_open(rig, &(struct packet){.client = CLIENT}, 555, 555);
	}
}

/* The same SYN by two ways at once, as a switch that floods would bring it: one connection. */
static void exactly_one_of_the_same(struct rig *rig, const void *arg)
{
	int sum[4];

	(void)arg;
	for (int round = 0; round < ROUNDS; round++) {
		rig_reset(rig);
		rig->maps->service_conf[0].budget = 100000;
		rig->maps->service_conf[0].shared_limit = 100000;
		send_at_once(rig, &(struct sender){.same_flows = true}, sum);
		assert_int_equal(sum[ANSWERED], 0);
		rig_assert_slots(rig, 0, SYNS, 0);
		assert_int_equal(rig->maps->class_state[0].direct, SYNS);
		assert_int_equal(rig_entries(rig->maps->flows_fd, sizeof(struct sw_flow_key)),
				 SYNS);
	}
}

/* Expired flows are still in the table: whoever comes first has the entry, the others do not. */
static void exactly_one_of_the_expired(struct rig *rig, const void *arg)
{
	struct sw_sweep sweep;
	int sum[4];

	(void)arg;
	rig->maps->control->handshake_timeout_ns = 0;
	rig->maps->service_conf[0].budget = rig->maps->service_conf[0].shared_limit = 100000;
	for (int round = 0; round < ROUNDS; round++) {
		send_at_once(rig, &(struct sender){.same_flows = true}, sum);
		rig_assert_slots(rig, 0, SYNS, 0);
		assert_int_equal(rig->maps->class_state[0].direct, SYNS);
		assert_int_equal(sw_kern_sweep(rig->kern, &sweep), 0);
		rig_assert_slots(rig, 0, 0, 0);
		assert_int_equal(rig->maps->class_state[0].direct, 0);
	}
}

static void every_count_goes_back_to_zero(struct rig *rig, const void *arg)
{
	struct sw_sweep sweep;
	int sum[4];

	(void)arg;
	rig->maps->control->handshake_timeout_ns = 0;
	rig->maps->service_conf[0].budget = 5000;
	rig->maps->service_conf[0].shared_limit = 3000;
	rig_add_prefix(rig, 0, 1, CLIENT, 11);
	rig->maps->class_conf[1].reserved = 2000;
	send_at_once(rig, &(struct sender){0}, sum);
	assert_true(sum[PASSES] <= 5000);
	rig_assert_slots(rig, 0, sum[PASSES], 0);
	assert_int_equal(sw_kern_sweep(rig->kern, &sweep), 0);
	assert_int_equal(sweep.flows_expired, sum[PASSES]);
	assert_int_equal(rig->maps->service_state[0].direct, 0);
	assert_int_equal(rig->maps->service_state[0].half_open, 0);
	assert_int_equal(rig->maps->class_state[0].direct, 0);
	assert_int_equal(rig->maps->class_state[1].direct, 0);
}

static const struct rig_test tests[] = {
	{"all CPUs at once admit exactly the budget", exactly_the_budget, NULL, 0},
	{"all CPUs at once give one source exactly its burst", exactly_the_burst, NULL, 0},
	{"all CPUs at once give one source exactly its connections", exactly_the_connections, NULL,
	 0},
	{"all CPUs at once give one source exactly its incomplete handshakes",
	 exactly_the_handshakes, NULL, 0},
	{"the same SYNs on all CPUs at once are counted once", exactly_one_of_the_same, NULL, 0},
	{"SYNs of expired flows on all CPUs at once are counted once", exactly_one_of_the_expired,
	 NULL, 0},
	{"what all CPUs took goes back to zero", every_count_goes_back_to_zero, NULL, 0},
};

int main(void)
{
	return rig_main("concurrent", tests, COUNT_OF(tests));
}
