/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The doctor's questions to the host: kernel, privileges, bpffs, program types, socket settings.
 */
#include "kern/probe.h"

#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "core/error.h"
#include "core/sysctl.h"
#include "kern/preflight.h"
#include "spillway/names.h"

void sw_probe_say(struct sw_probe *probe, const char *check, enum sw_probe_level level,
		  const char *fmt, ...)
{
	struct sw_probe_line *line;
	va_list args;

	if (probe->count == SW_PROBE_LINES_MAX)
		return;
	line = &probe->lines[probe->count++];
	line->check = check;
	line->level = level;
	va_start(args, fmt);
	vsnprintf(line->text, sizeof(line->text), fmt, args);
	va_end(args);
}

static void probe_kernel(struct sw_probe *probe)
{
	struct sw_error err;
	struct utsname name;

	if (sw_preflight_kernel(&err))
		sw_probe_say(probe, "kernel", SW_PROBE_FAIL, "%.250s", err.text);
	else if (!uname(&name))
		sw_probe_say(probe, "kernel", SW_PROBE_OK,
			     "Linux %.64s with type information (BTF)", name.release);
	if (sw_preflight_capabilities(&err))
		sw_probe_say(probe, "privileges", SW_PROBE_FAIL, "%.250s", err.text);
	else
		sw_probe_say(probe, "privileges", SW_PROBE_OK, "may load programs");
	if (sw_preflight_bpffs(SW_PIN_DIR_DEFAULT, &err))
		sw_probe_say(probe, "bpffs", SW_PROBE_FAIL, "%.250s", err.text);
	else
		sw_probe_say(probe, "bpffs", SW_PROBE_OK, "%s can be pinned to",
			     SW_PIN_DIR_DEFAULT);
}

static void probe_programs(struct sw_probe *probe)
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

		sw_probe_say(
			probe, "programs", can == 1 ? SW_PROBE_OK : SW_PROBE_FAIL,
			can == 1
				? "%s programs load"
				: "%s programs do not load here: run as root, on Linux 6.1 or later",
			rows[i].name);
	}
	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_sk_assign, NULL) != 1)
		sw_probe_say(probe, "programs", SW_PROBE_FAIL,
			     "TC programs cannot assign sockets here");
}

void sw_probe_sockets(struct sw_probe *probe)
{
	uint32_t value;

	if (!sw_sysctl_read("net/core/somaxconn", &value))
		sw_probe_say(
			probe, "somaxconn", value < 1024 ? SW_PROBE_WARN : SW_PROBE_OK,
			value < 1024
				? "net.core.somaxconn is %u: a burst of more connections at once "
				  "waits for a retransmit; 'sysctl net.core.somaxconn=4096'"
				: "net.core.somaxconn is %u",
			value);
	if (!sw_sysctl_read("net/ipv4/tcp_syncookies", &value))
		sw_probe_say(
			probe, "syncookies", value == 1 ? SW_PROBE_OK : SW_PROBE_WARN,
			value == 0
				? "net.ipv4.tcp_syncookies is %u: a full SYN queue drops connections"
			: value == 1
				? "net.ipv4.tcp_syncookies is %u"
				: "net.ipv4.tcp_syncookies is %u: every ACK is looked at for steering",
			value);
}

void sw_probe_host(struct sw_probe *probe)
{
	libbpf_set_print(NULL);
	probe_kernel(probe);
	probe_programs(probe);
}
