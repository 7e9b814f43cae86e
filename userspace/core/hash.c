/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/hash.h"

#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

#include "core/clock.h"

#define WORDS (SW_HASH_BYTES_MAX / 4 + 1)

static const uint64_t *random_words(void)
{
	static uint64_t words[WORDS];
	static bool is_made;

	if (is_made)
		return words;
	/* Early in a boot there may be none: then a key that is hard to guess has to do. */
	if (getrandom(words, sizeof(words), GRND_NONBLOCK) != sizeof(words))
		for (size_t i = 0; i < WORDS; i++)
			words[i] = (sw_clock_monotonic_ns() + i + 1) * 0x9e3779b97f4a7c15ull;
	is_made = true;
	return words;
}

/* (r0 + sum of r(i) * word(i)) mod 2^64, of which the upper half is taken. */
uint32_t sw_hash(const void *key, size_t bytes)
{
	const uint64_t *random = random_words();
	uint64_t sum = random[0];

	for (size_t i = 0; i < bytes / 4; i++) {
		uint32_t word;

		memcpy(&word, (const char *)key + 4 * i, 4);
		sum += random[i + 1] * word;
	}
	return (uint32_t)(sum >> 32);
}
