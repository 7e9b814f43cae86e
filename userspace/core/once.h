/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was said already, so that it is not said again: several things that are the matter by turns are each said once.
 * Of so many things it knows; one more, and the oldest of them would be said again. All zero to begin with.
 */
#ifndef SW_CORE_ONCE_H
#define SW_CORE_ONCE_H

#include <stdbool.h>
#include <stddef.h>

#define SW_ONCE_MAX 8

struct sw_once {
	char *said[SW_ONCE_MAX];
	size_t next; /* whose place is taken next */
};

/* True: it was not said since it began, or was made to forget; now it is noted. So it is said where there is no memory. */
bool sw_once(struct sw_once *once, const char *what);

/* True: there was something. */
bool sw_once_forget(struct sw_once *once);

#endif
