/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds rows of the table by name, and guesses which one a mistyped name meant. Used by loading,
 * setting and validating.
 */
#include "config/value.h"

#include <stdio.h>
#include <string.h>

/* Longer names than this are not mistyped keys. */
#define LONGEST_GUESS 40

/* Longer than the longest list of keys. */
#define LIST_TEXT 320

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

const struct sw_key *sw_keys_find(enum sw_object object, const char *section, const char *name)
{
	size_t count;
	const struct sw_key *key = sw_keys_of(object, &count);

	for (size_t i = 0; i < count; i++) {
		if (same(key[i].section, section) && strcmp(key[i].name, name) == 0)
			return &key[i];
	}
	return NULL;
}

void sw_keys_path(const struct sw_key *key, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s", key->section ? key->section : "", key->section ? "." : "",
		 key->name);
}

const struct sw_key *sw_keys_find_path(enum sw_object object, const char *path)
{
	char own_path[64];
	size_t count;
	const struct sw_key *key = sw_keys_of(object, &count);

	for (size_t i = 0; i < count; i++) {
		sw_keys_path(&key[i], own_path, sizeof(own_path));
		if (strcmp(own_path, path) == 0)
			return &key[i];
	}
	return NULL;
}

bool sw_keys_is_section(enum sw_object object, const char *name)
{
	size_t count;
	const struct sw_key *key = sw_keys_of(object, &count);

	for (size_t i = 0; i < count; i++) {
		if (key[i].section && strcmp(key[i].section, name) == 0)
			return true;
	}
	return false;
}

/*
 * The name that row i adds to a level: its own, or at the top of an object its section's, once.
 * NULL: none.
 */
static const char *name_at_level(const struct sw_key *key, size_t i, const char *section,
				 unsigned int flags)
{
	if (flags && !(key[i].flags & flags))
		return NULL;
	if (same(key[i].section, section))
		return key[i].name;
	if (section || (i > 0 && same(key[i - 1].section, key[i].section)))
		return NULL;
	return key[i].section;
}

static void list_names(enum sw_object object, const char *section, unsigned int flags, char *buf,
		       size_t size)
{
	size_t count, used = 0;
	const struct sw_key *key = sw_keys_of(object, &count);

	buf[0] = '\0';
	for (size_t i = 0; i < count && used < size; i++) {
		const char *name = name_at_level(key, i, section, flags);

		if (name)
			used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "",
						 name);
	}
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein distance, one row at a time. */
static size_t distance(const char *a, const char *b)
{
	size_t row[LONGEST_GUESS + 1], a_length = strlen(a), b_length = strlen(b);

	for (size_t j = 0; j <= b_length; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t above = row[j];

			row[j] = least(diagonal + (a[i - 1] != b[j - 1]),
				       least(above, row[j - 1]) + 1);
			diagonal = above;
		}
	}
	return row[b_length];
}

static const char *find_nearest(enum sw_object object, const char *section, unsigned int flags,
				const char *name)
{
	const char *best = NULL;
	size_t count, best_distance = 0, length = strlen(name);
	const struct sw_key *key = sw_keys_of(object, &count);

	if (length > LONGEST_GUESS)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const char *candidate = name_at_level(key, i, section, flags);
		size_t away = candidate ? distance(name, candidate) : 0;

		/* A third of the letters may be wrong, as long as some are right. */
		if (!candidate || away * 3 > strlen(candidate) + 1)
			continue;
		if (!best || away < best_distance) {
			best = candidate;
			best_distance = away;
		}
	}
	return best;
}

void sw_keys_unknown(enum sw_object object, const char *section, unsigned int flags,
		     const char *name, char *buf, size_t size)
{
	const char *nearest = find_nearest(object, section, flags, name);
	char list[LIST_TEXT], found[SW_FOUND_TEXT];

	list_names(object, section, flags, list, sizeof(list));
	sw_value_quote(name, found, sizeof(found));
	snprintf(buf, size, "unknown key %s%s%s%s; allowed: %s", found,
		 nearest ? " (did you mean '" : "", nearest ? nearest : "", nearest ? "'?)" : "",
		 list);
}
