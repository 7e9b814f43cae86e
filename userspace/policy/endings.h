/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether so many connections end together that what they went to may have: most of those that were open, and many
 * times as many as usual, for clients that ask one thing and leave end all the time. Used by daemon/room_hold.
 */
#ifndef SW_POLICY_ENDINGS_H
#define SW_POLICY_ENDINGS_H

#include <stdbool.h>
#include <stdint.h>

#define SW_ENDINGS_LOOKS 4 /* are taken together */

/* Zeros: nothing is known yet. */
struct sw_endings {
	bool is_known;
	uint64_t so_far; /* at the last look */
	struct {
		uint32_t ended; /* since the look before, and nothing was said of them */
		uint32_t open;	/* at that one */
	} looks[SW_ENDINGS_LOOKS];
	unsigned int next; /* of those, the one that is overwritten */
	double usual;	   /* between two looks, on average */
};

/*
 * To be called at even intervals: how many have ended so far, and how many are open now. True: many ended together;
 * said once of them.
 */
bool sw_endings_look(struct sw_endings *endings, uint64_t so_far, uint32_t open);

#endif
