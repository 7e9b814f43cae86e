#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A PostgreSQL session that tells its key, and a CancelRequest with any key. Called by tests/e2e/cancel.bats:

pg_cancel.py session SOURCE TARGET   prints "PID KEY", sleeps in a query, prints how that ended
pg_cancel.py cancel SOURCE TARGET PID KEY   sends the request, and waits for the answer, which is a close
pg_cancel.py pieces SOURCE TARGET PID KEY   the same in two segments, the first of 8 bytes
pg_cancel.py flood SOURCE TARGET COUNT   sends so many requests for nobody at once, fewer if some are refused;
                                         prints how many, and stays until each was heard

KEY in hexadecimal; from protocol 3.2 on it may be longer than 4 bytes."""

import socket
import struct
import sys

PORT = 5432
PROTOCOL = 196608
CANCEL_CODE = 80877102


def connect(source, target):
    return socket.create_connection((target, PORT), timeout=60, source_address=(source, 0))


def messages(server):
    """Each as (type, body), until the server closes."""
    stream = server.makefile("rb")
    while header := stream.read(5):
        kind, length = struct.unpack("!cI", header)
        yield kind, stream.read(length - 4)


def fields(body):
    """Of an ErrorResponse, by their letters."""
    return {text[:1]: text[1:].decode() for text in body.split(b"\0") if text}


def run_session(source, target):
    server = connect(source, target)
    parameters = b"user\0app\0database\0app\0\0"
    server.sendall(struct.pack("!II", 8 + len(parameters), PROTOCOL) + parameters)
    asked = False
    for kind, body in messages(server):
        if kind == b"K":
            print(struct.unpack("!I", body[:4])[0], body[4:].hex(), flush=True)
        elif kind == b"E":
            print(fields(body)[b"C"], flush=True)
        elif kind == b"Z" and asked:
            return
        elif kind == b"Z":
            query = b"select pg_sleep(60)\0"
            server.sendall(b"Q" + struct.pack("!I", 4 + len(query)) + query)
            asked = True


def cancel_request(process, key):
    return struct.pack("!III", 12 + len(key), CANCEL_CODE, process) + key


def send_cancel(source, target, process, key, first=1024):
    server = connect(source, target)
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = cancel_request(process, key)
    server.sendall(request[:first])
    server.sendall(request[first:])
    while server.recv(64):
        pass


def flood(source, target, count):
    servers = []
    for _ in range(count):
        try:
            servers.append(connect(source, target))
        except ConnectionRefusedError:
            pass
    print(len(servers), flush=True)
    for server in servers:
        server.sendall(cancel_request(1, bytes(4)))
    for server in servers:
        try:
            server.recv(64)
        except ConnectionResetError:
            pass


def main():
    verb, source, target, *rest = sys.argv[1:]
    if verb == "session":
        run_session(source, target)
    elif verb == "flood":
        flood(source, target, int(rest[0]))
    else:
        first = 8 if verb == "pieces" else 1024
        send_cancel(source, target, int(rest[0]), bytes.fromhex(rest[1]), first)


main()
