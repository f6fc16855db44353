#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cached questions: portreeved guarding a namespace, beside unbound and dnsmasq in the same one.

    bench/dns.py [--build DIR] [--rounds N] [--seconds S]

Prints a JSON array of figures (docs/contract.md); what it does goes to the standard error:
    dns_cached_vs_unbound     cached questions a second (dnsperf, straight to our nameserver), as a ratio
    dns_cached_vs_unguarded   the same to unbound in a namespace that nobody guards, the daemon stopped
    dns_rerouted_vs_unbound   questions to a nameserver elsewhere, rerouted to ours; to unbound asked straight
    dns_fresh_socket_vs_unbound   the same with a new socket for each question, one after the other
    dns_with_lists_vs_none    the first with a million domains blocked, to the same without any
    dns_cached_us             the median time of one cached question, one after the other
Every question that we answer is attributed and decided twice by the daemon, which is held to it by its own counters.
Each server has one thread, and they take turns. All forward to a server in another namespace, which has 200 names of
their own addresses.
"""
import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lab")]

import contenders  # noqa: E402  (the path is set just above)
import lists_data  # noqa: E402
from figures import figure, ratio  # noqa: E402
from portreeve_lab import DNS4, Failed, Lab  # noqa: E402

N_NAMES = 200
N_SINGLE, N_FRESH = 10000, 5000
LOCAL = "127.0.0.1"
UNBOUND_PORT, DNSMASQ_PORT = 5301, 5302
UNBOUND = """server:
 interface: {address}@{port}
 access-control: 127.0.0.0/8 allow
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


def say(text):
    print(text, file=sys.stderr, flush=True)


class Bench:
    def __init__(self, build, lab, seconds):
        self.build, self.lab, self.seconds = build, lab, seconds
        self.names = lab.directory / "names"
        self.names.write_text("".join(f"n{i}.wild.example A\n" for i in range(N_NAMES)))

    def start_peers(self):
        zone = ' local-zone: "wild.example." static\n' + "".join(
            f' local-data: "n{i}.wild.example. 3600 A 93.184.{i // 250}.{i % 250 + 1}"\n' for i in range(N_NAMES))
        self.lab.start_dns(options=zone)
        config = self.lab.directory / "peer.conf"
        config.write_text(UNBOUND.format(address=LOCAL, port=UNBOUND_PORT, upstream=DNS4))
        for namespace in (self.lab.host, self.lab.lan):
            namespace.start("unbound", "-d", "-c", config, ready=namespace.listens(UNBOUND_PORT, "udp"))
            self.load(namespace, LOCAL, UNBOUND_PORT, 1)  # into its cache
        self.lab.host.start(
            "dnsmasq", "-k", "-C", "/dev/null", "-p", DNSMASQ_PORT, f"--listen-address={LOCAL}", "--bind-interfaces",
            "--no-resolv", f"--server={DNS4}", "-u", "root", "--pid-file=", f"--cache-size={2 * N_NAMES}",
            ready=self.lab.host.listens(DNSMASQ_PORT, "udp"))
        self.load(self.lab.host, LOCAL, DNSMASQ_PORT, 1)

    def load(self, namespace, address, port, seconds=None):
        """Questions a second, and how many were answered."""
        seconds = seconds or self.seconds
        text = namespace.run("dnsperf", "-s", address, "-p", port, "-d", self.names, "-l", seconds, "-c", 4, "-q", 200,
                             timeout=seconds + 30).stdout
        lost = float(re.search(r"Queries lost:\s+\d+ \(([\d.]+)%\)", text)[1])
        if lost > 1:
            raise Failed(f"{address}@{port}: {lost} % lost")
        return (float(re.search(r"Queries per second:\s+([\d.]+)", text)[1]),
                int(re.search(r"Queries completed:\s+(\d+)", text)[1]))

    def ask(self, namespace, how, address, port, number):
        done = namespace.run(self.build / "bench" / "dns-client", how, address, port, number, timeout=120)
        return json.loads(done.stdout)

    def nameserver_port(self):
        """Where portreeved listens in the guarded namespace."""
        text = self.lab.host.run("ss", "-Hlunp").stdout
        return int(re.search(r":(53\d{3}) .*portreeved", text)[1])


class Ours(contenders.Portreeve):
    """The daemon, and that it did with the questions what it is there for."""

    def __init__(self, bench, config="", lists=()):
        super().__init__(bench.build, "/usr/bin/dnsperf",
                         f'upstreams = [ "{DNS4}" ];\noutgoing = [ "- denied.wild.example" ];\n' + config)
        self.bench, self.lists = bench, lists

    def start(self, namespace):
        super().start(namespace)
        self.port = self.bench.nameserver_port()
        end = time.monotonic() + 120
        while self.lists and not self.lists_are_in_force():
            if time.monotonic() > end:
                raise Failed("the lists did not come in force")
            time.sleep(0.2)
        self.bench.load(namespace, LOCAL, self.port, 1)  # into the caches

    def rows(self, *words):
        done = self.namespace.run(self.build / "portreeve", "--run", self.directory / "run", "--json", *words)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def lists_are_in_force(self):
        return len([row for row in self.rows("intel", "lists") if row.get("entries")]) >= len(self.lists)

    def load(self, address, port):
        before = self.status()
        rate, answered = self.bench.load(self.namespace, address, port)
        after = self.status()
        decided = after["engine"]["questions_answered"] - before["engine"]["questions_answered"]
        unknown = after["engine"]["owner_none"] - before["engine"]["owner_none"]
        if decided < answered or unknown:
            raise Failed(f"{answered} questions were answered, {decided} of them decided, {unknown} for nobody")
        if "NXDOMAIN" not in self.namespace.run("dig", "+tries=1", "-p", port, f"@{address}", "denied.wild.example").stdout:
            raise Failed("what is denied was answered")
        return rate


def compare(bench, rounds):
    """One round after the other, everybody in each. name → what → [measured]."""
    ours, host = Ours(bench), bench.lab.host
    who = {"portreeve": None, "unbound": UNBOUND_PORT, "dnsmasq": DNSMASQ_PORT}
    measured = {name: {"load": [], "rerouted": [], "single": [], "fresh": []} for name in [*who, "unguarded"]}
    for number in range(rounds):
        with ours.guarding(host):
            for name, port in who.items():
                of, port = measured[name], port or ours.port
                of["load"].append(bench.load(host, LOCAL, port)[0] if port != ours.port else ours.load(LOCAL, port))
                of["single"].append(bench.ask(host, "same", LOCAL, port, N_SINGLE))
                if port == ours.port:
                    of["rerouted"].append(ours.load(DNS4, 53))
                    of["fresh"].append(bench.ask(host, "fresh", DNS4, 53, N_FRESH))
                else:
                    of["fresh"].append(bench.ask(host, "fresh", LOCAL, port, N_FRESH))
        measured["unguarded"]["load"].append(bench.load(bench.lab.lan, LOCAL, UNBOUND_PORT)[0])
        measured["unguarded"]["single"].append(bench.ask(bench.lab.lan, "same", LOCAL, UNBOUND_PORT, N_SINGLE))
        say(f"round {number + 1}: " + ", ".join(
            f"{name} {of['load'][-1]:.0f}/s {of['single'][-1]['median_us']:.1f} us" for name, of in measured.items()) +
            f"; rerouted {measured['portreeve']['rerouted'][-1]:.0f}/s")
    return measured


def in_words(measured, what, key=None, names=("unbound", "dnsmasq")):
    def values(name):
        return [result[key] if key else result for result in measured[name][what]]
    if key == "median_us":
        return ", ".join(f"{name} {statistics.median(values(name)):.1f} us" for name in names)
    return ", ".join(f"{name} {statistics.median(values(name)):.0f} a second" for name in names)


def compared(measured):
    ours, unbound, dnsmasq, unguarded = (measured[name] for name in ("portreeve", "unbound", "dnsmasq", "unguarded"))

    def rates(of):
        return [result["rate"] for result in of["fresh"]]
    single = [result["median_us"] for result in ours["single"]]
    beside = ratio("", ours["load"], dnsmasq["load"])["value"]
    return [
        ratio("dns_cached_vs_unbound", ours["load"], unbound["load"], at_least=0.9,
              against=f"{in_words(measured, 'load')}, one thread each, in the guarded namespace; to dnsmasq {beside}"),
        ratio("dns_cached_vs_unguarded", ours["load"], unguarded["load"],
              against=f"{in_words(measured, 'load', names=['unguarded'])}: unbound without any firewall"),
        ratio("dns_rerouted_vs_unbound", ours["rerouted"], unbound["load"],
              against="unbound, asked straight; ours through a reroute"),
        ratio("dns_fresh_socket_vs_unbound", rates(ours), rates(unbound),
              against=f"{in_words(measured, 'fresh', 'rate')}, asked straight; ours rerouted; each question a link of its own"),
        figure("dns_cached_us", round(statistics.median(single), 1), "us", spread=[min(single), max(single)],
               against=in_words(measured, "single", "median_us", ["unbound", "dnsmasq", "unguarded"])),
    ]


def with_lists(bench, rounds):
    directory = bench.build / "bench" / "lists"
    lists_data.make(directory)
    ids = list(lists_data.FORMATS)
    config = "list = ( " + ", ".join(
        f'{{ id = "{name}"; file = "{directory / name}.txt"; format = "{name}"; }}' for name in ids) + " );\n"
    config += "lists = [ " + ", ".join(f'"{name}"' for name in ids) + " ];\n"
    without, blocking = Ours(bench), Ours(bench, config, ids)
    rates = {without: [], blocking: []}
    for number in range(rounds):
        for ours in (without, blocking) if number % 2 else (blocking, without):  # what drifts meets both alike
            with ours.guarding(bench.lab.host):
                rates[ours].append(ours.load(LOCAL, ours.port))
    say("lists: " + ", ".join(f"{a:.0f}/s to {b:.0f}/s" for a, b in zip(rates[blocking], rates[without])))
    return [ratio("dns_with_lists_vs_none", rates[blocking], rates[without], at_least=0.95,
                  against=f"{lists_data.N_DOMAINS:,} domains on {len(ids)} lists; without any")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2)
    options = parser.parse_args()
    with Lab(prefix="prdnsb", container=False) as lab:
        bench = Bench(options.build.resolve(), lab, options.seconds)
        bench.start_peers()
        figures = compared(compare(bench, options.rounds))
        figures += with_lists(bench, max(options.rounds - 2, 1))
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
