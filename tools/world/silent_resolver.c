/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded into a daemon that is to meet a resolver which never answers: for the name silence.test. Used by
 * the tests, never installed.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **out)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	while (node && !strcmp(node, "silence.test"))
		pause();
	return real ? real(node, service, hints, out) : EAI_SYSTEM;
}
