/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices on top of others, as eth0.10, a bond or a bridge with its ports: what comes in by the upper one came in
 * by the lower before, where the gate is. Used by daemon/reconcile_adopt.c and kern/interface.c.
 */
#ifndef SW_KERN_STACKED_H
#define SW_KERN_STACKED_H

#include <stdbool.h>
#include <stddef.h>

struct sw_stacked_link {
	int ifindex;
	int lower;    /* by which its frames come as the gate reads them; 0: none */
	int master;   /* the bridge or bond that it is a port of; 0: none */
	bool is_vlan; /* its frames come in an 802.1Q or 802.1ad tag */
	bool is_vrf;  /* frames come by its ports, and by which of them its own routes say */
};

struct sw_stacked {
	struct sw_stacked_link *list;
	size_t count;
	size_t room;
};

/* All interfaces of this network namespace. 0 or -errno; to be freed either way. */
int sw_stacked_read(struct sw_stacked *out);
void sw_stacked_free(struct sw_stacked *stacked);

/*
 * True where all that comes in by the interface comes by one of `guarded`: it is one, or there are devices below it,
 * and of each the same is true. A bridge with a port that is not guarded is none: who comes by that port passes no gate.
 */
bool sw_stacked_is_over(const struct sw_stacked *stacked, int ifindex, const int *guarded,
			size_t count);

/* Whether the interface is that of a VRF. */
bool sw_stacked_is_vrf(const struct sw_stacked *stacked, int ifindex);

/* Whether there is a VLAN right on top of the interface. */
bool sw_stacked_has_vlan(const struct sw_stacked *stacked, int ifindex);

#endif
