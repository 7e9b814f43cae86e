/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading programs and maps, mapping what can be mapped, pinning, and taking it all away again.
 */
#include "kern/load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/clock.h"
#include "core/log.h"
#include "kern/leftover.h"
#include "kern/pins.h"
#include "kern/preflight.h"
#include "spillway.skel.h"
#include "spillway/names.h"

struct sw_kern {
	struct spillway_bpf *skel;
	struct sw_maps maps;
	char *pin_dir;
	int lock_fd;
};

/* The last thing libbpf complained about; it says more than its -errno. */
static char last_complaint[256];

static int hear_libbpf(enum libbpf_print_level level, const char *fmt, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, args);
	text[strcspn(text, "\n")] = '\0';
	if (level == LIBBPF_WARN && text[0] && !strstr(text, "-- BEGIN PROG LOAD LOG --"))
		snprintf(last_complaint, sizeof(last_complaint), "%.255s", text);
	sw_log_debug("%s", text);
	return 0;
}

static size_t mapped_bytes(const struct bpf_map *map)
{
	size_t value = (bpf_map__value_size(map) + 7) & ~7ul;
	size_t page = sysconf(_SC_PAGESIZE);

	return (value * bpf_map__max_entries(map) + page - 1) & ~(page - 1);
}

static int map_memory(const struct bpf_map *map, void **out)
{
	void *memory = mmap(NULL, mapped_bytes(map), PROT_READ | PROT_WRITE, MAP_SHARED,
			    bpf_map__fd(map), 0);

	if (memory == MAP_FAILED)
		return -errno;
	*out = memory;
	return 0;
}

/* One row for each map that userspace reads and writes as memory. */
struct mapped_row {
	const struct bpf_map *map;
	void **at;
};

static int map_all(struct sw_kern *kern)
{
	struct sw_maps *maps = &kern->maps;
	struct mapped_row rows[] = {
		{kern->skel->maps.control, (void **)&maps->control},
		{kern->skel->maps.ports, (void **)&maps->ports},
		{kern->skel->maps.service_conf, (void **)&maps->service_conf},
		{kern->skel->maps.service_state, (void **)&maps->service_state},
		{kern->skel->maps.class_conf, (void **)&maps->class_conf},
		{kern->skel->maps.class_state, (void **)&maps->class_state},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = map_memory(rows[i].map, rows[i].at);

		if (err)
			return err;
	}
	maps->services_fd = bpf_map__fd(kern->skel->maps.services);
	maps->classes_fd = bpf_map__fd(kern->skel->maps.classes);
	maps->source_rate_fd = bpf_map__fd(kern->skel->maps.source_rate);
	maps->source_live_fd = bpf_map__fd(kern->skel->maps.source_live);
	maps->flows_fd = bpf_map__fd(kern->skel->maps.flows);
	maps->refused_fd = bpf_map__fd(kern->skel->maps.refused);
	maps->counters_fd = bpf_map__fd(kern->skel->maps.counters);
	maps->verdicts_fd = bpf_map__fd(kern->skel->maps.verdicts);
	maps->lifetimes_fd = bpf_map__fd(kern->skel->maps.lifetimes);
	maps->control->layout_version = SW_LAYOUT_VERSION;
	return 0;
}

static void unmap_all(struct sw_kern *kern)
{
	struct sw_maps *maps = &kern->maps;

	if (maps->control)
		munmap(maps->control, mapped_bytes(kern->skel->maps.control));
	if (maps->ports)
		munmap(maps->ports, mapped_bytes(kern->skel->maps.ports));
	if (maps->service_conf)
		munmap(maps->service_conf, mapped_bytes(kern->skel->maps.service_conf));
	if (maps->service_state)
		munmap(maps->service_state, mapped_bytes(kern->skel->maps.service_state));
	if (maps->class_conf)
		munmap(maps->class_conf, mapped_bytes(kern->skel->maps.class_conf));
	if (maps->class_state)
		munmap(maps->class_state, mapped_bytes(kern->skel->maps.class_state));
}

static int load_failed(int failed, struct sw_error *err)
{
	if (failed == -EPERM)
		return sw_error_set(err, failed, "the kernel refuses to load programs: %s",
				    last_complaint[0] ? last_complaint : strerror(EPERM));
	return sw_error_set(err, failed == -ENOMEM ? failed : -ENOTSUP,
			    "the kernel does not take the programs (%s): %s", strerror(-failed),
			    last_complaint[0] ? last_complaint : "no reason given");
}

static int load_skeleton(struct sw_kern *kern, struct sw_error *err)
{
	struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	struct stat netns;
	int failed;

	libbpf_set_print(hear_libbpf);
	last_complaint[0] = '\0';
	setrlimit(RLIMIT_MEMLOCK, &none); /* kernels before 5.11 counted maps against it */
	if (stat("/proc/self/ns/net", &netns))
		return sw_error_set(err, -errno, "/proc/self/ns/net: %s", strerror(errno));
	kern->skel = spillway_bpf__open();
	if (!kern->skel)
		return load_failed(-errno, err);
	kern->skel->rodata->guarded_netns = netns.st_ino;
	failed = spillway_bpf__load(kern->skel);
	if (failed)
		return load_failed(failed, err);
	kern->skel->links.life = bpf_program__attach(kern->skel->progs.life);
	if (!kern->skel->links.life)
		return load_failed(-errno, err);
	failed = map_all(kern);
	if (failed)
		return sw_error_set(err, failed, "cannot map the kernel's tables: %s",
				    strerror(-failed));
	return 0;
}

static int pin_all(struct sw_kern *kern, struct sw_error *err)
{
	struct bpf_map *map;
	int failed;

	bpf_object__for_each_map(map, kern->skel->obj)
	{
		char name[64];

		if (bpf_map__is_internal(map))
			continue;
		snprintf(name, sizeof(name), "map_%s", bpf_map__name(map));
		failed = sw_pins_add(kern->pin_dir, name, bpf_map__fd(map), err);
		if (failed)
			return failed;
	}
	return sw_pins_add(kern->pin_dir, "link_life", bpf_link__fd(kern->skel->links.life), err);
}

static int take_pin_dir(struct sw_kern *kern, const char *pin_dir, struct sw_error *err)
{
	size_t found = 0;
	int failed = sw_preflight_bpffs(pin_dir, err);

	if (failed)
		return failed;
	failed = sw_pins_lock(pin_dir, &kern->lock_fd, err);
	if (failed)
		return failed;
	sw_leftover_remove(pin_dir);
	failed = sw_pins_clear(pin_dir, &found, err);
	if (failed)
		return failed;
	if (found)
		sw_log_warn("%s: removed %zu pins of a daemon that did not stop cleanly; "
			    "connections of its time are not counted",
			    pin_dir, found);
	kern->pin_dir = strdup(pin_dir);
	return kern->pin_dir ? 0 : -ENOMEM;
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
	if (pin_dir)
		failed = take_pin_dir(kern, pin_dir, err);
	if (!failed)
		failed = load_skeleton(kern, err);
	if (!failed && pin_dir)
		failed = pin_all(kern, err);
	if (failed) {
		sw_unload(kern);
		return failed;
	}
	*out = kern;
	return 0;
}

void sw_unload(struct sw_kern *kern)
{
	struct sw_error ignored;
	size_t found;

	if (!kern)
		return;
	if (kern->pin_dir && !sw_pins_clear(kern->pin_dir, &found, &ignored))
		rmdir(kern->pin_dir);
	if (kern->skel)
		unmap_all(kern);
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

int sw_kern_program_fd(const struct sw_kern *kern, enum sw_program program)
{
	const struct bpf_program *of[] = {
		[SW_PROGRAM_GATE_XDP] = kern->skel->progs.gate_xdp,
		[SW_PROGRAM_GATE_TC] = kern->skel->progs.gate_tc,
		[SW_PROGRAM_STEER_TC] = kern->skel->progs.steer_tc,
		[SW_PROGRAM_SWEEP] = kern->skel->progs.sweep_all,
	};

	return bpf_program__fd(of[program]);
}

const char *sw_kern_pin_dir(const struct sw_kern *kern)
{
	return kern->pin_dir;
}

int sw_kern_sweep(struct sw_kern *kern, struct sw_sweep *result)
{
	struct sw_sweep sweep = {.now_ns = sw_clock_monotonic_ns()};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &sweep, .ctx_size_in = sizeof(sweep));
	int failed = bpf_prog_test_run_opts(sw_kern_program_fd(kern, SW_PROGRAM_SWEEP), &opts);

	if (failed)
		return failed;
	*result = sweep;
	return opts.retval ? -EIO : 0;
}
