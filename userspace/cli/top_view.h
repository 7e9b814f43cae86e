/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the user of `spillway top` looks at: order, filter, selection, and the question that he is asked. Changed by
 * keys, drawn by top_draw.c; no terminal here.
 */
#ifndef SW_CLI_TOP_VIEW_H
#define SW_CLI_TOP_VIEW_H

#include "cli/top_data.h"

enum sw_top_sort {
	SW_TOP_BY_LIVE,
	SW_TOP_BY_RATE,
	SW_TOP_BY_REFUSED,
	SW_TOP_BY_WAITING,
	SW_TOP_SORTS
};
/* As `sources --sort` names them. */
extern const char *const sw_top_sort_names[SW_TOP_SORTS];

enum sw_top_state { SW_TOP_BROWSES, SW_TOP_FILTERS, SW_TOP_ASKS, SW_TOP_HELPS };

/* What a key leads to outside the view. */
enum sw_top_action { SW_TOP_NOTHING, SW_TOP_QUIT, SW_TOP_ORDER, SW_TOP_CHANGE };
enum sw_top_change { SW_TOP_DENY, SW_TOP_PAUSE, SW_TOP_RESUME };

struct sw_top_view {
	enum sw_top_state state;
	enum sw_top_sort sort;
	char service[SW_TOP_TEXT]; /* only what is this one's; "": all */
	char filter[SW_TOP_TEXT];  /* only sources with this in their address or class */
	bool frozen;		   /* what is shown stays */
	size_t page;		   /* rows of sources on the screen, as drawn last */
	/* The selected source, which stays selected wherever it goes; "" before there is one. */
	char of_service[SW_TOP_TEXT], source[SW_TOP_TEXT];
	size_t row; /* where it was: what comes there if it is gone */
	/* What is asked for, as the question was when it was asked. */
	enum sw_top_change change;
	char target_service[SW_TOP_TEXT], target[SW_TOP_TEXT];
};

/* One row of help a key, for people. NULL-ended. */
struct sw_top_key_row {
	const char *keys, *hint, *help; /* hint: in the last line, if any */
};
extern const struct sw_top_key_row sw_top_key_rows[];

/* A key of curses, on what is shown. */
enum sw_top_action sw_top_key(struct sw_top_view *view, const struct sw_top_data *data, int key);

/* Those that are to be shown, sorted; to be freed. NULL with *count 0 when there are none, or no memory. */
const struct sw_top_source **sw_top_rows(const struct sw_top_view *view,
					 const struct sw_top_data *data, size_t *count);
/* Which of them is selected; selects the one that took the place of one that is gone. */
size_t sw_top_select(struct sw_top_view *view, const struct sw_top_source *const *rows,
		     size_t count);

bool sw_top_shows(const struct sw_top_view *view, const char *service);
/* The service that keys are about: the chosen one, or the only one. NULL: none. */
const struct sw_top_service *sw_top_subject(const struct sw_top_view *view,
					    const struct sw_top_data *data);
/* What the user is asked in the state SW_TOP_ASKS. */
void sw_top_question(const struct sw_top_view *view, char *out, size_t size);

#endif
