/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket's life: opening, accepting, turning away, closing.
 * Opened by the daemon. What clients send is control_client.c's, where the socket lies control_listen.c's.
 */
#include "daemon/control.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <event2/listener.h>

#include "core/cleanup.h"
#include "core/log.h"
#include "daemon/control_client.h"
#include "daemon/control_listen.h"

/* How long to leave the backlog alone after accept() failed. */
static const struct timeval accept_pause = {.tv_sec = 1};

struct sw_control {
	struct sw_control_table table;
	struct sw_control_clients clients;
	struct sw_control_place place;
	struct evconnlistener *listener;
	struct event *accept_again;
};

/* One client too many: it is told so as far as that goes without waiting. */
static void turn_away(int fd)
{
	SW_FREE char *reply =
		sw_control_refusal(1, "too many clients on the control socket; retry later");
	SW_CLOSE int owned = fd;

	if (reply && send(owned, reply, strlen(reply), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		sw_log_debug("control: could not turn a client away: %s", strerror(errno));
}

static size_t most_clients(uid_t uid)
{
	return uid == 0 ? SW_CONTROL_CLIENT_MAX : SW_CONTROL_CLIENT_MAX - SW_CONTROL_ROOT_ONLY;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *addr,
		      int length, void *arg)
{
	struct sw_control *control = arg;
	struct ucred peer;
	socklen_t peer_length = sizeof(peer);

	(void)listener;
	(void)addr;
	(void)length;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_length) < 0) {
		sw_log_warn("control: cannot tell who a client is: %s", strerror(errno));
		close(fd);
	} else if (control->clients.count >= most_clients(peer.uid)) {
		turn_away(fd);
	} else {
		sw_control_client_add(&control->clients, fd, peer.uid);
	}
}

/* Out of descriptors, mostly: the connection stays in the backlog, and asking again at once would spin. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct sw_control *control = arg;

	sw_log_warn("control: cannot accept a client: %s", strerror(errno));
	evconnlistener_disable(listener);
	event_add(control->accept_again, &accept_pause);
}

static void on_accept_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	evconnlistener_enable(((struct sw_control *)arg)->listener);
}

/* Steals fd on success only. */
static int start_accepting(struct sw_control *control, int fd)
{
	control->accept_again = evtimer_new(control->clients.base, on_accept_again, control);
	if (!control->accept_again)
		return -ENOMEM;
	control->listener =
		evconnlistener_new(control->clients.base, on_accept, control,
				   LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!control->listener)
		return -ENOMEM;
	evconnlistener_set_error_cb(control->listener, on_accept_error);
	return 0;
}

int sw_control_open(struct event_base *base, const char *path, const char *group,
		    const struct sw_control_verb *verbs, size_t n, void *daemon,
		    struct sw_control **out, struct sw_error *err)
{
	SW_CLOSE int fd = -1;
	struct sw_control *control;
	int rc;

	/* bufferevent writes with writev(), which knows no MSG_NOSIGNAL. */
	signal(SIGPIPE, SIG_IGN);
	control = calloc(1, sizeof(*control));
	if (!control)
		return sw_error_set(err, -ENOMEM, "out of memory");
	control->table = (struct sw_control_table){verbs, n, daemon, NULL};
	sw_control_clients_init(&control->clients, base, &control->table);
	rc = sw_control_listen(path, group, &fd, &control->place, err);
	if (rc < 0) {
		free(control);
		return rc;
	}
	rc = start_accepting(control, fd);
	if (rc < 0) {
		sw_control_close(control);
		return sw_error_set(err, rc, "cannot listen on %s: out of memory", path);
	}
	sw_steal_fd(&fd);
	*out = control;
	return 0;
}

void sw_control_set_rules(struct sw_control *control, const struct sw_control_rules *rules)
{
	control->table.rules = rules;
}

void sw_control_give_place(struct sw_control *control, uid_t uid)
{
	sw_control_give(&control->place, uid);
}

void sw_control_close(struct sw_control *control)
{
	if (!control)
		return;
	if (control->listener)
		evconnlistener_free(control->listener);
	sw_control_unlink(&control->place);
	if (control->accept_again)
		event_free(control->accept_again);
	sw_control_clients_close(&control->clients);
	free(control);
}
