#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Clients that shake hands and are never heard of again: their sockets are closed in repair mode, which
sends neither FIN nor RST. Called by tests/e2e/chaos.bats: vanish.py TARGET PORT PREFIX COUNT; a host of the
network PREFIX that is refused is followed by the next, until COUNT are in. Fails if they never are."""

import itertools
import socket
import sys
import time

# linux/tcp.h; Python's module does not name it.
TCP_REPAIR = 19
PATIENCE_S = 10


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
    inside, deadline = [], time.monotonic() + PATIENCE_S
    for host in itertools.cycle(range(1, 255)):
        sock = shake_hands(target, port, "%s.%d" % (prefix, host))
        if sock:
            inside.append(sock)
        if len(inside) == count:
            break
        if time.monotonic() > deadline:
            sys.exit("only %d of %d got in" % (len(inside), count))
    for sock in inside:
        sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        sock.close()


main()
