/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One thread, one epoll: launches clients when they are due, serves those that are ready, ends
 * those whose time is up. Launching goes first, but in small lots, so that a late launch does not
 * make the answers of others look late.
 */
#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include "arrivals.h"
#include "attempt.h"
#include "core/cleanup.h"
#include "core/clock.h"
#include "progress.h"

#define LAUNCHES_A_PASS 16
#define EVENTS_A_PASS	64

static uint64_t cpu_ns(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * SW_NS_PER_S +
	       (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * SW_NS_PER_US;
}

static bool may_launch(const struct sw_storm *storm)
{
	const struct sw_options *options = storm->options;

	return !options->max_in_flight || storm->tally.in_flight < options->max_in_flight;
}

static void launch_due(struct sw_storm *storm)
{
	uint32_t next;

	for (int i = 0; i < LAUNCHES_A_PASS && may_launch(storm); i++) {
		if (sw_arrivals_next_ns(storm) > sw_clock_monotonic_ns())
			return;
		next = sw_arrivals_take(storm);
		sw_attempt_launch(storm, next);
	}
}

/* Until the next launch or deadline; {0, 0} when one is over already. */
static struct timespec next_wait(const struct sw_storm *storm)
{
	uint64_t next = sw_attempt_next_deadline(storm), now = sw_clock_monotonic_ns();
	uint64_t progress = now + SW_PROGRESS_NS, wait;

	if (may_launch(storm) && sw_arrivals_next_ns(storm) < next)
		next = sw_arrivals_next_ns(storm);
	if (progress < next)
		next = progress;
	wait = next > now ? next - now : 0;
	return (struct timespec){.tv_sec = (time_t)(wait / SW_NS_PER_S),
				 .tv_nsec = (long)(wait % SW_NS_PER_S)};
}

static void pass(struct sw_storm *storm, const struct epoll_event *events, int count)
{
	uint64_t began_ns = sw_clock_monotonic_ns(), took_ns;

	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr)
			sw_attempt_ready(storm, events[i].data.ptr, events[i].events);
		else
			storm->interrupted = true;
	}
	launch_due(storm);
	sw_attempt_expire(storm, sw_clock_monotonic_ns());
	took_ns = sw_clock_monotonic_ns() - began_ns;
	if (took_ns > storm->longest_pass_ns)
		storm->longest_pass_ns = took_ns;
}

static bool is_over(const struct sw_storm *storm)
{
	return storm->interrupted ||
	       (storm->tally.launched == storm->connections && !storm->tally.in_flight);
}

static int run(struct sw_storm *storm, struct sw_error *err)
{
	struct epoll_event events[EVENTS_A_PASS];
	struct sw_progress progress;
	int count = 0;

	sw_progress_start(&progress, storm);
	for (;;) {
		struct timespec wait;

		pass(storm, events, count);
		sw_progress_show(&progress, storm);
		if (is_over(storm))
			break;
		wait = next_wait(storm);
		count = epoll_pwait2(storm->epoll_fd, events, EVENTS_A_PASS, &wait, NULL);
		if (count < 0 && errno != EINTR)
			return sw_error_set(err, -errno, "epoll_pwait2: %s", strerror(errno));
		if (count < 0)
			count = 0;
	}
	sw_progress_end(&progress);
	return 0;
}

/* SIGINT and SIGTERM as an event like others: no handler, nothing asynchronous. */
static int watch_signals(int epoll_fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
		close(fd);
		return -errno;
	}
	return fd;
}

int sw_loop_run(struct sw_storm *storm, const uint64_t *due_ns, struct sw_error *err)
{
	SW_CLOSE int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	SW_CLOSE int signal_fd = epoll_fd < 0 ? -errno : watch_signals(epoll_fd);
	uint64_t cpu_before_ns;
	int rc;

	if (signal_fd < 0)
		return sw_error_set(err, signal_fd, "epoll, signalfd: %s", strerror(-signal_fd));
	/* The default slack of 50 us would be lateness of ours. */
	prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
	storm->epoll_fd = epoll_fd;
	cpu_before_ns = cpu_ns();
	storm->start_ns = sw_clock_monotonic_ns();
	for (uint32_t i = 0; i < storm->options->clients; i++)
		storm->records[i].due_ns = storm->start_ns + due_ns[i];
	rc = run(storm, err);
	storm->end_ns = sw_clock_monotonic_ns();
	storm->cpu_ns = cpu_ns() - cpu_before_ns;
	sw_attempt_abandon(storm);
	return rc;
}
