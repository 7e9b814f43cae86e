/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The doctor's questions to interfaces: driver, where the gate goes, queues, and what keeps native XDP away.
 */
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "kern/interface.h"
#include "kern/probe.h"

/*
 * What is left for a frame in a page of 4096 bytes behind XDP's 256 and before the 320 that the kernel keeps, less
 * Ethernet's header and a VLAN tag: drivers that know no frames in several buffers take no program beyond.
 */
#define XDP_MTU_MAX 3502

static const char *driver_name(const char *name, char driver[32])
{
	sw_interface_driver(name, driver, 32);
	return driver[0] ? driver : "no driver";
}

static void probe_mode(struct sw_probe *probe, const char *name)
{
	char driver[32];
	const char *said = driver_name(name, driver);
	int ifindex = (int)if_nametoindex(name);
	uint32_t xdp = sw_interface_xdp_program(ifindex);

	if (xdp && sw_interface_may_be_gate(xdp))
		sw_probe_say(probe, "interface", SW_PROBE_OK,
			     "%s (%s) has XDP program %u, in %s mode", name, said, xdp,
			     sw_interface_xdp_is_generic(ifindex) ? "generic" : "native");
	else if (xdp)
		sw_probe_say(
			probe, "interface", SW_PROBE_WARN,
			"%s (%s) has XDP program %u: mode auto will use tc; to use XDP take it off with "
			"'ip link set dev %s xdp off'",
			name, said, xdp, name);
	else if (!strcmp(said, "veth"))
		sw_probe_say(probe, "interface", SW_PROBE_OK, "%s (veth): mode auto will use tc",
			     name);
	else if (sw_interface_loses_tags(name))
		sw_probe_say(
			probe, "interface", SW_PROBE_WARN,
			"%s (%s) takes the tags of its VLANs off before native XDP sees them: mode auto "
			"will use tc; for XDP 'ethtool -K %s rxvlan off'",
			name, said, name);
	else
		sw_probe_say(probe, "interface", SW_PROBE_OK,
			     "%s (%s): mode auto tries native XDP, then tc", name, said);
}

/* Drivers that have nothing to say about it say nothing. */
static void probe_queues(struct sw_probe *probe, const char *name)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t queues = sw_interface_receive_queues(name);

	if (queues == 1 && cpus > 1)
		sw_probe_say(
			probe, "queues", SW_PROBE_WARN,
			"%s has 1 receive queue for %ld CPUs: one decides about all packets; "
			"'ethtool -L %s combined %ld' where the card has more, or RPS for what "
			"comes behind the gate",
			name, cpus, name, cpus);
	else if (queues)
		sw_probe_say(probe, "queues", SW_PROBE_OK, "%s has %u receive queue%s for %ld CPUs",
			     name, queues, queues == 1 ? "" : "s", cpus);
}

/* What keeps native XDP away, for whom that matters: mode auto takes TC then. */
static void probe_native(struct sw_probe *probe, const char *name, enum sw_attach_mode mode)
{
	enum sw_probe_level level = mode == SW_ATTACH_NATIVE ? SW_PROBE_FAIL : SW_PROBE_WARN;
	uint32_t mtu = sw_interface_mtu(name);

	if (sw_interface_has_lro(name))
		sw_probe_say(probe, "lro", level,
			     "%s puts segments together (LRO), which native XDP does not go with: "
			     "'ethtool -K %s lro off'",
			     name, name);
	else
		sw_probe_say(probe, "lro", SW_PROBE_OK, "%s does no LRO", name);
	if (mtu > XDP_MTU_MAX)
		sw_probe_say(probe, "mtu", level,
			     "%s has an MTU of %u: beyond %d most drivers take no XDP program; "
			     "'ip link set dev %s mtu %d', or mode: tc",
			     name, mtu, XDP_MTU_MAX, name, XDP_MTU_MAX);
	else
		sw_probe_say(probe, "mtu", SW_PROBE_OK, "%s has an MTU of %u", name, mtu);
}

static void probe_interface(struct sw_probe *probe, const char *name, enum sw_attach_mode mode)
{
	if (!if_nametoindex(name)) {
		sw_probe_say(probe, "interface", SW_PROBE_FAIL,
			     "%s: there is none; name another in interfaces, see 'ip link'", name);
		return;
	}
	probe_mode(probe, name);
	probe_queues(probe, name);
	if (mode == SW_ATTACH_AUTO || mode == SW_ATTACH_NATIVE)
		probe_native(probe, name, mode);
}

void sw_probe_interfaces(struct sw_probe *probe, const struct sw_config_interface *configured,
			 size_t count)
{
	struct if_nameindex *all;

	for (size_t i = 0; i < count; i++)
		probe_interface(probe, configured[i].name, configured[i].mode);
	all = count ? NULL : if_nameindex();
	for (struct if_nameindex *at = all; at && at->if_index; at++)
		if (strcmp(at->if_name, "lo"))
			probe_interface(probe, at->if_name, SW_ATTACH_AUTO);
	if (all)
		if_freenameindex(all);
}
