/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the SYNs of many have in common is kept once, as a form: the frame without what differs between two
 * connections of one kind of client. Beside it each has 16 bytes of its own, or 29 with IPv6. Used by
 * policy/store.c alone.
 */
#ifndef SW_POLICY_FORM_H
#define SW_POLICY_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/frame.h"

/*
 * IPv4: identification, client. IPv6: flow label, client. TCP: port, number, and where there is one the value of
 * its timestamp. Checksums follow from all that; of one that is wrong the form knows by how much.
 */
#define SW_OWN_SMALL 16
#define SW_OWN_MAX   29

#define SW_NO_FORM UINT32_MAX

struct sw_form;

struct sw_forms {
	struct sw_form **by_id; /* NULL where an id is free */
	uint32_t *free_ids;
	uint32_t *buckets;
	uint32_t room; /* of all three */
	uint32_t free_count;
	size_t bytes; /* of the forms themselves */
};

/* Bytes of the frame's own. */
size_t sw_form_own_bytes(const struct sw_frame *frame);

/* Takes the frame apart: the id of its form, which has one user more, and its own bytes. SW_NO_FORM: no memory. */
uint32_t sw_form_take(struct sw_forms *forms, const struct sw_frame *frame, uint8_t *own);
/* One user less. */
void sw_form_drop(struct sw_forms *forms, uint32_t id);
/* Forgets all, whoever uses them, with all memory. */
void sw_forms_clear(struct sw_forms *forms);
/* Puts it together again, to the byte. */
void sw_form_fill(const struct sw_forms *forms, uint32_t id, const uint8_t *own,
		  struct sw_frame *out);
/* Its flow alone, which is sooner told. */
void sw_form_flow(const struct sw_forms *forms, uint32_t id, const uint8_t *own,
		  struct sw_flow_key *out);

size_t sw_forms_bytes(const struct sw_forms *forms);

#endif
