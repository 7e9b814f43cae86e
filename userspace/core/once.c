/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See once.h.
 */
#include "core/once.h"

#include <stdlib.h>
#include <string.h>

bool sw_once(struct sw_once *once, const char *what)
{
	for (size_t i = 0; i < SW_ONCE_MAX; i++)
		if (once->said[i] && !strcmp(once->said[i], what))
			return false;
	free(once->said[once->next]);
	once->said[once->next] = strdup(what);
	once->next = (once->next + 1) % SW_ONCE_MAX;
	return true;
}

bool sw_once_forget(struct sw_once *once)
{
	bool was_any = false;

	for (size_t i = 0; i < SW_ONCE_MAX; i++) {
		was_any |= once->said[i] != NULL;
		free(once->said[i]);
	}
	*once = (struct sw_once){0};
	return was_any;
}
