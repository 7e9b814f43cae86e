/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The systemd journal, where stderr is a stream of it: then what is logged can have fields. Used by core/log.
 */
#ifndef SW_CORE_JOURNAL_H
#define SW_CORE_JOURNAL_H

#include <stdbool.h>

#include "core/log.h"

/* As JOURNAL_STREAM says; a stderr that was sent elsewhere since is not the journal's. */
bool sw_journal_is_stderr(void);

/* message has no line breaks, and no value of about has. False: the journal did not take it. */
bool sw_journal_send(enum sw_log_level level, const struct sw_log_fields *about,
		     const char *message);

#endif
