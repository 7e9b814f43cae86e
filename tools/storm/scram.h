/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding. Driven by
 * auth.c. The key derivation costs milliseconds of CPU, which a storm would take from the server
 * it measures; keys are therefore kept and used again for the same salt and count, as RFC 5802
 * section 5.1 foresees. Passwords are taken as bytes: SASLprep changes nothing about ASCII.
 */
#ifndef STORM_SCRAM_H
#define STORM_SCRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_SCRAM_MECHANISM "SCRAM-SHA-256"
#define SW_SCRAM_KEY	   32
#define SW_SCRAM_TEXT	   1024 /* room for each message, with its NUL */

/* What one password gives with one salt and count; all zeros at first. Shared by all clients. */
struct sw_scram_keys {
	uint8_t salt[64];
	size_t salt_length;
	uint32_t iterations;
	uint8_t client_key[SW_SCRAM_KEY], stored_key[SW_SCRAM_KEY], server_key[SW_SCRAM_KEY];
	uint32_t derivations; /* how often the costly part ran */
};

/* One login. */
struct sw_scram {
	char client_first[64]; /* the bare part */
	char nonce[32];
	uint8_t server_signature[SW_SCRAM_KEY];
	bool answered, verified;
};

/* Writes the first message. -EIO when there is no randomness. */
int sw_scram_first(struct sw_scram *scram, char out[SW_SCRAM_TEXT]);

/*
 * Answers the server's first message. -EPROTO when that is not one, -ERANGE when its salt is too
 * long or its iteration count is 0 or above a million, -EIO when libcrypto fails.
 */
int sw_scram_answer(struct sw_scram *scram, struct sw_scram_keys *keys, const char *password,
		    const char *server_first, char out[SW_SCRAM_TEXT]);

/* Checks the server's last message: -EACCES when it does not prove that it knows the password. */
int sw_scram_verify(struct sw_scram *scram, const char *server_final);

#endif
