# SPDX-License-Identifier: BSD-2-Clause
"""Clients that no server wishes for. hostile.py MODE ADDRESS [COUNT [SECONDS]]; ADDRESS is PORT or a socket's path.

scrape: COUNT at once ask for /metrics and for the status page by turns, again and again until their standard input ends;
        says how many of each were got whole.
slow:   COUNT connections say a byte a second of a request that never ends; says how long until the last was cut off.
silent: COUNT connections say nothing; prints "there", and stays until it is killed.
"""

import asyncio
import sys
import time


def connect(address):
    if address.startswith("/"):
        return asyncio.open_unix_connection(address)
    return asyncio.open_connection("127.0.0.1", int(address))


# What each has in it, and ends with.
PAGES = {"/metrics": (b"spillway_map_capacity", b"\n"), "/": (b"<title>", b"</html>\n")}


async def scrape_once(address, path):
    reader, writer = await connect(address)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    page = await asyncio.wait_for(reader.read(-1), 30)
    writer.close()
    inside, end = PAGES[path]
    if not page.startswith(b"HTTP/1.1 200") or inside not in page or not page.endswith(end):
        raise RuntimeError(f"{path} is not whole: {page[:200]!r} ... {page[-200:]!r}")


async def scrape(address, count):
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin, ended.set)
    got = dict.fromkeys(PAGES, 0)

    async def one():
        while not ended.is_set():
            for path in PAGES:
                await scrape_once(address, path)
                got[path] += 1

    await asyncio.gather(*(one() for _ in range(count)))
    for path, times in got.items():
        print(path, times)


async def drip(address):
    """Until it is cut off."""
    try:
        reader, writer = await connect(address)
        writer.write(b"GET /metrics HTTP/1.1\r\nX-Slow: " if not address.startswith("/") else b'{"verb":"')
        gone = asyncio.ensure_future(reader.read(-1))
        while not gone.done():
            await asyncio.wait({gone}, timeout=1)
            writer.write(b"x")
            await writer.drain()
    except (ConnectionError, BrokenPipeError):
        pass


async def slow(address, count):
    began = time.monotonic()
    dripping = asyncio.gather(*(drip(address) for _ in range(count)))
    await asyncio.sleep(0.5)
    print("dripping", flush=True)
    await dripping
    print("cut after", round(time.monotonic() - began), flush=True)


async def silent(address, count):
    connections = [await connect(address) for _ in range(count)]
    print("there", flush=True)
    await asyncio.Event().wait()
    del connections


MODES = {"scrape": scrape, "slow": slow, "silent": silent}
asyncio.run(MODES[sys.argv[1]](sys.argv[2], int(sys.argv[3])))
