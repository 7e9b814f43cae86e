/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fuzz targets share: a check that stops the fuzzer, and input as exact-size heap copies, so
 * that AddressSanitizer sees the first byte that is read beyond. Included by each fuzz_*.c.
 */
#ifndef SW_TESTS_FUZZ_H
#define SW_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer keeps the input of whatever aborts. */
#define MUST(holds)                                                                                \
	do {                                                                                       \
		if (!(holds)) {                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds); \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* Never NULL, and not a byte longer than said; to be freed. */
static inline void *fuzz_copy(const void *data, size_t size)
{
	void *copy = malloc(size);

	MUST(copy);
	if (size)
		memcpy(copy, data, size);
	return copy;
}

/* Likewise as a string, which ends at the first NUL. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	MUST(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
