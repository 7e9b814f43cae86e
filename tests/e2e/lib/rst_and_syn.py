#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Clients that end their connections by a RST and make new ones from the same ports at once; the frames of both lie
behind others in a slow link's queue (tc-tbf), which sends them in one go. Called by tests/e2e/handshake.bats:
rst_and_syn.py TARGET PORT SOURCE FIRST_PORT COUNT; prints "connected" when all are again, and stays."""

import select
import signal
import socket
import struct
import sys

PATIENCE_S = 10
# What goes first, in frames of the discard service's.
BALLAST, FRAMES, DISCARD = b"." * 1400, 200, 9


def knock(target, source):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(source)
    sock.settimeout(PATIENCE_S)
    return sock


def main():
    target, first, count = (sys.argv[1], int(sys.argv[2])), int(sys.argv[4]), int(sys.argv[5])
    sources = [(sys.argv[3], first + i) for i in range(count)]
    before = [knock(target, source) for source in sources]
    for sock in before:
        sock.connect(target)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ballast = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for _ in range(FRAMES):
        ballast.sendto(BALLAST, (target[0], DISCARD))
    after = []
    for sock, source in zip(before, sources):
        sock.close()
        after.append(knock(target, source))
        after[-1].setblocking(False)
        after[-1].connect_ex(target)
    for sock in after:
        if not select.select([], [sock], [], PATIENCE_S)[1] or sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            sys.exit("one did not come in again")
    print("connected", flush=True)
    signal.pause()


main()
