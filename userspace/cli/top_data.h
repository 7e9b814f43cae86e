/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `spillway top` knows: the newest answers of the daemon, and the rates that follow from two of them. No terminal
 * and no socket here. Filled by top.c, drawn by top_draw*.c, sorted and selected from by top_keys.c.
 */
#ifndef SW_CLI_TOP_DATA_H
#define SW_CLI_TOP_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

#define SW_TOP_TEXT    64
#define SW_TOP_TROUBLE 256

/* In the order of the totals in `status --json`. */
enum sw_top_lane {
	SW_TOP_SYN,
	SW_TOP_DIRECT,
	SW_TOP_POOLER,
	SW_TOP_QUEUED,
	SW_TOP_REFUSED,
	SW_TOP_RESET,
	SW_TOP_DROPPED,
	SW_TOP_LANES
};
extern const char *const sw_top_lane_names[SW_TOP_LANES];

/* Texts are clean: they may be written to a terminal. Seconds below 0 are not known. */
struct sw_top_service {
	char name[SW_TOP_TEXT];
	char budget_mode[SW_TOP_TEXT];
	long long used, budget, reserved, overcommitted;
	bool has_pooler, pooler_is_down;
	long long pooler_used, pooler_max;
	long long waiting, max_waiting;
	bool paused, ready;
	double predicted_s, oldest_s, admitted_per_s;
	bool database_is_asked, database_is_up; /* is_asked: whether it serves is known */
	char why[SW_TOP_TEXT];			/* it does not serve; "" */
	long long backends, max_connections;	/* 0: not known */
	long long totals[SW_TOP_LANES];
	double rates[SW_TOP_LANES]; /* a second; only if has_rates */
	bool has_rates;
};

struct sw_top_class {
	char service[SW_TOP_TEXT], name[SW_TOP_TEXT], action[SW_TOP_TEXT], rate[SW_TOP_TEXT];
	long long used, reserved, max_direct, waiting, weight;
};

struct sw_top_source {
	char service[SW_TOP_TEXT], source[SW_TOP_TEXT], class[SW_TOP_TEXT];
	long long live, direct, pooler, waiting, refused;
	double rate;
};

struct sw_top_data {
	uint64_t at_ns; /* when the answers came; 0: never */
	char version[SW_TOP_TEXT], mode[SW_TOP_TEXT], interfaces[SW_TOP_TROUBLE];
	long long uptime_s, pid;
	struct sw_top_service *services;
	size_t service_count;
	struct sw_top_class *classes;
	size_t class_count;
	struct sw_top_source *sources; /* in the daemon's order */
	size_t source_count;
	long long sources_total; /* with those that were not sent */
};

/*
 * Replaces what is known by the answers of the verbs status, queue and sources, read at at_ns. Rates are those since
 * the answers before, if nothing began anew in between: a daemon without what was counted before, or another service
 * of the same name. 0, or -ENOMEM with everything as it was.
 */
int sw_top_data_take(struct sw_top_data *data, const json_t *status, const json_t *queue,
		     const json_t *sources, uint64_t at_ns);
void sw_top_data_clear(struct sw_top_data *data);

#endif
