/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See outgoing.h.
 */
#include "kern/outgoing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "kern/diag.h"
#include "kern/owners.h"

struct gathering {
	const struct sw_owners *owners;
	struct sw_outgoing found;
	size_t room;
};

static int collect(const struct nlmsghdr *header, void *arg)
{
	struct gathering *gathering = arg;
	const struct inet_diag_msg *message = sw_diag_message(header);
	struct sw_local_end *end;

	if (!message || !sw_owners_have(gathering->owners, message->idiag_inode))
		return MNL_CB_OK;
	if (gathering->found.count == gathering->room) {
		size_t room = gathering->room ? 2 * gathering->room : 64;
		void *list = reallocarray(gathering->found.list, room, sizeof(*end));

		if (!list) {
			errno = ENOMEM;
			return MNL_CB_ERROR;
		}
		gathering->found.list = list;
		gathering->room = room;
	}
	end = &gathering->found.list[gathering->found.count++];
	sw_diag_addr(message->idiag_family, message->id.idiag_src, &end->addr);
	end->port = ntohs(message->id.idiag_sport);
	return MNL_CB_OK;
}

static bool has_any(const struct sw_owners *owners, const struct sw_inodes *inodes)
{
	for (size_t i = 0; i < inodes->count; i++)
		if (sw_owners_have(owners, inodes->list[i]))
			return true;
	return false;
}

int sw_outgoing_read(const struct sw_inodes *listeners, const struct sw_inodes *but,
		     struct sw_outgoing *out)
{
	SW_OWNERS_FREE struct sw_owners owners = {0};
	struct gathering gathering = {.owners = &owners};
	int failed = sw_owners_read(listeners->list, listeners->count, &owners);

	/* What is hidden matters only if nothing else was found. */
	if (failed && !owners.count)
		return failed;
	failed = 0;
	if (!has_any(&owners, but))
		failed = sw_diag_dump(1u << TCP_ESTABLISHED, collect, &gathering);
	if (failed) {
		sw_outgoing_free(&gathering.found);
		return failed;
	}
	*out = gathering.found;
	return 0;
}

void sw_outgoing_free(struct sw_outgoing *outgoing)
{
	free(outgoing->list);
	*outgoing = (struct sw_outgoing){0};
}
