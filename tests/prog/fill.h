/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables without room. Used by the prog tests.
 */
#ifndef TEST_PROG_FILL_H
#define TEST_PROG_FILL_H

#include "rig.h"

/* Fills the table of flows, or of sources, with those of clients that no test has. */
void fill_flows(struct rig *rig);
/* All of it but so many. */
void fill_flows_but(struct rig *rig, uint32_t places);
void fill_sources(struct rig *rig);

#endif
