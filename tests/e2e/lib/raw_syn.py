#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sends SYNs made by hand, one of each kind, all of one flow: plain; corrupt, whose TCP checksum is wrong;
data, which carries some as TCP Fast Open does; long, whose headers have all the options that they have room
for. Called by tests/e2e/queue_frames.bats: raw_syn.py TARGET PORT SOURCE KIND..."""

import socket
import sys

from syn_flood import SYN, segment

KINDS = {
    "plain": {},
    "corrupt": {"spoil": 0x1},
    "data": {"data": b"data"},
    "long": {"options": b"\x01" * 40},  # that do nothing
}


def main():
    target, port, source = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for kind in sys.argv[4:]:
        raw.sendto(segment(source, target, 20000, port, SYN, 1, 0, **KINDS[kind]), (target, 0))


main()
