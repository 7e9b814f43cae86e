/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers, durations and rates: any text is refused with the output untouched, or what is written
 * from it is read as the same; and any value can be written and read back.
 */
#include "fuzz.h"

#include <inttypes.h>

#include "core/cleanup.h"
#include "core/number.h"

#define UNTOUCHED 0xa5a5a5a5a5a5a5a5ull

static void check_u64(const char *text)
{
	uint32_t narrow = (uint32_t)UNTOUCHED, narrow_again;
	uint64_t value = UNTOUCHED, again;
	char written[24];
	int rc32 = sw_parse_u32(text, &narrow);

	if (sw_parse_u64(text, &value)) {
		MUST(value == UNTOUCHED && narrow == (uint32_t)UNTOUCHED && rc32);
		return;
	}
	MUST(text[0] && text[strspn(text, "0123456789")] == '\0');
	snprintf(written, sizeof(written), "%" PRIu64, value);
	MUST(!sw_parse_u64(written, &again) && value == again);
	MUST(!rc32 == (value <= UINT32_MAX));
	MUST(rc32 || (narrow == value && !sw_parse_u32(written, &narrow_again)));
}

static void check_same_duration(uint64_t ns)
{
	char written[SW_DURATION_TEXT];
	uint64_t again;

	MUST(!sw_format_duration(ns, written, sizeof(written)));
	MUST(!sw_parse_duration(written, &again) && ns == again);
}

static void check_duration(const char *text)
{
	uint64_t ns = UNTOUCHED;

	if (sw_parse_duration(text, &ns))
		MUST(ns == UNTOUCHED);
	else
		check_same_duration(ns);
}

static void check_rate(const char *text)
{
	struct sw_rate rate = {UNTOUCHED, UNTOUCHED}, again;
	char written[SW_RATE_TEXT];

	if (sw_parse_rate(text, &rate)) {
		MUST(rate.count == UNTOUCHED && rate.per_ns == UNTOUCHED);
		return;
	}
	MUST(rate.per_ns && rate.count <= rate.per_ns);
	MUST(!sw_format_rate(&rate, written, sizeof(written)));
	MUST(!sw_parse_rate(written, &again));
	MUST(rate.count == again.count && rate.per_ns == again.per_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SW_FREE char *text = fuzz_text(data, size);
	uint64_t ns;

	check_u64(text);
	check_duration(text);
	check_rate(text);
	if (size >= sizeof(ns)) {
		memcpy(&ns, data, sizeof(ns));
		check_same_duration(ns);
	}
	return 0;
}
