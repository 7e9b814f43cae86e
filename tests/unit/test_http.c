/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The HTTP listener over loopback with raw requests: pages, methods, limits, hang-ups, and streams.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/http.c"
#include "daemon/http_clients.c"
#include "daemon/http_listen.c"
#include "daemon/http_live.c"
#include "daemon/http_policy.c"

#define PATIENCE_MS 5000

struct fixture {
	struct event_base *base;
	struct sw_http *http;
	struct sw_endpoint endpoint;
	bool healthy;
	int pages;	   /* of metrics that were written */
	size_t news_bytes; /* of each event */
	char reply[65536];
};

static void write_metrics(void *daemon, struct evbuffer *out)
{
	((struct fixture *)daemon)->pages++;
	evbuffer_add_printf(out, "spillway_up 1\n");
}

static bool is_healthy(void *daemon, char *why, size_t cap)
{
	struct fixture *fix = daemon;

	if (!fix->healthy)
		snprintf(why, cap, "the heartbeat is stale");
	return fix->healthy;
}

static void write_page(void *daemon, const char *nonce, struct evbuffer *out)
{
	(void)daemon;
	evbuffer_add_printf(out, "<script nonce=\"%s\">", nonce);
}

static void write_news(void *daemon, bool all, struct evbuffer *out)
{
	struct fixture *fix = daemon;

	evbuffer_add_printf(out, "data: %s", all ? "all" : "new");
	for (size_t i = 0; i < fix->news_bytes; i++)
		evbuffer_add(out, "x", 1);
	evbuffer_add_printf(out, "\n\n");
}

static const struct sw_http_handlers handlers = {write_metrics, is_healthy, write_page, write_news};

/* A port nobody uses: the kernel's choice, given back. */
static uint16_t free_port(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &length), 0);
	close(fd);
	return ntohs(addr.sin_port);
}

static int set_up(void **state)
{
	struct fixture *fix = calloc(1, sizeof(*fix));
	struct sw_error err;

	fix->base = event_base_new();
	fix->healthy = true;
	fix->endpoint.port = free_port();
	sw_addr_from_ipv4(htonl(INADDR_LOOPBACK), &fix->endpoint.addr);
	*state = fix;
	return sw_http_open(fix->base, &fix->endpoint, &handlers, fix, &fix->http, &err);
}

static int tear_down(void **state)
{
	struct fixture *fix = *state;

	sw_http_close(fix->http);
	event_base_free(fix->base);
	free(fix);
	return 0;
}

static void turn(struct fixture *fix)
{
	struct timeval soon = {.tv_usec = 1000};

	event_base_loopexit(fix->base, &soon);
	event_base_dispatch(fix->base);
}

static int join(struct fixture *fix)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	addr.sin_port = htons(fix->endpoint.port);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	turn(fix);
	return fd;
}

/* Everything that comes back until the server closes. */
static const char *ask(struct fixture *fix, const char *request, size_t length)
{
	size_t have = 0;
	int fd = join(fix);

	for (int i = 0; i < PATIENCE_MS; i++) {
		ssize_t sent = length ? send(fd, request, length, MSG_NOSIGNAL) : 0;
		ssize_t got;

		if (sent > 0) {
			request += sent;
			length -= (size_t)sent;
		}
		turn(fix);
		got = recv(fd, fix->reply + have, sizeof(fix->reply) - 1 - have, 0);
		if (got > 0)
			have += (size_t)got;
		else if (got == 0 || errno != EAGAIN)
			break;
	}
	fix->reply[have] = '\0';
	close(fd);
	return fix->reply;
}

static void expect(struct fixture *fix, const char *first_line, const char *status,
		   const char *part)
{
	char request[512];

	snprintf(request, sizeof(request), "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		 first_line);
	ask(fix, request, strlen(request));
	if (!strstr(fix->reply, status) || !strstr(fix->reply, part))
		fail_msg("%s: \"%s\" does not have \"%s\" and \"%s\"", first_line, fix->reply,
			 status, part);
}

static void expect_line(struct fixture *fix, int fd, const char *line)
{
	char got[64] = "";

	for (int i = 0; i < PATIENCE_MS && !got[0]; i++) {
		turn(fix);
		if (recv(fd, got, sizeof(got) - 1, 0) < 0)
			got[0] = '\0';
	}
	assert_memory_equal(got, line, strlen(line));
}

/* What is left to read goes unread. */
static bool is_open(int fd)
{
	char rest[4096];
	ssize_t got;

	do
		got = recv(fd, rest, sizeof(rest), 0);
	while (got > 0);
	return got < 0 && errno == EAGAIN;
}

/* At once: after some seconds evhttp's own time-out would close it as well. */
static void expect_closed(struct fixture *fix, int fd)
{
	for (int i = 0; i < 100 && is_open(fd); i++)
		turn(fix);
	assert_false(is_open(fd));
}

static void metrics_are_served_as_prometheus_text(void **state)
{
	struct fixture *fix = *state;

	expect(fix, "GET /metrics", "HTTP/1.1 200 OK", "\r\n\r\nspillway_up 1\n");
	assert_non_null(strstr(fix->reply, "Content-Type: text/plain; version=0.0.4"));
	expect(fix, "GET /metrics?x=1", "HTTP/1.1 200 OK", "\r\n\r\nspillway_up 1\n");
}

static void health_is_ok_or_503_with_the_reason(void **state)
{
	struct fixture *fix = *state;

	expect(fix, "GET /healthz", "HTTP/1.1 200 OK", "\r\n\r\nok\n");
	fix->healthy = false;
	expect(fix, "GET /healthz", "HTTP/1.1 503 ", "\r\n\r\nthe heartbeat is stale\n");
}

static void head_has_the_headers_and_no_body(void **state)
{
	struct fixture *fix = *state;
	const char *end;

	expect(fix, "HEAD /metrics", "HTTP/1.1 200 OK", "Content-Length: 14\r\n");
	end = strstr(fix->reply, "\r\n\r\n");
	assert_non_null(end);
	assert_string_equal(end, "\r\n\r\n");
}

#define CROWD 8

static void who_asks_at_once_gets_one_page_and_who_asks_later_another(void **state)
{
	static const char request[] = "GET /metrics HTTP/1.0\r\n\r\n";
	struct fixture *fix = *state;
	int fds[CROWD];

	for (size_t i = 0; i < CROWD; i++)
		fds[i] = join(fix);
	for (size_t i = 0; i < CROWD; i++)
		assert_true(send(fds[i], request, strlen(request), 0) > 0);
	for (size_t i = 0; i < CROWD; i++)
		expect_line(fix, fds[i], "HTTP/1.0 200 OK\r\n");
	assert_int_equal(fix->pages, 1);
	expect(fix, "GET /metrics", "HTTP/1.1 200 OK", "spillway_up 1");
	assert_int_equal(fix->pages, 2);
}

static void one_connection_too_many_ends_the_one_that_was_silent_longest(void **state)
{
	static const char request[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
	struct fixture *fix = *state;
	int fds[SW_HTTP_CLIENTS_MAX + 1];

	for (size_t i = 0; i < SW_HTTP_CLIENTS_MAX; i++)
		fds[i] = join(fix);
	/* The first has asked something since, so the second is the one. */
	assert_true(send(fds[0], request, strlen(request), 0) > 0);
	expect_line(fix, fds[0], "HTTP/1.1 200 OK\r\n");
	fds[SW_HTTP_CLIENTS_MAX] = join(fix);
	expect_closed(fix, fds[1]);
	for (size_t i = 2; i <= SW_HTTP_CLIENTS_MAX; i++)
		assert_true(is_open(fds[i]));
	assert_true(is_open(fds[0]));
	for (size_t i = 0; i <= SW_HTTP_CLIENTS_MAX; i++)
		close(fds[i]);
}

/* As if it had come so much earlier. */
static void grow_older(struct fixture *fix, uint64_t by_ns)
{
	int oldest;

	assert_int_equal(look(fix->http->clients, &oldest), 1);
	fix->http->clients->of[oldest].since_ns -= by_ns;
}

static void who_takes_too_long_for_a_request_is_cut_off_and_a_request_gives_time(void **state)
{
	static const char request[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
	struct fixture *fix = *state;
	int fd = join(fix);

	assert_true(send(fd, request, 5, 0) > 0);
	grow_older(fix, (SW_HTTP_REQUEST_S - 2) * SW_NS_PER_S);
	assert_true(send(fd, request + 5, strlen(request) - 5, 0) > 0);
	expect_line(fix, fd, "HTTP/1.1 200 OK\r\n");
	grow_older(fix, (SW_HTTP_REQUEST_S - 2) * SW_NS_PER_S);
	on_look(-1, 0, fix->http->clients);
	turn(fix);
	assert_true(is_open(fd));
	assert_true(send(fd, request, 5, 0) > 0);
	grow_older(fix, 3 * SW_NS_PER_S);
	on_look(-1, 0, fix->http->clients);
	expect_closed(fix, fd);
	close(fd);
}

static void other_paths_are_404(void **state)
{
	static const char *const rows[] = {"GET /x", "GET /metricsx", "GET /metrics/", "POST /x",
					   "GET //metrics"};
	struct fixture *fix = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(fix, rows[i], "HTTP/1.1 404 ", "\r\n\r\n");
}

static void other_methods_are_405(void **state)
{
	static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"};
	struct fixture *fix = *state;
	char line[64];

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		snprintf(line, sizeof(line), "%s /metrics", methods[i]);
		expect(fix, line, "HTTP/1.1 405 ", "Allow: GET, HEAD");
	}
}

static void headers_over_8_kib_are_refused(void **state)
{
	static char request[32768];
	struct fixture *fix = *state;
	int length = snprintf(request, sizeof(request), "GET /metrics HTTP/1.1\r\nX-Long: ");

	memset(request + length, 'x', sizeof(request) - (size_t)length);
	memcpy(request + sizeof(request) - 4, "\r\n\r\n", 4);
	ask(fix, request, sizeof(request));
	assert_null(strstr(fix->reply, "spillway_up"));
	expect(fix, "GET /healthz", "HTTP/1.1 200 OK", "ok");
}

static void a_body_is_refused(void **state)
{
	static const char request[] = "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
				      "Connection: close\r\n\r\nhello";
	struct fixture *fix = *state;

	ask(fix, request, sizeof(request) - 1);
	assert_non_null(strstr(fix->reply, "HTTP/1.1 413 "));
}

static void garbage_and_hang_ups_harm_nobody(void **state)
{
	struct fixture *fix = *state;
	int fd;

	ask(fix, "\0\xff\r\n\r\n\r\n", 8);
	assert_null(strstr(fix->reply, "200 OK"));
	close(join(fix));
	fd = join(fix);
	assert_int_equal(send(fd, "GET /met", 8, 0), 8);
	turn(fix);
	close(fd);
	expect(fix, "GET /healthz", "HTTP/1.1 200 OK", "ok");
}

static void a_taken_port_is_an_error_that_names_it(void **state)
{
	struct fixture *fix = *state;
	struct sw_http *second = NULL;
	struct sw_error err = {};
	char port[8];

	assert_int_equal(sw_http_open(fix->base, &fix->endpoint, &handlers, fix, &second, &err),
			 -EADDRINUSE);
	snprintf(port, sizeof(port), ":%u", fix->endpoint.port);
	assert_non_null(strstr(err.text, port));
	assert_null(second);
}

static void no_endpoint_means_no_listener(void **state)
{
	const struct sw_endpoint none = {};
	struct fixture *fix = *state;
	struct sw_http *second = fix->http;
	struct sw_error err;

	assert_int_equal(sw_http_open(fix->base, NULL, &handlers, fix, &second, &err), 0);
	assert_null(second);
	second = fix->http;
	assert_int_equal(sw_http_open(fix->base, &none, &handlers, fix, &second, &err), 0);
	assert_null(second);
	sw_http_close(NULL);
}

static void any_address_serves_ipv4_as_well(void **state)
{
	struct fixture *fix = *state;
	struct sw_error err;

	sw_http_close(fix->http);
	fix->http = NULL;
	fix->endpoint = (struct sw_endpoint){.port = free_port(), .any = true};
	assert_int_equal(sw_http_open(fix->base, &fix->endpoint, &handlers, fix, &fix->http, &err),
			 0);
	expect(fix, "GET /healthz", "HTTP/1.1 200 OK", "ok");
}

static void the_page_may_load_nothing_and_sets_no_cookie(void **state)
{
	struct fixture *fix = *state;
	const char *nonce;
	char script[128];

	expect(fix, "GET /", "HTTP/1.1 200 OK", "Content-Type: text/html; charset=utf-8\r\n");
	expect(fix, "GET /", "Content-Security-Policy: default-src 'none';",
	       "frame-ancestors 'none'");
	assert_null(strstr(fix->reply, "unsafe"));
	assert_null(strstr(fix->reply, "Set-Cookie"));
	nonce = strstr(fix->reply, "script-src 'nonce-") + strlen("script-src 'nonce-");
	assert_int_equal(strspn(nonce, "0123456789abcdef"), 32);
	snprintf(script, sizeof(script), "\r\n\r\n<script nonce=\"%.32s\">", nonce);
	assert_non_null(strstr(fix->reply, script));
	expect(fix, "GET /", "200 OK", "<script");
	assert_null(strstr(fix->reply, script));
}

/* Sends a GET of /live; the connection stays. */
static int open_stream(struct fixture *fix)
{
	static const char request[] = "GET /live HTTP/1.1\r\nHost: x\r\n\r\n";
	int fd = join(fix);

	assert_int_equal(send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL), sizeof(request) - 1);
	return fd;
}

/* Until what has come has that part, or the other side hangs up. */
static bool hears(struct fixture *fix, int fd, const char *part)
{
	size_t have = 0;

	for (int i = 0; i < PATIENCE_MS; i++) {
		ssize_t got;

		turn(fix);
		got = recv(fd, fix->reply + have, sizeof(fix->reply) - 1 - have, 0);
		if (got == 0 || (got < 0 && errno != EAGAIN))
			return false;
		have += got > 0 ? (size_t)got : 0;
		fix->reply[have] = '\0';
		if (strstr(fix->reply, part))
			return true;
	}
	return false;
}

static void a_stream_begins_with_all_and_goes_on_with_what_is_new(void **state)
{
	struct fixture *fix = *state;
	int fd = open_stream(fix);

	assert_true(hears(fix, fd, "data: all\n\n"));
	assert_non_null(strstr(fix->reply, "Content-Type: text/event-stream\r\n"));
	assert_true(hears(fix, fd, "data: new\n\n"));
	assert_true(hears(fix, fd, "data: new\n\n"));
	close(fd);
	for (int i = 0; i < PATIENCE_MS && fix->http->live->count; i++)
		turn(fix);
	assert_int_equal(fix->http->live->count, 0);
	expect(fix, "HEAD /live", "HTTP/1.1 200 OK", "text/event-stream");
}

static void one_stream_too_many_is_told_so_and_harms_nobody(void **state)
{
	struct fixture *fix = *state;
	int fds[SW_HTTP_LIVE_MAX];

	for (size_t i = 0; i < SW_HTTP_LIVE_MAX; i++) {
		fds[i] = open_stream(fix);
		assert_true(hears(fix, fds[i], "data: all"));
	}
	expect(fix, "GET /live", "HTTP/1.1 503 ", "too many open status pages");
	assert_true(hears(fix, fds[0], "data: new"));
	expect(fix, "GET /metrics", "HTTP/1.1 200 OK", "spillway_up 1");
	close(fds[0]);
	for (int i = 0; i < PATIENCE_MS && fix->http->live->count == SW_HTTP_LIVE_MAX; i++)
		turn(fix);
	fds[0] = open_stream(fix);
	assert_true(hears(fix, fds[0], "data: all"));
	for (size_t i = 0; i < SW_HTTP_LIVE_MAX; i++)
		close(fds[i]);
}

/* As if seconds had passed. */
static void tick(struct fixture *fix)
{
	event_active(fix->http->live->tick, EV_TIMEOUT, 0);
	turn(fix);
}

static void a_reader_who_does_not_read_is_cut_off_and_the_others_go_on(void **state)
{
	struct fixture *fix = *state;
	int slow = open_stream(fix), quick;

	assert_true(hears(fix, slow, "data: all"));
	quick = open_stream(fix);
	assert_true(hears(fix, quick, "data: all"));
	assert_int_equal(fix->http->live->count, 2);
	fix->news_bytes = 30000;
	for (int i = 0; i < 2000 && fix->http->live->count == 2; i++) {
		tick(fix);
		while (recv(quick, fix->reply, sizeof(fix->reply), 0) > 0)
			;
	}
	assert_int_equal(fix->http->live->count, 1);
	fix->news_bytes = 0;
	assert_true(hears(fix, quick, "data: new\n\n"));
	close(slow);
	close(quick);
}

static void what_a_reader_sends_is_not_kept(void **state)
{
	static char flood[65536];
	struct fixture *fix = *state;
	int fd = open_stream(fix);
	size_t sent = 0;

	assert_true(hears(fix, fd, "data: all"));
	for (int i = 0; i < 200; i++) {
		ssize_t more = send(fd, flood, sizeof(flood), MSG_NOSIGNAL | MSG_DONTWAIT);

		sent += more > 0 ? (size_t)more : 0;
		turn(fix);
	}
	assert_true(sent > sizeof(flood));
	assert_int_equal(fix->http->live->count, 1);
	assert_true(evbuffer_get_length(bufferevent_get_input(
			    stream_of(fix->http->live->readers[0]))) <= 2 * 16384);
	close(fd);
}

static void streams_that_are_open_end_with_the_listener(void **state)
{
	struct fixture *fix = *state;
	int fd = open_stream(fix);

	assert_true(hears(fix, fd, "data: all"));
	sw_http_close(fix->http);
	fix->http = NULL;
	assert_false(hears(fix, fd, "never"));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(metrics_are_served_as_prometheus_text),
		TEST(health_is_ok_or_503_with_the_reason),
		TEST(head_has_the_headers_and_no_body),
		TEST(who_asks_at_once_gets_one_page_and_who_asks_later_another),
		TEST(one_connection_too_many_ends_the_one_that_was_silent_longest),
		TEST(who_takes_too_long_for_a_request_is_cut_off_and_a_request_gives_time),
		TEST(other_paths_are_404),
		TEST(other_methods_are_405),
		TEST(headers_over_8_kib_are_refused),
		TEST(a_body_is_refused),
		TEST(garbage_and_hang_ups_harm_nobody),
		TEST(a_taken_port_is_an_error_that_names_it),
		TEST(no_endpoint_means_no_listener),
		TEST(any_address_serves_ipv4_as_well),
		TEST(the_page_may_load_nothing_and_sets_no_cookie),
		TEST(a_stream_begins_with_all_and_goes_on_with_what_is_new),
		TEST(one_stream_too_many_is_told_so_and_harms_nobody),
		TEST(a_reader_who_does_not_read_is_cut_off_and_the_others_go_on),
		TEST(what_a_reader_sends_is_not_kept),
		TEST(streams_that_are_open_end_with_the_listener),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
