/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See wakeups.h.
 */
#include "kern/wakeups.h"

#include "core/log.h"

/* The kernel is younger or older than this program only by a mistake; then the record is passed over. */
void sw_wakeups_hand_on(const struct sw_wakeups_handlers *handlers, void *arg, const void *record,
			size_t bytes)
{
	const __u32 *kind = record;

	if (*kind == SW_WAKEUP_PARKED && bytes >= sizeof(struct sw_parked))
		handlers->parked(arg, record);
	else if ((*kind == SW_WAKEUP_FREED || *kind == SW_WAKEUP_COMPLETED) &&
		 bytes >= sizeof(struct sw_freed))
		handlers->freed(arg, record);
	else if (*kind == SW_WAKEUP_CANCEL && bytes >= sizeof(struct sw_cancel))
		handlers->cancel(arg, record);
	else if (*kind == SW_WAKEUP_TOLD && bytes >= sizeof(struct sw_parked))
		handlers->told(arg, record);
	else
		sw_log_debug("a record of kind %u and %zu bytes in the ring buffer", *kind, bytes);
}
