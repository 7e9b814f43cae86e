/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A SYN flood within a world: bench_flood COUNT RATE_PER_S. Sends so many SYNs, each with a source address and port drawn
 * at random from nobody's (10.64.0.0/15), to the world's server at that rate, and prints as JSON how long it took. It
 * knows no other target: it sends from the world's client side only. tests/bench/scenarios/flood.bash runs it.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/clock.h"
#include "tool.h"

#define ETHERNET 14
#define SOURCES	 131072
#define BATCH	 64

static int raw_socket(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	to.sin_addr.s_addr = packet_server(&(struct packet){0}).words_be[3];
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		tool_die(errno, "a raw socket");
	return fd;
}

/* xorshift: the same flood each time. */
static uint32_t draw(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void send_batch(int fd, size_t count, uint32_t *state)
{
	static uint8_t frames[BATCH][PACKET_MAX];
	struct mmsghdr messages[BATCH] = {0};
	struct iovec parts[BATCH];

	for (size_t i = 0; i < count; i++) {
		parts[i].iov_len = tool_syn(draw(state), SOURCES, frames[i]) - ETHERNET;
		parts[i].iov_base = frames[i] + ETHERNET;
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (size_t done = 0; done < count;) {
		int sent = sendmmsg(fd, messages + done, (unsigned int)(count - done), 0);

		if (sent < 0)
			tool_die(errno, "sending SYNs");
		done += (size_t)sent;
	}
}

/* Where it falls behind it goes as fast as it can. */
static uint64_t send_all(int fd, uint64_t count, uint64_t rate)
{
	const uint64_t start_ns = sw_clock_monotonic_ns();
	uint32_t state = 2463534242;

	for (uint64_t sent = 0; sent < count; sent += BATCH) {
		uint64_t due_ns = start_ns + sent * SW_NS_PER_S / rate,
			 now_ns = sw_clock_monotonic_ns();

		if (due_ns > now_ns)
			tool_pause_us((unsigned int)((due_ns - now_ns) / 1000));
		send_batch(fd, count - sent < BATCH ? (size_t)(count - sent) : BATCH, &state);
	}
	return sw_clock_monotonic_ns() - start_ns;
}

int main(int argc, char **argv)
{
	uint64_t count, rate, took_ns;

	if (argc != 3)
		tool_die(0, "usage: bench_flood COUNT RATE_PER_S");
	count = tool_number(argv[1]);
	rate = tool_number(argv[2]);
	if (!rate)
		tool_die(EINVAL, "a rate of nothing");
	tool_enter_client();
	took_ns = send_all(raw_socket(), count, rate);
	printf("{\"sent\": %llu, \"seconds\": %.3f}\n", (unsigned long long)count,
	       (double)took_ns / (double)SW_NS_PER_S);
	return 0;
}
