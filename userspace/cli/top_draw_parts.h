/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of the screen of `spillway top`. Each begins at row y and says at which one the next begins.
 */
#ifndef SW_CLI_TOP_DRAW_PARTS_H
#define SW_CLI_TOP_DRAW_PARTS_H

#include "cli/top_data.h"
#include "cli/top_view.h"

#define SW_TOP_NAME_WIDTH 13

/* Up to a third of the screen; the chosen service is among those shown. */
int sw_top_draw_services(const struct sw_top_view *view, const struct sw_top_data *data, int y);
/* The busiest, in up to a third of what is left. */
int sw_top_draw_classes(const struct sw_top_view *view, const struct sw_top_data *data, int y);
/* All that is left, but for the last line. */
void sw_top_draw_sources(struct sw_top_view *view, const struct sw_top_data *data, int y);

#endif
