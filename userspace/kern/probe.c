/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The doctor's questions: kernel, privileges, bpffs, program types, interfaces, socket settings.
 */
#include "kern/probe.h"

#include <bpf/libbpf.h>
#include <ifaddrs.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "core/error.h"
#include "core/sysctl.h"
#include "kern/interface.h"
#include "kern/preflight.h"
#include "spillway/names.h"

struct report {
	struct sw_probe_line *lines;
	size_t cap;
	size_t count;
};

static void __attribute__((format(printf, 4, 5)))
say(struct report *report, const char *check, enum sw_probe_level level, const char *fmt, ...)
{
	struct sw_probe_line *line;
	va_list args;

	if (report->count == report->cap)
		return;
	line = &report->lines[report->count++];
	line->check = check;
	line->level = level;
	va_start(args, fmt);
	vsnprintf(line->text, sizeof(line->text), fmt, args);
	va_end(args);
}

static void probe_kernel(struct report *report)
{
	struct sw_error err;
	struct utsname name;

	if (sw_preflight_kernel(&err))
		say(report, "kernel", SW_PROBE_FAIL, "%.250s", err.text);
	else if (!uname(&name))
		say(report, "kernel", SW_PROBE_OK, "Linux %.64s with type information (BTF)",
		    name.release);
	if (sw_preflight_capabilities(&err))
		say(report, "privileges", SW_PROBE_FAIL, "%.250s", err.text);
	else
		say(report, "privileges", SW_PROBE_OK, "may load programs");
	if (sw_preflight_bpffs(SW_PIN_DIR_DEFAULT, &err))
		say(report, "bpffs", SW_PROBE_FAIL, "%.250s", err.text);
	else
		say(report, "bpffs", SW_PROBE_OK, "%s can be pinned to", SW_PIN_DIR_DEFAULT);
}

static void probe_programs(struct report *report)
{
	static const struct {
		enum bpf_prog_type type;
		const char *name;
	} rows[] = {
		{BPF_PROG_TYPE_XDP, "XDP"},
		{BPF_PROG_TYPE_SCHED_CLS, "TC"},
		{BPF_PROG_TYPE_SYSCALL, "syscall"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int can = libbpf_probe_bpf_prog_type(rows[i].type, NULL);

		say(report, "programs", can == 1 ? SW_PROBE_OK : SW_PROBE_FAIL,
		    can == 1 ? "%s programs load"
			     : "%s programs do not load here: run as root, on Linux 6.1 or later",
		    rows[i].name);
	}
	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_sk_assign, NULL) != 1)
		say(report, "programs", SW_PROBE_FAIL, "TC programs cannot assign sockets here");
}

static void probe_interface(struct report *report, const char *name)
{
	char driver[32];
	uint32_t xdp = sw_interface_xdp_program(if_nametoindex(name));

	sw_interface_driver(name, driver, sizeof(driver));
	if (xdp)
		say(report, "interface", SW_PROBE_WARN,
		    "%s (%s) has XDP program %u: mode auto will use tc; to use XDP take it off with "
		    "'ip link set dev %s xdp off'",
		    name, driver[0] ? driver : "no driver", xdp, name);
	else if (!strcmp(driver, "veth"))
		say(report, "interface", SW_PROBE_OK, "%s (veth): mode auto will use tc", name);
	else if (sw_interface_loses_tags(name))
		say(report, "interface", SW_PROBE_WARN,
		    "%s (%s) takes the tags of its VLANs off before native XDP sees them: mode auto will "
		    "use tc; for XDP 'ethtool -K %s rxvlan off'",
		    name, driver[0] ? driver : "no driver", name);
	else
		say(report, "interface", SW_PROBE_OK,
		    "%s (%s): mode auto tries native XDP, then tc", name,
		    driver[0] ? driver : "no driver");
}

static void probe_interfaces(struct report *report)
{
	struct if_nameindex *all = if_nameindex();

	if (!all)
		return; /* freed is only what is there */
	for (struct if_nameindex *at = all; at->if_index; at++)
		if (strcmp(at->if_name, "lo"))
			probe_interface(report, at->if_name);
	if_freenameindex(all);
}

static void probe_sockets(struct report *report)
{
	uint32_t value;

	if (!sw_sysctl_read("net/core/somaxconn", &value))
		say(report, "somaxconn", value < 1024 ? SW_PROBE_WARN : SW_PROBE_OK,
		    value < 1024 ? "net.core.somaxconn is %u: a burst of more connections at once "
				   "waits for a retransmit; 'sysctl net.core.somaxconn=4096'"
				 : "net.core.somaxconn is %u",
		    value);
	if (!sw_sysctl_read("net/ipv4/tcp_syncookies", &value))
		say(report, "syncookies", value == 1 ? SW_PROBE_OK : SW_PROBE_WARN,
		    value == 0 ? "net.ipv4.tcp_syncookies is %u: a full SYN queue drops connections"
		    : value == 1
			    ? "net.ipv4.tcp_syncookies is %u"
			    : "net.ipv4.tcp_syncookies is %u: every ACK is looked at for steering",
		    value);
}

int sw_probe_run(struct sw_probe_line *lines, size_t cap)
{
	struct report report = {.lines = lines, .cap = cap};

	libbpf_set_print(NULL);
	probe_kernel(&report);
	probe_programs(&report);
	probe_interfaces(&report);
	probe_sockets(&report);
	return report.count;
}
