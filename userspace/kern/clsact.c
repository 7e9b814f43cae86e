/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our filter on an interface's clsact qdisc: added, looked for, removed.
 */
#include "kern/clsact.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "kern/netlink.h"

/* Ours among the filters of an interface: "SW". */
#define OUR_HANDLE 0x5357

/* libbpf refuses a structure whose padding is not zero, and only memset() sees to that. */
static void hook_of(int ifindex, struct bpf_tc_hook *hook)
{
	memset(hook, 0, sizeof(*hook));
	hook->sz = sizeof(*hook);
	hook->ifindex = ifindex;
	hook->attach_point = BPF_TC_INGRESS;
}

static int program_at(int ifindex, int priority, __u32 *program)
{
	struct bpf_tc_hook hook;
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = OUR_HANDLE, .priority = (__u32)priority);
	int failed;

	hook_of(ifindex, &hook);
	failed = bpf_tc_query(&hook, &opts);
	*program = failed ? 0 : opts.prog_id;
	return failed;
}

__u32 sw_clsact_program(int ifindex, int priority)
{
	__u32 program;

	program_at(ifindex, priority, &program);
	return program;
}

__u32 sw_clsact_find(int ifindex, int *priority)
{
	for (int at = SW_CLSACT_FIRST; at <= SW_CLSACT_SECOND; at++) {
		__u32 program = sw_clsact_program(ifindex, at);

		if (!program)
			continue;
		*priority = at;
		return program;
	}
	return 0;
}

/* What the kernel answers where there is no filter, no qdisc, no interface. */
static bool is_absent(int failed)
{
	return failed == -ENOENT || failed == -EINVAL || failed == -ENODEV;
}

bool sw_clsact_is_gone(int ifindex)
{
	__u32 program;

	return is_absent(program_at(ifindex, SW_CLSACT_FIRST, &program)) &&
	       is_absent(program_at(ifindex, SW_CLSACT_SECOND, &program));
}

int sw_clsact_put(int ifindex, int program_fd, int priority, bool *made)
{
	struct bpf_tc_hook hook;
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = OUR_HANDLE, .priority = (__u32)priority,
		    .prog_fd = program_fd, .flags = BPF_TC_F_REPLACE);
	int failed;

	hook_of(ifindex, &hook);
	failed = bpf_tc_hook_create(&hook);
	if (failed && failed != -EEXIST)
		return failed;
	*made = !failed;
	failed = bpf_tc_attach(&hook, &opts);
	if (failed && *made)
		sw_clsact_destroy(ifindex);
	return failed;
}

void sw_clsact_drop(int ifindex, int priority)
{
	struct bpf_tc_hook hook;
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = OUR_HANDLE, .priority = (__u32)priority);

	hook_of(ifindex, &hook);
	bpf_tc_detach(&hook, &opts);
}

struct search {
	int ifindex;
	int found;
};

static int note_qdisc(const struct nlmsghdr *message, void *arg)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(message);
	struct search *search = arg;

	search->found += tc->tcm_ifindex == search->ifindex && tc->tcm_parent == TC_H_CLSACT;
	return MNL_CB_OK;
}

static int note_filter(const struct nlmsghdr *message, void *arg)
{
	struct search *search = arg;

	(void)message;
	search->found++;
	return MNL_CB_OK;
}

/* How many qdiscs, or filters of one of clsact's two sides, the interface has, or -errno. */
static int count(int ifindex, uint16_t type, __u32 parent, mnl_cb_t note)
{
	SW_NETLINK_CLOSE struct mnl_socket *socket = sw_netlink_open(NETLINK_ROUTE);
	char buffer[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct tcmsg))];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct search search = {.ifindex = ifindex};
	struct tcmsg *tc;
	int failed;

	if (!socket)
		return -errno;
	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	tc = mnl_nlmsg_put_extra_header(request, sizeof(*tc));
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = ifindex;
	tc->tcm_parent = parent;
	failed = sw_netlink_ask(socket, request, note, &search);
	return failed ? failed : search.found;
}

int sw_clsact_is_there(int ifindex)
{
	int found = count(ifindex, RTM_GETQDISC, 0, note_qdisc);

	return found > 0 ? 1 : found;
}

static bool has_filters(int ifindex)
{
	return count(ifindex, RTM_GETTFILTER, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
		     note_filter) ||
	       count(ifindex, RTM_GETTFILTER, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), note_filter);
}

void sw_clsact_destroy(int ifindex)
{
	struct bpf_tc_hook hook;

	if (has_filters(ifindex))
		return;
	hook_of(ifindex, &hook);
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	bpf_tc_hook_destroy(&hook);
}
