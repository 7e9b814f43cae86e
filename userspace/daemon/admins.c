/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See admins.h.
 */
#include "daemon/admins.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"

static void add(struct sw_daemon *daemon, const char *name)
{
	const struct passwd *user = getpwnam(name);

	if (!user)
		sw_log_warn("control.admin_users: there is no user %s", name);
	else if (daemon->admin_count == SW_ADMINS_MAX)
		sw_log_warn("control.admin_users: %s is one too many, there may be %d", name,
			    SW_ADMINS_MAX);
	else
		daemon->admins[daemon->admin_count++] = user->pw_uid;
}

void sw_admins_read(struct sw_daemon *daemon, const struct sw_config *config)
{
	char names[sizeof(config->control.admin_users)];
	char *rest = names;
	const char *name;

	snprintf(names, sizeof(names), "%s", config->control.admin_users);
	daemon->admin_count = 0;
	while ((name = strsep(&rest, ", ")))
		if (name[0])
			add(daemon, name);
}

bool sw_admins_include(void *arg, uid_t uid)
{
	const struct sw_daemon *daemon = arg;

	if (uid == 0 || uid == geteuid())
		return true;
	for (size_t i = 0; i < daemon->admin_count; i++)
		if (daemon->admins[i] == uid)
			return true;
	return false;
}
