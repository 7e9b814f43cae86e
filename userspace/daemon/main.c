/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spillwayd: command line, going to the background, exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/log.h"
#include "daemon/options.h"
#include "daemon/run.h"

enum {
	EXIT_FAILED = 1,
	EXIT_CONFIGURATION = 2,
	EXIT_KERNEL = 3,
};

static int complain(int status, const struct sw_error *err)
{
	sw_log_error("%s", err->text);
	return status;
}

static int run_status(int failed)
{
	switch (failed) {
	case 0:
		return EXIT_SUCCESS;
	case -EPERM:
	case -EACCES:
	case -ENOTSUP:
		return EXIT_KERNEL;
	case -EINVAL:
		return EXIT_CONFIGURATION;
	default:
		return EXIT_FAILED;
	}
}

static void stay(void *arg)
{
	(void)arg;
}

/* Tells the parent, by a byte, that it may leave. */
static void let_parent_go(void *arg)
{
	int *to_parent = arg;
	ssize_t written = write(*to_parent, "", 1);

	(void)written;
	close(*to_parent);
}

/*
 * The child does the work; the parent waits until it is ready, or takes its exit status. Returns in
 * the child only. Log lines go on to standard error.
 */
static int go_to_background(int *to_parent)
{
	int ends[2];
	int status;
	char byte;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	child = fork();
	if (child < 0)
		return -errno;
	if (!child) {
		close(ends[0]);
		setsid();
		*to_parent = ends[1];
		return 0;
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) == 1)
		_exit(EXIT_SUCCESS);
	if (waitpid(child, &status, 0) == child && WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	_exit(EXIT_FAILED);
}

static int run(const struct sw_options *options, struct sw_config *config)
{
	struct sw_error err = {0};
	int to_parent = -1;
	int failed;

	if (!options->foreground && (failed = go_to_background(&to_parent))) {
		sw_error_set(&err, failed, "cannot go to the background");
		return complain(EXIT_FAILED, &err);
	}
	failed = sw_run(options, config, options->foreground ? stay : let_parent_go, &to_parent,
			&err);
	return failed ? complain(run_status(failed), &err) : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct sw_config *config = NULL;
	enum sw_options_next next;
	struct sw_options options;
	struct sw_error err = {0};

	sw_log_init(SW_LOG_INFO, SW_LOG_TEXT);
	if (sw_options_parse(argc, argv, &options, &next, &err))
		return complain(EXIT_CONFIGURATION, &err);
	if (next == SW_OPTIONS_DONE)
		return EXIT_SUCCESS;
	if (sw_options_config(&options, &config, &err))
		return complain(EXIT_CONFIGURATION, &err);
	if (options.check) {
		sw_config_free(config);
		printf("%s: ok\n", options.file ? options.file : "options");
		return EXIT_SUCCESS;
	}
	sw_log_init(config->log.level, config->log.format);
	return run(&options, config);
}
