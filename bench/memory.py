# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemon holds: the proportional memory (PSS) of all its processes when nothing goes on, and what it grows by
when links come to live. The maps of the BPF programs and the kernel's connection table are the kernel's memory; the
former are shown beside it."""
import pathlib
import re
import time

import contenders
from figures import figure

N_LINKS, A_SECOND = 100000, 10000
FIRST_PORT, PORTS = 10000, 50000

# One UDP socket, as many destinations: each is a link. Slow enough that no queue overflows.
SEND = """
import socket, sys, time
addresses, first, ports, n, rate = sys.argv[1].split(","), *map(int, sys.argv[2:])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
start = time.monotonic()
for i in range(n):
    try:
        s.sendto(b"x", (addresses[i // ports], first + i % ports))
    except OSError:
        pass
    if i % 100 == 99:
        time.sleep(max(0, start + i / rate - time.monotonic()))
"""


def pss_kib(pids):
    texts = [pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids]
    return sum(int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1]) for text in texts)


def maps_kib(pid):
    """Of the BPF maps that the supervisor holds, as the kernel reckons them."""
    sizes = {}
    for entry in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        text = entry.read_text()
        number, size = re.search(r"^map_id:\s+(\d+)", text, re.M), re.search(r"^memlock:\s+(\d+)", text, re.M)
        if number and size:
            sizes[number[1]] = int(size[1])
    return sum(sizes.values()) // 1024


def run(lab, build, addresses, say):
    ours = contenders.Portreeve(build, "/usr/bin/python3")
    with ours.guarding(lab.host):
        time.sleep(2)
        pids = ours.pids()
        idle = pss_kib(pids)
        say(f"idle: {idle / 1024:.1f} MiB in {len(pids)} processes; the kernel holds "
            f"{maps_kib(ours.process.pid) / 1024:.1f} MiB in BPF maps")
        lab.host.run("/usr/bin/python3", "-c", SEND, ",".join(addresses), FIRST_PORT, PORTS, N_LINKS, A_SECOND,
                     timeout=120)
        time.sleep(0.5)
        live = ours.status()["engine"]["links_now"]
        grown = pss_kib(pids)
    say(f"{live} live links: {grown / 1024:.1f} MiB")
    if live < N_LINKS * 0.9:
        raise RuntimeError(f"only {live} of {N_LINKS} links came to live")
    return [figure("pss_idle_mib", round(idle / 1024, 1), "MiB", at_most=25, against="all processes, PSS"),
            figure("bytes_per_link", round((grown - idle) * 1024 / live), "B", at_most=400,
                   against=f"growth with {live} live UDP links")]
