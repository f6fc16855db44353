# SPDX-License-Identifier: GPL-3.0-or-later
"""Dials of the tunnel over two ways to two Internets: an interface's links leave by it or not at all, whatever the routes
say, and its names are asked of its own nameservers."""
import re
import select
import subprocess

import pytest

from kernel_edge import serve
from portreeve_lab import ADS4, DNS4, HOST4, HOST6, ROUTER4, WEB4, WEB6, Stopwatch, wait_for

NOBODY = "65534"
# The far end of the second device, a VPN's: it has the same addresses as the Internet, and a nameserver of its own.
VPN4, VPN6 = "10.99.0.2", "fd99::2"
PORT = "7000"


class Dialer:
    """build/tests/tools/tunnel-dial on the host."""

    def __init__(self, lab, build, *nameservers):
        self.process = subprocess.Popen(lab.host.command(build / "tests" / "tools" / "tunnel-dial", NOBODY, *nameservers),
                                        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1)
        lab.processes.append(self.process)

    def send(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()

    def ask(self, *words):
        self.send(*words)
        assert select.select([self.process.stdout], [], [], 90)[0], f"no answer to {words}"
        return self.process.stdout.readline().strip()

    def dial(self, host, interface="-", *nameservers, proto="tcp", port=PORT):
        """(outcome, milliseconds, the rest)"""
        outcome, took, rest = self.ask(host, port, proto, interface, *nameservers).split(" ", 2)
        return outcome, int(took), rest


def start_nameserver(lab, namespace, address, *data):
    config = lab.directory / f"unbound-{address}.conf"
    config.write_text("server:\n"
                      f" interface: {address}\n access-control: 0.0.0.0/0 allow\n"
                      ' chroot: ""\n username: ""\n pidfile: ""\n use-syslog: no\n do-daemonize: no\n'
                      ' module-config: "iterator"\n local-zone: "." static\n rrset-roundrobin: no\n' +
                      "".join(f' local-data: "{line}"\n' for line in data))
    return namespace.start("unbound", "-d", "-c", config, ready=namespace.listens(53, "udp"))


@pytest.fixture
def ways(lab):
    host, vpn = lab.host, lab.lan
    lab.veth(host, "wg0", vpn, "wg0")
    lab.address(host, "wg0", "10.99.0.1/24", "fd99::1/64")
    lab.address(vpn, "wg0", f"{VPN4}/24", f"{VPN6}/64")
    host.ip("route", "add", "default", "via", VPN4, "dev", "wg0", "metric", "5000")
    host.ip("-6", "route", "add", "default", "via", VPN6, "dev", "wg0", "metric", "5000")
    for address in (f"{WEB4}/32", f"{WEB6}/128"):
        vpn.ip("addr", "add", address, "dev", "lo")
    for namespace in (lab.internet, vpn):
        serve(namespace, PORT)
    start_nameserver(lab, lab.internet, DNS4, f"example.com. 60 IN A {WEB4}", f"example.com. 60 IN AAAA {WEB6}",
                     f"only-here.example. 60 IN A {WEB4}")
    start_nameserver(lab, vpn, VPN4, f"example.com. 60 IN A {WEB4}", f"example.com. 60 IN AAAA {WEB6}",
                     f"only-there.example. 60 IN A {WEB4}",
                     *(f"many.example. 60 IN A 93.184.215.{i}" for i in (14, *range(100, 200))))
    for namespace in (host, vpn):
        wait_for("the devices", namespace.is_settled)
    return lab


def drop(namespace, *rules):
    namespace.nft("table inet t {\n chain c {\n type filter hook input priority 0;\n" + "\n".join(rules) + "\n}\n}\n")


def quiet(capture):
    """Nothing of it was on the wire but what the network itself says."""
    lines = [line for line in capture.stop() if not re.search("ICMP6|ARP|igmp", line)]
    assert not lines, lines


def test_leaves_by_the_interface_alone(ways, build):
    dialer = Dialer(ways, build, DNS4)
    by_eth0 = ways.host.capture(device="eth0")
    by_wg0 = ways.host.capture(device="wg0")
    for n, proto in enumerate(("tcp", "udp")):
        outcome, _, ends = dialer.dial("example.com", "wg0", VPN4, proto=proto)
        assert (outcome, ends) == ("open", f"fd99::1 {WEB6}")
        assert dialer.ask("say", str(n)) == "yes"
        assert dialer.ask("hear", str(n)) == "yes"
    assert dialer.dial("only-there.example", "wg0", VPN4)[::2] == ("open", f"10.99.0.1 {WEB4}")
    assert dialer.dial("only-here.example", "wg0", VPN4)[::2] == ("unreachable", "the name only-here.example is not there")
    # an answer that takes TCP
    assert dialer.dial("many.example", "wg0", VPN4)[0] == "open"
    quiet(by_eth0)
    lines = by_wg0.stop()
    assert any(f" {VPN4}.53: Flags [S]" in line for line in lines), "no question over TCP"


def test_the_system_s_way_is_another(ways, build):
    dialer = Dialer(ways, build, DNS4)
    by_wg0 = ways.host.capture(device="wg0")
    assert dialer.dial("example.com")[::2] == ("open", f"fd77::2 {WEB6}")
    assert dialer.dial("only-there.example")[0] == "unreachable"
    assert dialer.dial("only-here.example")[::2] == ("open", f"10.77.0.2 {WEB4}")
    quiet(by_wg0)


def test_no_route_by_the_interface(ways, build):
    dialer = Dialer(ways, build, DNS4)
    ways.host.ip("route", "del", "default", "dev", "wg0")
    ways.host.ip("-6", "route", "del", "default", "dev", "wg0")
    by_eth0 = ways.host.capture(device="eth0")
    assert dialer.dial(WEB6, "wg0")[::2] == ("unreachable", f"{WEB6} port {PORT} by wg0: Network is unreachable")
    assert dialer.dial(ADS4, "wg0")[::2] == ("unreachable", f"{ADS4} port {PORT} by wg0: No route to host")
    quiet(by_eth0)


def test_this_host_is_not_behind_the_interface(ways, build):
    """What a far nameserver says is here: this host's own addresses, loopback's, the LAN's."""
    serve(ways.host, PORT)
    ways.lan.ip("addr", "add", "10.99.0.4/24", "dev", "wg0")
    start_nameserver(ways, ways.lan, "10.99.0.4", f"own.example. 60 IN A {HOST4}", f"own.example. 60 IN AAAA {HOST6}",
                     "loop.example. 60 IN A 127.0.0.1", "loop.example. 60 IN AAAA ::1", f"near.example. 60 IN A {ROUTER4}")
    by_eth0 = ways.host.capture(device="eth0")
    by_lo = ways.host.capture(device="lo")
    names = ("own.example", "loop.example", "near.example", "localhost", "127.0.0.1", "::1")
    dialers = [Dialer(ways, build, DNS4) for _ in names]  # beside one another: some get no answer
    for name, dialer in zip(names, dialers):
        dialer.send(name, PORT, "tcp", "wg0", "10.99.0.4")
    for name, dialer in zip(names, dialers):
        outcome = dialer.process.stdout.readline().split()[0]
        assert outcome in ("unreachable", "timed-out"), (name, outcome)
    quiet(by_eth0)
    quiet(by_lo)


@pytest.mark.parametrize("nonlocal_bind", [0, 1])
def test_the_interface_s_own_addresses_are_not_behind_it(ways, build, nonlocal_bind):
    """To the kernel they are this host's, device or not: a nameserver far away could lead into what listens here."""
    host, addresses = ways.host, ("10.99.0.1", "fd99::1", "0.0.0.0", "::", "10.99.0.8")
    # of a further address, which is the source of nothing, a kernel tells that may bind all of them nothing
    addresses = addresses[:4] if nonlocal_bind else addresses
    host.ip("addr", "add", "10.99.0.8/24", "dev", "wg0")
    for family in ("ipv4", "ipv6"):
        host.run("sysctl", "-qw", f"net.{family}.ip_nonlocal_bind={nonlocal_bind}")
    serve(host, PORT)
    ways.lan.ip("addr", "add", "10.99.0.4/24", "dev", "wg0")
    start_nameserver(ways, ways.lan, "10.99.0.4", f"out.example. 60 IN A {WEB4}",
                     *(f"n{n}.example. 60 IN {'AAAA' if ':' in address else 'A'} {address}" for n, address in enumerate(addresses)))
    dialer = Dialer(ways, build, DNS4)
    by_lo = host.capture(device="lo")
    for n, address in enumerate(addresses):
        for proto in ("tcp", "udp"):
            for name in (f"n{n}.example", address):
                assert dialer.dial(name, "wg0", "10.99.0.4", proto=proto)[0] == "unreachable", (name, address, proto)
    quiet(by_lo)
    assert dialer.dial("out.example", "wg0", "10.99.0.4")[0] == "open"


def test_down_gone_and_back(ways, build):
    host, dialer = ways.host, Dialer(ways, build, DNS4)
    assert dialer.dial("example.com", "wg0", VPN4)[0] == "open"
    by_eth0 = host.capture(device="eth0")
    host.ip("link", "set", "wg0", "down")
    for name in ("example.com", "other.example", WEB4, WEB6):
        for proto in ("tcp", "udp"):
            assert dialer.dial(name, "wg0", VPN4, proto=proto)[::2] == ("down", "the interface wg0 is down")
    host.ip("link", "del", "wg0")
    for name in ("example.com", "another.example", WEB4, WEB6):
        for proto in ("tcp", "udp"):
            assert dialer.dial(name, "wg0", VPN4, proto=proto)[::2] == ("down", "the interface wg0 is not there")
    # what was open is dead, and goes nowhere else
    dialer.ask("say", "0")
    assert dialer.ask("hear", "0") != "yes"
    quiet(by_eth0)
    ways.veth(host, "wg0", ways.lan, "wg0")
    ways.address(host, "wg0", "10.99.0.1/24", "fd99::1/64")
    ways.address(ways.lan, "wg0", f"{VPN4}/24", f"{VPN6}/64")
    host.ip("route", "add", "default", "via", VPN4, "dev", "wg0", "metric", "5000")
    wait_for("the interface", lambda: dialer.dial("only-there.example", "wg0", VPN4)[0] == "open")


def test_silent_nameservers(ways, build):
    """Nobody else is asked instead; with a second one that answers, it is asked."""
    dialer = Dialer(ways, build, DNS4)
    drop(ways.lan, "ip daddr 10.99.0.3 drop")
    ways.lan.ip("addr", "add", "10.99.0.3/24", "dev", "wg0")
    by_eth0 = ways.host.capture(device="eth0")
    watch = Stopwatch()
    outcome, took, why = dialer.dial("only-there.example", "wg0", "10.99.0.3")
    assert (outcome, why) == ("timed-out", "no nameserver answered for only-there.example")
    assert took < 15000 + watch.waited() * 1000
    assert dialer.dial("only-there.example", "wg0", "10.99.0.3", VPN4)[0] == "open"
    # one whose port is closed
    assert dialer.dial("only-there.example", "wg0", WEB4)[::2] == \
        ("unreachable", "no nameserver could tell where only-there.example is")
    quiet(by_eth0)


def test_one_family_is_a_black_hole(ways, build):
    dialer = Dialer(ways, build, DNS4)
    drop(ways.internet, f"ip6 daddr {WEB6} drop")
    watch = Stopwatch()
    outcome, took, ends = dialer.dial("example.com")
    assert (outcome, ends) == ("open", f"10.77.0.2 {WEB4}")
    assert 250 <= took < 10000 + watch.waited() * 1000


def test_errors_of_the_far_end(ways, build):
    dialer = Dialer(ways, build, DNS4)
    assert dialer.dial(WEB4, port="7001")[::2] == ("refused", f"{WEB4} port 7001: Connection refused")
    drop(ways.internet, f"ip daddr {WEB4} tcp dport 7002 reject with icmp host-unreachable",
         f"ip daddr {WEB4} tcp dport 7003 drop")
    assert dialer.dial(WEB4, port="7002")[::2] == ("unreachable", f"{WEB4} port 7002: No route to host")
    assert dialer.dial(WEB4, port="7003")[::2] == ("timed-out", f"{WEB4} port 7003 does not answer")
