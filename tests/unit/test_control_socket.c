/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket with real clients and the real event loop, in one process: framing, limits, hang-ups, access,
 * and what becomes of the socket's file.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/control.c"
#include "daemon/control_client.c"
#include "daemon/control_listen.c"
#include "daemon/control_request.c"

#define PATIENCE_MS 5000
#define BIG_BYTES   (1024 * 1024)

struct fixture {
	char dir[32];
	char path[64];
	struct event_base *base;
	struct sw_control *control;
	int calls;
};

static int run_ping(void *daemon, json_t *args, json_t **result, struct sw_error *err)
{
	(void)err;
	((struct fixture *)daemon)->calls++;
	*result = json_incref(args);
	return 0;
}

static int run_big(void *daemon, json_t *args, json_t **result, struct sw_error *err)
{
	char *text = malloc(BIG_BYTES);

	(void)args;
	(void)err;
	((struct fixture *)daemon)->calls++;
	assert_non_null(text);
	memset(text, 'b', BIG_BYTES);
	*result = json_stringn(text, BIG_BYTES);
	free(text);
	return 0;
}

static const struct sw_control_verb verbs[] = {
	{"ping", false, run_ping, NULL},
	{"set", true, run_ping, NULL},
	{"big", false, run_big, NULL},
};

static int open_control(struct fixture *fix, const char *path, struct sw_control **out,
			struct sw_error *err)
{
	return sw_control_open(fix->base, path, "", verbs, sizeof(verbs) / sizeof(verbs[0]), fix,
			       out, err);
}

static int set_up(void **state)
{
	struct fixture *fix = calloc(1, sizeof(*fix));
	struct sw_error err;

	strcpy(fix->dir, "/tmp/sw-control.XXXXXX");
	if (!mkdtemp(fix->dir))
		return -1;
	snprintf(fix->path, sizeof(fix->path), "%s/run/s.sock", fix->dir);
	fix->base = event_base_new();
	*state = fix;
	return open_control(fix, fix->path, &fix->control, &err);
}

static int tear_down(void **state)
{
	struct fixture *fix = *state;
	char parent[64];

	sw_control_close(fix->control);
	event_base_free(fix->base);
	unlink(fix->path);
	snprintf(parent, sizeof(parent), "%s/run", fix->dir);
	rmdir(parent);
	rmdir(fix->dir);
	free(fix);
	return 0;
}

static void turn(struct fixture *fix)
{
	struct timeval soon = {.tv_usec = 1000};

	event_base_loopexit(fix->base, &soon);
	event_base_dispatch(fix->base);
}

static int connect_to(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, path);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int join(struct fixture *fix)
{
	int fd = connect_to(fix->path);

	assert_true(fd >= 0);
	turn(fix);
	return fd;
}

/* Sends all of it, giving the loop its turns; false when the other side has hung up. */
static bool say_bytes(struct fixture *fix, int fd, const char *bytes, size_t length)
{
	for (int i = 0; length > 0 && i < PATIENCE_MS; i++) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			return false;
		if (sent > 0) {
			bytes += sent;
			length -= (size_t)sent;
		}
		turn(fix);
	}
	return length == 0;
}

static void say(struct fixture *fix, int fd, const char *text)
{
	assert_true(say_bytes(fix, fd, text, strlen(text)));
}

/* One more line of replies; NULL when the other side has closed first. To be freed. */
static char *hear(struct fixture *fix, int fd)
{
	size_t length = 0, size = BIG_BYTES + 4096;
	char *line = calloc(1, size + 1);

	for (int i = 0; i < PATIENCE_MS && length < size;) {
		ssize_t got = recv(fd, line + length, 1, MSG_PEEK);

		if (got < 0 && errno == EAGAIN) {
			turn(fix);
			i++;
			continue;
		}
		got = got > 0 ? recv(fd, line + length, size - length, MSG_PEEK) : got;
		if (got <= 0) {
			free(line);
			return NULL;
		}
		char *end = memchr(line + length, '\n', (size_t)got);
		size_t take = end ? (size_t)(end - line) + 1 - length : (size_t)got;

		assert_int_equal(recv(fd, line + length, take, 0), take);
		length += take;
		line[length] = '\0';
		if (end)
			return line;
	}
	fail_msg("no reply within the time");
	return NULL;
}

static void expect_line(struct fixture *fix, int fd, const char *part)
{
	char *line = hear(fix, fd);

	assert_non_null(line);
	if (!strstr(line, part))
		fail_msg("\"%s\" does not have \"%s\"", line, part);
	free(line);
}

static void expect_closed(struct fixture *fix, int fd)
{
	assert_null(hear(fix, fd));
	close(fd);
}

static void expect_clients(struct fixture *fix, size_t count)
{
	for (int i = 0; i < PATIENCE_MS && fix->control->clients.count != count; i++)
		turn(fix);
	assert_int_equal(fix->control->clients.count, count);
}

static void a_connection_takes_several_requests_and_answers_in_order(void **state)
{
	struct fixture *fix = *state;
	int fd = join(fix);

	say(fix, fd,
	    "{\"verb\":\"ping\",\"args\":{\"n\":1}}\n{\"verb\":\"ping\",\"args\":{\"n\":2}}\n");
	say(fix, fd, "{\"verb\":\"ping\",\"args\":{\"n\":3}}\n");
	expect_line(fix, fd, "{\"result\":{\"n\":1}}\n");
	expect_line(fix, fd, "{\"result\":{\"n\":2}}\n");
	expect_line(fix, fd, "{\"result\":{\"n\":3}}\n");
	close(fd);
	expect_clients(fix, 0);
}

static void a_request_may_come_byte_by_byte(void **state)
{
	struct fixture *fix = *state;
	int fd = join(fix);

	for (const char *c = "{\"verb\":\"ping\"}\n"; *c; c++)
		assert_true(say_bytes(fix, fd, c, 1));
	expect_line(fix, fd, "{\"result\":{}}\n");
	close(fd);
}

static void garbage_gets_an_error_and_the_connection_goes_on(void **state)
{
	struct fixture *fix = *state;
	int fd = join(fix);

	assert_true(say_bytes(fix, fd, "\0\xff garbage\n", 11));
	expect_line(fix, fd, "\"error\":{\"code\":2");
	say(fix, fd, "\n");
	expect_line(fix, fd, "\"error\":{\"code\":2");
	say(fix, fd, "{\"verb\":\"ping\"}\n");
	expect_line(fix, fd, "{\"result\":{}}\n");
	close(fd);
}

static void half_a_line_is_given_up_after_its_time(void **state)
{
	struct fixture *fix = *state;
	int fd = join(fix);

	fix->control->clients.half_line_limit = (struct timeval){.tv_usec = 50000};
	say(fix, fd, "{\"verb\":");
	expect_line(fix, fd, "did not end within");
	expect_closed(fix, fd);
	expect_clients(fix, 0);
}

static void dripping_bytes_does_not_win_more_time(void **state)
{
	struct fixture *fix = *state;
	int fd = join(fix);

	fix->control->clients.half_line_limit = (struct timeval){.tv_usec = 50000};
	for (int i = 0; i < 2000 && fix->control->clients.count > 0; i++) {
		say_bytes(fix, fd, "x", 1);
		turn(fix);
	}
	assert_int_equal(fix->control->clients.count, 0);
	expect_line(fix, fd, "did not end within");
	expect_closed(fix, fd);
}

static void a_line_that_was_finished_in_time_is_not_held_against_the_next(void **state)
{
	struct fixture *fix = *state;
	int fd = join(fix);

	fix->control->clients.half_line_limit = (struct timeval){.tv_usec = 30000};
	say(fix, fd, "{\"verb\":");
	say(fix, fd, "\"ping\"}\n");
	expect_line(fix, fd, "{\"result\":{}}\n");
	for (int i = 0; i < 60; i++)
		turn(fix);
	say(fix, fd, "{\"verb\":\"ping\"}\n");
	expect_line(fix, fd, "{\"result\":{}}\n");
	close(fd);
}

static void an_idle_client_between_requests_is_left_alone(void **state)
{
	struct fixture *fix = *state;
	int fd = join(fix);

	fix->control->clients.half_line_limit = (struct timeval){.tv_usec = 20000};
	say(fix, fd, "{\"verb\":\"ping\"}\n");
	expect_line(fix, fd, "{\"result\":{}}\n");
	for (int i = 0; i < 60; i++)
		turn(fix);
	say(fix, fd, "{\"verb\":\"ping\"}\n");
	expect_line(fix, fd, "{\"result\":{}}\n");
	close(fd);
}

static void a_line_at_the_limit_is_served_and_one_byte_more_is_not(void **state)
{
	struct fixture *fix = *state;
	static char line[SW_CONTROL_LINE_MAX + 2];
	int fd = join(fix);

	memset(line, ' ', sizeof(line));
	memcpy(line, "{\"verb\":\"ping\"}", 15);
	line[SW_CONTROL_LINE_MAX] = '\n';
	assert_true(say_bytes(fix, fd, line, SW_CONTROL_LINE_MAX + 1));
	expect_line(fix, fd, "{\"result\":{}}\n");
	line[SW_CONTROL_LINE_MAX] = ' ';
	line[SW_CONTROL_LINE_MAX + 1] = '\n';
	say_bytes(fix, fd, line, sizeof(line));
	expect_line(fix, fd, "over 65,536 bytes");
	expect_closed(fix, fd);
	assert_int_equal(fix->calls, 1);
}

static void a_line_of_one_megabyte_is_refused_and_the_next_client_is_served(void **state)
{
	struct fixture *fix = *state;
	size_t size = 1024 * 1024;
	char *line = malloc(size);
	int fd = join(fix);

	memset(line, 'x', size);
	assert_false(say_bytes(fix, fd, line, size));
	expect_line(fix, fd, "over 65,536 bytes");
	close(fd);
	free(line);
	expect_clients(fix, 0);
	fd = join(fix);
	say(fix, fd, "{\"verb\":\"ping\"}\n");
	expect_line(fix, fd, "{\"result\":{}}\n");
	close(fd);
}

static void a_client_that_shuts_down_sending_still_gets_its_answers(void **state)
{
	struct fixture *fix = *state;
	int fd = join(fix);

	say(fix, fd, "{\"verb\":\"ping\"}\n{\"verb\":\"ping\"}\n{\"verb");
	shutdown(fd, SHUT_WR);
	expect_line(fix, fd, "{\"result\":{}}\n");
	expect_line(fix, fd, "{\"result\":{}}\n");
	expect_line(fix, fd, "does not end in a newline");
	expect_closed(fix, fd);
	expect_clients(fix, 0);
}

static void hanging_up_anywhere_harms_nobody(void **state)
{
	struct fixture *fix = *state;

	close(join(fix));
	for (int i = 0; i < 3; i++) {
		int fd = join(fix);

		say(fix, fd, i == 0 ? "{\"verb" : "{\"verb\":\"big\"}\n{\"verb\":\"big\"}\n");
		if (i == 2)
			expect_line(fix, fd, "bbbb");
		close(fd);
	}
	expect_clients(fix, 0);
	int fd = join(fix);

	say(fix, fd, "{\"verb\":\"ping\"}\n");
	expect_line(fix, fd, "{\"result\":{}}\n");
	close(fd);
}

static void a_large_reply_arrives_whole(void **state)
{
	struct fixture *fix = *state;
	int fd = join(fix);
	char *line;

	say(fix, fd, "{\"verb\":\"big\"}\n");
	line = hear(fix, fd);
	assert_non_null(line);
	assert_int_equal(strlen(line), BIG_BYTES + strlen("{\"result\":\"\"}\n"));
	free(line);
	close(fd);
}

static void a_client_that_does_not_read_is_not_served_further(void **state)
{
	struct fixture *fix = *state;
	int fd = join(fix);

	/* At once and one by one: what waits in the daemon and what waits in the socket. */
	say(fix, fd, "{\"verb\":\"big\"}\n{\"verb\":\"big\"}\n{\"verb\":\"big\"}\n");
	say(fix, fd, "{\"verb\":\"big\"}\n");
	for (int i = 0; i < 50; i++)
		turn(fix);
	assert_int_equal(fix->calls, 1);
	shutdown(fd, SHUT_WR);
	for (int i = 0; i < 4; i++)
		expect_line(fix, fd, "{\"result\":\"bbb");
	expect_closed(fix, fd);
	assert_int_equal(fix->calls, 4);
}

static void one_client_too_many_is_told_so_and_a_freed_place_is_given_on(void **state)
{
	struct fixture *fix = *state;
	int fds[SW_CONTROL_CLIENT_MAX], extra;

	for (size_t i = 0; i < SW_CONTROL_CLIENT_MAX; i++)
		fds[i] = join(fix);
	expect_clients(fix, SW_CONTROL_CLIENT_MAX);
	extra = join(fix);
	expect_line(fix, extra, "{\"error\":{\"code\":1,\"message\":\"too many clients");
	expect_closed(fix, extra);
	say(fix, fds[SW_CONTROL_CLIENT_MAX - 1], "{\"verb\":\"ping\"}\n");
	expect_line(fix, fds[SW_CONTROL_CLIENT_MAX - 1], "{\"result\":{}}\n");
	close(fds[0]);
	expect_clients(fix, SW_CONTROL_CLIENT_MAX - 1);
	fds[0] = join(fix);
	say(fix, fds[0], "{\"verb\":\"ping\"}\n");
	expect_line(fix, fds[0], "{\"result\":{}}\n");
	for (size_t i = 0; i < SW_CONTROL_CLIENT_MAX; i++)
		close(fds[i]);
	expect_clients(fix, 0);
}

/* A process of another user in the socket's group; exits with the code of the reply to line. */
static pid_t start_stranger(const char *path, const char *line)
{
	char reply[1024] = "";
	const char *code;
	pid_t pid = fork();
	struct pollfd wait;
	int fd;

	if (pid != 0)
		return pid;
	if (setresuid(65534, 65534, 65534) < 0)
		_exit(100);
	fd = connect_to(path);
	if (fd < 0 || send(fd, line, strlen(line), MSG_NOSIGNAL) < 0)
		_exit(101);
	wait = (struct pollfd){.fd = fd, .events = POLLIN};
	if (poll(&wait, 1, PATIENCE_MS) != 1 || recv(fd, reply, sizeof(reply) - 1, 0) <= 0)
		_exit(102);
	code = strstr(reply, "\"code\":");
	_exit(code ? code[7] - '0' : 0);
}

static int code_for_stranger(struct fixture *fix, const char *line)
{
	pid_t pid = start_stranger(fix->path, line);
	int status;

	assert_true(pid > 0);
	for (int i = 0; i < PATIENCE_MS; i++) {
		turn(fix);
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WEXITSTATUS(status);
	}
	fail_msg("the other user's process got no answer");
	return -1;
}

static void another_user_of_the_group_may_read_but_not_change(void **state)
{
	struct fixture *fix = *state;

	if (geteuid() != 0) {
		print_message("needs root to become another user\n");
		skip();
	}
	assert_int_equal(chmod(fix->dir, 0711), 0);
	assert_int_equal(code_for_stranger(fix, "{\"verb\":\"ping\"}\n"), 0);
	assert_int_equal(fix->calls, 1);
	assert_int_equal(code_for_stranger(fix, "{\"verb\":\"set\"}\n"), 3);
	assert_int_equal(fix->calls, 1);
}

static void the_socket_is_for_owner_and_group_whatever_the_umask(void **state)
{
	static const mode_t masks[] = {0, 022, 0777};
	struct fixture *fix = *state;
	struct sw_error err;
	struct stat found;

	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		mode_t before;

		sw_control_close(fix->control);
		assert_int_equal(lstat(fix->path, &found), -1);
		before = umask(masks[i]);
		assert_int_equal(open_control(fix, fix->path, &fix->control, &err), 0);
		umask(before);
		assert_int_equal(lstat(fix->path, &found), 0);
		assert_int_equal(found.st_mode, S_IFSOCK | 0660);
	}
}

static void a_live_socket_is_not_stolen(void **state)
{
	struct fixture *fix = *state;
	struct sw_control *second = NULL;
	struct sw_error err = {};
	int fd;

	assert_int_equal(open_control(fix, fix->path, &second, &err), -EADDRINUSE);
	assert_null(second);
	assert_non_null(strstr(err.text, fix->path));
	fd = join(fix);
	say(fix, fd, "{\"verb\":\"ping\"}\n");
	expect_line(fix, fd, "{\"result\":{}}\n");
	close(fd);
}

static void a_dead_socket_is_replaced_and_the_old_daemon_does_not_remove_the_new_one(void **state)
{
	struct fixture *fix = *state;
	struct sw_control *second = NULL;
	struct sw_error err = {};
	struct stat found;

	evconnlistener_free(fix->control->listener);
	fix->control->listener = NULL;
	assert_int_equal(connect_to(fix->path), -1);
	assert_int_equal(open_control(fix, fix->path, &second, &err), 0);
	sw_control_close(fix->control);
	fix->control = second;
	assert_int_equal(lstat(fix->path, &found), 0);
	close(join(fix));
}

static void what_is_not_a_socket_is_left_alone(void **state)
{
	struct fixture *fix = *state;
	struct sw_control *second = NULL;
	struct sw_error err = {};
	char path[64];
	struct stat found;

	snprintf(path, sizeof(path), "%s/file", fix->dir);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(open_control(fix, path, &second, &err), -EEXIST);
	assert_non_null(strstr(err.text, "not a socket"));
	assert_int_equal(lstat(path, &found), 0);
	unlink(path);
}

static void a_path_that_cannot_be_is_refused_with_its_reason(void **state)
{
	struct fixture *fix = *state;
	struct sw_control *second = NULL;
	struct sw_error err = {};
	char path[256];

	memset(path, 'p', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(open_control(fix, path, &second, &err), -ENAMETOOLONG);
	assert_int_equal(open_control(fix, "", &second, &err), -EINVAL);
	snprintf(path, sizeof(path), "%s/no/such/s.sock", fix->dir);
	assert_int_equal(open_control(fix, path, &second, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/no/such"));
	assert_null(second);
}

static void a_missing_group_is_no_reason_not_to_start(void **state)
{
	struct fixture *fix = *state;
	struct sw_error err = {};

	sw_control_close(fix->control);
	fix->control = NULL;
	assert_int_equal(sw_control_open(fix->base, fix->path, "no-such-group-here", verbs, 1, fix,
					 &fix->control, &err),
			 0);
	close(join(fix));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_connection_takes_several_requests_and_answers_in_order),
		TEST(a_request_may_come_byte_by_byte),
		TEST(garbage_gets_an_error_and_the_connection_goes_on),
		TEST(half_a_line_is_given_up_after_its_time),
		TEST(dripping_bytes_does_not_win_more_time),
		TEST(a_line_that_was_finished_in_time_is_not_held_against_the_next),
		TEST(an_idle_client_between_requests_is_left_alone),
		TEST(a_line_at_the_limit_is_served_and_one_byte_more_is_not),
		TEST(a_line_of_one_megabyte_is_refused_and_the_next_client_is_served),
		TEST(a_client_that_shuts_down_sending_still_gets_its_answers),
		TEST(hanging_up_anywhere_harms_nobody),
		TEST(a_large_reply_arrives_whole),
		TEST(a_client_that_does_not_read_is_not_served_further),
		TEST(one_client_too_many_is_told_so_and_a_freed_place_is_given_on),
		TEST(another_user_of_the_group_may_read_but_not_change),
		TEST(the_socket_is_for_owner_and_group_whatever_the_umask),
		TEST(a_live_socket_is_not_stolen),
		TEST(a_dead_socket_is_replaced_and_the_old_daemon_does_not_remove_the_new_one),
		TEST(what_is_not_a_socket_is_left_alone),
		TEST(a_path_that_cannot_be_is_refused_with_its_reason),
		TEST(a_missing_group_is_no_reason_not_to_start),
	};

	return cmocka_run_group_tests_name("control socket", tests, NULL, NULL);
}
