/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which service a SYN is for. Used by the gate and by steering.
 */
#ifndef SPILLWAY_SERVICE_BPF_H
#define SPILLWAY_SERVICE_BPF_H

#include <bpf/bpf_endian.h>

#include "maps.bpf.h"

#define NO_SERVICE 0xffffffffu

static const __u32 the_only = 0;

/* The exact address wins over "any address". */
static __noinline int service_by_address(const struct sw_flow_key *flow)
{
	struct sw_service_key key = {.address = flow->server, .port_be = flow->server_port_be};
	__u32 *id = bpf_map_lookup_elem(&services, &key);

	if (!id) {
		__builtin_memset(&key.address, 0, sizeof(key.address));
		id = bpf_map_lookup_elem(&services, &key);
	}
	return id ? *id : NO_SERVICE;
}

static __always_inline __u32 service_of(const struct sw_flow_key *flow)
{
	struct sw_ports *table = bpf_map_lookup_elem(&ports, &the_only);
	__u32 port = bpf_ntohs(flow->server_port_be);
	__u8 entry;

	if (!table)
		return NO_SERVICE;
	/* The verifier of 6.12 knows no bound of a swapped number, and clang one too many to say it. */
	asm volatile("%0 &= 0xffff" : "+r"(port));
	entry = table->service[port];
	if (entry == SW_PORT_BY_ADDRESS)
		return service_by_address(flow);
	return entry ? entry - 1u : NO_SERVICE;
}

#endif
