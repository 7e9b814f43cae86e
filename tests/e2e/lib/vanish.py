#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Clients that shake hands and are never heard of again: their sockets are closed in repair mode, which
sends neither FIN nor RST. Called by tests/e2e/chaos.bats: vanish.py TARGET PORT PREFIX COUNT; prints
how many handshakes were made."""

import socket
import sys

# linux/tcp.h; Python's module does not name it.
TCP_REPAIR = 19


def shake_hands(target, port, source):
    sock = socket.socket()
    sock.settimeout(2)
    sock.bind((source, 0))
    try:
        sock.connect((target, port))
    except OSError:
        # Refused for want of a slot, as anybody may be.
        sock.close()
        return None
    return sock


def main():
    target, port, prefix, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    made = [shake_hands(target, port, "%s.%d" % (prefix, i + 1)) for i in range(count)]
    made = [sock for sock in made if sock]
    for sock in made:
        sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        sock.close()
    print(len(made))


main()
