/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks before loading: capabilities, kernel, BTF, bpffs.
 */
#include "kern/preflight.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "spillway/names.h"

#define BPFFS "/sys/fs/bpf"
#define BTF   "/sys/kernel/btf/vmlinux"

/* What the programs use has been there since this one (bpf_skc_lookup_tcp in all, XDP frags). */
#define KERNEL_MAJOR 6
#define KERNEL_MINOR 1

static const struct {
	int number;
	const char *name;
} needed[] = {
	{CAP_BPF, "CAP_BPF"},
	{CAP_PERFMON, "CAP_PERFMON"},
	{CAP_NET_ADMIN, "CAP_NET_ADMIN"},
};

static int has_capability(const struct __user_cap_data_struct data[2], int number)
{
	return data[CAP_TO_INDEX(number)].effective & CAP_TO_MASK(number) ? 1 : 0;
}

int sw_preflight_capabilities(struct sw_error *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &header, data))
		return sw_error_set(err, -errno, "capget: %s", strerror(errno));
	if (has_capability(data, CAP_SYS_ADMIN) && has_capability(data, CAP_NET_ADMIN))
		return 0;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (has_capability(data, needed[i].number))
			continue;
		return sw_error_set(err, -EPERM,
				    "no permission to load programs into the kernel: %s is missing "
				    "(run as root, or with CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN)",
				    needed[i].name);
	}
	return 0;
}

/* "6.1.0-9-amd64" → 6.1 is enough. A release that is no number is left to the loading to find out. */
static int is_too_old(const char *release)
{
	char *dot;
	long major = strtol(release, &dot, 10);
	long minor = *dot == '.' ? strtol(dot + 1, NULL, 10) : 0;

	return dot != release &&
	       (major < KERNEL_MAJOR || (major == KERNEL_MAJOR && minor < KERNEL_MINOR));
}

int sw_preflight_kernel(struct sw_error *err)
{
	struct utsname name;

	if (!uname(&name) && is_too_old(name.release))
		return sw_error_set(err, -ENOTSUP, "Linux %s is too old: %d.%d or later is needed",
				    name.release, KERNEL_MAJOR, KERNEL_MINOR);
	if (access(BTF, R_OK))
		return sw_error_set(err, -ENOTSUP,
				    "the kernel offers no type information (%s: %s): a kernel with "
				    "CONFIG_DEBUG_INFO_BTF=y is needed",
				    BTF, strerror(errno));
	return 0;
}

/* The nearest directory above the path that is there. */
static int is_on_bpffs(const char *path)
{
	char parent[256];
	struct statfs fs;

	snprintf(parent, sizeof(parent), "%s", path);
	while (statfs(parent, &fs)) {
		char *slash = strrchr(parent, '/');

		if (!slash || slash == parent)
			return 0;
		*slash = '\0';
	}
	return fs.f_type == BPF_FS_MAGIC;
}

int sw_preflight_bpffs(const char *pin_dir, struct sw_error *err)
{
	if (is_on_bpffs(pin_dir))
		return 0;
	if (!strncmp(pin_dir, BPFFS "/", strlen(BPFFS "/")) &&
	    !mount("bpf", BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") &&
	    is_on_bpffs(pin_dir))
		return 0;
	return sw_error_set(err, -ENOTSUP,
			    "%s is not on a BPF file system: mount one with 'mount -t bpf bpf %s'",
			    pin_dir, BPFFS);
}
