#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Handshakes whose last ACK comes twice, on two CPUs at once: the kernel makes two sockets of such a one, and
closes that which came second. Called by tests/e2e/handshake.bats: twin_acks.py INTERFACE TARGET PREFIX COUNT;
the hosts of the network PREFIX answer nothing by themselves. Prints how many were answered."""

import ctypes
import multiprocessing
import os
import socket
import struct
import sys

from syn_flood import segment

ETH_P_IP = 0x0800
PORT = 5432
SYN, ACK = 0x02, 0x10
PACKET_BYTES = 40


def answer_to(sniffer, source, source_port):
    """The number of the SYN-ACK for that client, None if there is none within a second."""
    wanted = struct.pack("!4sHH", socket.inet_aton(source), PORT, source_port)
    while True:
        try:
            frame = sniffer.recv(2048)
        except TimeoutError:
            return None
        ip = frame[14:]
        tcp = ip[(ip[0] & 0xF) * 4 :]
        if ip[9] == socket.IPPROTO_TCP and ip[16:20] + tcp[:4] == wanted and tcp[13] == SYN | ACK:
            return struct.unpack("!I", tcp[4:8])[0]


def send_too(cpu, turn, packet, target):
    """The twin: sends what lies in `packet` whenever `turn` is odd, and says so by making it even."""
    os.sched_setaffinity(0, {cpu})
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    while (seen := turn.value) >= 0:
        if seen & 1:
            raw.sendto(packet.raw, (target, 0))
            turn.value = seen + 1


def main():
    interface, target, prefix, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP))
    sniffer.bind((interface, 0))
    sniffer.settimeout(1)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    turn = multiprocessing.RawValue(ctypes.c_long, 0)
    packet = multiprocessing.RawArray(ctypes.c_char, PACKET_BYTES)
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpus[0]})
    twin = multiprocessing.Process(target=send_too, args=(cpus[-1], turn, packet, target), daemon=True)
    twin.start()
    answered = 0
    for i in range(count):
        source, port = "%s.%d" % (prefix, i % 250 + 1), 20000 + i
        raw.sendto(segment(source, target, port, PORT, SYN, 1, 0), (target, 0))
        number = answer_to(sniffer, source, port)
        if number is None:
            continue
        answered += 1
        packet.raw = ack = segment(source, target, port, PORT, ACK, 2, number + 1)
        turn.value += 1
        raw.sendto(ack, (target, 0))
        while turn.value & 1:
            pass
    turn.value = -1
    twin.join()
    print(answered)


if __name__ == "__main__":
    main()
