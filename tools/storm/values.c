/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the times of a record to latencies. See values.h.
 */
#include "values.h"

static uint64_t end_of(const struct sw_record *record, enum sw_value value)
{
	switch (value) {
	case SW_VALUE_CONNECT:
		return record->connected_ns;
	case SW_VALUE_LOGIN:
		return record->login_ns;
	case SW_VALUE_TOTAL:
		return record->outcome == SW_OUTCOME_SUCCEEDED ? record->answered_ns : 0;
	case SW_VALUE_LATENESS:
		return record->start_ns;
	}
	return 0;
}

bool sw_value_of(const struct sw_record *record, enum sw_value value, uint64_t *out_ns)
{
	uint64_t end_ns = end_of(record, value);

	if (!end_ns)
		return false;
	*out_ns = end_ns - (value == SW_VALUE_LATENESS ? record->ready_ns : record->from_ns);
	return true;
}

uint32_t sw_values_collect(const struct sw_storm *storm, enum sw_value value, uint64_t *out_ns)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < storm->connections; i++)
		count += sw_value_of(&storm->records[i], value, &out_ns[count]);
	return count;
}
