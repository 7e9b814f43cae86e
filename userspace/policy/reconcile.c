/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Differences between a flow and its socket that no event is going to mend.
 */
#include "policy/reconcile.h"

/*
 * The kernel tells of ESTABLISHED before a socket can be listed as such. So one that is listed and
 * whose flow still waits for its handshake, or no longer waits for it, was not told of; nor was one whose
 * flow is parked still: it came past a gate that was off meanwhile.
 */
bool sw_reconcile_is_missed(bool half_open, uint8_t flow_state)
{
	switch (flow_state) {
	case SW_FLOW_NONE:
		return true;
	case SW_FLOW_HALF_OPEN:
	case SW_FLOW_EXPIRED:
	case SW_FLOW_WAITING:
		return !half_open;
	default:
		return false;
	}
}

/* Half-open ones end by their timeout. */
bool sw_reconcile_is_stale(const struct sw_flow *flow, uint64_t now_ns)
{
	return flow->state == SW_FLOW_OPEN && now_ns > flow->syn_ns + SW_RECONCILE_YOUNG_NS &&
	       now_ns > flow->state_ns + SW_RECONCILE_YOUNG_NS;
}
