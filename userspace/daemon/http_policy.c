/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See http_policy.h. https://www.w3.org/TR/CSP3/
 */
#include "daemon/http_policy.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <event2/http.h>

int sw_http_add_policy(struct evkeyvalq *headers, char nonce[SW_HTTP_NONCE])
{
	unsigned char bytes[(SW_HTTP_NONCE - 1) / 2];
	char policy[512];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(nonce + 2 * i, 3, "%02x", bytes[i]);
	snprintf(
		policy, sizeof(policy),
		"default-src 'none'; script-src 'nonce-%s'; style-src 'nonce-%s'; connect-src 'self'; "
		"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		nonce, nonce);
	evhttp_add_header(headers, "Content-Security-Policy", policy);
	evhttp_add_header(headers, "Referrer-Policy", "no-referrer");
	evhttp_add_header(headers, "Cache-Control", "no-store");
	return 0;
}
