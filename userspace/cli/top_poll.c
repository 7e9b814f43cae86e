/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See top_poll.h. One lock around all that the two threads share; nobody holds it while he asks.
 */
#include "cli/top_poll.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "cli/client.h"
#include "cli/output.h"
#include "core/cleanup.h"
#include "core/clock.h"

#define EVERY_NS   SW_NS_PER_S
#define PARTING_NS (200 * SW_NS_PER_MS)

struct sw_top_poll {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t turn; /* by CLOCK_MONOTONIC */
	char *socket_path;
	int fd;
	bool stop, at_once;
	const char *sort;
	size_t limit;
	const char *verb; /* of the change that is to be made; NULL */
	json_t *args;
	struct sw_top_answers answers;
	struct sw_top_outcome outcome;
};

void sw_top_answers_clear(struct sw_top_answers *answers)
{
	json_decref(answers->status);
	json_decref(answers->queue);
	json_decref(answers->sources);
	memset(answers, 0, sizeof(*answers));
}

void sw_top_poll_once(const char *socket_path, const char *sort, size_t limit,
		      struct sw_top_answers *out)
{
	SW_JSON_FREE json_t *none = json_object();
	SW_JSON_FREE json_t *order =
		json_pack("{s:s, s:I}", "sort", sort, "limit", (json_int_t)limit);

	memset(out, 0, sizeof(*out));
	out->code = sw_client_call(socket_path, "status", none, &out->status, &out->err);
	if (out->code == SW_EXIT_OK)
		out->code = sw_client_call(socket_path, "queue", none, &out->queue, &out->err);
	if (out->code == SW_EXIT_OK)
		out->code = sw_client_call(socket_path, "sources", order, &out->sources, &out->err);
	out->at_ns = sw_clock_monotonic_ns();
}

static void wake(const struct sw_top_poll *poll)
{
	const uint64_t one = 1;

	/* It can only fail where it is readable already. */
	if (write(poll->fd, &one, sizeof(one)) < 0)
		return;
}

/* With the lock: until there is something to do. */
static void wait_for_turn(struct sw_top_poll *poll, uint64_t due_ns)
{
	const struct timespec due = {.tv_sec = (time_t)(due_ns / SW_NS_PER_S),
				     .tv_nsec = (long)(due_ns % SW_NS_PER_S)};

	while (!poll->stop && !poll->at_once && !poll->verb) {
		if (pthread_cond_timedwait(&poll->turn, &poll->lock, &due) == ETIMEDOUT)
			return;
	}
}

/* With the lock, which is let go meanwhile. */
static void change(struct sw_top_poll *poll)
{
	struct sw_top_outcome outcome = {.is_there = true};
	const char *verb = poll->verb;
	json_t *args = poll->args;

	pthread_mutex_unlock(&poll->lock);
	sw_client_call(poll->socket_path, verb, args, &outcome.result, &outcome.err);
	json_decref(args);
	pthread_mutex_lock(&poll->lock);
	poll->verb = NULL;
	poll->args = NULL;
	json_decref(poll->outcome.result);
	poll->outcome = outcome;
}

static void ask(struct sw_top_poll *poll)
{
	struct sw_top_answers answers;
	const char *sort = poll->sort;
	size_t limit = poll->limit;

	poll->at_once = false;
	pthread_mutex_unlock(&poll->lock);
	sw_top_poll_once(poll->socket_path, sort, limit, &answers);
	pthread_mutex_lock(&poll->lock);
	sw_top_answers_clear(&poll->answers);
	poll->answers = answers;
}

static void *run(void *arg)
{
	struct sw_top_poll *poll = arg;
	uint64_t due_ns = sw_clock_monotonic_ns();

	pthread_mutex_lock(&poll->lock);
	while (!poll->stop) {
		wait_for_turn(poll, due_ns);
		if (poll->stop)
			break;
		if (poll->verb)
			change(poll);
		due_ns = sw_clock_monotonic_ns() + EVERY_NS;
		ask(poll);
		wake(poll);
	}
	pthread_mutex_unlock(&poll->lock);
	return NULL;
}

/* Signals are for the thread that has the screen. */
static int start_thread(struct sw_top_poll *poll)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&poll->thread, NULL, run, poll);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed;
}

static void release(struct sw_top_poll *poll)
{
	sw_top_answers_clear(&poll->answers);
	json_decref(poll->outcome.result);
	json_decref(poll->args);
	if (poll->fd >= 0)
		close(poll->fd);
	free(poll->socket_path);
	free(poll);
}

struct sw_top_poll *sw_top_poll_open(const char *socket_path)
{
	struct sw_top_poll *poll = calloc(1, sizeof(*poll));
	pthread_condattr_t monotonic;

	if (!poll)
		return NULL;
	poll->socket_path = strdup(socket_path);
	poll->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	poll->sort = "live";
	poll->limit = 1;
	pthread_mutex_init(&poll->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&poll->turn, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (!poll->socket_path || poll->fd < 0 || start_thread(poll)) {
		release(poll);
		return NULL;
	}
	return poll;
}

int sw_top_poll_fd(const struct sw_top_poll *poll)
{
	return poll->fd;
}

/* A daemon that is silent keeps the thread for seconds: it then ends with the process, and what it has stays. */
void sw_top_poll_close(struct sw_top_poll *poll)
{
	struct timespec due;

	pthread_mutex_lock(&poll->lock);
	poll->stop = true;
	pthread_cond_signal(&poll->turn);
	pthread_mutex_unlock(&poll->lock);
	clock_gettime(CLOCK_REALTIME, &due);
	due.tv_nsec += (long)PARTING_NS;
	due.tv_sec += due.tv_nsec / (long)SW_NS_PER_S;
	due.tv_nsec %= (long)SW_NS_PER_S;
	if (pthread_timedjoin_np(poll->thread, NULL, &due) == 0)
		release(poll);
}

void sw_top_poll_want(struct sw_top_poll *poll, const char *sort, size_t limit)
{
	pthread_mutex_lock(&poll->lock);
	poll->sort = sort;
	poll->limit = limit;
	poll->at_once = true;
	pthread_cond_signal(&poll->turn);
	pthread_mutex_unlock(&poll->lock);
}

bool sw_top_poll_change(struct sw_top_poll *poll, const char *verb, json_t *args)
{
	bool taken;

	pthread_mutex_lock(&poll->lock);
	taken = !poll->verb && args;
	if (taken) {
		poll->verb = verb;
		poll->args = args;
		pthread_cond_signal(&poll->turn);
	}
	pthread_mutex_unlock(&poll->lock);
	if (!taken)
		json_decref(args);
	return taken;
}

void sw_top_poll_take(struct sw_top_poll *poll, struct sw_top_answers *answers,
		      struct sw_top_outcome *outcome)
{
	uint64_t times;

	/* Nothing to be read is fine: then there is nothing to be taken. */
	if (read(poll->fd, &times, sizeof(times)) < 0)
		times = 0;
	pthread_mutex_lock(&poll->lock);
	*answers = poll->answers;
	*outcome = poll->outcome;
	memset(&poll->answers, 0, sizeof(poll->answers));
	memset(&poll->outcome, 0, sizeof(poll->outcome));
	pthread_mutex_unlock(&poll->lock);
}
