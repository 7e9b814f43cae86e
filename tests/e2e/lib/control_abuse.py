#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Talks nonsense to a control socket and prints what comes back, one line an answer; "closed" when
the daemon hung up. Called by tests/e2e/bad_input.bats: control_abuse.py SOCKET KIND."""

import socket
import sys

NONSENSE = {
    "garbage": b"\x00\xff\xfe{{{ this is no JSON\n",
    "half": b'{"verb":"sta',
    "megabyte": b'{"verb":"' + b"a" * 1_000_000 + b'"}\n',
    "unknown": b'{"verb":"frobnicate","args":{}}\n',
    "list": b"[1,2,3]\n",
    "hangup": b"",
}


def main():
    path, kind = sys.argv[1], sys.argv[2]
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(5)
    client.connect(path)
    try:
        client.sendall(NONSENSE[kind])
    except (BrokenPipeError, ConnectionResetError):
        pass  # it hung up before the end of the line; what it said before that is still to be read
    if kind in ("half", "hangup"):
        return
    answer = client.recv(65536)
    print(answer.decode(errors="replace").strip() if answer else "closed")


main()
