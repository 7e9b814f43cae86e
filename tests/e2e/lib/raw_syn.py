#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sends one SYN made by hand, of one kind: plain; corrupt, whose TCP checksum is wrong; data, which carries
some as TCP Fast Open does. Called by tests/e2e/queue_frames.bats: raw_syn.py TARGET PORT SOURCE KIND."""

import socket
import struct
import sys


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def main():
    target, port, source, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    data = b"data" if kind == "data" else b""
    addresses = socket.inet_aton(source) + socket.inet_aton(target)
    header = struct.pack("!HHIIBBHHH", 20000, port, 1, 0, 0x50, 0x02, 64240, 0, 0) + data
    pseudo = addresses + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(header))
    check = checksum(pseudo + header) ^ (0x1 if kind == "corrupt" else 0)
    header = header[:16] + struct.pack("!H", check) + header[18:]
    # The kernel fills in the length, the identification and the checksum of the IP header.
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, 64, socket.IPPROTO_TCP, 0) + addresses
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    raw.sendto(ip + header, (target, 0))


main()
