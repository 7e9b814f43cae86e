/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a replay says, as a document.
 */
#include "cli/output.h"
#include "cli/replay_report.h"
#include "core/clock.h"

static json_t *counts_to_json(const struct sw_replay_counts *counts)
{
	json_t *object = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "direct",
				   (json_int_t)counts->lane[SW_LANE_DIRECT], "pooler",
				   (json_int_t)counts->lane[SW_LANE_POOLER], "refused",
				   (json_int_t)counts->lane[SW_LANE_REFUSE], "reset",
				   (json_int_t)counts->lane[SW_LANE_RESET], "dropped",
				   (json_int_t)counts->lane[SW_LANE_DROP], "gave_up",
				   (json_int_t)counts->lane[SW_LANE_NONE], "waiting",
				   (json_int_t)counts->lane[SW_LANE_QUEUE], "waited",
				   (json_int_t)counts->waited);

	if (!counts->waited) {
		json_object_set_new(object, "wait_median_s", json_null());
		json_object_set_new(object, "wait_p95_s", json_null());
		json_object_set_new(object, "wait_most_s", json_null());
		return object;
	}
	json_object_set_new(object, "wait_median_s",
			    json_real((double)counts->median_ns / SW_NS_PER_S));
	json_object_set_new(object, "wait_p95_s", json_real((double)counts->p95_ns / SW_NS_PER_S));
	json_object_set_new(object, "wait_most_s",
			    json_real((double)counts->most_ns / SW_NS_PER_S));
	return object;
}

static json_t *tally_to_json(const struct sw_replay_tally *tally, const char *key, size_t most)
{
	json_t *list = json_array();

	for (size_t i = 0; i < tally->count && i < most; i++) {
		const struct sw_replay_row *row = &tally->rows[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:o, s:o}", "service",
						      row->service, key, row->name, "came",
						      (json_int_t)row->came, "before",
						      counts_to_json(&row->was), "after",
						      counts_to_json(&row->is)));
	}
	return list;
}

static json_t *agreement_to_json(const struct sw_replay_agreement *agreement)
{
	json_t *object =
		json_pack("{s:I, s:I, s:I, s:I}", "decided", (json_int_t)agreement->decided, "same",
			  (json_int_t)agreement->same, "close", (json_int_t)agreement->close,
			  "apart", (json_int_t)agreement->apart);

	json_object_set_new(
		object, "first_unexplained_s",
		agreement->first_unexplained_ns == SW_REPLAY_UNKNOWN
			? json_null()
			: json_real((double)agreement->first_unexplained_ns / SW_NS_PER_S));
	return object;
}

json_t *sw_replay_report_json(const struct sw_replay_report *report)
{
	const struct sw_recording *recording = report->recording;
	const struct sw_replay_agreement *agreement = &report->agreement;
	json_t *document =
		json_pack("{s:s, s:s?, s:s, s:s, s:f, s:I}", "file", report->file, "config",
			  report->config, "host", recording->host, "began", recording->began,
			  "duration_s", (double)recording->replay.end_ns / SW_NS_PER_S,
			  "connections", (json_int_t)agreement->decided);

	if (!document)
		return NULL;
	json_object_set_new(document, "classes",
			    tally_to_json(&report->classes, "class", SIZE_MAX));
	json_object_set_new(document, "sources",
			    tally_to_json(&report->sources, "source", report->sources_most));
	json_object_set_new(document, "sources_total",
			    json_integer((json_int_t)report->sources.count));
	json_object_set_new(document, "agreement", agreement_to_json(agreement));
	json_object_set_new(document, "limits",
			    json_pack("{s:I, s:I, s:I, s:I, s:b, s:b, s:I}", "decisions_untold",
				      (json_int_t)recording->decisions_untold, "ends_untold",
				      (json_int_t)recording->ends_untold, "lines_missed",
				      (json_int_t)recording->lost, "stays_assumed",
				      (json_int_t)report->assumed, "cut_off", recording->is_cut_off,
				      "configuration_changed", recording->is_changed, "restarts",
				      (json_int_t)recording->restarts));
	return document;
}
