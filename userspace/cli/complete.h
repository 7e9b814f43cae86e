/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `spillway complete` is asked, and what it has found so far. Shared by its files alone.
 */
#ifndef SW_CLI_COMPLETE_H
#define SW_CLI_COMPLETE_H

#include "cli/args.h"

/* As many of a verb's words as matter. */
#define SW_COMPLETE_WORDS_MAX 32

struct sw_complete {
	const struct sw_verb *verb;	 /* NULL: none yet */
	bool is_lost;			 /* what stands for the verb is none */
	const struct sw_option *pending; /* whose value is being written; NULL: none */
	const char *positional[SW_COMPLETE_WORDS_MAX];
	size_t count;
	const char *service; /* whose classes are meant; NULL: any */
	const char *socket;  /* of the daemon that is asked for names */
	const char *file;    /* the configuration, where no daemon answers */
	const char *word;    /* what there is of the word so far */
	const char *before;  /* "--service=", which stands before it; "" mostly */
	bool wants_files;    /* the shell knows them better */
	json_t *found;	     /* strings */
};

/* One more that may follow, if it begins with the word. */
void sw_complete_offer(struct sw_complete *at, const char *candidate);

/* What usage says: of the next word that is no option, of an option's value. */
void sw_complete_positional(struct sw_complete *at);
void sw_complete_value(struct sw_complete *at);

/* Names as they are in the daemon, or else in the configuration. */
void sw_complete_services(struct sw_complete *at);
void sw_complete_classes(struct sw_complete *at);
void sw_complete_interfaces(struct sw_complete *at);

#endif
