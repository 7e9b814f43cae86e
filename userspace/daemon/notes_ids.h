/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ids in the notes: under which the maps count what. Used by daemon/notes.c.
 */
#ifndef SW_DAEMON_NOTES_IDS_H
#define SW_DAEMON_NOTES_IDS_H

#include <jansson.h>

#include "policy/plan.h"

/* Those that are retired among them: the next plan looks which it needs. */
json_t *sw_notes_ids_to_json(const struct sw_plan *plan);

/* Names with their ids, and nothing else: what the next plan has to keep. 0 or -ENOMEM. */
int sw_notes_ids_from_json(const json_t *ids, struct sw_plan **out);

#endif
