/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: JSON lines over a unix stream socket, one reply line for each request line.
 * Opened by the daemon with its table of verbs; knows nothing of what a verb does.
 */
#ifndef SW_DAEMON_CONTROL_H
#define SW_DAEMON_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <event2/event.h>
#include <jansson.h>

#include "core/error.h"

#define SW_CONTROL_LINE_MAX   65536		  /* bytes of a request, without its newline */
#define SW_CONTROL_REPLY_MAX  (64u * 1024 * 1024) /* bytes of a reply, with its newline */
#define SW_CONTROL_CLIENT_MAX 64
#define SW_CONTROL_ROOT_ONLY  8 /* of those: whoever may only look cannot lock root out */

/*
 * One row a verb. run() returns 0, leaving *result NULL (an empty object) or a new reference, or -errno with err's
 * text filled. args is always an object. Verbs that change anything are for uid 0 and the daemon's own uid only, unless
 * the rules below say otherwise.
 */
struct sw_control_verb {
	const char *name;
	bool changes;
	int (*run)(void *daemon, json_t *args, json_t **result, struct sw_error *err);
	bool (*changes_if)(json_t *args); /* may be NULL; otherwise asked instead of `changes` */
};

/* Asked about requests, with the daemon that the verbs get. Either may be NULL. */
struct sw_control_rules {
	bool (*may_change)(void *daemon, uid_t uid);
	json_t *(*snapshot)(
		void *daemon); /* of all that verbs change: what differs after one is logged */
};

struct sw_control;

/*
 * Listens on path with mode 0660, in the group of that name where it exists (NULL or "": the daemon's own). A missing
 * parent directory is made, a socket nobody listens on is replaced. -EADDRINUSE: somebody does listen; -EEXIST: path is
 * not a socket. verbs and daemon must outlive the socket. SIGPIPE is ignored from here on.
 */
int sw_control_open(struct event_base *base, const char *path, const char *group,
		    const struct sw_control_verb *verbs, size_t n, void *daemon,
		    struct sw_control **out, struct sw_error *err);

/* To be called before the loop runs; rules must outlive the socket. */
void sw_control_set_rules(struct sw_control *control, const struct sw_control_rules *rules);

/* What of its place the user needs as whom the daemon goes on. */
void sw_control_give_place(struct sw_control *control, uid_t uid);

/* Hangs up on all clients and removes the socket, unless another daemon has put its own there. NULL is fine. */
void sw_control_close(struct sw_control *control);

#endif
