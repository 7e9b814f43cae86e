#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A client that is refused, byte by byte, where no driver says the same. Called by tests/e2e/refuse.bats:

refused.py startup SOURCE TARGET [PIECE]...  a startup packet, cut into pieces of so many bytes, each in a segment
refused.py asks SOURCE TARGET REQUEST...     gss or tls, each after the answer to the one before, then a startup
refused.py says SOURCE TARGET HEX            these bytes, and nothing else
refused.py listens SOURCE TARGET             nothing: the server speaks first
refused.py waits SOURCE TARGET               connects, prints "in", waits for a line, sends a startup packet

Each prints what the server sent and how it ended: "closed", or "reset". Answers to requests come first, as their
letters; an ErrorResponse as "C=53300 M=… H=…"; a packet of MySQL's as "1040 #08004 …"."""

import socket
import struct
import sys

PORT = 5432
PROTOCOL = 196608
REQUESTS = {"gss": 80877104, "tls": 80877103}
PARAMETERS = b"user\0app\0database\0app\0\0"


def startup():
    return struct.pack("!II", 8 + len(PARAMETERS), PROTOCOL) + PARAMETERS


def connect(source, target):
    server = socket.create_connection((target, PORT), timeout=20, source_address=(source, 0))
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return server


def readable(answer):
    if answer[:1] == b"E":
        (length,) = struct.unpack("!I", answer[1:5])
        assert length == len(answer) - 1 and answer.endswith(b"\0\0"), answer
        return " ".join(
            f"{text[:1].decode()}={text[1:].decode()}" for text in answer[5:].split(b"\0") if text
        )
    if answer[4:5] == b"\xff":
        length = int.from_bytes(answer[:3], "little")
        assert length == len(answer) - 4 and answer[3] == 0, answer
        return f"{int.from_bytes(answer[5:7], 'little')} {answer[7:].decode()}"
    return answer.hex() or "nothing"


def hear(server):
    answer = b""
    try:
        while more := server.recv(4096):
            answer += more
        ended = "closed"
    except ConnectionResetError:
        ended = "reset"
    print(readable(answer), ended, flush=True)


def say_pieces(server, pieces):
    left = startup()
    for size in pieces:
        server.sendall(left[: int(size)])
        left = left[int(size) :]
    if left:
        server.sendall(left)


def ask(server, requests):
    for request in requests:
        server.sendall(struct.pack("!II", 8, REQUESTS[request]))
        print(server.recv(1).decode(), end=" ", flush=True)
    server.sendall(startup())


def main():
    verb, source, target, *rest = sys.argv[1:]
    server = connect(source, target)
    if verb == "startup":
        say_pieces(server, rest)
    elif verb == "asks":
        ask(server, rest)
    elif verb == "says":
        server.sendall(bytes.fromhex(rest[0]))
    elif verb == "waits":
        print("in", flush=True)
        sys.stdin.readline()
        server.sendall(startup())
    hear(server)


main()
