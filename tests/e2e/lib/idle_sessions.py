#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""ADDRESS COUNT: logs in so often as `app` and then says nothing more, as frozen clients do."""
import socket
import struct
import sys
import time

address, count = sys.argv[1], int(sys.argv[2])
startup = b"user\0app\0database\0app\0\0"
startup = struct.pack("!II", len(startup) + 8, 196608) + startup
kept = []
for _ in range(count):
    client = socket.create_connection((address, 5432), timeout=60)
    client.sendall(startup)
    answer = b""
    while not answer.endswith(b"Z\0\0\0\x05I"):  # ReadyForQuery
        piece = client.recv(4096)
        if not piece:
            sys.exit("the server closed the connection: %r" % answer)
        answer += piece
    kept.append(client)
while True:
    time.sleep(3600)
