/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers one line of the control protocol: {"verb","args"} → {"result"} or {"error":{"code","message"}}.
 * Called by control.c with the peer's uid; the verbs are the daemon's table.
 */
#include "daemon/control_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/differences.h"
#include "core/cleanup.h"
#include "core/log.h"

/* What the client's process exits with. */
enum reply_code { CODE_FAILED = 1, CODE_USAGE = 2, CODE_PRIVILEGE = 3 };

/* A rate as 123.4, not as 123.40000000000001. */
#define REPLY_FLAGS	(JSON_COMPACT | JSON_REAL_PRECISION(12))
#define LOGGED_VERB_MAX 64
#define LOGGED_ARGS_MAX 1024

static void drop_json(json_t **value)
{
	json_decref(*value);
}

/* What was asked for wrongly is usage; -ENODEV, an interface that is not there, is a plain failure. */
static enum reply_code code_of_errno(int rc)
{
	switch (-rc) {
	case EINVAL:
	case ENOENT:
	case E2BIG:
	case ERANGE:
	case EEXIST:
	case ENAMETOOLONG:
		return CODE_USAGE;
	case EPERM:
	case EACCES:
	case ENOTSUP: /* the same number as EOPNOTSUPP */
	case ENOSYS:
		return CODE_PRIVILEGE;
	default:
		return CODE_FAILED;
	}
}

/* Steals body. */
static char *reply_line(const char *key, json_t *body)
{
	SW_CLEANUP(drop_json) json_t *reply = json_pack("{s:o}", key, body);
	size_t length;
	char *line;

	length = reply ? json_dumpb(reply, NULL, 0, REPLY_FLAGS) : 0;
	if (!length)
		return NULL;
	if (length >= SW_CONTROL_REPLY_MAX)
		return sw_control_refusal(
			CODE_FAILED,
			"the answer is over 64 MiB; ask for less with --limit or --service");
	line = malloc(length + 2);
	if (!line)
		return NULL;
	json_dumpb(reply, line, length, REPLY_FLAGS);
	memcpy(line + length, "\n", 2);
	return line;
}

char *sw_control_refusal(int code, const char *message)
{
	/* A message may quote what a client sent, whatever bytes those were. */
	json_t *text = json_string(message);

	if (!text)
		text = json_string("the request failed, and the reason is not valid UTF-8");
	return reply_line("error", json_pack("{s:i, s:o}", "code", code, "message", text));
}

static char *refuse(const struct sw_error *err)
{
	return sw_control_refusal(code_of_errno(err->code),
				  err->text[0] ? err->text : strerror(-err->code));
}

static const struct sw_control_verb *find_verb(const struct sw_control_table *table,
					       const char *name)
{
	for (size_t i = 0; i < table->count; i++) {
		if (strcmp(table->verbs[i].name, name) == 0)
			return &table->verbs[i];
	}
	return NULL;
}

/* The root of a request, checked as far as "verb" and "args" go; args is always an object afterwards. */
static json_t *parse_request(const char *line, size_t length, struct sw_error *err)
{
	SW_CLEANUP(drop_json) json_t *root = NULL;
	json_error_t where;
	json_t *args;

	root = json_loadb(line, length, JSON_REJECT_DUPLICATES, &where);
	if (!root) {
		sw_error_set(err, -EINVAL, "the request is not one line of JSON: column %d: %s",
			     where.column, where.text);
		return NULL;
	}
	if (!json_is_string(json_object_get(root, "verb"))) {
		sw_error_set(
			err, -EINVAL,
			"the request has no verb; it looks like {\"verb\":\"status\",\"args\":{}}");
		return NULL;
	}
	args = json_object_get(root, "args");
	if (!args)
		json_object_set_new(root, "args", json_object());
	else if (!json_is_object(args)) {
		sw_error_set(err, -EINVAL, "the request's args are not an object");
		return NULL;
	}
	return sw_steal_ptr(&root);
}

static bool may_change(const struct sw_control_table *table, uid_t uid)
{
	if (table->rules && table->rules->may_change)
		return table->rules->may_change(table->daemon, uid);
	return uid == 0 || uid == geteuid();
}

static json_t *snapshot(const struct sw_control_table *table)
{
	return table->rules && table->rules->snapshot ? table->rules->snapshot(table->daemon)
						      : NULL;
}

/* Each value that is another now, as it was and as it is. */
static void log_differences(const struct sw_control_table *table, uid_t uid, const json_t *before)
{
	SW_CLEANUP(drop_json) json_t *after = before ? snapshot(table) : NULL;
	SW_CLEANUP(drop_json) json_t *lines = after ? sw_config_differences(before, after) : NULL;
	json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
		sw_log_info("control: uid %u: %s", (unsigned int)uid, json_string_value(line));
}

/* ASCII and one line, whatever was sent: names and notes of a stranger must not write our log. */
static void log_change(const char *verb, uid_t uid, const json_t *args, const struct sw_error *err)
{
	SW_FREE char *text = json_dumps(args, JSON_COMPACT | JSON_ENSURE_ASCII);

	sw_log_info("control: uid %u: %s %.*s: %s", (unsigned int)uid, verb, LOGGED_ARGS_MAX,
		    text ? text : "", err->code ? err->text : "done");
}

static char *run_verb(const struct sw_control_table *table, const struct sw_control_verb *verb,
		      uid_t uid, json_t *args)
{
	bool changes = verb->changes_if ? verb->changes_if(args) : verb->changes;
	SW_CLEANUP(drop_json) json_t *before = NULL;
	struct sw_error err = {};
	json_t *result = NULL;
	int rc;

	if (changes && !may_change(table, uid)) {
		sw_error_set(
			&err, -EPERM,
			"uid %u may look but not change anything: run %s as root, or as a user "
			"whom control.admin_users names",
			(unsigned int)uid, verb->name);
		return refuse(&err);
	}
	if (changes)
		before = snapshot(table);
	rc = verb->run(table->daemon, args, &result, &err);
	if (rc < 0 && !err.text[0])
		sw_error_set(&err, rc, "%s failed: %s", verb->name, strerror(-rc));
	err.code = rc < 0 ? rc : 0;
	if (changes)
		log_change(verb->name, uid, args, &err);
	log_differences(table, uid, before);
	if (rc < 0) {
		json_decref(result);
		return refuse(&err);
	}
	return reply_line("result", result ? result : json_object());
}

char *sw_control_answer(const struct sw_control_table *table, uid_t uid, const char *line,
			size_t length)
{
	SW_CLEANUP(drop_json) json_t *request = NULL;
	const struct sw_control_verb *verb;
	struct sw_error err = {};
	const char *name;

	request = parse_request(line, length, &err);
	if (!request)
		return refuse(&err);
	name = json_string_value(json_object_get(request, "verb"));
	verb = find_verb(table, name);
	if (!verb) {
		sw_error_set(&err, -EINVAL, "this daemon has no verb '%.*s'", LOGGED_VERB_MAX,
			     name);
		return refuse(&err);
	}
	return run_verb(table, verb, uid, json_object_get(request, "args"));
}
