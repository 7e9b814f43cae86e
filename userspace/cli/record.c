/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `spillway record`: what happens to connections, into a file for `spillway replay`. Asks as `spillway events` does, and
 * twice a second what is in force. cli/recording.h says what a file holds.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/field.h"
#include "cli/output.h"
#include "cli/record_state.h"
#include "cli/recording.h"
#include "core/clock.h"
#include "core/number.h"

/* Ends and events are asked for so often; the daemon remembers more than three seconds of the most that it tells. */
#define ASK_AGAIN_US 200000
/* State is asked for with every so many. */
#define ASKS_A_STATE 2
#define INSIDE_MOST  131072

/* One of the daemon's two accounts, and where in it we are. */
struct account {
	const char *verb;
	json_t *request;
};

struct recorder {
	const struct sw_cli *cli;
	FILE *file;
	struct account events, ends;
	struct sw_record_state state;
	long long started; /* which daemon answered last */
	bool is_gone;
};

static volatile sig_atomic_t is_stopped;

static void on_stop(int signal)
{
	(void)signal;
	is_stopped = 1;
}

static void put_line(void *arg, const json_t *line)
{
	struct recorder *recorder = arg;

	json_dumpf(line, recorder->file, JSON_COMPACT | JSON_PRESERVE_ORDER);
	putc('\n', recorder->file);
}

static void put_event(struct recorder *recorder, const char *event)
{
	char at[SW_CLOCK_TEXT];
	SW_JSON_FREE json_t *line = NULL;

	sw_clock_format(sw_clock_realtime_ns(), at, sizeof(at));
	line = json_pack("{s:s, s:s}", "event", event, "at", at);
	put_line(recorder, line);
}

static enum sw_exit call(struct recorder *recorder, const char *verb, json_t *request,
			 json_t **result, struct sw_error *err)
{
	return sw_client_call(recorder->cli->socket_path, verb, request, result, err);
}

/* Of another daemon, which counts from the beginning: what was asked for is not what is wanted. */
static bool is_of_another(struct recorder *recorder, const json_t *result)
{
	long long before = recorder->started;

	recorder->started = sw_field_int(result, "started");
	if (!before || before == recorder->started)
		return false;
	put_event(recorder, "restarted");
	json_object_set_new(recorder->events.request, "after", json_integer(0));
	json_object_set_new(recorder->ends.request, "after", json_integer(0));
	return true;
}

static void put_answer(struct recorder *recorder, struct account *account, const json_t *result)
{
	bool is_first = !json_object_get(account->request, "after");
	long long missed = sw_field_int(result, "missed");
	const json_t *line;
	size_t i;

	if (!is_first && missed > 0) {
		SW_JSON_FREE json_t *gap =
			json_pack("{s:s, s:I}", "event", "missed", "count", (json_int_t)missed);

		put_line(recorder, gap);
	}
	json_array_foreach(json_object_get(result, account->verb), i, line)
		put_line(recorder, line);
	json_object_set(account->request, "after", json_object_get(result, "next"));
	json_object_del(account->request, "since");
}

/* All that there is. */
static enum sw_exit take(struct recorder *recorder, struct account *account, struct sw_error *err)
{
	bool more = true;

	while (more && !ferror(recorder->file)) {
		SW_JSON_FREE json_t *result = NULL;
		enum sw_exit code = call(recorder, account->verb, account->request, &result, err);

		if (code != SW_EXIT_OK)
			return code;
		if (is_of_another(recorder, result))
			continue;
		put_answer(recorder, account, result);
		more = sw_field_true(result, "more");
	}
	return SW_EXIT_OK;
}

static enum sw_exit take_all(struct recorder *recorder, bool with_state, struct sw_error *err)
{
	enum sw_exit code = take(recorder, &recorder->events, err);

	if (code == SW_EXIT_OK)
		code = take(recorder, &recorder->ends, err);
	if (code == SW_EXIT_OK && with_state)
		code = sw_record_state_take(&recorder->state, recorder->cli->socket_path, put_line,
					    recorder, err);
	if (fflush(recorder->file) && code == SW_EXIT_OK) {
		sw_error_set(err, -errno, "cannot write the recording: %s", strerror(errno));
		return SW_EXIT_FAILED;
	}
	return code;
}

/* A recording says who connects from where: that is for its owner. */
static FILE *open_file(const char *path, struct sw_error *err)
{
	int fd = strcmp(path, "-") == 0 ? dup(STDOUT_FILENO)
					: open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (!file)
		sw_error_set(err, -errno, "%s: %s%s", path, strerror(errno),
			     errno == EEXIST ? "; name another file" : "");
	return file;
}

/* Where the accounts begin is asked for before who is in: so nobody is in neither. */
static enum sw_exit begin(struct recorder *recorder, const char *path, uint64_t since_ns,
			  struct sw_error *err)
{
	uint64_t now_ns = sw_clock_realtime_ns();
	SW_JSON_FREE json_t *header = NULL;
	enum sw_exit code = sw_record_state_header(&recorder->state, recorder->cli->socket_path,
						   now_ns - since_ns, &header, err);

	if (code != SW_EXIT_OK)
		return code;
	recorder->file = open_file(path, err);
	if (!recorder->file)
		return SW_EXIT_FAILED;
	put_line(recorder, header);
	code = take_all(recorder, true, err);
	if (code == SW_EXIT_OK)
		code = sw_record_state_inside(recorder->cli->socket_path, INSIDE_MOST, put_line,
					      recorder, err);
	return code;
}

/* Whatever becomes of the daemon: who records a night wants the rest of it as well. */
static enum sw_exit record(struct recorder *recorder, uint64_t for_ns, struct sw_error *err)
{
	uint64_t until_ns = for_ns ? sw_clock_monotonic_ns() + for_ns : UINT64_MAX;
	enum sw_exit code = SW_EXIT_OK;

	for (unsigned int asks = 1; !is_stopped && sw_clock_monotonic_ns() < until_ns; asks++) {
		usleep(ASK_AGAIN_US);
		code = take_all(recorder, asks % ASKS_A_STATE == 0, err);
		if (ferror(recorder->file) ||
		    (code != SW_EXIT_OK && code != SW_EXIT_NO_DAEMON && code != SW_EXIT_FAILED))
			return code;
		if (code != SW_EXIT_OK && !recorder->is_gone)
			fprintf(stderr, "spillway: record: the daemon is gone; waiting for it to "
					"come back\n");
		recorder->is_gone = code != SW_EXIT_OK;
	}
	put_event(recorder, "end");
	return SW_EXIT_OK;
}

static int duration_of(const struct sw_args *args, const char *option, uint64_t *out,
		       struct sw_error *err)
{
	const char *text = sw_args_value(args, option);

	*out = 0;
	if (text && sw_parse_duration(text, out) < 0)
		return sw_error_set(
			err, -EINVAL,
			"--%s: found '%.32s', expected a duration such as 30s, 10m or 2h", option,
			text);
	return 0;
}

static enum sw_exit complain(enum sw_exit code, const struct sw_error *err)
{
	fprintf(stderr, "spillway: record: %s\n", err->text);
	if (code == SW_EXIT_USAGE)
		fprintf(stderr, "Try 'spillway record --help'.\n");
	return code;
}

static enum sw_exit run(const struct sw_cli *cli, const struct sw_args *args)
{
	const struct sigaction stop = {.sa_handler = on_stop};
	const char *since = sw_args_value(args, "since");
	SW_JSON_FREE json_t *events = json_pack("{s:s}", "since", since ? since : "0s");
	SW_JSON_FREE json_t *ends = json_deep_copy(events);
	struct recorder recorder = {
		.cli = cli, .events = {"events", events}, .ends = {"ends", ends}};
	uint64_t for_ns, since_ns;
	struct sw_error err = {};
	enum sw_exit code;

	if (duration_of(args, "for", &for_ns, &err) || duration_of(args, "since", &since_ns, &err))
		return complain(SW_EXIT_USAGE, &err);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	code = begin(&recorder, args->positional[0], since_ns, &err);
	if (code == SW_EXIT_OK)
		code = record(&recorder, for_ns, &err);
	sw_record_state_drop(&recorder.state);
	if (recorder.file && fclose(recorder.file) && code == SW_EXIT_OK) {
		sw_error_set(&err, -errno, "cannot write the recording: %s", strerror(errno));
		code = SW_EXIT_FAILED;
	}
	return code == SW_EXIT_OK ? code : complain(code, &err);
}

const struct sw_verb sw_verb_record = {
	.name = "record",
	.usage = "[--for D] [--since D] FILE",
	.summary = "write what happens to connections into a file, for replay",
	.description =
		"Writes what replay needs into a new file (-: to stdout): the configuration, who is in, each decision, "
		"how each wait and each connection ends, and what budget is in force. It goes on until it is "
		"interrupted, over a restart of the daemon too. Up to 1,000 decisions a second all are told; beyond "
		"that the first of each source in each second, up to 5,000; as many ends. How many were left out "
		"stands in the file. The file holds the addresses of clients: it is made readable for its owner alone.",
	.example = "spillway record --for 12h /var/tmp/night.jsonl",
	.options = {{"for", "D", "stop after 30s, 10m, 12h, ..."},
		    {"since", "D",
		     "begin with what the daemon remembers of the last 30s, 10m, ..."}},
	.min = 1,
	.max = 1,
	.local = run,
};
