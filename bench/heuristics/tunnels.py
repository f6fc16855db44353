#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the real tunnel tools in a lab, and gives the questions of each run.

    bench/heuristics/tunnels.py DIRECTORY      one file of relay.py's lines for each run

iodined and dns2tcpd stand in the lab's Internet, authorities behind its nameserver; their clients are on the host. Each
run has a record type, an encoding down, and a way (relay.py) that decides the encoding up.
"""
import contextlib
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent / "lab")]

import portreeve_lab as pl  # noqa: E402  (the path is set just above)

IODINE, DNS2TCP = "t.tunnel-lab.net", "d.tunnel-lab.org"
QUESTIONS = 60  # a run ends with so many; the aim speaks of the first 50
SECONDS = 45
AT_ONCE = 8
DOWN = ["Base32", "Base64", "Base64u", "Base128"]
UP = {"lower": "Base32", "plus": "Base64u", "7bit": "Base64", "raw": "Base128"}
ZONES = f"""forward-zone:
 name: "{IODINE}."
 forward-addr: 127.0.0.1@5301
forward-zone:
 name: "{DNS2TCP}."
 forward-addr: 127.0.0.1@5302
"""


def iodine_runs():
    """(record type, encoding down or "" where there is none to choose, way)."""
    runs = [(kind, "", way) for kind in ("NULL", "PRIVATE") for way in UP]
    runs += [(kind, down, "raw") for kind in ("TXT", "SRV", "MX", "CNAME", "A") for down in DOWN]
    runs.append(("TXT", "Raw", "raw"))
    return runs + [(kind, "", way) for kind in ("TXT", "CNAME", "A") for way in ("lower", "plus", "7bit")]


def start_servers(lab):
    """The nameservers, and dns2tcpd; what came back is the process of unbound, whose log has the questions."""
    unbound = lab.start_dns(options=" do-not-query-localhost: no\n" + ZONES)
    lab.internet.start("dnsmasq", "-k", "-C", "/dev/null", f"--listen-address={pl.SSH4}", "--bind-interfaces", "--no-resolv",
                       "-u", "root", "--pid-file=", f"--server=/{IODINE}/127.0.0.1#5301", "--cache-size=0")
    config = lab.directory / "dns2tcpd.conf"
    config.write_text("listen = 127.0.0.1\nport = 5302\nuser = nobody\nchroot = /var/empty\ndomain = " + DNS2TCP + "\n"
                      "resources = echo:127.0.0.1:7007\n")
    pathlib.Path("/var/empty").mkdir(exist_ok=True)
    lab.start_echo(lab.internet, 7007)
    lab.internet.start("dns2tcpd", "-F", "-d", "1", "-f", config, ready=lab.internet.listens(5302, "udp"))
    return unbound


def start_iodined(lab):
    return lab.internet.start("iodined", "-f", "-c", "-P", "secret", "-p", "5301", "-l", "127.0.0.1", "10.99.0.1/27", IODINE,
                              ready=lab.internet.listens(5301, "udp"))


def relay(lab, number, way, log, upstream=pl.DNS4):
    listen = f"127.0.1.{number}"
    lab.host.start(sys.executable, HERE / "relay.py", listen, upstream, way, log,
                   ready=lambda: log.exists())
    return listen


def lines(log):
    return log.read_text().splitlines() if log.exists() else []


def wait(logs):
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and any(len(lines(log)) < QUESTIONS for log in logs):
        time.sleep(0.1)


def iodine(lab, runs, directory, first):
    """Some runs at one time; each has a tunnel device, and goes on with pings through it. An A record's answer is a
    CNAME that leads nowhere: that needs a nameserver which does not follow it, dnsmasq."""
    logs, clients = [], [start_iodined(lab)]
    for number, (kind, down, way) in enumerate(runs, first):
        log = directory / "-".join(filter(None, ["iodine", kind, down, UP[way]]))
        listen = relay(lab, number, way, log, pl.SSH4 if kind == "A" else pl.DNS4)
        clients.append(lab.host.start("iodine", "-f", "-r", "-P", "secret", "-d", f"dns{number}", "-T", kind,
                                      *(["-O", down] if down else []), listen, IODINE))
        ping = f"ping -q -I dns{number} 10.99.0.1"
        clients.append(lab.host.start("sh", "-c", f"until {ping} -c 1 -W 1; do sleep .2; done; exec {ping} -i .2"))
        logs.append(log)
    wait(logs)
    for client in reversed(clients):
        lab.end(client)
    return logs


def start_dns2tcp(lab, kind, nameserver, port):
    """A client, and somebody who talks through it to the far end's echo."""
    client = lab.host.start("dns2tcpc", "-z", DNS2TCP, "-r", "echo", "-l", port, "-d", "1", "-T", kind, nameserver,
                            ready=lab.host.listens(port))
    talk = f"""
import socket, time
s = socket.create_connection(("127.0.0.1", {port}))
s.settimeout(30)
for i in range(60):
    s.sendall(b"what is said %d times " % i * 3)
    s.recv(4096)
    time.sleep(.3)
"""
    lab.host.start("/usr/bin/python3", "-c", talk)
    return client


def dns2tcp(lab, directory, number):
    logs = []
    for kind in ("TXT", "KEY"):
        log = directory / f"dns2tcp-{kind}"
        start_dns2tcp(lab, kind, relay(lab, number + len(logs), "raw", log), 7100 + number + len(logs))
        logs.append(log)
    wait(logs)
    return logs


@contextlib.contextmanager
def _lab():
    with pl.Lab("prtun", container=False, lan=False) as lab:
        start_servers(lab)
        yield lab


def record(directory, say=print):
    """All runs; the files that came of them."""
    directory.mkdir(parents=True, exist_ok=True)
    logs, runs = [], iodine_runs()
    with _lab() as lab:
        for first in range(0, len(runs), AT_ONCE):
            logs += iodine(lab, runs[first:first + AT_ONCE], directory, 10 + first)
            say(f"{len(logs)} of {len(runs)} runs of iodine")
        logs += dns2tcp(lab, directory, 10 + len(runs))
    for log in logs:
        if len(lines(log)) < 10:
            raise RuntimeError(f"{log.name}: only {len(lines(log))} questions")
    return logs


if __name__ == "__main__":
    record(pathlib.Path(sys.argv[1]))
