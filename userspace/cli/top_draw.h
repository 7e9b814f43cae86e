/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The screen of `spillway top`. Called by top.c whenever something has changed.
 */
#ifndef SW_CLI_TOP_DRAW_H
#define SW_CLI_TOP_DRAW_H

#include "cli/top_data.h"
#include "cli/top_view.h"

/* What the last line says, where it is not the keys. */
struct sw_top_words {
	const char *trouble; /* why there are no answers; "": there are */
	long long stale_s;   /* for how long */
	const char *message; /* what became of the last change; "" */
};

void sw_top_draw(struct sw_top_view *view, const struct sw_top_data *data,
		 const struct sw_top_words *words);

#endif
