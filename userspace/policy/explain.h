/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verdict that a SYN would get at one moment, with each step that leads to it: the gate's own
 * code (spillway/decide.h) on a copy of what the maps hold. Pure. Used by the daemon's explain verb.
 */
#ifndef SW_POLICY_EXPLAIN_H
#define SW_POLICY_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spillway/maps.h"

/* The checks of spillway/decide.h as `spillway explain` names them: "rate", "budget", … */
const char *sw_explain_check_name(unsigned int check);
/* The rows of spillway/reasons.h; "none" for what is no reason. */
const char *sw_explain_reason_name(unsigned int reason);

/* What the gate would find. Nothing of it is changed. */
struct sw_explain_facts {
	struct sw_service_conf service_conf;
	struct sw_service_state service;
	struct sw_class_conf class_conf;
	struct sw_class_state class_state;
	struct sw_control control;
	struct sw_source_key source;
	uint64_t source_word; /* of its entry in source_live; sw_source_empty() if it has none */
	uint32_t source_half_open;
	bool source_is_proven;	 /* it has completed a handshake lately */
	uint64_t theoretical_ns; /* of its entry in source_rate, 0 if it has none */
	uint64_t now_ns;	 /* CLOCK_MONOTONIC */
	bool direct_listens;	 /* at service_conf.direct, for the client's family */
	bool pooler_listens;
	bool destination_listens; /* somebody, where the client connects to */
	bool sources_full;	  /* the maps have no room for another entry */
	bool flows_full;
};

/* What a check's value and limit are. */
enum sw_explain_unit {
	SW_EXPLAIN_COUNT,
	SW_EXPLAIN_CAP,	  /* a count whose limit 0 is no limit */
	SW_EXPLAIN_BURST, /* connections of the burst that are used up, and all of it; 0: no rate */
	SW_EXPLAIN_AGE_NS,
	SW_EXPLAIN_ACTION,   /* enum sw_action; no limit */
	SW_EXPLAIN_LISTENER, /* whether somebody listens, and for which enum sw_lane */
	SW_EXPLAIN_HOLD,     /* SW_HOLD_…; no limit */
};

enum sw_explain_unit sw_explain_check_unit(unsigned int check);

struct sw_explain_step {
	unsigned int check; /* enum sw_check */
	uint64_t value;
	uint64_t limit;
	bool passed;
};

#define SW_EXPLAIN_STEPS_MAX 192

struct sw_explanation {
	struct sw_verdict verdict;
	struct sw_explain_step steps[SW_EXPLAIN_STEPS_MAX];
	size_t step_count;
};

void sw_explain(const struct sw_explain_facts *facts, struct sw_explanation *out);

/* Whether the programs take the daemon for alive. */
bool sw_explain_is_fresh(const struct sw_control *control, uint64_t now_ns);

#endif
