# SPDX-License-Identifier: GPL-3.0-or-later
"""What a link pays for being led through a SOCKS server: by the entry point, by redsocks, and by an application that speaks
SOCKS itself. All to the same microsocks, in namespaces; in every round each has its turn."""
import contextlib
import json
import os
import pathlib
import resource
import select
import shutil
import statistics
import subprocess
import tempfile

import contenders
import memory
from figures import figure, ratio
from portreeve_lab import WEB4, wait_for
from portreeve_upstreams import PROXIES4, add_addresses, listens_at

PORT, PROXY, PROXY_PORT = 7200, PROXIES4[0], 1080
LOADS = {1: 9, 100: 7, 5000: 3}  # links at once: rounds
MOST, SECONDS = max(LOADS), 2
SETUPS, SETUP_ROUNDS, NEAR_SETUPS = 60, 5, 2000
DELAY_US = 5000  # each way
IDLE = 5000
FILES = 65536

POLICY = f"""tunnel_upstream = ( {{ name = "socks"; url = "socks5://{PROXY}:{PROXY_PORT}"; isolate = "none"; }} );
tunnel = "socks";
outgoing = [ "> {WEB4}" ];
"""


class Native(contenders.Contender):
    """Nobody: the application speaks SOCKS."""

    name = "native"
    way = f"{PROXY}:{PROXY_PORT}"


class Redsocks(contenders.Contender):
    """redsocks of the distribution, with its usual REDIRECT."""

    name, way, port = "redsocks", "-", 12345

    def missing(self):
        return "" if shutil.which("redsocks") and shutil.which("iptables") else "redsocks is not installed"

    def start(self, namespace):
        self.namespace = namespace
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="portreeve-redsocks-"))
        config = self.directory / "redsocks.conf"
        config.write_text(f"base {{ log_info = off; log = \"file:{self.directory}/log\"; daemon = off; redirector = iptables;\n"
                          f" rlimit_nofile = {resource.getrlimit(resource.RLIMIT_NOFILE)[0]}; redsocks_conn_max = {MOST + 100}; }}\n"
                          f"redsocks {{ local_ip = 127.0.0.1; local_port = {self.port}; ip = {PROXY}; port = {PROXY_PORT};"
                          f" type = socks5; listenq = 1024; splice = {self.splices()}; }}\n")
        self.process = subprocess.Popen(namespace.command("redsocks", "-c", config), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("redsocks", listens_at(namespace, "127.0.0.1", self.port))
        self._redirect("-A")

    @staticmethod
    def splices():
        """With two pipes a link it runs out of files earlier than we do."""
        return "true" if resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 6 * MOST + 100 else "false"

    def _redirect(self, how):
        self.namespace.run("iptables", "-t", "nat", how, "OUTPUT", "-p", "tcp", "-d", WEB4, "-j", "REDIRECT", "--to-ports",
                           self.port)

    def stop(self):
        self._redirect("-D")
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.directory, ignore_errors=True)


class Tunnel(contenders.Portreeve):
    """Our entry point, for links to the server's address."""

    name, way = "portreeve", "-"

    def __init__(self, build):
        super().__init__(build, "/nobody", POLICY)

    def tunnel_process(self):
        for pid in self.pids():
            if b"\0tunnel\0" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        raise RuntimeError("there is no tunnel process")


def client(lab, build, contender, *words):
    done = lab.host.run(build / "bench" / "tunnel-client", contender.way, WEB4, PORT, *words, timeout=120)
    said = json.loads(done.stdout)
    if said["failed"]:
        raise RuntimeError(f"{contender.name}: {said['failed']} of {said['links']} links failed")
    return said


def rounds(lab, who, number, measure):
    """Contender → what each of its rounds gave."""
    measured = {contender: [] for contender in who}
    for i in range(number):
        for contender in who if i % 2 == 0 else reversed(who):
            lab.host.run("conntrack", "-F", check=False)  # what a round leaves there is nothing that the next one has to judge
            with contender.guarding(lab.host):
                measured[contender].append(measure(contender))
    return measured


def told(say, what, measured, unit, scale=1.0):
    say(f"{what}: " + ", ".join(f"{contender.name} {statistics.median(results) / scale:.2f} {unit} "
                                f"({min(results) / scale:.2f} - {max(results) / scale:.2f})"
                                for contender, results in measured.items()))


def throughput(lab, build, who, links, aims, say):
    got = rounds(lab, who, LOADS[links], lambda contender: client(lab, build, contender, "load", links, SECONDS)["bytes_per_s"])
    told(say, f"{links} links", got, "Gbit/s", 1e9 / 8)
    by_name = {contender.name: results for contender, results in got.items()}
    ours, suffix = by_name["portreeve"], "" if links == 1 else f"_{links}"
    where = f"{links} link{'s at once' if links > 1 else ', all on one processor'}"
    figures = [ratio(f"tunnel_vs_native_socks{suffix}", ours, by_name["native"], at_least=aims[1],
                     against=f"the application speaking SOCKS, {where}")]
    if "redsocks" in by_name:
        figures.insert(0, ratio(f"tunnel_vs_redsocks{suffix}", ours, by_name["redsocks"], at_least=aims[0],
                                against=f"redsocks to the same microsocks, {where}"))
    return figures


def near_setup(lab, build, who, say):
    """Without any distance: what the processes themselves take."""
    got = rounds(lab, who, SETUP_ROUNDS, lambda contender: client(lab, build, contender, "setup", NEAR_SETUPS)["median_us"])
    told(say, "first byte back, no delay", got, "µs")


@contextlib.contextmanager
def far(lab, build):
    """The proxy is DELAY_US away, each way."""
    a, b = ("10.99.0.1", "10.99.0.2")
    process = subprocess.Popen([build / "bench" / "tunnel-delay", lab.host.name, "far0", lab.internet.name, "far0",
                                str(DELAY_US)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if not select.select([process.stdout], [], [], 10)[0] or process.stdout.readline() != "ready\n":
            raise RuntimeError("tunnel-delay did not start")
        for namespace, own in ((lab.host, a), (lab.internet, b)):
            namespace.ip("addr", "add", f"{own}/24", "dev", "far0")
            namespace.ip("link", "set", "far0", "up")
        lab.host.ip("route", "add", PROXY, "via", b)
        lab.internet.ip("route", "add", f"{a}/32", "dev", "far0", check=False)
        yield
    finally:
        process.stdin.close()
        process.wait(10)


def setup(lab, build, native, ours, say):
    with far(lab, build):
        got = rounds(lab, [native, ours], SETUP_ROUNDS, lambda contender: client(lab, build, contender, "setup", SETUPS)["median_us"])
    told(say, f"first byte back, {2 * DELAY_US / 1000:g} ms there and back", got, "ms", 1000)
    trips = [(a - b) / (2 * DELAY_US) for a, b in zip(got[ours], got[native])]
    return [figure("tunnel_setup_rtt", round(statistics.median(trips), 2), "trips", at_most=1,
                   spread=[round(min(trips), 2), round(max(trips), 2)],
                   against="until the first byte is back, over the application speaking SOCKS; round trips to the server")]


def idle(lab, build, ours, say):
    with ours.guarding(lab.host):
        pid = ours.tunnel_process()
        with holding(lab, build, ours, 100):
            pass  # what is made once, is there
        before = memory.pss_kib([pid])
        with holding(lab, build, ours, IDLE):
            after = memory.pss_kib([pid])
    say(f"{IDLE} idle links: the tunnel process grew from {before} to {after} KiB")
    return [figure("tunnel_bytes_per_link", round((after - before) * 1024 / IDLE), "B", at_most=2048,
                   against=f"growth (PSS) of the tunnel process with {IDLE} idle links")]


@contextlib.contextmanager
def holding(lab, build, contender, number):
    process = subprocess.Popen(lab.host.command(build / "bench" / "tunnel-client", contender.way, WEB4, PORT,
                                                "hold", number), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        said = json.loads(process.stdout.readline())
        if said["failed"] or process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{said['failed']} of {number} links failed")
        yield
    finally:
        process.stdin.close()
        process.wait(30)


@contextlib.contextmanager
def on_processors(number):
    """This process and all that it starts."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:number])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def far_end(lab, build):
    """microsocks, and the server."""
    started = [lab.internet.start("microsocks", "-i", PROXY, "-p", PROXY_PORT, ready=listens_at(lab.internet, PROXY, PROXY_PORT)),
               lab.internet.start(build / "bench" / "tunnel-server", PORT, ready=lab.internet.listens(PORT))]
    try:
        yield
    finally:
        for process in started:
            lab.end(process)


def with_many_files():
    """Two for each link, in each of those who pass it on."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for most in (max(FILES, hard), hard):
        with contextlib.suppress(ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
            return


def run(lab, build, say):
    with_many_files()
    add_addresses(lab)
    native, peer, ours = Native(build), Redsocks(build), Tunnel(build)
    if peer.missing():
        say(f"tunnel_vs_redsocks: not measured, {peer.missing()}")
        peer = None
    who = [one for one in (native, peer, ours) if one]
    with on_processors(1), far_end(lab, build):
        figures = throughput(lab, build, who, 1, (1.2, 0.9), say)
    # microsocks has a thread for each link: with many of them on one processor nobody else has his turn within seconds.
    with far_end(lab, build):
        for links in [links for links in LOADS if links > 1]:
            figures += throughput(lab, build, who, links, (None, None), say)
        near_setup(lab, build, who, say)
        return figures + setup(lab, build, native, ours, say) + idle(lab, build, ours, say)
