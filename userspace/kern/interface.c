/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an interface is: its driver, what that does to tags, its XDP program.
 */
#include "kern/interface.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "core/cleanup.h"
#include "kern/stacked.h"

/* 0, and in `about`, which begins with a command, what the driver says to it; -1 */
static int ask_driver(const char *name, void *about)
{
	SW_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_data = about};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return fd < 0 ? -1 : ioctl(fd, SIOCETHTOOL, &request);
}

void sw_interface_driver(const char *name, char *driver, size_t size)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};

	if (ask_driver(name, &info))
		info.driver[0] = '\0';
	snprintf(driver, size, "%s", info.driver);
}

static bool has_vlans(const char *name)
{
	struct sw_stacked stacked = {0};
	bool has = !sw_stacked_read(&stacked) &&
		   sw_stacked_has_vlan(&stacked, (int)if_nametoindex(name));

	sw_stacked_free(&stacked);
	return has;
}

bool sw_interface_loses_tags(const char *name)
{
	struct ethtool_value flags = {.cmd = ETHTOOL_GFLAGS};

	return !ask_driver(name, &flags) && flags.data & ETH_FLAG_RXVLAN && has_vlans(name);
}

bool sw_interface_has_lro(const char *name)
{
	struct ethtool_value flags = {.cmd = ETHTOOL_GFLAGS};

	return !ask_driver(name, &flags) && flags.data & ETH_FLAG_LRO;
}

/* Not out of /sys, which shows the namespace in which it was mounted. */
uint32_t sw_interface_receive_queues(const char *name)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};

	return ask_driver(name, &channels) ? 0 : channels.rx_count + channels.combined_count;
}

uint32_t sw_interface_mtu(const char *name)
{
	SW_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return fd < 0 || ioctl(fd, SIOCGIFMTU, &request) ? 0 : (uint32_t)request.ifr_mtu;
}

uint32_t sw_interface_xdp_program(int ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);

	if (bpf_xdp_query(ifindex, 0, &opts))
		return 0;
	if (opts.prog_id)
		return opts.prog_id;
	return opts.drv_prog_id ? opts.drv_prog_id : opts.skb_prog_id;
}

bool sw_interface_may_run(int ifindex, uint32_t program_id)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);

	return bpf_xdp_query(ifindex, 0, &opts) || opts.prog_id == program_id ||
	       opts.drv_prog_id == program_id || opts.skb_prog_id == program_id;
}

bool sw_interface_xdp_is_generic(int ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);

	return !bpf_xdp_query(ifindex, 0, &opts) && opts.attach_mode == XDP_ATTACHED_SKB;
}

/* 1: it is, 0: not, -errno */
static int find_gate(uint32_t program_id)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);
	SW_CLOSE int fd = bpf_prog_get_fd_by_id(program_id);
	int failed = fd < 0 ? fd : bpf_obj_get_info_by_fd(fd, &info, &size);

	return failed ? failed : !strcmp(info.name, "gate_xdp");
}

bool sw_interface_is_gate(uint32_t program_id)
{
	return find_gate(program_id) == 1;
}

bool sw_interface_may_be_gate(uint32_t program_id)
{
	int is = find_gate(program_id);

	return is == 1 || is == -EPERM;
}
