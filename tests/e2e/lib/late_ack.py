#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A handshake in two steps, however long there is between them. Called by tests/e2e/steer.bats: late_ack.py
INTERFACE TARGET SOURCE SOURCE_PORT sends the SYN of a host that answers nothing by itself, and prints the number of
the SYN-ACK; with that NUMBER behind it sends the last ACK."""

import socket
import sys

from syn_flood import SYN, segment
from twin_acks import ACK, ETH_P_IP, PORT, answer_to


def main():
    interface, target, source, source_port = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    if len(sys.argv) > 5:
        raw.sendto(segment(source, target, source_port, PORT, ACK, 2, int(sys.argv[5]) + 1), (target, 0))
        return
    sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP))
    sniffer.bind((interface, 0))
    sniffer.settimeout(5)
    raw.sendto(segment(source, target, source_port, PORT, SYN, 1, 0), (target, 0))
    number = answer_to(sniffer, source, source_port)
    if number is None:
        sys.exit("no SYN-ACK came")
    print(number)


main()
