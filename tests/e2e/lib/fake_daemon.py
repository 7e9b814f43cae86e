# SPDX-License-Identifier: BSD-2-Clause
"""Stands in for spillwayd on a control socket, to see what the CLI sends and how it takes any answer.

fake_daemon.py SOCKET LOG MODE [ARGUMENT]; every request line is appended to LOG.

  reply FILE   answers each request with the file's bytes
  raw FILE     the same, then hangs up
  early FILE   sends the file's bytes and hangs up without reading
  big BYTES    answers {"result":{"text":"xxx..."}} of about that size
  close        hangs up without an answer
  hang         reads, and never answers
"""
import os
import socket
import sys


def answer_of(mode, argument):
    if mode in ("reply", "raw", "early"):
        with open(argument, "rb") as file:
            return file.read()
    if mode == "big":
        return b'{"result":{"text":"' + b"x" * int(argument) + b'"}}\n'
    return b""


def serve(client, log, mode, answer):
    if mode == "early":
        client.sendall(answer)
        return
    stream = client.makefile("rb")
    for request in stream:
        with open(log, "ab") as file:
            file.write(request)
        if mode == "hang":
            continue
        client.sendall(answer)
        if mode != "reply":
            # What makefile() keeps open would keep the client waiting.
            client.shutdown(socket.SHUT_RDWR)
            return


def main(path, log, mode, argument=""):
    answer = answer_of(mode, argument)
    listener = socket.socket(socket.AF_UNIX)
    # In place at once and complete, so that whoever waits for the file can connect.
    listener.bind(path + ".new")
    listener.listen(8)
    os.rename(path + ".new", path)
    while True:
        client, _ = listener.accept()
        with client:
            try:
                serve(client, log, mode, answer)
            except (BrokenPipeError, ConnectionResetError):
                pass


main(*sys.argv[1:])
