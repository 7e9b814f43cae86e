/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making and changing the secrets.
 */
#include "daemon/secrets.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "core/log.h"

/* A secret is the newest for so long, and good for as long again: a client has that time to go on. */
#define CHANGED_EVERY_S 60

static int make(struct sw_siphash_key *key)
{
	struct sw_siphash_key fresh;

	if (getrandom(&fresh, sizeof(fresh), 0) != sizeof(fresh))
		return -errno;
	*key = fresh;
	return 0;
}

/* The one that is not the newest any more is not written before its cookies are too old. */
static void on_change(evutil_socket_t fd, short what, void *arg)
{
	struct sw_daemon *daemon = arg;
	struct sw_cookie_secrets *secrets = daemon->maps->cookie_secrets;
	uint32_t next = !(secrets->newest & 1);
	int failed = make(&secrets->key[next]);

	(void)fd, (void)what;
	if (failed)
		sw_log_error("a new secret for answers: %s; the last one stays", strerror(-failed));
	else
		__atomic_store_n(&secrets->newest, next, __ATOMIC_RELEASE);
}

int sw_secrets_start(struct sw_daemon *daemon, struct sw_error *err)
{
	const struct timeval every = {CHANGED_EVERY_S, 0};
	struct sw_cookie_secrets *secrets = daemon->maps->cookie_secrets;
	int failed = 0;

	if (!secrets->is_set)
		failed = make(&secrets->key[0]);
	if (!failed && !secrets->is_set)
		failed = make(&secrets->key[1]);
	if (failed)
		return sw_error_set(err, failed, "a secret for answers: %s", strerror(-failed));
	__atomic_store_n(&secrets->is_set, 1, __ATOMIC_RELEASE);
	daemon->secrets = event_new(daemon->base, -1, EV_PERSIST, on_change, daemon);
	if (!daemon->secrets || event_add(daemon->secrets, &every))
		return sw_error_set(err, -ENOMEM, "out of memory");
	return 0;
}

void sw_secrets_stop(struct sw_daemon *daemon)
{
	if (daemon->secrets)
		event_free(daemon->secrets);
}
