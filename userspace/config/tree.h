/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How arrays of the tree grow. Internal to config/.
 */
#ifndef SW_CONFIG_TREE_H
#define SW_CONFIG_TREE_H

#include <stddef.h>

/*
 * One more zeroed element at the end of the array that *items points to. The capacity is the power
 * of two at or above the count, so there is nothing to store. NULL: no memory, nothing changed.
 */
void *sw_tree_append(void *items, size_t *count, size_t size);

/* A copy with room as above; NULL for no elements, or without memory. */
void *sw_tree_copy(const void *items, size_t count, size_t size);

/* Closes the gap; what the element owned is the caller's to free first. */
void sw_tree_remove(void *items, size_t *count, size_t size, size_t index);

#endif
