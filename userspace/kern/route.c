/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routes by rtnetlink(7).
 */
#include "kern/route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "kern/netlink.h"
#include "spillway/address.h"

static int note_oif(const struct nlattr *attribute, void *interface)
{
	if (mnl_attr_get_type(attribute) == RTA_OIF &&
	    mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
		*(int *)interface = (int)mnl_attr_get_u32(attribute);
	return MNL_CB_OK;
}

static int take(const struct nlmsghdr *header, void *interface)
{
	return mnl_attr_parse(header, sizeof(struct rtmsg), note_oif, interface);
}

static void put_question(struct nlmsghdr *header, const struct sw_in6 *client, int vrf)
{
	struct rtmsg *route = mnl_nlmsg_put_extra_header(header, sizeof(*route));
	bool ipv4 = sw_address_is_ipv4(client);

	header->nlmsg_type = RTM_GETROUTE;
	header->nlmsg_flags = NLM_F_REQUEST;
	route->rtm_family = ipv4 ? AF_INET : AF_INET6;
	route->rtm_dst_len = ipv4 ? 32 : 128;
	if (ipv4)
		mnl_attr_put_u32(header, RTA_DST, client->words_be[3]);
	else
		mnl_attr_put(header, RTA_DST, sizeof(*client), client);
	if (vrf)
		mnl_attr_put_u32(header, RTA_OIF, (uint32_t)vrf);
}

/* Nothing is reached there; EACCES and EINVAL are routes that say so, "prohibit" and "blackhole". */
static bool is_no_route(int failed)
{
	return failed == -ENETUNREACH || failed == -EHOSTUNREACH || failed == -EACCES ||
	       failed == -EINVAL;
}

int sw_route_interface(const struct sw_in6 *client, int vrf)
{
	SW_NETLINK_CLOSE struct mnl_socket *socket = sw_netlink_open(NETLINK_ROUTE);
	char buffer[MNL_NLMSG_HDRLEN + 64];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	int interface = 0;
	int failed;

	if (!socket)
		return -errno;
	put_question(header, client, vrf);
	failed = sw_netlink_ask(socket, header, take, &interface);
	if (is_no_route(failed))
		return 0;
	return failed ? failed : interface;
}
