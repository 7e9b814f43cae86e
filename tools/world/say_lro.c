/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded into who is to meet a card that puts segments together (LRO), which no virtual device does: so says the
 * driver of each. Used by the tests, never installed.
 */
#include <dlfcn.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdarg.h>

int ioctl(int fd, unsigned long request, ...)
{
	int (*real)(int, unsigned long, void *);
	struct ethtool_value *value;
	va_list args;
	void *about;
	int answer;

	va_start(args, request);
	about = va_arg(args, void *);
	va_end(args);
	*(void **)&real = dlsym(RTLD_NEXT, "ioctl");
	answer = real(fd, request, about);
	if (request != SIOCETHTOOL || answer)
		return answer;
	value = (void *)((struct ifreq *)about)->ifr_data;
	if (value->cmd == ETHTOOL_GFLAGS)
		value->data |= ETH_FLAG_LRO;
	return answer;
}
