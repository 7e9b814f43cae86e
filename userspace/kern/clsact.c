/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our filter on an interface's clsact qdisc: added, looked for, removed.
 */
#include "kern/clsact.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

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

__u32 sw_clsact_find(int ifindex, int *priority)
{
	for (int at = SW_CLSACT_FIRST; at <= SW_CLSACT_SECOND; at++) {
		__u32 program;

		program_at(ifindex, at, &program);
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
		sw_clsact_remove(ifindex, true);
	return failed;
}

void sw_clsact_drop(int ifindex, int priority)
{
	struct bpf_tc_hook hook;
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = OUR_HANDLE, .priority = (__u32)priority);

	hook_of(ifindex, &hook);
	bpf_tc_detach(&hook, &opts);
}

static int count_filter(const struct nlmsghdr *message, void *count)
{
	(void)message;
	(*(int *)count)++;
	return MNL_CB_OK;
}

/* Filters on one of clsact's two sides; -1 when the kernel does not say. */
static int count_filters(int ifindex, __u32 parent)
{
	char buffer[16384];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);
	struct tcmsg *tc;
	int filters = 0;
	int status = socket ? MNL_CB_OK : MNL_CB_ERROR;

	request->nlmsg_type = RTM_GETTFILTER;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = 1;
	tc = mnl_nlmsg_put_extra_header(request, sizeof(*tc));
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = ifindex;
	tc->tcm_parent = parent;
	if (status == MNL_CB_OK && mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		status = MNL_CB_ERROR;
	while (status == MNL_CB_OK) {
		ssize_t size = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));

		status = size < 0 ? MNL_CB_ERROR
				  : mnl_cb_run(buffer, size, 1, 0, count_filter, &filters);
	}
	if (socket)
		mnl_socket_close(socket);
	return status == MNL_CB_ERROR ? -1 : filters;
}

void sw_clsact_remove(int ifindex, bool made)
{
	struct bpf_tc_hook hook;

	sw_clsact_drop(ifindex, SW_CLSACT_FIRST);
	sw_clsact_drop(ifindex, SW_CLSACT_SECOND);
	if (!made || count_filters(ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)) != 0 ||
	    count_filters(ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)) != 0)
		return;
	hook_of(ifindex, &hook);
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	bpf_tc_hook_destroy(&hook);
}
