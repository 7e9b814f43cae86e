/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hands addresses to clients. See spread.h.
 */
#include "spread.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"

static const struct row {
	const char *name;
	double otherwise, most; /* the number: where it is left out, and its upper bound */
	bool reaches_most;
} rows[] = {
	[SW_SPREAD_UNIFORM] = {"uniform", 0, 0, false},
	[SW_SPREAD_ZIPF] = {"zipf", 1, 10, true},
	[SW_SPREAD_HOG] = {"hog", 0.8, 1, false},
};

/* Digits, perhaps a point and digits; strtod() alone would take "1e9", "inf" and " 1", too. */
static int parse_decimal(const char *text, double *out)
{
	const char *rest = text + strspn(text, "0123456789");

	if (rest == text)
		return -EINVAL;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (*rest || rest[-1] == '.')
		return -EINVAL;
	*out = strtod(text, NULL);
	return 0;
}

int sw_spread_parse(const char *text, struct sw_spread *out, struct sw_error *err)
{
	size_t length = strcspn(text, ":");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double number = rows[i].otherwise;

		if (strlen(rows[i].name) != length || memcmp(rows[i].name, text, length) != 0)
			continue;
		if (text[length] && (!rows[i].most || parse_decimal(text + length + 1, &number)))
			break;
		if (rows[i].most && (number <= 0 || number > rows[i].most ||
				     (number == rows[i].most && !rows[i].reaches_most)))
			return sw_error_set(err, -ERANGE, "'%s': the number is above 0 and %s %g",
					    text, rows[i].reaches_most ? "up to" : "below",
					    rows[i].most);
		*out = (struct sw_spread){.kind = (enum sw_spread_kind)i, .number = number};
		return 0;
	}
	return sw_error_set(
		err, -EINVAL,
		"'%s': not uniform, zipf[:EXPONENT] or hog[:PART], as zipf:1.2, hog:0.8", text);
}

void sw_spread_format(const struct sw_spread *spread, char *buf, size_t size)
{
	const struct row *row = &rows[spread->kind];

	if (row->most)
		snprintf(buf, size, "%s:%g", row->name, spread->number);
	else
		snprintf(buf, size, "%s", row->name);
}

/* weights[k]: of the addresses up to k together, over that of all. */
static int zipf_table(uint32_t count, double exponent, double **out)
{
	double *weights = calloc(count, sizeof(*weights)), sum = 0;

	if (!weights)
		return -ENOMEM;
	for (uint32_t k = 0; k < count; k++)
		weights[k] = sum += pow((double)k + 1, -exponent);
	for (uint32_t k = 0; k < count; k++)
		weights[k] /= sum;
	*out = weights;
	return 0;
}

/* The first whose weight is above the draw; the last one's is 1, which no draw reaches. */
static uint32_t zipf_draw(const double *weights, uint32_t count, double draw)
{
	uint32_t low = 0, high = count - 1;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (weights[middle] > draw)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static int fill_zipf(uint32_t count, double exponent, uint32_t clients, unsigned short *state,
		     uint32_t *source_of)
{
	SW_FREE double *weights = NULL;

	if (zipf_table(count, exponent, &weights))
		return -ENOMEM;
	for (uint32_t i = 0; i < clients; i++)
		source_of[i] = zipf_draw(weights, count, erand48(state));
	return 0;
}

/* Fisher and Yates' shuffle, as Durstenfeld wrote it down (Algorithm 235, CACM 7/1964). */
static void shuffle(uint32_t *values, uint32_t count, unsigned short *state)
{
	for (uint32_t left = count; left > 1; left--) {
		uint32_t other = (uint32_t)(erand48(state) * left), value = values[left - 1];

		values[left - 1] = values[other];
		values[other] = value;
	}
}

static void fill_hog(uint32_t count, double part, uint32_t clients, unsigned short *state,
		     uint32_t *source_of)
{
	uint32_t hogged = (uint32_t)lround(part * clients);

	for (uint32_t i = hogged; i < clients; i++)
		source_of[i] = 1 + (i - hogged) % (count - 1);
	shuffle(source_of, clients, state);
}

int sw_spread_make(const struct sw_spread *spread, const struct sw_sources *sources,
		   uint32_t clients, uint32_t seed, uint32_t **source_of)
{
	/* Far from where the arrivals begin, which have the same seed: no address comes at its own times. */
	unsigned short state[3] = {0x330e, (unsigned short)(seed ^ 0x79b9),
				   (unsigned short)(seed >> 16 ^ 0x9e37)};
	SW_FREE uint32_t *numbers = calloc(clients, sizeof(*numbers));

	if (!numbers)
		return -ENOMEM;
	if (spread->kind == SW_SPREAD_ZIPF &&
	    fill_zipf(sources->count, spread->number, clients, state, numbers))
		return -ENOMEM;
	if (spread->kind == SW_SPREAD_HOG)
		fill_hog(sources->count, spread->number, clients, state, numbers);
	for (uint32_t i = 0; spread->kind == SW_SPREAD_UNIFORM && i < clients; i++)
		numbers[i] = i % sources->count;
	*source_of = sw_steal_ptr(&numbers);
	return 0;
}
