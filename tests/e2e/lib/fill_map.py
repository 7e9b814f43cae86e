#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fills a pinned hash map with entries of nobody until the kernel has no room for more, or takes them out
again. Called by tests/e2e/full.bats: fill_map.py PIN fill|empty."""

import ctypes
import json
import subprocess
import sys

BATCH = 4096
libbpf = ctypes.CDLL("libbpf.so.1", use_errno=True)


def keys_from(number, size):
    """No client's: they all begin with bytes that no address of the tests has."""
    return b"".join(b"\xfe\xdc\xba\x98" + (number + i).to_bytes(size - 4, "big") for i in range(BATCH))


def main():
    pin, fills = sys.argv[1].encode(), sys.argv[2] == "fill"
    shown = subprocess.run(["bpftool", "--json", "map", "show", "pinned", pin], check=True, capture_output=True)
    info = json.loads(shown.stdout)
    key_bytes, value_bytes = info["bytes_key"], info["bytes_value"]
    fd = libbpf.bpf_obj_get(pin)
    # The word of a source with one connection, and of a flow that belongs to no key.
    values = (b"\x01" + bytes(value_bytes - 1)) * BATCH
    count = ctypes.c_uint32()
    for number in range(0, info["max_entries"] + BATCH, BATCH):
        keys = keys_from(number, key_bytes)
        count.value = BATCH
        if fills:
            failed = libbpf.bpf_map_update_batch(fd, keys, values, ctypes.byref(count), None)
        else:
            failed = libbpf.bpf_map_delete_batch(fd, keys, ctypes.byref(count), None)
        if failed:
            break
    # Each batch ends at the first key that does not fit, or is not there.
    if not failed:
        sys.exit("%s: no end was met" % sys.argv[1])


main()
