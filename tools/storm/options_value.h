/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The values of options, one function for each kind, for the table in options.c.
 */
#ifndef STORM_OPTIONS_VALUE_H
#define STORM_OPTIONS_VALUE_H

#include "core/error.h"

/* 0, or -errno with err saying what is wrong with text; field is then untouched. */
typedef int sw_value_fn(const char *text, void *field, struct sw_error *err);

sw_value_fn sw_value_text;     /* const char *, into argv */
sw_value_fn sw_value_u32;      /* uint32_t */
sw_value_fn sw_value_duration; /* uint64_t, ns */
sw_value_fn sw_value_rate;     /* struct sw_rate, never unlimited */
sw_value_fn sw_value_target;   /* struct sw_endpoint, with an address */
sw_value_fn sw_value_address;  /* struct sw_addr */
sw_value_fn sw_value_sources;  /* struct sw_sources */
sw_value_fn sw_value_spread;   /* struct sw_spread */

#endif
