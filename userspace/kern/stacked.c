/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which device is on top of which, by rtnetlink(7).
 */
#include "kern/stacked.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kern/netlink.h"

/* The kernel stacks no more devices (MAX_NEST_DEV). */
#define DEPTH_MAX 8
/* A dump that others' changes interrupt is asked for anew. */
#define TRIES 3

/* One interface while its attributes are read. */
struct reading {
	struct sw_stacked_link link;
	bool is_elsewhere; /* what is below it is in another network namespace */
	bool is_plain;	   /* its frames are those of the device below it, but for a tag */
};

/*
 * Others name something else there: a veth its peer, a tunnel the device by which its packets go, whose frames the gate
 * takes for what they are.
 */
static bool is_plain(const char *kind)
{
	static const char *const kinds[] = {"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kind, kinds[i]))
			return true;
	return false;
}

static int note_kind(const struct nlattr *attribute, void *arg)
{
	struct reading *reading = arg;

	if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND &&
	    !mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING)) {
		reading->is_plain = is_plain(mnl_attr_get_str(attribute));
		reading->link.is_vlan = !strcmp(mnl_attr_get_str(attribute), "vlan");
		reading->link.is_vrf = !strcmp(mnl_attr_get_str(attribute), "vrf");
	}
	return MNL_CB_OK;
}

static int note(const struct nlattr *attribute, void *arg)
{
	struct reading *reading = arg;
	bool is_number = !mnl_attr_validate(attribute, MNL_TYPE_U32);

	switch (mnl_attr_get_type(attribute)) {
	case IFLA_LINK:
		reading->link.lower = is_number ? (int)mnl_attr_get_u32(attribute) : 0;
		break;
	case IFLA_LINK_NETNSID:
		reading->is_elsewhere = true;
		break;
	case IFLA_MASTER:
		reading->link.master = is_number ? (int)mnl_attr_get_u32(attribute) : 0;
		break;
	case IFLA_LINKINFO:
		return mnl_attr_parse_nested(attribute, note_kind, reading);
	}
	return MNL_CB_OK;
}

static int add(struct sw_stacked *to, const struct sw_stacked_link *link)
{
	if (to->count == to->room) {
		size_t room = to->room ? 2 * to->room : 16;
		void *larger = reallocarray(to->list, room, sizeof(*to->list));

		if (!larger)
			return -ENOMEM;
		to->list = larger;
		to->room = room;
	}
	to->list[to->count++] = *link;
	return 0;
}

static int take(const struct nlmsghdr *header, void *arg)
{
	const struct ifinfomsg *message = mnl_nlmsg_get_payload(header);
	struct reading reading = {0};

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*message)) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	reading.link.ifindex = message->ifi_index;
	if (mnl_attr_parse(header, sizeof(*message), note, &reading) < 0)
		return MNL_CB_ERROR;
	if (reading.is_elsewhere || !reading.is_plain)
		reading.link.lower = 0;
	if (add(arg, &reading.link)) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

/* A socket of its own for each try: what is left of an interrupted dump goes with it. */
static int read_once(struct sw_stacked *out)
{
	SW_NETLINK_CLOSE struct mnl_socket *socket = sw_netlink_open(NETLINK_ROUTE);
	char buffer[MNL_NLMSG_HDRLEN + 64] __attribute__((aligned(8)));
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));

	if (!socket)
		return -errno;
	header->nlmsg_type = RTM_GETLINK;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->ifi_family = AF_UNSPEC;
	mnl_attr_put_u32(header, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return sw_netlink_ask(socket, header, take, out);
}

int sw_stacked_read(struct sw_stacked *out)
{
	int failed = -EINTR;

	for (int i = 0; i < TRIES && failed == -EINTR; i++) {
		out->count = 0;
		failed = read_once(out);
	}
	return failed;
}

void sw_stacked_free(struct sw_stacked *stacked)
{
	free(stacked->list);
	*stacked = (struct sw_stacked){0};
}

static bool has(const int *list, size_t count, int ifindex)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == ifindex)
			return true;
	return false;
}

/* The device below is named by the upper one, a port names what it is a port of. */
static bool is_below(const struct sw_stacked_link *upper, const struct sw_stacked_link *link)
{
	return (upper->lower && link->ifindex == upper->lower) || link->master == upper->ifindex;
}

static const struct sw_stacked_link *find(const struct sw_stacked *stacked, int ifindex)
{
	for (size_t i = 0; i < stacked->count; i++)
		if (stacked->list[i].ifindex == ifindex)
			return &stacked->list[i];
	return NULL;
}

static bool is_over(const struct sw_stacked *stacked, int ifindex, const int *guarded, size_t count,
		    int depth)
{
	const struct sw_stacked_link *upper = find(stacked, ifindex);
	bool found = false;

	if (has(guarded, count, ifindex))
		return true;
	if (!upper || !depth)
		return false;
	for (size_t i = 0; i < stacked->count; i++) {
		const struct sw_stacked_link *link = &stacked->list[i];

		if (!is_below(upper, link))
			continue;
		if (!is_over(stacked, link->ifindex, guarded, count, depth - 1))
			return false;
		found = true;
	}
	return found;
}

bool sw_stacked_is_over(const struct sw_stacked *stacked, int ifindex, const int *guarded,
			size_t count)
{
	return is_over(stacked, ifindex, guarded, count, DEPTH_MAX);
}

bool sw_stacked_is_vrf(const struct sw_stacked *stacked, int ifindex)
{
	const struct sw_stacked_link *link = find(stacked, ifindex);

	return link && link->is_vrf;
}

bool sw_stacked_has_vlan(const struct sw_stacked *stacked, int ifindex)
{
	for (size_t i = 0; i < stacked->count; i++)
		if (stacked->list[i].is_vlan && ifindex && stacked->list[i].lower == ifindex)
			return true;
	return false;
}
