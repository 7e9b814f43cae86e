#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""on_terminal.py COLUMNS COMMAND...: runs it with a terminal of that width as its stderr, and prints what
was drawn there, each drawing of a line as a line of its own."""
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios


def main():
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
    command = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    drawn = b""
    try:
        while part := os.read(ours, 4096):
            drawn += part
    except OSError:  # the command has closed its side
        pass
    print(drawn.decode().replace("\r\x1b[K", "\n"))
    sys.exit(command.wait())


main()
