/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which source address each client has: in turn, or some addresses more often than others. Parsed by
 * options.c, made by main.c before the storm.
 */
#ifndef STORM_SPREAD_H
#define STORM_SPREAD_H

#include "core/error.h"
#include "sources.h"

enum sw_spread_kind {
	SW_SPREAD_UNIFORM, /* in turn */
	SW_SPREAD_ZIPF,	   /* each client's drawn: the k-th address with a weight of 1 / k^number */
	SW_SPREAD_HOG, /* the first address has that part of the clients, the others the rest in turn */
};

/* Zipf's law is drawn from a table. */
#define SW_SPREAD_ZIPF_SOURCES (UINT32_C(1) << 20)

#define SW_SPREAD_TEXT 32

struct sw_spread {
	enum sw_spread_kind kind;
	double number; /* Zipf's exponent, above 0 and up to 10; the hog's part, between 0 and 1 */
};

/* "uniform", "zipf", "zipf:1.2", "hog", "hog:0.9"; 1 and 0.8 where the number is left out. */
int sw_spread_parse(const char *text, struct sw_spread *out, struct sw_error *err);

/* As it is written, the number included. */
void sw_spread_format(const struct sw_spread *spread, char *buf, size_t size);

/*
 * Fills source_of[clients] with numbers of addresses below sources->count, which is above 0, the same
 * for the same seed. A hog's clients are spread at random among the others, exactly as many as are its
 * part. The caller frees. 0 or -ENOMEM.
 */
int sw_spread_make(const struct sw_spread *spread, const struct sw_sources *sources,
		   uint32_t clients, uint32_t seed, uint32_t **source_of);

#endif
