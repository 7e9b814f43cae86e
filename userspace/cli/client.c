/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connects, sends one line, reads one line, and says in words what went wrong with any of it.
 */
#include "cli/client.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "cli/output.h"
#include "core/cleanup.h"
#include "core/clock.h"

#define REPLY_MAX     (64u * 1024 * 1024)
#define CHUNK	      (64u * 1024)
#define SILENCE_S     5
#define WHOLE_LIMIT_S 60 /* a reply that only drips */
#define GROUP_DEFAULT "spillway"

static enum sw_exit no_daemon(const char *path, struct sw_error *err)
{
	sw_error_set(
		err, -ECONNREFUSED,
		"no daemon is running at %s; start it with `spillwayd --config "
		"/etc/spillway/spillway.yaml` (see `spillwayd --help`), or name its socket with --socket",
		path);
	return SW_EXIT_NO_DAEMON;
}

/* The socket's group, if one can tell from outside. */
static enum sw_exit not_permitted(const char *path, struct sw_error *err)
{
	const struct group *group = NULL;
	struct stat found;

	if (stat(path, &found) == 0 && found.st_gid != 0)
		group = getgrgid(found.st_gid);
	sw_error_set(
		err, -EACCES,
		"no permission for %s: run this as root, or as a member of group %s (which may "
		"look, not change)",
		path, group ? group->gr_name : GROUP_DEFAULT);
	return SW_EXIT_KERNEL;
}

static enum sw_exit silent(const char *path, struct sw_error *err)
{
	sw_error_set(
		err, -ETIMEDOUT,
		"the daemon at %s does not answer (waited %d s); look at its log, or restart it",
		path, SILENCE_S);
	return SW_EXIT_FAILED;
}

static enum sw_exit connect_failed(const char *path, int error, struct sw_error *err)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ECONNREFUSED:
		return no_daemon(path, err);
	case EACCES:
	case EPERM:
		return not_permitted(path, err);
	case EAGAIN: /* its backlog stayed full for as long as we wait */
		return silent(path, err);
	default:
		sw_error_set(err, -error, "cannot connect to %s: %s", path, strerror(error));
		return SW_EXIT_FAILED;
	}
}

static enum sw_exit open_socket(const char *path, int *out, struct sw_error *err)
{
	const struct timeval silence = {.tv_sec = SILENCE_S};
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	SW_CLOSE int fd = -1;

	if (!path[0] || strlen(path) >= sizeof(addr.sun_path)) {
		sw_error_set(err, -EINVAL, "--socket: the path must have 1 to %zu bytes",
			     sizeof(addr.sun_path) - 1);
		return SW_EXIT_USAGE;
	}
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* The send time-out also bounds connect() to a full backlog. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof(silence)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence)) < 0) {
		sw_error_set(err, -errno, "cannot make a socket: %s", strerror(errno));
		return SW_EXIT_FAILED;
	}
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return connect_failed(path, errno, err);
	*out = sw_steal_fd(&fd);
	return SW_EXIT_OK;
}

/* A daemon that hung up early may have said why: its line is still there to be read. */
static enum sw_exit send_request(int fd, const char *path, const char *text, struct sw_error *err)
{
	size_t length = strlen(text);

	while (length > 0) {
		ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
			return SW_EXIT_OK;
		if (sent < 0 && errno == EAGAIN)
			return silent(path, err);
		if (sent < 0) {
			sw_error_set(err, -errno, "cannot send to %s: %s", path, strerror(errno));
			return SW_EXIT_FAILED;
		}
		text += sent;
		length -= (size_t)sent;
	}
	return SW_EXIT_OK;
}

static enum sw_exit receive_failed(const char *path, ssize_t got, size_t length,
				   struct sw_error *err)
{
	if (got < 0 && errno == EAGAIN)
		return silent(path, err);
	if (got < 0 && errno != ECONNRESET)
		sw_error_set(err, -errno, "cannot read from %s: %s", path, strerror(errno));
	else
		sw_error_set(err, -EPIPE, "the daemon at %s hung up %s", path,
			     length > 0 ? "in the middle of its reply" : "without a reply");
	return SW_EXIT_FAILED;
}

/* Up to the newline, which is left out; *out is to be freed. */
static enum sw_exit receive_line(int fd, const char *path, char **out, size_t *out_length,
				 struct sw_error *err)
{
	uint64_t deadline_ns = sw_clock_monotonic_ns() + WHOLE_LIMIT_S * 1000000000ULL;
	size_t length = 0, size = 0;
	SW_FREE char *line = NULL;

	while (length < REPLY_MAX) {
		char *grown = length + CHUNK > size ? realloc(line, size = 2 * size + CHUNK) : line;
		ssize_t got;
		char *end;

		if (!grown) {
			sw_error_set(err, -ENOMEM, "out of memory for the reply");
			return SW_EXIT_FAILED;
		}
		line = grown;
		got = recv(fd, line + length, CHUNK, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return receive_failed(path, got, length, err);
		end = memchr(line + length, '\n', (size_t)got);
		length += (size_t)got;
		if (end) {
			*out_length = (size_t)(end - line);
			*out = sw_steal_ptr(&line);
			return SW_EXIT_OK;
		}
		if (sw_clock_monotonic_ns() > deadline_ns)
			return silent(path, err);
	}
	sw_error_set(err, -E2BIG, "the reply of the daemon at %s is over 64 MiB", path);
	return SW_EXIT_FAILED;
}

/* The codes of the protocol are exit codes; what is none of them is a plain failure. */
static enum sw_exit refused(const json_t *error, struct sw_error *err)
{
	const char *message = json_string_value(json_object_get(error, "message"));
	json_int_t code = json_integer_value(json_object_get(error, "code"));

	sw_error_set(err, -EREMOTEIO, "%s",
		     message ? message : "the daemon refused without a reason");
	return code == SW_EXIT_USAGE || code == SW_EXIT_KERNEL ? (enum sw_exit)code
							       : SW_EXIT_FAILED;
}

static enum sw_exit parse_reply(const char *path, const char *line, size_t length, json_t **result,
				struct sw_error *err)
{
	SW_JSON_FREE json_t *root = json_loadb(line, length, 0, NULL);
	json_t *error = json_object_get(root, "error"), *body = json_object_get(root, "result");

	if (json_is_object(error))
		return refused(error, err);
	if (!json_is_object(body)) {
		sw_error_set(
			err, -EBADMSG,
			"what answers at %s does not speak this program's protocol; are daemon "
			"and command of the same version?",
			path);
		return SW_EXIT_FAILED;
	}
	*result = json_incref(body);
	return SW_EXIT_OK;
}

enum sw_exit sw_client_call(const char *path, const char *verb, json_t *args, json_t **result,
			    struct sw_error *err)
{
	SW_JSON_FREE json_t *request = json_pack("{s:s, s:O}", "verb", verb, "args", args);
	SW_FREE char *text = json_dumps(request, JSON_COMPACT);
	SW_FREE char *with_newline = NULL, *line = NULL;
	SW_CLOSE int fd = -1;
	enum sw_exit code;
	size_t length;

	if (!text || asprintf(&with_newline, "%s\n", text) < 0) {
		with_newline = NULL;
		sw_error_set(err, -ENOMEM, "out of memory");
		return SW_EXIT_FAILED;
	}
	code = open_socket(path, &fd, err);
	if (code == SW_EXIT_OK)
		code = send_request(fd, path, with_newline, err);
	if (code == SW_EXIT_OK)
		code = receive_line(fd, path, &line, &length, err);
	return code == SW_EXIT_OK ? parse_reply(path, line, length, result, err) : code;
}
