/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decision about somebody who waits: what his turn brings, what keeps him, where he goes when his time is
 * out, and that exactly what it says was taken is taken.
 */
#include "decide_rig.h"

#define MIXED CHAIN4(DIRECT, POOLER, QUEUE, REFUSE)
#define OVER  CHAIN3(POOLER, QUEUE, DROP)

struct waiter_row {
	struct row in;
	uint8_t over; /* enum sw_reason */
	uint8_t kept_by;
	enum sw_release_op op; /* 0: ADMIT */
};

static const struct waiter_row rows[] = {
	{.in = {.sentence = "it takes the first lane before the queue that has room",
		.expect = {DIRECT, 0, 0},
		.lanes = WAITS}},
	{.in = {.sentence = "others who wait do not bar its turn",
		.expect = {DIRECT, 0, 0},
		.waiting = 9,
		.class_waiting = 9,
		.lanes = WAITS}},
	{.in = {.sentence = "a full budget keeps all of its class",
		.expect = {QUEUE, SW_REASON_BUDGET, 0},
		.direct_used = 2,
		.lanes = WAITS},
	 .kept_by = SW_KEPT_BY_ALL},
	{.in = {.sentence = "a limit of its source keeps it alone",
		.expect = {QUEUE, SW_REASON_SOURCE_DIRECT, 0},
		.source_live = 1,
		.direct_used = 1,
		.direct_per_source = 1,
		.lanes = WAITS},
	 .kept_by = SW_KEPT_BY_SOURCE},
	{.in = {.sentence =
			"kept from direct by its source and from a full pooler, it hears of both",
		.expect = {QUEUE, SW_REASON_POOLER_FULL, 0},
		.source_live = 1,
		.direct_used = 1,
		.pooler_used = 2,
		.direct_per_source = 1,
		.lanes = MIXED},
	 .kept_by = SW_KEPT_BY_SOURCE | SW_KEPT_BY_ALL},
	{.in = {.sentence =
			"too many unfinished handshakes of all keep it, and may let others pass",
		.expect = {QUEUE, SW_REASON_HALF_OPEN, 0},
		.half_open = 1,
		.half_open_max = 1,
		.source_half_open = 1,
		.lanes = WAITS},
	 .kept_by = SW_KEPT_BY_SOURCE | SW_KEPT_BY_ALL | SW_KEPT_SILENTLY},
	{.in = {.sentence =
			"a pooler that its family does not find keeps it, and may let others pass",
		.expect = {QUEUE, SW_REASON_POOLER_DOWN, 0},
		.pooler_reason = SW_REASON_POOLER_DOWN,
		.lanes = CHAIN3(POOLER, QUEUE, REFUSE)},
	 .kept_by = SW_KEPT_BY_SOURCE | SW_KEPT_BY_ALL | SW_KEPT_SILENTLY},
	{.in = {.sentence =
			"a database that its family does not find, and a full pooler, may let others pass",
		.expect = {QUEUE, SW_REASON_POOLER_FULL, 0},
		.direct_reason = SW_REASON_NO_LISTENER,
		.pooler_used = 2,
		.lanes = MIXED},
	 .kept_by = SW_KEPT_BY_SOURCE | SW_KEPT_BY_ALL | SW_KEPT_SILENTLY},
	{.in = {.sentence =
			"a pooler that cannot be steered to keeps all, and no wakeup tells its end",
		.expect = {QUEUE, SW_REASON_UNSTEERABLE, 0},
		.pooler_reason = SW_REASON_UNSTEERABLE,
		.lanes = CHAIN3(POOLER, QUEUE, REFUSE)},
	 .kept_by = SW_KEPT_BY_ALL | SW_KEPT_SILENTLY},
	{.in = {.sentence = "a pooler that cannot be steered to is no way out of the queue either",
		.expect = {REFUSE, SW_REASON_QUEUE_TIMEOUT, 0},
		.pooler_reason = SW_REASON_UNSTEERABLE,
		.lanes = CHAIN4(DIRECT, QUEUE, POOLER, REFUSE)},
	 .kept_by = SW_KEPT_BY_ALL | SW_KEPT_SILENTLY,
	 .op = SW_RELEASE_TIME_OUT},
	{.in = {.sentence =
			"it stays when another takes its source's last connection before it does",
		.expect = {QUEUE, SW_REASON_SOURCE_LIVE, 0},
		.source_live = 1,
		.direct_used = 1,
		.connections_per_source = 1,
		.hides_live = 1,
		.lanes = WAITS},
	 .kept_by = SW_KEPT_BY_SOURCE},
	{.in = {.sentence = "timed out in that moment it does not get a lane beyond its limit",
		.expect = {REFUSE, SW_REASON_QUEUE_TIMEOUT, 0},
		.source_live = 1,
		.direct_used = 1,
		.connections_per_source = 1,
		.hides_live = 1,
		.lanes = CHAIN4(DIRECT, QUEUE, POOLER, REFUSE)},
	 .kept_by = SW_KEPT_BY_SOURCE,
	 .op = SW_RELEASE_TIME_OUT},
	{.in = {.sentence = "a pause keeps all",
		.expect = {QUEUE, SW_REASON_PAUSED, 0},
		.hold = SW_HOLD_PAUSED,
		.lanes = MIXED},
	 .kept_by = SW_KEPT_BY_ALL | SW_KEPT_SILENTLY},
	{.in = {.sentence = "an address without a listener keeps it",
		.expect = {QUEUE, SW_REASON_NO_LISTENER, 0},
		.destination_reason = SW_REASON_NO_LISTENER,
		.lanes = MIXED},
	 .kept_by = SW_KEPT_BY_SOURCE | SW_KEPT_BY_ALL | SW_KEPT_SILENTLY},
	{.in = {.sentence = "a chain without the direct lane needs no listener there",
		.expect = {POOLER, 0, 0},
		.destination_reason = SW_REASON_NO_LISTENER,
		.lanes = CHAIN3(POOLER, QUEUE, REFUSE)}},
	{.in = {.sentence = "still over its rate it stays, whatever has room in its class's chain",
		.expect = {QUEUE, SW_REASON_RATE, 0},
		.over_limit = CHAIN2(QUEUE, DROP),
		.lanes = WAITS},
	 .over = SW_REASON_RATE,
	 .kept_by = SW_KEPT_BY_SOURCE | SW_KEPT_SILENTLY},
	{.in = {.sentence = "still over its rate it may have what comes before the queue there",
		.expect = {POOLER, SW_REASON_RATE, 0},
		.over_limit = OVER,
		.lanes = WAITS},
	 .over = SW_REASON_RATE,
	 .kept_by = SW_KEPT_BY_SOURCE | SW_KEPT_SILENTLY},
	{.in = {.sentence = "over its rate and before a full pooler it may be helped by both",
		.expect = {QUEUE, SW_REASON_POOLER_FULL, 0},
		.pooler_used = 2,
		.over_limit = OVER,
		.lanes = WAITS},
	 .over = SW_REASON_RATE,
	 .kept_by = SW_KEPT_BY_SOURCE | SW_KEPT_BY_ALL | SW_KEPT_SILENTLY},
	{.in = {.sentence = "with all its connections it may have one more there, over that limit",
		.expect = {POOLER, SW_REASON_SOURCE_LIVE, 0},
		.source_live = 1,
		.direct_used = 1,
		.connections_per_source = 1,
		.over_limit = OVER,
		.lanes = WAITS},
	 .over = SW_REASON_SOURCE_LIVE,
	 .kept_by = SW_KEPT_BY_SOURCE},
	{.in = {.sentence = "timed out it goes on behind the queue",
		.expect = {POOLER, 0, 0},
		.lanes = CHAIN4(DIRECT, QUEUE, POOLER, REFUSE)},
	 .op = SW_RELEASE_TIME_OUT},
	{.in = {.sentence =
			"timed out it gets the answer at the end, and hears that its time was out",
		.expect = {REFUSE, SW_REASON_QUEUE_TIMEOUT, 0},
		.lanes = WAITS},
	 .op = SW_RELEASE_TIME_OUT},
	{.in = {.sentence = "timed out in a pause it gets the last answer, and no lane before it",
		.expect = {REFUSE, SW_REASON_QUEUE_TIMEOUT, 0},
		.hold = SW_HOLD_PAUSED,
		.lanes = CHAIN4(DIRECT, QUEUE, POOLER, REFUSE)},
	 .kept_by = SW_KEPT_BY_ALL | SW_KEPT_SILENTLY,
	 .op = SW_RELEASE_TIME_OUT},
	{.in = {.sentence =
			"timed out who came over its rate goes on in that chain, not in its class's",
		.expect = {DROP, SW_REASON_QUEUE_TIMEOUT, 0},
		.over_limit = CHAIN2(QUEUE, DROP),
		.lanes = CHAIN4(DIRECT, QUEUE, POOLER, REFUSE)},
	 .over = SW_REASON_RATE,
	 .kept_by = SW_KEPT_BY_SOURCE | SW_KEPT_SILENTLY,
	 .op = SW_RELEASE_TIME_OUT},
	{.in = {.sentence = "timed out where nobody listens it may have any lane behind but direct",
		.expect = {POOLER, SW_REASON_NO_LISTENER, 0},
		.destination_reason = SW_REASON_NO_LISTENER,
		.lanes = CHAIN5(DIRECT, QUEUE, DIRECT, POOLER, REFUSE)},
	 .kept_by = SW_KEPT_BY_SOURCE | SW_KEPT_BY_ALL | SW_KEPT_SILENTLY,
	 .op = SW_RELEASE_TIME_OUT},
	{.in = {.sentence = "sent elsewhere it goes on with the next lane before the queue",
		.expect = {POOLER, SW_REASON_NO_LISTENER, 0},
		.destination_reason = SW_REASON_NO_LISTENER,
		.lanes = MIXED},
	 .kept_by = SW_KEPT_BY_SOURCE | SW_KEPT_BY_ALL | SW_KEPT_SILENTLY,
	 .op = SW_RELEASE_ELSEWHERE},
	{.in = {.sentence = "sent elsewhere it goes on with those behind the queue, too",
		.expect = {POOLER, SW_REASON_NO_LISTENER, 0},
		.destination_reason = SW_REASON_NO_LISTENER,
		.lanes = CHAIN4(DIRECT, QUEUE, POOLER, REFUSE)},
	 .kept_by = SW_KEPT_BY_SOURCE | SW_KEPT_BY_ALL | SW_KEPT_SILENTLY,
	 .op = SW_RELEASE_ELSEWHERE},
	{.in = {.sentence = "sent elsewhere and finding nothing it hears that nobody listens",
		.expect = {REFUSE, SW_REASON_NO_LISTENER, 0},
		.destination_reason = SW_REASON_NO_LISTENER,
		.pooler_used = 2,
		.lanes = MIXED},
	 .kept_by = SW_KEPT_BY_SOURCE | SW_KEPT_BY_ALL | SW_KEPT_SILENTLY,
	 .op = SW_RELEASE_ELSEWHERE},
	{.in = {.sentence = "whom somebody listens for by now is not sent elsewhere",
		.expect = {DIRECT, 0, 0},
		.lanes = MIXED},
	 .op = SW_RELEASE_ELSEWHERE},
	{.in = {.sentence = "nor is he in a pause",
		.expect = {QUEUE, SW_REASON_PAUSED, 0},
		.destination_reason = SW_REASON_NO_LISTENER,
		.hold = SW_HOLD_PAUSED,
		.lanes = MIXED},
	 .kept_by = SW_KEPT_BY_ALL | SW_KEPT_SILENTLY,
	 .op = SW_RELEASE_ELSEWHERE},
};

static void check_row(void **state)
{
	const struct waiter_row *row = *state;
	struct stage stage, before;
	struct sw_verdict verdict;

	set_stage(&stage, &row->in);
	before = stage;
	verdict = sw_decide_waiter(&stage.request, row->over, row->op ? row->op : SW_RELEASE_ADMIT);
	assert_int_equal(verdict.lane, row->in.expect.lane);
	assert_int_equal(verdict.reason, row->in.expect.reason);
	assert_int_equal(stage.request.kept_by, row->kept_by);
	/* One that stays keeps the place that it has. */
	expect_taken(&stage, &before, verdict.lane == QUEUE ? SW_LANE_NONE : verdict.lane);
	if (verdict.lane != QUEUE)
		give_back(&stage, verdict.lane);
	expect_taken(&stage, &before, SW_LANE_NONE);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows)];

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		tests[i] = (struct CMUnitTest){rows[i].in.sentence, check_row, NULL, NULL,
					       (void *)&rows[i]};
	return cmocka_run_group_tests_name("decide_waiter", tests, NULL, NULL);
}
