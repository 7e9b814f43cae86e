#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sends SYNs that nobody will ever acknowledge: their addresses belong to no host, so the SYN-ACKs
are answered by silence. Called by tests/e2e/*.bats: syn_flood.py TARGET PORT PREFIX COUNT [FIRST_PORT]; of
the same source ports again they are retransmits."""

import socket
import struct
import sys

SYN = 0x02


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(
    source, target, source_port, target_port, flags, number, acknowledged, options=b"", data=b"", spoil=0
):
    """An IPv4 packet of TCP. Both headers get the options, of whole words; spoil is a mask of the bits of
    TCP's checksum that are to be wrong."""
    words = 5 + len(options) // 4
    addresses = socket.inet_aton(source) + socket.inet_aton(target)
    header = struct.pack(
        "!HHIIBBHHH",
        *(source_port, target_port, number, acknowledged & 0xFFFFFFFF, words << 4, flags, 64240, 0, 0),
    )
    header += options + data
    pseudo = addresses + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(header))
    header = header[:16] + struct.pack("!H", checksum(pseudo + header) ^ spoil) + header[18:]
    # The kernel fills in the length, the identification and the checksum of the IP header.
    ip = struct.pack("!BBHHHBBH", 0x40 | words, 0, 0, 0, 0, 64, socket.IPPROTO_TCP, 0)
    return ip + addresses + options + header


def main():
    target, port, prefix, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    first_port = int(sys.argv[5]) if len(sys.argv) > 5 else 20000
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for i in range(count):
        raw.sendto(segment("%s.%d" % (prefix, i + 1), target, first_port + i, port, SYN, 1, 0), (target, 0))


if __name__ == "__main__":
    main()
