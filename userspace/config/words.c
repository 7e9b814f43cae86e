/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lists of words, indexed by value. See words.h.
 */
#include "config/words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"

#define MOST_WORDS 8

static const char *const lists[SW_WORDS_COUNT][MOST_WORDS] = {
	[SW_WORDS_LANE] = {[SW_LANE_DIRECT] = "direct",
			   [SW_LANE_POOLER] = "pooler",
			   [SW_LANE_QUEUE] = "queue",
			   [SW_LANE_REFUSE] = "refuse",
			   [SW_LANE_RESET] = "reset",
			   [SW_LANE_DROP] = "drop"},
	[SW_WORDS_ACTION] = {[SW_ACTION_LIMIT] = "limit",
			     [SW_ACTION_ALLOW] = "allow",
			     [SW_ACTION_REFUSE] = "refuse",
			     [SW_ACTION_RESET] = "reset",
			     [SW_ACTION_DROP] = "drop"},
	[SW_WORDS_MODE] = {[SW_MODE_ENFORCE] = "enforce", [SW_MODE_MONITOR] = "monitor"},
	[SW_WORDS_ON_LOSS] = {[SW_ON_LOSS_HOLD] = "hold",
			      [SW_ON_LOSS_OPEN] = "open",
			      [SW_ON_LOSS_CLOSED] = "closed"},
	[SW_WORDS_ATTACH_MODE] = {[SW_ATTACH_AUTO] = "auto",
				  [SW_ATTACH_NATIVE] = "native",
				  [SW_ATTACH_GENERIC] = "generic",
				  [SW_ATTACH_TC] = "tc"},
	[SW_WORDS_PROTOCOL] = {[SW_PROTOCOL_POSTGRES] = "postgres",
			       [SW_PROTOCOL_MYSQL] = "mysql",
			       [SW_PROTOCOL_TCP] = "tcp"},
	[SW_WORDS_BUDGET_MODE] = {[SW_BUDGET_FIXED] = "fixed",
				  [SW_BUDGET_AUTO] = "auto",
				  [SW_BUDGET_ADAPTIVE] = "adaptive"},
	[SW_WORDS_DISCIPLINE] = {[SW_DISCIPLINE_FAIR] = "fair",
				 [SW_DISCIPLINE_FIFO] = "fifo",
				 [SW_DISCIPLINE_LIFO] = "lifo"},
	[SW_WORDS_YES_NO] = {[SW_YES] = "yes", [SW_NO] = "no"},
	[SW_WORDS_LOG_LEVEL] = {[SW_LOG_ERROR] = "error",
				[SW_LOG_WARN] = "warn",
				[SW_LOG_INFO] = "info",
				[SW_LOG_DEBUG] = "debug"},
	[SW_WORDS_LOG_FORMAT] = {[SW_LOG_TEXT] = "text", [SW_LOG_JSON] = "json"},
};

_Static_assert(SW_LANE_COUNT <= MOST_WORDS, "every lane has a word");

const char *sw_words_name(enum sw_words words, unsigned int value)
{
	if (words >= SW_WORDS_COUNT || value >= MOST_WORDS || !lists[words][value])
		return "none";
	return lists[words][value];
}

int sw_words_parse(enum sw_words words, const char *text, unsigned int *out)
{
	for (unsigned int value = 0; value < MOST_WORDS; value++) {
		if (lists[words][value] && strcmp(lists[words][value], text) == 0) {
			*out = value;
			return 0;
		}
	}
	return -EINVAL;
}

void sw_words_list(enum sw_words words, char *buf, size_t size)
{
	size_t used = 0;

	if (size)
		buf[0] = '\0';
	for (unsigned int value = 0; value < MOST_WORDS && used < size; value++) {
		if (lists[words][value])
			used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "",
						 lists[words][value]);
	}
}
