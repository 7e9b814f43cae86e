/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spillway, the command line client: finds the verb, asks the daemon, prints the answer.
 * The only place that turns errors into messages and exit codes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/usage.h"
#include "core/cleanup.h"

static void complain(const struct sw_args *args, const char *text)
{
	char line[sizeof(((struct sw_error *)NULL)->text)];

	snprintf(line, sizeof(line), "%s", text);
	sw_term_clean(line);
	fprintf(stderr, "spillway: %s%s%s\n", args->verb ? args->verb->name : "",
		args->verb ? ": " : "", line);
}

static enum sw_exit complain_usage(const struct sw_args *args, const char *text)
{
	complain(args, text);
	if (args->verb)
		fprintf(stderr, "Try 'spillway %s --help'.\n", args->verb->name);
	else
		fprintf(stderr, "Try 'spillway --help'.\n");
	return SW_EXIT_USAGE;
}

static int parse_color(const char *text, enum sw_color *out)
{
	for (int color = SW_COLOR_AUTO; color <= SW_COLOR_NEVER; color++) {
		if (strcmp(text, sw_color_names[color]) == 0) {
			*out = (enum sw_color)color;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_up(const struct sw_args *args, struct sw_cli *cli, struct sw_error *err)
{
	const char *color_text = args->globals[SW_GLOBAL_COLOR];
	const char *path = args->globals[SW_GLOBAL_SOCKET];
	const char *env = getenv(SW_CLI_SOCKET_ENV);
	enum sw_color color = SW_COLOR_AUTO;

	if (color_text && parse_color(color_text, &color) < 0)
		return sw_error_set(err, -EINVAL,
				    "--color: found '%s', expected one of: auto, always, never",
				    color_text);
	cli->socket_path = path ? path : env && env[0] ? env : SW_CLI_SOCKET_DEFAULT;
	cli->json = args->globals[SW_GLOBAL_JSON];
	sw_term_init(&cli->term, STDOUT_FILENO, color);
	return 0;
}

static enum sw_exit ask_daemon(const struct sw_cli *cli, const struct sw_args *args)
{
	SW_JSON_FREE json_t *request = json_object();
	SW_JSON_FREE json_t *result = NULL;
	struct sw_error err = {};
	enum sw_exit code;

	if (!request || (args->verb->request && args->verb->request(args, request, &err) < 0))
		return complain_usage(args, err.text);
	code = sw_client_call(cli->socket_path, args->verb->name, request, &result, &err);
	if (code != SW_EXIT_OK)
		complain(args, err.text);
	else if (cli->json)
		sw_output_json(result);
	else if (args->verb->render(cli, result) < 0) {
		complain(args, "out of memory");
		code = SW_EXIT_FAILED;
	}
	return code;
}

static enum sw_exit run(int argc, char **argv, struct sw_args *args)
{
	struct sw_error err = {};
	struct sw_cli cli = {};
	int rc = sw_args_parse(argc, argv, args, &err);

	if (args->globals[SW_GLOBAL_HELP]) {
		if (args->verb)
			sw_usage_verb(args->verb, stdout);
		else
			sw_usage_all(stdout);
		return SW_EXIT_OK;
	}
	if (rc == 0 && args->globals[SW_GLOBAL_VERSION]) {
		printf("spillway %s\n", SW_VERSION);
		return SW_EXIT_OK;
	}
	if (rc == 0)
		rc = set_up(args, &cli, &err);
	if (rc < 0)
		return complain_usage(args, err.text);
	return args->verb->local ? args->verb->local(&cli, args) : ask_daemon(&cli, args);
}

/* errno may be of an earlier write than the one that found the reader gone. */
static bool reader_is_gone(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

	return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP));
}

/* A reader that has seen enough (`| head`) is no failure; a full disk is. */
static enum sw_exit finish_output(enum sw_exit code)
{
	errno = 0;
	if ((fflush(stdout) == 0 && !ferror(stdout)) || reader_is_gone())
		return code;
	fprintf(stderr, "spillway: cannot write the output: %s\n", strerror(errno ? errno : EIO));
	return code == SW_EXIT_OK ? SW_EXIT_FAILED : code;
}

/* Closed standard descriptors would be given to the socket, and the output be sent to the daemon. */
static void occupy_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct sw_args args = {};
	enum sw_exit code;

	occupy_standard_descriptors();
	signal(SIGPIPE, SIG_IGN);
	code = finish_output(run(argc, argv, &args));
	sw_args_free(&args);
	return (int)code;
}
