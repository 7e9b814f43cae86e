/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options that contradict each other, or say nothing without another. Called by options.c.
 */
#ifndef STORM_OPTIONS_CHECK_H
#define STORM_OPTIONS_CHECK_H

#include "options.h"

/* Fills in what follows from other options, too. 0, or -EINVAL/-ERANGE with err. */
int sw_options_check(struct sw_options *options, struct sw_error *err);

#endif
