/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway events`: what happened to connections, a line of JSON each. Asks from where the last answer ended.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/field.h"
#include "cli/output.h"

/* Between two questions of who follows: below what a person notices. */
#define ASK_AGAIN_US 200000

struct follow {
	const struct sw_cli *cli;
	json_t *request;
	long long started; /* which daemon answered last; 0: none */
	bool is_gone;	   /* and that was said */
};

static volatile sig_atomic_t is_stopped;

static void on_stop(int signal)
{
	(void)signal;
	is_stopped = 1;
}

/* Ends it as it would have ended by itself: what was read is shown, exit code 0. */
static void stop_on_signals(void)
{
	const struct sigaction action = {.sa_handler = on_stop};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static enum sw_exit complain(enum sw_exit code, const struct sw_error *err)
{
	fprintf(stderr, "spillway: events: %s\n", err->text);
	return code;
}

static int request_of(const struct sw_args *args, json_t *request, struct sw_error *err)
{
	int rc = sw_args_put_text(args, "service", request, err);

	if (rc == 0)
		rc = sw_args_put_lane(args, request, err);
	if (rc == 0)
		rc = sw_args_put_duration(args, "since", request, err);
	/* Who follows wants what comes from here on. */
	if (rc == 0 && sw_args_value(args, "follow") && !sw_args_value(args, "since"))
		json_object_set_new(request, "since", json_string("0s"));
	return rc;
}

static void print_line(const json_t *line)
{
	json_dumpf(line, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	putchar('\n');
}

static void print_missed(long long count)
{
	SW_JSON_FREE json_t *line =
		json_pack("{s:s, s:I}", "event", "missed", "count", (json_int_t)count);

	print_line(line);
}

/* Prints an answer, and has the next question go on from there. True: there is more at once. */
static bool take(struct follow *follow, const json_t *result)
{
	const json_t *line;
	size_t i;

	/* Who asks for the first time knows that there may have been more. */
	if (json_object_get(follow->request, "after") && sw_field_int(result, "missed") > 0)
		print_missed(sw_field_int(result, "missed"));
	json_array_foreach(json_object_get(result, "events"), i, line) print_line(line);
	fflush(stdout);
	follow->is_gone = false;
	json_object_set(follow->request, "after", json_object_get(result, "next"));
	return sw_field_true(result, "more");
}

/* Of a daemon that counts from the beginning, while it was asked where the one before it had ended: not to be used. */
static bool is_of_another(struct follow *follow, const json_t *result)
{
	long long before = follow->started;

	follow->started = sw_field_int(result, "started");
	if (!before || before == follow->started)
		return false;
	json_object_set_new(follow->request, "after", json_integer(0));
	return true;
}

/*
 * Until the end of what there is. A daemon that goes away while it is followed is waited for; another one counts from
 * the beginning.
 */
static enum sw_exit ask(struct follow *follow, struct sw_error *err)
{
	bool more = true;

	while (more && !is_stopped && !ferror(stdout)) {
		SW_JSON_FREE json_t *result = NULL;
		enum sw_exit code = sw_client_call(follow->cli->socket_path, "events",
						   follow->request, &result, err);

		if (code != SW_EXIT_OK)
			return code;
		if (is_of_another(follow, result))
			continue;
		more = take(follow, result);
		/* From here on by number alone. */
		if (!more)
			json_object_del(follow->request, "since");
	}
	return SW_EXIT_OK;
}

static enum sw_exit follow_on(struct follow *follow)
{
	while (!is_stopped && !ferror(stdout)) {
		struct sw_error err = {};
		enum sw_exit code;

		usleep(ASK_AGAIN_US);
		code = is_stopped ? SW_EXIT_OK : ask(follow, &err);
		if (code == SW_EXIT_OK)
			continue;
		if (code != SW_EXIT_NO_DAEMON && code != SW_EXIT_FAILED)
			return complain(code, &err);
		if (!follow->is_gone)
			fprintf(stderr,
				"spillway: events: the daemon is gone; waiting for it to come back\n");
		follow->is_gone = true;
	}
	return SW_EXIT_OK;
}

static enum sw_exit run(const struct sw_cli *cli, const struct sw_args *args)
{
	SW_JSON_FREE json_t *request = json_object();
	struct follow follow = {.cli = cli, .request = request};
	struct sw_error err = {};
	enum sw_exit code;

	if (!request || request_of(args, request, &err) < 0) {
		complain(SW_EXIT_USAGE, &err);
		fprintf(stderr, "Try 'spillway events --help'.\n");
		return SW_EXIT_USAGE;
	}
	stop_on_signals();
	code = ask(&follow, &err);
	if (code != SW_EXIT_OK)
		return complain(code, &err);
	return sw_args_value(args, "follow") ? follow_on(&follow) : SW_EXIT_OK;
}

const struct sw_verb sw_verb_events = {
	.name = "events",
	.usage = "[--follow] [--lane L] [--service S] [--since D]",
	.summary = "what happened to connections lately, a line of JSON each",
	.description =
		"Prints what the daemon remembers, the oldest first: each decision of the gate with its lane and "
		"reason (decision), how each wait in the queue ended (wait_ended), and which sessions were ended for "
		"those who wait (evicted). Up to 1,000 a second all are told; beyond that the first of each source in "
		"each second, up to 5,000; spillway_events_untold_total counts the rest. The last 16,384 are "
		"remembered. With --follow it goes on with what comes, over a restart of the daemon too.",
	.example = "spillway events --follow --lane refuse",
	.options = {{"follow", NULL, "go on with what comes from now on"},
		    {"lane", "L", "in this lane only: direct, pooler, ..."},
		    {"service", "S", "of this service only"},
		    {"since", "D", "of the last 30s, 10m, 2h, ... only"}},
	.local = run,
};
