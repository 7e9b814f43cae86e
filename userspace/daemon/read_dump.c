/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verbs dump and metrics: documents that others write, as replies.
 */
#include <errno.h>
#include <event2/buffer.h>

#include "core/cleanup.h"
#include "daemon/daemon.h"
#include "daemon/metrics.h"
#include "daemon/verbs.h"

static void free_buffer(struct evbuffer **buffer)
{
	if (*buffer)
		evbuffer_free(*buffer);
}

int sw_read_dump_verb(void *arg, json_t *args, json_t **result, struct sw_error *err)
{
	const struct sw_daemon *daemon = arg;
	SW_FREE char *yaml = sw_config_to_yaml(daemon->config);

	(void)args;
	if (yaml)
		*result = json_pack("{s:s, s:o}", "yaml", yaml, "config",
				    sw_config_to_json(daemon->config));
	return *result ? 0 : sw_error_set(err, -ENOMEM, "out of memory");
}

int sw_read_metrics_verb(void *daemon, json_t *args, json_t **result, struct sw_error *err)
{
	SW_CLEANUP(free_buffer) struct evbuffer *page = evbuffer_new();
	const char *text = NULL;

	(void)args;
	if (page) {
		sw_metrics_write(daemon, page);
		text = (const char *)evbuffer_pullup(page, -1);
	}
	if (text)
		*result = json_pack("{s:s%}", "text", text, evbuffer_get_length(page));
	return *result ? 0 : sw_error_set(err, -ENOMEM, "out of memory");
}
