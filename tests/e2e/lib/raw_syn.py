#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sends one SYN made by hand, of one kind: plain; corrupt, whose TCP checksum is wrong; data, which carries
some as TCP Fast Open does. Called by tests/e2e/queue_frames.bats: raw_syn.py TARGET PORT SOURCE KIND."""

import socket
import sys

from syn_flood import SYN, segment


def main():
    target, port, source, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    data = b"data" if kind == "data" else b""
    packet = segment(source, target, 20000, port, SYN, 1, 0, data, 0x1 if kind == "corrupt" else 0)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    raw.sendto(packet, (target, 0))


main()
