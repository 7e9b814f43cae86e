/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which class of a service a source is in. Used by the gate.
 */
#ifndef SPILLWAY_CLASS_BPF_H
#define SPILLWAY_CLASS_BPF_H

#include <bpf/bpf_endian.h>

#include "maps.bpf.h"

static __noinline __u32 class_of(const struct sw_service_conf *conf, __u32 service,
				 const struct sw_in6 *client)
{
	struct sw_class_key key = {.prefix_bits = 32 + 128, .service_be = bpf_htonl(service)};
	__u32 *id;

	if (!conf->has_prefixes)
		return conf->default_class;
	key.address = *client;
	id = bpf_map_lookup_elem(&classes, &key);
	return id ? *id : conf->default_class;
}

#endif
