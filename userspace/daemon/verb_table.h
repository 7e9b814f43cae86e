/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket's verbs, one row each. Given to control.c by run.c.
 */
#ifndef SW_DAEMON_VERB_TABLE_H
#define SW_DAEMON_VERB_TABLE_H

#include "daemon/control.h"

extern const struct sw_control_verb sw_verb_table[];
extern const size_t sw_verb_table_count;

#endif
