/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's timer of half-open connections, reckoned.
 */
#include "core/synack.h"

#define FIRST_S	    1	/* RFC 6298, 2.1 */
#define LONGEST_S   120 /* TCP_RTO_MAX */
#define RETRIES_MAX 255 /* the sysctl's */

/* Each wait is twice the one before, and the last repetition is waited for as well. */
uint32_t sw_synack_lasts_s(uint32_t retries)
{
	uint32_t wait_s = FIRST_S, lasts_s = FIRST_S;

	for (uint32_t i = 0; i < retries && i < RETRIES_MAX; i++) {
		wait_s = 2 * wait_s < LONGEST_S ? 2 * wait_s : LONGEST_S;
		lasts_s += wait_s;
	}
	/* The timer comes a little late, and so does the sweep's clock. */
	return lasts_s + 1;
}
