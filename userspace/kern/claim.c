/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A claim is an abstract unix socket: the kernel keeps those by network namespace, as interfaces are,
 * and forgets them when their owner dies.
 */
#include "kern/claim.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/cleanup.h"
#include "kern/diag.h"
#include "kern/netlink.h"
#include "kern/owners.h"

struct search {
	struct sockaddr_un name;
	size_t length; /* of the path, with its zero at the front */
	uint32_t inode;
	uint32_t uid;
};

static size_t make_name(int ifindex, struct sockaddr_un *name)
{
	*name = (struct sockaddr_un){.sun_family = AF_UNIX};
	return 1 + snprintf(name->sun_path + 1, sizeof(name->sun_path) - 1, "spillway/interface/%d",
			    ifindex);
}

int sw_claim_interface(int ifindex)
{
	struct sockaddr_un name;
	size_t length = make_name(ifindex, &name);
	SW_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&name, offsetof(struct sockaddr_un, sun_path) + length))
		return -errno;
	return sw_steal_fd(&fd);
}

static int note_holder(const struct nlmsghdr *header, void *arg)
{
	const struct unix_diag_msg *message = mnl_nlmsg_get_payload(header);
	struct search *search = arg;
	const struct nlattr *attribute;
	uint32_t uid = 0;
	bool found = false;

	mnl_attr_for_each(attribute, header, sizeof(*message))
	{
		const void *payload = mnl_attr_get_payload(attribute);
		size_t length = mnl_attr_get_payload_len(attribute);

		if (mnl_attr_get_type(attribute) == UNIX_DIAG_NAME)
			found = length == search->length &&
				!memcmp(payload, search->name.sun_path, length);
		else if (mnl_attr_get_type(attribute) == UNIX_DIAG_UID && length == sizeof(uid))
			memcpy(&uid, payload, sizeof(uid));
	}
	/* Each type of sockets has names of its own. */
	if (found && message->udiag_type == SOCK_DGRAM) {
		search->inode = message->udiag_ino;
		search->uid = uid;
	}
	return MNL_CB_OK;
}

int sw_claim_find_holder(int ifindex, struct sw_claim_holder *out)
{
	SW_NETLINK_CLOSE struct mnl_socket *socket = sw_diag_open();
	char buffer[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct unix_diag_req))];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct unix_diag_req *request = mnl_nlmsg_put_extra_header(header, sizeof(*request));
	struct search search = {.inode = 0};
	int failed;

	if (!socket)
		return -errno;
	search.length = make_name(ifindex, &search.name);
	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->sdiag_family = AF_UNIX;
	request->udiag_states = ~0u;
	request->udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_UID;
	failed = sw_netlink_ask(socket, header, note_holder, &search);
	if (failed || !search.inode)
		return failed ? failed : -ENOENT;
	*out = (struct sw_claim_holder){sw_owners_pid(search.inode), search.uid};
	return 0;
}
