#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cached questions: the nameserver and its resolver process beside unbound alone, interleaved in one run.

    bench/dns.py [--build DIR] [--rounds N] [--seconds S]

Prints a JSON array of {"name", "value", "unit", "against", "spread"}:
    dns_cached_vs_unbound     cached questions a second (dnsperf), as a ratio of medians
    dns_fresh_socket_vs_unbound   the same, one question a socket
    dns_cached_us             the median time of one cached question, one after the other
Both serve the same names from an upstream in another namespace; unbound has one thread, as the nameserver has.
"""
import argparse
import json
import pathlib
import re
import socket
import statistics
import struct
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "lab"))
from portreeve_lab import DNS4, HOST4, Lab, wait_for  # noqa: E402

N_NAMES = 200
OUR_PORT, UNBOUND_PORT = 53, 5301
PEER = """server:
 interface: {address}@{port}
 access-control: 0.0.0.0/0 allow
 chroot: ""
 username: ""
 pidfile: ""
 use-syslog: no
 do-daemonize: no
 num-threads: 1
 module-config: "iterator"
 so-rcvbuf: 4m
forward-zone:
 name: "."
 forward-addr: {upstream}
remote-control:
 control-enable: no
"""


def question(name, ident):
    body = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    return struct.pack(">HHHHHH", ident, 0x100, 1, 0, 0, 0) + body + struct.pack(">HH", 1, 1)


def load(lab, port, names, seconds):
    text = lab.host.run("dnsperf", "-s", HOST4, "-p", port, "-d", names, "-l", seconds, "-c", 4, "-q", 200,
                        timeout=seconds + 30).stdout
    lost = float(re.search(r"Queries lost:\s+\d+ \(([\d.]+)%\)", text).group(1))
    if lost > 1:
        print(f"port {port}: {lost} % lost", file=sys.stderr)
    return float(re.search(r"Queries per second:\s+([\d.]+)", text).group(1))


def fresh_sockets(port, n=3000):
    """Questions a second, each from a socket of its own, as a C library asks."""
    start = time.monotonic()
    for ident in range(n):
        asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        asker.settimeout(2)
        asker.connect((HOST4, port))
        asker.send(question(f"n{ident % N_NAMES}.wild.test", ident))
        asker.recv(512)
        asker.close()
    return n / (time.monotonic() - start)


def one_by_one(port, n=3000):
    """The median in microseconds."""
    asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asker.settimeout(2)
    asker.connect((HOST4, port))
    took = []
    for ident in range(n):
        message = question(f"n{ident % N_NAMES}.wild.test", ident)
        start = time.perf_counter_ns()
        asker.send(message)
        asker.recv(512)
        took.append(time.perf_counter_ns() - start)
    return statistics.median(took) / 1000


def spread(values):
    return [round(min(values), 2), round(max(values), 2)]


def ratio(name, ours, peers):
    ratios = [a / b for a, b in zip(ours, peers)]
    return {"name": name, "value": round(statistics.median(ours) / statistics.median(peers), 3), "unit": "ratio",
            "against": f"unbound, one thread: {statistics.median(peers):.0f} questions a second",
            "spread": spread(ratios)}


def measure(build, rounds, seconds):
    figures = {"load": ([], []), "fresh": ([], []), "single": ([], [])}
    with Lab(prefix="prdnsb", container=False, lan=False) as lab:
        lab.start_dns(options=' local-zone: "wild.test." redirect\n local-data: "wild.test. 3600 A 93.184.215.77"\n')
        names = lab.directory / "names"
        names.write_text("".join(f"n{i}.wild.test A\n" for i in range(N_NAMES)))
        config = lab.directory / "peer.conf"
        config.write_text(PEER.format(address=HOST4, port=UNBOUND_PORT, upstream=DNS4))
        lab.host.start("unbound", "-d", "-c", config, ready=lab.host.listens(UNBOUND_PORT, "udp"))
        tool = lab.host.start(build / "tests" / "tools" / "nameserver-tool", "--listen", f"{HOST4}@{OUR_PORT}",
                              "--upstream", DNS4, "--quiet")
        wait_for("the nameserver", lambda: "ready" in tool.log.read_text() or (tool.poll() is not None and sys.exit(tool.log.read_text())))
        for port in (OUR_PORT, UNBOUND_PORT):  # into the caches
            load(lab, port, names, 1)
        for _ in range(rounds):
            for i, port in enumerate((OUR_PORT, UNBOUND_PORT)):
                figures["load"][i].append(load(lab, port, names, seconds))
                with lab.host.inside():
                    figures["fresh"][i].append(fresh_sockets(port))
                    figures["single"][i].append(one_by_one(port))
    ours, peers = figures["single"]
    return [ratio("dns_cached_vs_unbound", *figures["load"]),
            ratio("dns_fresh_socket_vs_unbound", *figures["fresh"]),
            {"name": "dns_cached_us", "value": round(statistics.median(ours), 1), "unit": "us",
             "against": f"unbound: {statistics.median(peers):.1f}", "spread": spread(ours)}]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    options = parser.parse_args()
    print(json.dumps(measure(options.build.resolve(), options.rounds, options.seconds), indent=1))


if __name__ == "__main__":
    main()
