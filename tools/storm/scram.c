/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SCRAM-SHA-256 on libcrypto's primitives. See scram.h; names are those of RFC 5802, section 3.
 */
#include "scram.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"

#define NONCE_BYTES    18 /* as libpq; 24 characters of base64 */
#define ITERATIONS_MAX 1000000u
/* "n,,": no channel binding, no authorization identity. Its base64 is the c= of the last message. */
#define GS2_HEADER	  "n,,"
#define GS2_HEADER_BASE64 "biws"

struct server_first {
	const char *nonce;
	size_t nonce_length;
	uint8_t salt[64];
	size_t salt_length;
	uint32_t iterations;
};

static int hmac(const uint8_t *key, const char *text, size_t length, uint8_t out[SW_SCRAM_KEY])
{
	unsigned int size = SW_SCRAM_KEY;
	const uint8_t *bytes = (const uint8_t *)text;

	return HMAC(EVP_sha256(), key, SW_SCRAM_KEY, bytes, length, out, &size) ? 0 : -EIO;
}

/* EVP_DecodeBlock() counts padding as bytes. Returns the length, or -EPROTO. */
static int decode_base64(const char *text, size_t length, uint8_t *out, size_t room)
{
	uint8_t bytes[128];
	int decoded;

	if (length == 0 || length % 4 || length / 4 * 3 > sizeof(bytes))
		return -EPROTO;
	decoded = EVP_DecodeBlock(bytes, (const uint8_t *)text, (int)length);
	if (decoded < 0)
		return -EPROTO;
	decoded -= (text[length - 1] == '=') + (text[length - 2] == '=');
	if ((size_t)decoded > room)
		return -ERANGE;
	memcpy(out, bytes, (size_t)decoded);
	return decoded;
}

/* The value of "x=value" at *at up to a comma or the end; *at is moved behind it. */
static const char *attribute(const char **at, char name, size_t *length)
{
	const char *value = *at + 2;

	if ((*at)[0] != name || (*at)[1] != '=')
		return NULL;
	*length = strcspn(value, ",");
	*at = value + *length + (value[*length] == ',');
	return value;
}

static int parse_first(const struct sw_scram *scram, const char *text, struct server_first *out)
{
	size_t ours = strlen(scram->nonce), salt_length, count_length;
	const char *salt, *count;
	char digits[16];
	int rc;

	out->nonce = attribute(&text, 'r', &out->nonce_length);
	if (!out->nonce || out->nonce_length <= ours || strncmp(out->nonce, scram->nonce, ours))
		return -EPROTO;
	salt = attribute(&text, 's', &salt_length);
	count = salt ? attribute(&text, 'i', &count_length) : NULL;
	if (!count || count_length >= sizeof(digits))
		return -EPROTO;
	memcpy(digits, count, count_length);
	digits[count_length] = '\0';
	if (sw_parse_u32(digits, &out->iterations))
		return -EPROTO;
	if (out->iterations == 0 || out->iterations > ITERATIONS_MAX)
		return -ERANGE;
	rc = decode_base64(salt, salt_length, out->salt, sizeof(out->salt));
	if (rc < 0)
		return rc;
	out->salt_length = (size_t)rc;
	return 0;
}

static int derive(struct sw_scram_keys *keys, const char *password, const struct server_first *from)
{
	uint8_t salted[SW_SCRAM_KEY];

	if (keys->iterations == from->iterations && keys->salt_length == from->salt_length &&
	    memcmp(keys->salt, from->salt, from->salt_length) == 0)
		return 0;
	keys->iterations = 0;
	keys->derivations++;
	if (PKCS5_PBKDF2_HMAC(password, (int)strlen(password), from->salt, (int)from->salt_length,
			      (int)from->iterations, EVP_sha256(), sizeof(salted), salted) != 1)
		return -EIO;
	if (hmac(salted, "Client Key", 10, keys->client_key) ||
	    hmac(salted, "Server Key", 10, keys->server_key) ||
	    EVP_Digest(keys->client_key, SW_SCRAM_KEY, keys->stored_key, NULL, EVP_sha256(),
		       NULL) != 1)
		return -EIO;
	memcpy(keys->salt, from->salt, from->salt_length);
	keys->salt_length = from->salt_length;
	keys->iterations = from->iterations;
	return 0;
}

int sw_scram_first(struct sw_scram *scram, char out[SW_SCRAM_TEXT])
{
	uint8_t random[NONCE_BYTES];

	if (RAND_bytes(random, sizeof(random)) != 1)
		return -EIO;
	EVP_EncodeBlock((uint8_t *)scram->nonce, random, sizeof(random));
	/* The user name is left out: PostgreSQL takes the one of the startup packet. */
	snprintf(scram->client_first, sizeof(scram->client_first), "n=,r=%s", scram->nonce);
	snprintf(out, SW_SCRAM_TEXT, GS2_HEADER "%s", scram->client_first);
	return 0;
}

int sw_scram_answer(struct sw_scram *scram, struct sw_scram_keys *keys, const char *password,
		    const char *server_first, char out[SW_SCRAM_TEXT])
{
	char without_proof[SW_SCRAM_TEXT / 2], auth_message[2 * SW_SCRAM_TEXT];
	char base64[SW_SCRAM_KEY * 4 / 3 + 4];
	uint8_t proof[SW_SCRAM_KEY];
	struct server_first first;
	int rc = parse_first(scram, server_first, &first), length;

	if (!rc && first.nonce_length > 256)
		rc = -EPROTO;
	if (!rc)
		rc = derive(keys, password, &first);
	if (rc)
		return rc;
	snprintf(without_proof, sizeof(without_proof), "c=" GS2_HEADER_BASE64 ",r=%.*s",
		 (int)first.nonce_length, first.nonce);
	length = snprintf(auth_message, sizeof(auth_message), "%s,%s,%s", scram->client_first,
			  server_first, without_proof);
	if ((size_t)length >= sizeof(auth_message))
		return -EPROTO;
	if (hmac(keys->stored_key, auth_message, (size_t)length, proof) ||
	    hmac(keys->server_key, auth_message, (size_t)length, scram->server_signature))
		return -EIO;
	for (size_t i = 0; i < sizeof(proof); i++)
		proof[i] ^= keys->client_key[i];
	EVP_EncodeBlock((uint8_t *)base64, proof, sizeof(proof));
	snprintf(out, SW_SCRAM_TEXT, "%s,p=%s", without_proof, base64);
	scram->answered = true;
	return 0;
}

int sw_scram_verify(struct sw_scram *scram, const char *server_final)
{
	uint8_t signature[SW_SCRAM_KEY];
	size_t length;
	const char *value = attribute(&server_final, 'v', &length);

	if (!scram->answered || !value ||
	    decode_base64(value, length, signature, sizeof(signature)) != SW_SCRAM_KEY ||
	    CRYPTO_memcmp(signature, scram->server_signature, sizeof(signature)) != 0)
		return -EACCES;
	scram->verified = true;
	return 0;
}
