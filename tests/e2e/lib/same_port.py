#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A client that gives up its first try to connect and makes another from the same port, with another
initial sequence number therefore. Called by tests/e2e/queue_chains.bats: same_port.py TARGET PORT SOURCE
SOURCE_PORT; prints "connected" when the second is, and stays."""

import errno
import socket
import sys


def knock(target, source):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(source)
    sock.setblocking(False)
    if sock.connect_ex(target) != errno.EINPROGRESS:
        raise SystemExit("it did not wait")
    return sock


def main():
    target, source = (sys.argv[1], int(sys.argv[2])), (sys.argv[3], int(sys.argv[4]))
    knock(target, source).close()
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(source)
    sock.connect(target)
    print("connected", flush=True)
    sock.recv(1)


main()
