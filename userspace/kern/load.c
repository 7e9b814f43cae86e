/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading programs and maps, mapping what can be mapped, pinning, and taking it all away again.
 */
#include "kern/load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/log.h"
#include "kern/complaint.h"
#include "kern/gates.h"
#include "kern/generation.h"
#include "kern/inherit.h"
#include "kern/links.h"
#include "kern/mapped.h"
#include "kern/notes.h"
#include "kern/pins.h"
#include "kern/pins_check.h"
#include "kern/preflight.h"
#include "spillway.skel.h"
#include "spillway/names.h"

struct sw_kern {
	struct spillway_bpf *skel;
	struct spillway_bpf *gates[SW_GATES]; /* NULL: not needed so far */
	struct sw_maps maps;
	char *pin_dir;
	char before[SW_PIN_PATH_MAX];	  /* the generation of the daemon before this one */
	char generation[SW_PIN_PATH_MAX]; /* where maps are pinned; "" while nothing is */
	uint64_t netns_cookie;
	bool inherited; /* maps of a daemon before this one */
	bool counts;	/* the generation is the current one */
	int lock_fd;
};

static int load_skeleton(struct sw_kern *kern, struct sw_error *err)
{
	struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	int failed = 0;

	sw_complaint_hear();
	setrlimit(RLIMIT_MEMLOCK, &none); /* kernels before 5.11 counted maps against it */
	kern->skel = spillway_bpf__open();
	if (!kern->skel)
		return sw_complaint_error(-errno, err);
	kern->skel->rodata->guarded_netns_cookie = kern->netns_cookie;
	sw_gates_leave_out(kern->skel);
	if (kern->inherited)
		failed = sw_inherit_maps(kern->skel->obj, kern->generation);
	if (failed)
		return sw_complaint_error(failed, err);
	failed = spillway_bpf__load(kern->skel);
	if (failed)
		return sw_complaint_error(failed, err);
	failed = sw_links_attach(kern->skel);
	if (failed)
		return sw_complaint_error(failed, err);
	failed = sw_mapped_open(kern->skel, &kern->maps);
	if (failed)
		return sw_error_set(err, failed, "cannot map the kernel's tables: %s",
				    strerror(-failed));
	sw_kern_go_on_answering(kern);
	return 0;
}

static int pin_maps(struct sw_kern *kern, struct sw_error *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, kern->skel->obj)
	{
		char name[64];
		int failed;

		if (bpf_map__is_internal(map))
			continue;
		snprintf(name, sizeof(name), "map_%s", bpf_map__name(map));
		if (!sw_pins_is_part(name))
			return sw_error_set(err, -EINVAL, "%s is not one of SW_MAP_NAMES", name);
		failed = sw_pins_add(kern->generation, name, bpf_map__fd(map), err);
		if (failed)
			return failed;
	}
	return 0;
}

static int take_pin_dir(struct sw_kern *kern, const char *pin_dir, struct sw_error *err)
{
	int failed = sw_preflight_bpffs(pin_dir, err);

	if (!failed)
		failed = sw_pins_lock(pin_dir, &kern->lock_fd, err);
	if (!failed)
		failed = sw_pins_check(pin_dir, err);
	if (failed)
		return failed;
	kern->pin_dir = strdup(pin_dir);
	return kern->pin_dir ? 0 : sw_error_set(err, -ENOMEM, "out of memory");
}

static void warn_if_lost(const char *pin_dir)
{
	if (sw_generation_is_lost(pin_dir))
		sw_log_warn("%s/current, the link to the maps that count, is missing or leads "
			    "nowhere: counting anew from the connections that are open. Unless it "
			    "was a start that was cut off, what was tuned, allowed, denied or "
			    "paused since the file was read is lost",
			    pin_dir);
}

/* The maps of the daemon before this one if they can be used, else new ones. */
static int load_pinned(struct sw_kern *kern, struct sw_error *err)
{
	struct sw_error why = {0};
	int failed = sw_generation_current(kern->pin_dir, kern->before);

	if (!failed && !sw_inherit_check(kern->before, kern->netns_cookie, &why)) {
		kern->inherited = true;
		memcpy(kern->generation, kern->before, sizeof(kern->generation));
		failed = load_skeleton(kern, err);
		return failed ? failed : sw_links_pin(kern->skel, kern->generation, err);
	}
	if (!failed)
		sw_log_warn("%s: counting anew from the connections that are open", why.text);
	if (failed) {
		kern->before[0] = '\0';
		warn_if_lost(kern->pin_dir);
	}
	failed = load_skeleton(kern, err);
	if (!failed)
		failed = sw_generation_make(kern->pin_dir, kern->generation, err);
	if (!failed)
		failed = pin_maps(kern, err);
	return failed ? failed : sw_links_pin(kern->skel, kern->generation, err);
}

int sw_load(const char *pin_dir, struct sw_kern **out, struct sw_error *err)
{
	struct sw_kern *kern;
	int failed = sw_preflight_kernel(err);

	if (!failed)
		failed = sw_preflight_capabilities(err);
	if (failed)
		return failed;
	kern = calloc(1, sizeof(*kern));
	if (!kern)
		return sw_error_set(err, -ENOMEM, "out of memory");
	kern->lock_fd = -1;
	failed = sw_netns_cookie(&kern->netns_cookie, err);
	if (!failed && pin_dir)
		failed = take_pin_dir(kern, pin_dir, err);
	if (!failed)
		failed = pin_dir ? load_pinned(kern, err) : load_skeleton(kern, err);
	if (failed) {
		sw_unload(kern, SW_UNLOAD_UNDO);
		return failed;
	}
	*out = kern;
	return 0;
}

int sw_kern_commit(struct sw_kern *kern, struct sw_error *err)
{
	int failed = 0;

	if (!kern->inherited && !kern->counts)
		failed = sw_generation_commit(kern->pin_dir, kern->generation, err);
	kern->counts = !failed;
	return failed;
}

/* What this daemon began, and nothing else: a gate of one before it may count by what else is pinned. */
static void undo_pins(const struct sw_kern *kern)
{
	struct sw_error err;

	if (kern->counts && !kern->inherited && !kern->before[0])
		sw_pins_remove(kern->pin_dir, "current");
	else if (kern->counts && !kern->inherited &&
		 sw_generation_commit(kern->pin_dir, kern->before, &err)) {
		sw_log_error("%s: the next spillwayd counts anew", err.text);
		return;
	}
	if (kern->generation[0] && !kern->inherited)
		sw_generation_remove(kern->generation);
}

static void remove_pins(const struct sw_kern *kern, enum sw_unload how)
{
	if (how == SW_UNLOAD_KEEP)
		return;
	if (how == SW_UNLOAD_UNDO) {
		undo_pins(kern);
	} else {
		sw_pins_remove(kern->pin_dir, "current");
		sw_generation_prune(kern->pin_dir);
	}
	/* Unless something is in it. */
	rmdir(kern->pin_dir);
}

void sw_unload(struct sw_kern *kern, enum sw_unload how)
{
	if (!kern)
		return;
	if (kern->pin_dir)
		remove_pins(kern, how);
	for (enum sw_gate which = 0; which < SW_GATES; which++)
		spillway_bpf__destroy(kern->gates[which]);
	if (kern->skel)
		sw_mapped_close(kern->skel, &kern->maps);
	spillway_bpf__destroy(kern->skel);
	if (kern->lock_fd >= 0)
		close(kern->lock_fd);
	free(kern->pin_dir);
	free(kern);
}

const struct sw_maps *sw_kern_maps(const struct sw_kern *kern)
{
	return &kern->maps;
}

static int gate_of(enum sw_program program)
{
	return program == SW_PROGRAM_GATE_XDP  ? SW_GATE_XDP
	       : program == SW_PROGRAM_GATE_TC ? SW_GATE_TC
					       : SW_GATES;
}

int sw_kern_need(struct sw_kern *kern, enum sw_program program, struct sw_error *err)
{
	enum sw_gate gate = gate_of(program);
	int failed;

	if (gate == SW_GATES || kern->gates[gate])
		return 0;
	sw_complaint_hear();
	failed = sw_gates_load(kern->skel, gate, &kern->gates[gate]);
	return failed ? sw_complaint_error(failed, err) : 0;
}

int sw_kern_program_fd(const struct sw_kern *kern, enum sw_program program)
{
	const struct bpf_program *of[] = {
		[SW_PROGRAM_STEER_TC] = kern->skel->progs.steer_tc,
		[SW_PROGRAM_SWEEP] = kern->skel->progs.sweep_all,
		[SW_PROGRAM_RECONCILE] = kern->skel->progs.reconcile_flow,
		[SW_PROGRAM_BEAT] = kern->skel->progs.beat,
		[SW_PROGRAM_RELEASE] = kern->skel->progs.release_waiter,
		[SW_PROGRAM_COUNT_UP] = kern->skel->progs.count_up,
		[SW_PROGRAM_ARM_SWEEP] = kern->skel->progs.arm_sweep,
		[SW_PROGRAM_LIFE_AGAIN] = kern->skel->progs.life_again,
	};
	enum sw_gate gate = gate_of(program);

	if (gate == SW_GATES)
		return bpf_program__fd(of[program]);
	return kern->gates[gate] ? sw_gates_fd(kern->gates[gate], gate) : -ENOENT;
}

const char *sw_kern_pin_dir(const struct sw_kern *kern)
{
	return kern->pin_dir;
}

const char *sw_kern_generation(const struct sw_kern *kern)
{
	return kern->generation;
}

const char *sw_kern_before(const struct sw_kern *kern)
{
	return kern->before;
}

void sw_kern_go_on_answering(struct sw_kern *kern)
{
	for (size_t i = 0; i < SW_SERVICES_MAX; i++)
		if (kern->maps.service_state[i].last_refused_ns > kern->skel->bss->answering_ns)
			kern->skel->bss->answering_ns = kern->maps.service_state[i].last_refused_ns;
}

bool sw_kern_inherited(const struct sw_kern *kern)
{
	return kern->inherited;
}

uint64_t sw_kern_netns_cookie(const struct sw_kern *kern)
{
	return kern->netns_cookie;
}
