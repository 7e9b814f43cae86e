/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets and addresses on loopback.
 */
#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOPBACK_INDEX 1
#define PREFIX_WHOLE   128
#define PATIENCE_MS    2000

union address {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

struct sw_target listener_target(void)
{
	struct sw_target target = {
		.ipv4_be = htonl(INADDR_LOOPBACK),
		.port_be = htons(POOLER_PORT),
		.has_ipv4 = 1,
		.has_ipv6 = 1,
	};

	memcpy(&target.ipv6, &in6addr_loopback, sizeof(target.ipv6));
	return target;
}

static socklen_t fill_address(bool ipv6, const struct sw_in6 *from, uint16_t port_be,
			      union address *to)
{
	memset(to, 0, sizeof(*to));
	if (ipv6) {
		to->ipv6.sin6_family = AF_INET6;
		to->ipv6.sin6_port = port_be;
		memcpy(&to->ipv6.sin6_addr, from, sizeof(*from));
		return sizeof(to->ipv6);
	}
	to->ipv4.sin_family = AF_INET;
	to->ipv4.sin_port = port_be;
	to->ipv4.sin_addr.s_addr = from->words_be[3];
	return sizeof(to->ipv4);
}

static int bound_socket(bool ipv6, const struct sw_in6 *address, uint16_t port_be)
{
	const int on = 1;
	union address own;
	socklen_t bytes = fill_address(ipv6, address, port_be, &own);
	int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	/* An IPv6 address is usable a moment after it was added. */
	for (int i = 0; bind(fd, &own.any, bytes); i++) {
		if (errno != EADDRNOTAVAIL || i == PATIENCE_MS)
			fail_msg("bind: %s", strerror(errno));
		usleep(1000);
	}
	return fd;
}

int listener_open(const struct rig *rig)
{
	struct sw_target target = listener_target();
	struct sw_in6 address = target.ipv6;
	int fd;

	if (!rig->ipv6)
		address.words_be[3] = target.ipv4_be;
	fd = bound_socket(rig->ipv6, &address, target.port_be);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static void add_ipv6(int fd, const struct sw_in6 *address)
{
	struct in6_ifreq request = {.ifr6_prefixlen = PREFIX_WHOLE, .ifr6_ifindex = LOOPBACK_INDEX};

	memcpy(&request.ifr6_addr, address, sizeof(*address));
	if (ioctl(fd, SIOCSIFADDR, &request) && errno != EEXIST)
		fail_msg("no IPv6 address on loopback: %s", strerror(errno));
}

static void add_ipv4(int fd, const struct sw_in6 *address, const char *label)
{
	struct ifreq request = {0};
	union address as;

	fill_address(false, address, 0, &as);
	strcpy(request.ifr_name, label);
	memcpy(&request.ifr_addr, &as.any, sizeof(request.ifr_addr));
	if (ioctl(fd, SIOCSIFADDR, &request))
		fail_msg("no IPv4 address on loopback: %s", strerror(errno));
}

static void add_address(bool ipv6, const struct sw_in6 *address, const char *label)
{
	int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (ipv6)
		add_ipv6(fd, address);
	else
		add_ipv4(fd, address, label);
	close(fd);
}

int listener_open_at(const struct rig *rig, const struct packet *packet)
{
	struct packet whole = *packet;
	struct sw_flow_key flow;
	int fd;

	whole.ipv6 = rig->ipv6;
	flow = packet_flow(&whole);
	add_address(rig->ipv6, &flow.server, "lo:server");
	add_address(rig->ipv6, &flow.client, "lo:client");
	fd = bound_socket(rig->ipv6, &flow.server, flow.server_port_be);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

void listener_add_client(const struct rig *rig, const struct packet *packet, int number)
{
	struct packet whole = *packet;
	char label[IFNAMSIZ];
	struct sw_flow_key flow;

	whole.ipv6 = rig->ipv6;
	flow = packet_flow(&whole);
	snprintf(label, sizeof(label), "lo:client%d", number);
	add_address(rig->ipv6, &flow.client, label);
}

/* The kernel chooses a SYN's number itself, unless the socket is one that is being restored. */
static void set_isn(int fd, uint32_t isn)
{
	const int on = 1, off = 0, queue = TCP_SEND_QUEUE;

	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &isn, sizeof(isn)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)), 0);
}

int listener_try(const struct rig *rig, const struct packet *packet)
{
	struct packet whole = *packet;
	struct sw_flow_key flow;
	union address server;
	socklen_t bytes;
	int fd, err;

	whole.ipv6 = rig->ipv6;
	flow = packet_flow(&whole);
	fd = bound_socket(rig->ipv6, &flow.client, flow.client_port_be);
	set_isn(fd, packet->isn ? packet->isn : PACKET_ISN);
	bytes = fill_address(rig->ipv6, &flow.server, flow.server_port_be, &server);
	if (!connect(fd, &server.any, bytes))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int listener_connect(const struct rig *rig, const struct packet *packet)
{
	int fd = listener_try(rig, packet);

	if (fd < 0)
		fail_msg("connect: %s", strerror(-fd));
	return fd;
}
