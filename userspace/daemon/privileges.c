/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See privileges.h. By system calls: all that libcap would add is a dependency.
 */
#include "daemon/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/log.h"
#include "kern/pins_own.h"

/* Without any one of them tests/e2e/privileges.bats fails. */
static const int needed[] = {
	CAP_BPF,	/* maps, programs, pins */
	CAP_PERFMON,	/* the gate of a mode that no interface had so far: it follows pointers */
	CAP_NET_ADMIN,	/* gates on interfaces that come back, sockets that are to end */
	CAP_SYS_PTRACE, /* which process a socket belongs to */
	CAP_DAC_READ_SEARCH, /* the same; the way to the pins; a configuration that only root may read */
};

typedef struct __user_cap_data_struct capabilities[2];

static int get(capabilities data)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capget, &header, data) ? -errno : 0;
}

static int set(const capabilities data)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

/* Becoming another user takes the effective ones away; what is permitted stays by PR_SET_KEEPCAPS. */
static int raise_permitted(void)
{
	capabilities data;
	int failed = get(data);

	for (size_t i = 0; !failed && i < 2; i++)
		data[i].effective = data[i].permitted;
	return failed ? failed : set(data);
}

static int become(const struct passwd *user)
{
	if (prctl(PR_SET_KEEPCAPS, 1) || initgroups(user->pw_name, user->pw_gid) ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid))
		return -errno;
	return raise_permitted();
}

int sw_privileges_become_user(struct sw_daemon *daemon, struct sw_error *err)
{
	const char *name = daemon->config->user;
	const struct passwd *user;
	int failed;

	if (geteuid() || !name[0])
		return 0;
	user = getpwnam(name);
	if (!user) {
		sw_log_warn(
			"there is no user %s, so it goes on as root (useradd --system %s, or user: \"\")",
			name, name);
		return 0;
	}
	failed = sw_pins_give(daemon->options->pin_dir, user->pw_uid, user->pw_gid, err);
	if (failed)
		return failed;
	sw_control_give_place(daemon->control, user->pw_uid);
	failed = become(user);
	if (failed)
		return sw_error_set(err, failed, "cannot become user %s: %s", name,
				    strerror(-failed));
	/* As another user could not read it: libpq looks there for .pgpass and certificates. */
	setenv("HOME", user->pw_dir, 1);
	/* /proc/self was root's meanwhile. */
	prctl(PR_SET_DUMPABLE, 1);
	sw_log_info("goes on as user %s", name);
	return 0;
}

int sw_privileges_reduce(struct sw_error *err)
{
	capabilities data = {0}, least = {0};
	int failed = geteuid() ? get(data) : 0;

	if (!geteuid())
		return 0;
	for (size_t i = 0; !failed && i < sizeof(needed) / sizeof(needed[0]); i++) {
		int word = CAP_TO_INDEX(needed[i]);

		least[word].permitted |= data[word].permitted & CAP_TO_MASK(needed[i]);
		least[word].effective = least[word].permitted;
	}
	if (!failed)
		failed = set(least);
	/* It starts no program, and none that it were made to start would get more by its file. */
	if (!failed && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		failed = -errno;
	return failed ? sw_error_set(err, failed, "cannot give up capabilities: %s",
				     strerror(-failed))
		      : 0;
}
