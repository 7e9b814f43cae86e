/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each source got, as a table and as JSON (declared in report.h and report_json.h).
 */
#include "report.h"

#include "core/clock.h"
#include "report_json.h"

static void source_text(const struct sw_storm *storm, const struct sw_source_part *part, char *text)
{
	struct sw_addr addr = sw_sources_at(&storm->options->sources, part->number);

	*text = '\0';
	sw_addr_format(&addr, text, SW_ADDR_TEXT);
}

static void print_part(const struct sw_storm *storm, const struct sw_source_part *part, FILE *to)
{
	const struct sw_latency *login = &part->login;
	char text[SW_ADDR_TEXT];

	source_text(storm, part, text);
	fprintf(to, "%-26s %8u %9u %8u", text, part->launched, part->succeeded, part->failed);
	if (login->count)
		fprintf(to, " %10.1f %10.1f\n", (double)login->p50_ns / (double)SW_NS_PER_MS,
			(double)login->p99_ns / (double)SW_NS_PER_MS);
	else
		fprintf(to, " %10s %10s\n", "-", "-");
}

static void print_index(const char *what, double index, FILE *to)
{
	if (index < 0)
		fprintf(to, "  %-24s %8s\n", what, "-");
	else
		fprintf(to, "  %-24s %8.4f\n", what, index);
}

void sw_report_by_source(const struct sw_storm *storm, const struct sw_by_source *by_source,
			 FILE *to)
{
	fprintf(to, "\n%-26s %8s %9s %8s %10s %10s\n", "source", "launched", "succeeded", "failed",
		"login p50", "p99, ms");
	for (uint32_t i = 0; i < by_source->count; i++)
		print_part(storm, &by_source->parts[i], to);
	fputs("\nfairness over sources (Jain's index, 1: all got the same)\n", to);
	print_index("successes", by_source->fairness.succeeded, to);
	print_index("part that succeeded", by_source->fairness.served, to);
	print_index("login p50", by_source->fairness.login, to);
}

json_t *sw_json_by_source(const struct sw_storm *storm, const struct sw_by_source *by_source)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < by_source->count; i++) {
		const struct sw_source_part *part = &by_source->parts[i];
		json_t *object = json_object();
		char text[SW_ADDR_TEXT];

		source_text(storm, part, text);
		json_object_set_new(object, "source", json_string(text));
		json_object_set_new(object, "launched", json_integer(part->launched));
		json_object_set_new(object, "succeeded", json_integer(part->succeeded));
		json_object_set_new(object, "failed", json_integer(part->failed));
		json_object_set_new(object, "login_ms", sw_json_latency(&part->login));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *fairness_index(double value)
{
	return value < 0 ? json_null() : json_real(value);
}

json_t *sw_json_fairness(const struct sw_fairness *fairness)
{
	json_t *object = json_object();

	json_object_set_new(object, "succeeded", fairness_index(fairness->succeeded));
	json_object_set_new(object, "served", fairness_index(fairness->served));
	json_object_set_new(object, "login_p50", fairness_index(fairness->login));
	return object;
}
