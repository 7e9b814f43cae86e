/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The terminal of `spillway top`: taken, coloured if it may be, and given back as it was, however the program ends.
 */
#ifndef SW_CLI_TOP_SCREEN_H
#define SW_CLI_TOP_SCREEN_H

#include <curses.h>

#include "cli/term.h"
#include "core/error.h"

/* Standard input and output have to be a terminal that can place its cursor. 0 or -errno with a text. */
int sw_top_screen_open(const struct sw_term *term, struct sw_error *err);
void sw_top_screen_close(void);

/* Readable once a signal asks the program to end; which one. 0: none. */
int sw_top_screen_signal_fd(void);
int sw_top_screen_signal(void);

/* For attron(); without colour a bad thing still looks other than a good one. */
attr_t sw_top_screen_style(enum sw_style style);

#endif
