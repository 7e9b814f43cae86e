/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an interface is: asked before the gate is put on it, and by `spillway probe`.
 */
#ifndef SW_KERN_INTERFACE_H
#define SW_KERN_INTERFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The driver's name ("veth", "ixgbe", …); "" if it has none to tell. */
void sw_interface_driver(const char *name, char *driver, size_t size);

/*
 * Whether there are VLANs on it (802.1Q devices, in this namespace) whose tags its card takes off before native XDP
 * sees the frame. What native XDP then answers, or lets in later, has none: it never comes to the VLAN.
 */
bool sw_interface_loses_tags(const char *name);

/* Whether the card puts segments together before anybody sees them. */
bool sw_interface_has_lro(const char *name);
uint32_t sw_interface_receive_queues(const char *name); /* 0: not known, likewise below */
uint32_t sw_interface_mtu(const char *name);

/* Id of the XDP program that is on the interface, 0 for none. */
uint32_t sw_interface_xdp_program(int ifindex);

/* Whether this program may be on the interface; true, too, when the kernel does not tell. */
bool sw_interface_may_run(int ifindex, uint32_t program_id);

/* Whether the program that is on it is in generic mode. */
bool sw_interface_xdp_is_generic(int ifindex);

/* Whether the program by this id is the gate, this daemon's or another's. */
bool sw_interface_is_gate(uint32_t program_id);
/* The same; true, too, for who is not permitted to look (CAP_SYS_ADMIN). */
bool sw_interface_may_be_gate(uint32_t program_id);

#endif
