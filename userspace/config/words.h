/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words for enumerated values, one list for configuration, CLI, control replies and metrics.
 */
#ifndef SW_CONFIG_WORDS_H
#define SW_CONFIG_WORDS_H

#include <stddef.h>

enum sw_words {
	SW_WORDS_LANE,	      /* enum sw_lane (SW_LANE_NONE has no word) */
	SW_WORDS_ACTION,      /* enum sw_action */
	SW_WORDS_MODE,	      /* enum sw_mode */
	SW_WORDS_ON_LOSS,     /* enum sw_on_loss */
	SW_WORDS_ATTACH_MODE, /* enum sw_attach_mode */
	SW_WORDS_PROTOCOL,    /* enum sw_protocol */
	SW_WORDS_BUDGET_MODE, /* enum sw_budget_mode */
	SW_WORDS_DISCIPLINE,  /* enum sw_discipline */
	SW_WORDS_YES_NO,      /* 0 is yes: what is done unless somebody says no */
	SW_WORDS_LOG_LEVEL,   /* enum sw_log_level */
	SW_WORDS_LOG_FORMAT,  /* enum sw_log_format */
	SW_WORDS_COUNT,
};

/* "none" for a value without a word. */
const char *sw_words_name(enum sw_words words, unsigned int value);

/* 0, or -EINVAL with *out untouched. Words are compared exactly. */
int sw_words_parse(enum sw_words words, const char *text, unsigned int *out);

/* "auto, native, generic, tc", cut to size if need be. */
void sw_words_list(enum sw_words words, char *buf, size_t size);

#endif
