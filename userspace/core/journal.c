/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries with fields by libsystemd, which knows the journal's protocol.
 */
/* Where a message came from in the source is nothing that an operator asks for. */
#define SD_JOURNAL_SUPPRESS_LOCATION

#include "core/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "core/cleanup.h"

#define FIELDS_MOST 8

static const int priorities[] = {
	[SW_LOG_ERROR] = LOG_ERR,
	[SW_LOG_WARN] = LOG_WARNING,
	[SW_LOG_INFO] = LOG_INFO,
	[SW_LOG_DEBUG] = LOG_DEBUG,
};

struct entry {
	char *texts[FIELDS_MOST];
	struct iovec fields[FIELDS_MOST];
	int count;
	bool failed;
};

static void add(struct entry *entry, const char *name, const char *value)
{
	char *text = NULL;

	if (!value || entry->failed)
		return;
	if (asprintf(&text, "%s=%s", name, value) < 0) {
		entry->failed = true;
		return;
	}
	entry->texts[entry->count] = text;
	entry->fields[entry->count++] = (struct iovec){.iov_base = text, .iov_len = strlen(text)};
}

bool sw_journal_is_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat is;
	char named[64];

	if (!stream || fstat(STDERR_FILENO, &is))
		return false;
	snprintf(named, sizeof(named), "%llu:%llu", (unsigned long long)is.st_dev,
		 (unsigned long long)is.st_ino);
	return strcmp(stream, named) == 0;
}

bool sw_journal_send(enum sw_log_level level, const struct sw_log_fields *about,
		     const char *message)
{
	struct entry entry = {.count = 0};
	char priority[4];
	int rc = -ENOMEM;

	snprintf(priority, sizeof(priority), "%d", priorities[level]);
	add(&entry, "MESSAGE", message);
	add(&entry, "PRIORITY", priority);
	add(&entry, "SYSLOG_IDENTIFIER", program_invocation_short_name);
	add(&entry, "SPILLWAY_SERVICE", about->service);
	add(&entry, "SPILLWAY_CLASS", about->class);
	add(&entry, "SPILLWAY_SOURCE", about->source);
	add(&entry, "SPILLWAY_LANE", about->lane);
	add(&entry, "SPILLWAY_REASON", about->reason);
	if (!entry.failed)
		rc = sd_journal_sendv(entry.fields, entry.count);
	for (int i = 0; i < entry.count; i++)
		free(entry.texts[i]);
	return rc == 0;
}
