#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Both ends of connections over Multipath TCP. Called by tests/e2e/multipath.bats:
multipath.py serve PORT: keeps all that come, says "accepted" of each, and closes the oldest by SIGUSR1;
multipath.py call tcp|mptcp TARGET PORT SOURCE SOURCE_PORT: says "connected", and stays;
multipath.py probe: fails where the kernel has none."""

import os
import signal
import socket
import sys

PROTOCOLS = {"tcp": socket.IPPROTO_TCP, "mptcp": 262}


def make(protocol):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, PROTOCOLS[protocol])
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return sock


def serve(port):
    listener, inside = make("mptcp"), []
    listener.bind(("", port))
    listener.listen()
    signal.signal(signal.SIGUSR1, lambda *_: inside.pop(0).close())
    while True:
        inside.append(listener.accept()[0])
        # Multipath is agreed on once something was said.
        inside[-1].recv(1)
        print("accepted", flush=True)


def call(protocol, target, port, source, source_port):
    sock = make(protocol)
    sock.bind((source, int(source_port)))
    sock.connect((target, int(port)))
    sock.send(b"x")
    print("connected", flush=True)
    signal.pause()


def main():
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    elif sys.argv[1] == "call":
        call(*sys.argv[2:])
    else:
        make("mptcp")
    # Sockets of the kernel's own choice go with the process, not with Python's idea of its end.
    os._exit(0)


main()
