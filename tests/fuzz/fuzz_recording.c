/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any file as a recording, as `spillway replay` reads what was made elsewhere: it is refused with a message, or each
 * connection in it comes to one end, recorded and replayed, and what is printed leaves the terminal alone.
 */
#include "fuzz.h"

#include <ctype.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/replay.c"

/* Nobody gives a command line here. */
const struct sw_verb *sw_verb_find(const char *name)
{
	(void)name;
	return NULL;
}

/* The file, in memory. */
static void read_as_file(const uint8_t *data, size_t size, struct sw_recording *recording,
			 struct sw_error *err, int *rc)
{
	int fd = memfd_create("recording", 0);
	char path[32];

	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	*rc = sw_recording_read(path, recording, err);
	close(fd);
}

static uint64_t ends_of(const struct sw_replay_counts *counts)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < SW_LANE_COUNT; i++)
		sum += counts->lane[i];
	return sum;
}

static void check_tally(const struct sw_replay_tally *tally, uint64_t decided)
{
	uint64_t came = 0;

	for (size_t i = 0; i < tally->count; i++) {
		const struct sw_replay_row *row = &tally->rows[i];

		MUST(ends_of(&row->was) == row->came && ends_of(&row->is) == row->came);
		MUST(row->was.waited <= row->came && row->is.waited <= row->came);
		came += row->came;
	}
	MUST(came == decided);
}

/* No wait is longer than the recording, and nobody is in two places. */
static void check_connections(const struct sw_replay *replay)
{
	for (size_t i = 0; i < replay->count; i++) {
		const struct sw_replay_connection *connection = &replay->connections[i];

		MUST(!i || replay->connections[i - 1].at_ns <= connection->at_ns);
		MUST(!connection->is.waited || connection->is.waited_ns <= replay->end_ns);
	}
}

/* What a terminal is shown of it has no character that a terminal would obey. */
static void check_printed(const struct sw_replay_report *report)
{
	const struct sw_cli cli = {.term = {.width = 80}};
	FILE *stdout_before = stdout;
	SW_FREE char *text = NULL;
	size_t size = 0;

	stdout = open_memstream(&text, &size);
	MUST(stdout && !sw_replay_report_print(&cli, report));
	fclose(stdout);
	stdout = stdout_before;
	for (size_t i = 0; i < size; i++)
		MUST(text[i] == '\n' || !iscntrl((unsigned char)text[i]));
}

static void check_report(const struct sw_replay_report *report)
{
	json_t *document = sw_replay_report_json(report);

	MUST(document);
	json_decref(document);
	check_tally(&report->classes, report->agreement.decided);
	check_tally(&report->sources, report->agreement.decided);
	MUST(report->agreement.same <= report->agreement.decided);
	check_connections(&report->recording->replay);
	check_printed(report);
}

static void check_replay(struct sw_recording *recording)
{
	struct sw_replay_report report = {.file = "f", .recording = recording, .sources_most = 10};
	SW_CONFIG_FREE struct sw_config *config = NULL;
	struct sw_error err = {};

	if (load(NULL, recording, &config, &err) ||
	    simulate(recording, config, config, &report, &err))
		MUST(err.text[0]);
	else
		check_report(&report);
	sw_replay_tally_drop(&report.classes);
	sw_replay_tally_drop(&report.sources);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sw_recording recording;
	struct sw_error err = {};
	int rc;

	read_as_file(data, size, &recording, &err, &rc);
	if (rc) {
		MUST(err.text[0]);
		return 0;
	}
	check_replay(&recording);
	sw_recording_free(&recording);
	return 0;
}
