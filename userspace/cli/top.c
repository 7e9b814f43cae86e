/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway top`: the loop between keys, answers and screen. What is known is in top_data.c, what is looked at in
 * top_view.c, and asking is done by a thread (top_poll.c).
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/output.h"
#include "cli/top_draw.h"
#include "cli/top_poll.h"
#include "cli/top_screen.h"
#include "core/clock.h"

/* Sources asked for; with a filter more, as those that match may be far behind. */
#define SOURCES	      200
#define SOURCES_FOUND 2000
#define MESSAGE_NS    (8 * SW_NS_PER_S)
#define DENY_FOR      "10m"

struct top {
	struct sw_top_poll *poll;
	struct sw_top_data data;
	struct sw_top_view view;
	struct sw_error trouble; /* text "": the daemon answers */
	uint64_t answered_ns;
	char message[sizeof(((struct sw_error *)NULL)->text)];
	uint64_t message_ns;
};

static void say(struct top *top, const char *text)
{
	snprintf(top->message, sizeof(top->message), "%s", text);
	sw_term_clean(top->message);
	top->message_ns = sw_clock_monotonic_ns();
}

static void take_answers(struct top *top, struct sw_top_answers *answers)
{
	if (!answers->at_ns)
		return;
	top->trouble = answers->err;
	if (answers->code == SW_EXIT_OK) {
		top->answered_ns = answers->at_ns;
		if (!top->view.frozen &&
		    sw_top_data_take(&top->data, answers->status, answers->queue, answers->sources,
				     answers->at_ns))
			say(top, "out of memory: what is shown is old");
	}
	sw_term_clean(top->trouble.text);
}

static void take_outcome(struct top *top, const struct sw_top_outcome *outcome)
{
	const struct sw_top_view *view = &top->view;
	char text[sizeof(top->message)];

	if (!outcome->is_there)
		return;
	if (!outcome->result)
		snprintf(text, sizeof(text), "%s", outcome->err.text);
	else if (view->change == SW_TOP_DENY)
		snprintf(text, sizeof(text), "%s is denied on %s for ten minutes", view->target,
			 view->target_service);
	else
		snprintf(text, sizeof(text), "%s %s", view->target_service,
			 view->change == SW_TOP_PAUSE ? "is paused" : "is resumed");
	say(top, text);
}

static void take(struct top *top)
{
	struct sw_top_answers answers;
	struct sw_top_outcome outcome;

	sw_top_poll_take(top->poll, &answers, &outcome);
	take_answers(top, &answers);
	take_outcome(top, &outcome);
	sw_top_answers_clear(&answers);
	json_decref(outcome.result);
}

static void want(struct top *top)
{
	sw_top_poll_want(top->poll, sw_top_sort_names[top->view.sort],
			 top->view.filter[0] ? SOURCES_FOUND : SOURCES);
}

static void change(struct top *top)
{
	static const char *const verbs[] = {
		[SW_TOP_DENY] = "deny", [SW_TOP_PAUSE] = "pause", [SW_TOP_RESUME] = "resume"};
	const struct sw_top_view *view = &top->view;
	json_t *args = json_pack("{s:s}", "service", view->target_service);

	if (view->change == SW_TOP_DENY && args) {
		json_object_set_new(args, "cidr", json_string(view->target));
		json_object_set_new(args, "for", json_string(DENY_FOR));
	}
	say(top, sw_top_poll_change(top->poll, verbs[view->change], args)
			 ? "asking the daemon ..."
			 : "the change before this one is not done yet");
}

/* true: leave. */
static bool take_keys(struct top *top)
{
	int key;

	while ((key = getch()) != ERR) {
		enum sw_top_action action;

		if (key == KEY_RESIZE)
			continue;
		top->message[0] = '\0';
		action = sw_top_key(&top->view, &top->data, key);
		if (action == SW_TOP_QUIT)
			return true;
		if (action == SW_TOP_ORDER)
			want(top);
		if (action == SW_TOP_CHANGE)
			change(top);
	}
	return false;
}

static void draw(struct top *top)
{
	uint64_t now_ns = sw_clock_monotonic_ns();
	struct sw_top_words words = {
		.trouble = top->trouble.text,
		.stale_s = (long long)((now_ns - top->answered_ns) / SW_NS_PER_S),
		.message = top->message,
	};

	if (top->message[0] && now_ns - top->message_ns > MESSAGE_NS)
		top->message[0] = '\0';
	sw_top_draw(&top->view, &top->data, &words);
}

/* Until a key or a signal ends it, or the terminal is gone. A change of size interrupts poll(), and is a key then. */
static void loop(struct top *top)
{
	struct pollfd fds[] = {
		{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = sw_top_poll_fd(top->poll), .events = POLLIN},
		{.fd = sw_top_screen_signal_fd(), .events = POLLIN},
	};

	while (!sw_top_screen_signal()) {
		draw(top);
		if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0 && errno != EINTR)
			return;
		if (fds[0].revents & (POLLHUP | POLLERR))
			return;
		if (take_keys(top))
			return;
		take(top);
	}
}

static enum sw_exit print_json(const struct sw_top_answers *answers)
{
	SW_JSON_FREE json_t *document =
		json_pack("{s:O, s:O, s:O}", "status", answers->status, "queue", answers->queue,
			  "sources", answers->sources);

	if (!document)
		return SW_EXIT_FAILED;
	sw_output_json(document);
	return SW_EXIT_OK;
}

static enum sw_exit complain(enum sw_exit code, const char *text)
{
	char line[sizeof(((struct sw_error *)NULL)->text)];

	snprintf(line, sizeof(line), "%s", text);
	sw_term_clean(line);
	fprintf(stderr, "spillway: top: %s\n", line);
	return code;
}

static enum sw_exit watch(const struct sw_cli *cli, struct sw_top_answers *first)
{
	struct top top = {.answered_ns = first->at_ns};
	struct sw_error err = {};
	int signal_number;

	top.poll = sw_top_poll_open(cli->socket_path);
	if (!top.poll)
		return complain(SW_EXIT_FAILED, "out of memory");
	if (sw_top_screen_open(&cli->term, &err)) {
		sw_top_poll_close(top.poll);
		return complain(SW_EXIT_USAGE, err.text);
	}
	take_answers(&top, first);
	want(&top);
	loop(&top);
	sw_top_screen_close();
	sw_top_poll_close(top.poll);
	sw_top_data_clear(&top.data);
	signal_number = sw_top_screen_signal();
	if (signal_number) {
		/* As whoever waits for this process expects of one that a signal has ended. */
		signal(signal_number, SIG_DFL);
		raise(signal_number);
	}
	return SW_EXIT_OK;
}

static enum sw_exit run(const struct sw_cli *cli, const struct sw_args *args)
{
	struct sw_top_answers first;
	enum sw_exit code;

	(void)args;
	sw_top_poll_once(cli->socket_path, sw_top_sort_names[SW_TOP_BY_LIVE], SOURCES, &first);
	code = first.code;
	if (code != SW_EXIT_OK)
		complain(code, first.err.text);
	else
		code = cli->json ? print_json(&first) : watch(cli, &first);
	sw_top_answers_clear(&first);
	return code;
}

const struct sw_verb sw_verb_top = {
	.name = "top",
	.usage = "",
	.summary = "the same, live, with the busiest sources",
	.description =
		"Shows budgets, lanes a second, queues with what a new connection would wait, classes and the busiest "
		"sources, and asks again each second; goes on when the daemon is restarted. Keys sort, filter, choose "
		"a service, freeze what is shown, and, after a question, deny the selected source for ten minutes or "
		"pause a service; ? shows them all, q leaves. With --json it prints one document of what it would "
		"show, and ends.",
	.example = "spillway top",
	.local = run,
};
