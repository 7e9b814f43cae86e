#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A PostgreSQL server that behaves as told, for the tests of storm.

scripted_server.py BEHAVIOUR: listens on a free port of 127.0.0.1 (of ::1 for `ipv6`), prints the
port, serves until it is killed.
"""
import base64
import socket
import struct
import sys
import threading
import time

SSL_REQUEST = 80877103


def message(kind, body=b""):
    return kind + struct.pack("!I", len(body) + 4) + body


def auth(code, data=b""):
    return message(b"R", struct.pack("!I", code) + data)


def error(state, text, severity=b"FATAL"):
    fields = b"S" + severity + b"\0C" + state + b"\0M" + text + b"\0\0"
    return message(b"E", fields)


READY = message(b"Z", b"I")
LOGIN = (
    auth(0)
    + message(b"S", b"server_version\0" b"15.0\0")
    + message(b"N", b"SNOTICE\0C00000\0Mhello\0\0")
    + message(b"K", struct.pack("!II", 4711, 42))
    + READY
)
ROW = message(b"D", struct.pack("!Hi", 1, 1) + b"1")
COMPLETE = message(b"C", b"SELECT 1\0")
COLUMN = message(b"T", struct.pack("!H", 1) + b"?column?\0" + bytes(18))
RESULT = COLUMN + ROW + COMPLETE + READY


def read_exactly(connection, count):
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionError("the client closed")
        data += part
    return data


def read_startup(connection):
    length, code = struct.unpack("!II", read_exactly(connection, 8))
    read_exactly(connection, length - 8)
    return code


def read_message(connection):
    kind, length = struct.unpack("!cI", read_exactly(connection, 5))
    return kind, read_exactly(connection, length - 4)


def send_in_pieces(connection, data, size, pause):
    for at in range(0, len(data), size):
        connection.sendall(data[at : at + size])
        time.sleep(pause)


def serve(connection, login=LOGIN, result=RESULT, send=None):
    send = send or connection.sendall
    read_startup(connection)
    send(login)
    while read_message(connection)[0] == b"Q":
        send(result)


def one_byte_at_a_time(connection):
    serve(connection, send=lambda data: send_in_pieces(connection, data, 1, 0.0002))


def three_bytes_at_a_time(connection):
    serve(connection, send=lambda data: send_in_pieces(connection, data, 3, 0.0002))


def merged(connection):
    serve(connection)


def large_rows(connection):
    row = message(b"D", struct.pack("!Hi", 1, 200000) + b"x" * 200000)
    serve(connection, result=COLUMN + row * 5 + COMPLETE + READY)


def slow_login(connection):
    read_startup(connection)
    time.sleep(0.2)
    connection.sendall(LOGIN)
    read_message(connection)
    time.sleep(0.1)
    connection.sendall(RESULT)
    read_message(connection)


def slow_results(connection):
    def send(data):
        time.sleep(0.4 if data is RESULT else 0)
        connection.sendall(data)

    serve(connection, send=send)


def ready_without_the_second_result(connection):
    results = [READY, RESULT, LOGIN]
    serve(connection, send=lambda data: connection.sendall(results.pop()))


def silent_after_the_first_result(connection):
    read_startup(connection)
    connection.sendall(LOGIN)
    read_message(connection)
    connection.sendall(RESULT)
    silent(connection)


def silent(connection):
    while connection.recv(4096):
        pass


def silent_after_login(connection):
    read_startup(connection)
    connection.sendall(LOGIN)
    silent(connection)


def garbage(connection):
    read_startup(connection)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def closes(connection):
    read_startup(connection)


def closes_inside_a_message(connection):
    read_startup(connection)
    connection.sendall(LOGIN[:12])


def resets(connection):
    read_startup(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def resets_after_login(connection):
    read_startup(connection)
    connection.sendall(LOGIN)
    read_message(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def says_no_to_tls(connection):
    if read_startup(connection) != SSL_REQUEST:
        return
    connection.sendall(b"N")
    serve(connection)


def says_yes_to_tls(connection):
    read_startup(connection)
    connection.sendall(b"S")
    silent(connection)


def full_before_tls(connection):
    read_startup(connection)
    connection.sendall(error(b"53300", b"sorry, too many clients already"))


def cannot_fork(connection):
    read_startup(connection)
    connection.sendall(b"Ecould not fork new process for connection: no memory\n\0")


def ready_without_login(connection):
    read_startup(connection)
    connection.sendall(READY)
    silent(connection)


def ready_without_result(connection):
    serve(connection, result=READY)


def error_in_colour(connection):
    read_startup(connection)
    connection.sendall(error(b"XX000", b"\x1b[31mred\xff\nnext line"))


def many_states(connection):
    read_startup(connection)
    port = connection.getpeername()[1]
    connection.sendall(error(b"X%04d" % (port % 10000), b"a state of its own"))


def shutdown_while_held(connection):
    read_startup(connection)
    connection.sendall(LOGIN)
    read_message(connection)
    connection.sendall(RESULT)
    connection.sendall(error(b"57P01", b"terminating connection"))


def wrong_signature(connection):
    read_startup(connection)
    connection.sendall(auth(10, b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"))
    nonce = read_message(connection)[1].split(b"r=")[1]
    salt = base64.b64encode(b"0123456789abcdef")
    connection.sendall(auth(11, b"r=" + nonce + b"server,s=" + salt + b",i=4096"))
    read_message(connection)
    connection.sendall(auth(12, b"v=" + base64.b64encode(bytes(32))) + LOGIN)
    silent(connection)


def stolen_nonce(connection):
    read_startup(connection)
    connection.sendall(auth(10, b"SCRAM-SHA-256\0\0"))
    read_message(connection)
    connection.sendall(auth(11, b"r=" + b"A" * 40 + b",s=c2FsdA==,i=4096"))
    silent(connection)


def no_proof(connection):
    read_startup(connection)
    connection.sendall(auth(10, b"SCRAM-SHA-256\0\0"))
    read_message(connection)
    connection.sendall(LOGIN)
    silent(connection)


def ipv6(connection):
    serve(connection)


def run(behaviour, connection):
    with connection:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            behaviour(connection)
        except OSError:
            pass


def main():
    name = sys.argv[1]
    family, address = (socket.AF_INET6, "::1") if name == "ipv6" else (socket.AF_INET, "127.0.0.1")
    listener = socket.socket(family)
    listener.bind((address, 0))
    listener.listen(0 if name == "never_accepts" else 512)
    print(listener.getsockname()[1], flush=True)
    if name == "never_accepts":
        threading.Event().wait()
    behaviour = globals()[name]
    while True:
        connection = listener.accept()[0]
        threading.Thread(target=run, args=(behaviour, connection), daemon=True).start()


main()
