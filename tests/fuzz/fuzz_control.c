/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any line as a request to the control socket: the answer is one line of JSON, a result or an error
 * with a code and a message, and who may only look changes nothing. The first byte says who asks.
 */
#include "fuzz.h"

#include <errno.h>
#include <unistd.h>

#include "config/config.h"
#include "core/cleanup.h"
#include "core/log.h"
#include "daemon/control_request.h"

#define STRANGER ((uid_t)54321)

struct fake_daemon {
	int changes;
};

static int run_show(void *daemon, json_t *args, json_t **result, struct sw_error *err)
{
	(void)daemon, (void)err;
	*result = json_pack("{s:O}", "args", args);
	return 0;
}

/* Sets what was sent as a limit, as the verb does that people use. */
static int run_limit(void *daemon, json_t *args, json_t **result, struct sw_error *err)
{
	SW_CONFIG_FREE struct sw_config *config = NULL;
	struct sw_config_service *service;
	const char *key, *text;
	json_t *value;
	int rc = 0;

	(void)result;
	((struct fake_daemon *)daemon)->changes++;
	MUST(!sw_config_defaults(&config) && !sw_config_add_service(config, "main", &service, err));
	json_object_foreach(args, key, value)
	{
		text = json_string_value(value);
		if (!text)
			return sw_error_set(err, -EINVAL, "%s: not a text", key);
		rc = sw_config_set_class_limit(&service->classes[0], key, text, err);
		if (rc)
			break;
	}
	return rc;
}

static int run_fail(void *daemon, json_t *args, json_t **result, struct sw_error *err)
{
	const char *name = json_string_value(json_object_get(args, "name"));

	(void)daemon, (void)result;
	return name ? sw_error_set(err, -ENOENT, "there is no '%s'", name) : -EIO;
}

static const struct sw_control_verb verbs[] = {
	{.name = "show", .run = run_show},
	{.name = "limit", .run = run_limit, .changes = true},
	{.name = "fail", .run = run_fail},
};

static void check_reply(const char *line)
{
	size_t length = strlen(line);
	json_t *reply, *error;
	json_int_t code;

	MUST(length && strchr(line, '\n') == line + length - 1);
	reply = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
	MUST(reply && json_object_size(reply) == 1);
	error = json_object_get(reply, "error");
	if (error) {
		code = json_integer_value(json_object_get(error, "code"));
		MUST(code >= 1 && code <= 3);
		MUST(json_string_length(json_object_get(error, "message")) > 0);
	} else {
		MUST(json_object_get(reply, "result"));
	}
	json_decref(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake_daemon fake = {};
	struct sw_control_table table = {verbs, sizeof(verbs) / sizeof(verbs[0]), &fake, NULL};
	SW_FREE char *line = NULL, *answer = NULL;
	uid_t uid;

	if (!size)
		return 0;
	sw_log_init(SW_LOG_ERROR, SW_LOG_TEXT);
	uid = data[0] == 's' ? STRANGER : geteuid();
	line = fuzz_copy(data + 1, size - 1);
	answer = sw_control_answer(&table, uid, line, size - 1);
	MUST(answer);
	check_reply(answer);
	MUST(!fake.changes || uid != STRANGER);
	return 0;
}
