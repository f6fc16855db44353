# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix, by the daemon: {accept, block, drop and their permanent editions, reroute to the nameserver} ×
{IPv4, IPv6} × {TCP, UDP, ICMP echo} × {out, in, forward}. Each cell is a real client and a real server; what was on
the wires is the judge, and the queues' own counters tell what user space saw."""
import pytest

import guard as portreeve_guard
import portreeve_lab
import wire
from matrix_peer import Peer
from portreeve_lab import HOST4, HOST6, WEB4, WEB6

FAMILIES, PROTOCOLS, DIRECTIONS = (4, 6), ("tcp", "udp", "icmp"), ("out", "in", "forward")
TIMES = 3
ALL = [(verdict, permanent) for verdict in ("accept", "block", "drop") for permanent in (False, True)]
REFUSED = {("tcp", 4): "ECONNREFUSED", ("tcp", 6): "ECONNREFUSED", ("udp", 4): "EHOSTUNREACH", ("udp", 6): "EACCES",
           ("icmp", 4): "EHOSTUNREACH", ("icmp", 6): "EACCES"}
# What the kernel denies by itself within sendmsg(), it may tell the sender at once, as with any firewall.
TOLD_AT_ONCE = "EPERM"


def port_of(proto, direction, family):
    """Of the server; no two cells have one in common."""
    return 20000 + 100 * PROTOCOLS.index(proto) + 10 * DIRECTIONS.index(direction) + family


def config(verdict, permanent):
    rules = "" if verdict == "accept" else f'"- {WEB4}", "- {WEB6}"'
    how = verdict if verdict != "accept" else "block"
    return (f'outgoing = [ {rules} ];\nincoming = [ {rules} ];\ndeny_outgoing = "{how}";\ndeny_incoming = "{how}";\n'
            f'permanent_verdicts = {"true" if permanent else "false"};\ninspect = false;\n')


@pytest.fixture(scope="module")
def place():
    """One lab for all cells, with a peer in each namespace."""
    with portreeve_lab.Lab(lan=False) as lab:
        for namespace in lab.namespaces:
            namespace.sysctl("net.ipv4.ping_group_range", "0 2147483647")
            # A burst of refusals is what these tests are.
            namespace.sysctl("net.ipv4.icmp_ratelimit", 0)
            namespace.sysctl("net.ipv6.icmp.ratelimit", 0)
        lab.peers = {namespace.role: Peer(namespace) for namespace in lab.namespaces}
        for direction in DIRECTIONS:
            for family in FAMILIES:
                for proto in PROTOCOLS:
                    _, server, address, _ = ends(direction, family)
                    lab.peers[server].serve(proto, address, port_of(proto, direction, family))
        yield lab


def ends(direction, family):
    """Client, server, the server's address, the client's (where it has to say so)."""
    host, web = (HOST4, WEB4) if family == 4 else (HOST6, WEB6)
    return {"out": ("host", "internet", web, None), "in": ("internet", "host", host, web),
            "forward": ("container", "internet", web, None)}[direction]


class Cells:
    """All cells of one verdict under one daemon, with captures on every wire."""

    def __init__(self, lab, build, verdict, permanent):
        self.lab, self.seen, self.queued = lab, {}, {}
        # What conntrack remembers of the daemon before is no concern of this one: other ports.
        self.shift = 1000 * (1 + ALL.index((verdict, permanent)))
        self.guarded = portreeve_guard.Guard(lab, build, config(verdict, permanent),
                                             name=f"{verdict}-{'permanent' if permanent else 'each'}")
        try:
            captures = {"eth0": lab.host.capture("ip or ip6", "eth0"), "lo": lab.host.capture("ip or ip6", "lo"),
                        "ct0": lab.container.capture("ip or ip6", "eth0")}
            for cell in ((d, f, p) for d in DIRECTIONS for f in FAMILIES for p in PROTOCOLS):
                self.talk(*cell)
            self.wires = {name: wire.packets(capture) for name, capture in captures.items()}
            self.links = self.guarded.rows("links")
        finally:
            self.guarded.stop()

    def key(self, direction, family, proto):
        """What tells the cell's packets: the server's port, an echo's identifier."""
        return port_of(proto, direction, family) + (self.shift if proto == "icmp" else 0)

    def talk(self, direction, family, proto):
        client, _, address, source = ends(direction, family)
        port = self.key(direction, family, proto)
        before = self.guarded.queued()
        self.seen[direction, family, proto] = self.lab.peers[client].talk(
            proto, address, port, TIMES, wait=0.12 if "drop" in self.guarded.directory.name else 20.0,
            source_port=self.shift + port_of(proto, direction, family), **({"source": source} if source else {}))
        self.queued[direction, family, proto] = self.guarded.queued() - before

    def on(self, wires, direction, family, proto):
        port = self.key(direction, family, proto)
        return [packet for name in wires for packet in self.wires[name]
                if packet.family == family and packet.concerns(proto, port)]


@pytest.fixture(scope="module")
def cells(place, build):
    made = {}

    def of(verdict, permanent):
        if (verdict, permanent) not in made:
            made[verdict, permanent] = Cells(place, build, verdict, permanent)
        return made[verdict, permanent]
    return of


def outside(direction):
    """The wire on the client's side of the firewall, and the one on the server's (None: the host itself)."""
    return {"out": ("lo", "eth0"), "in": ("eth0", None), "forward": ("ct0", "eth0")}[direction]


def check_accept(got, direction, family, proto):
    assert got.seen[direction, family, proto] == ["answer"] * TIMES
    assert got.on(["eth0"], direction, family, proto)
    for packet in got.on(["eth0", "lo", "ct0"], direction, family, proto):
        assert not packet.about, packet


def check_block(got, direction, family, proto):
    expected = REFUSED[proto, family]
    first, *rest = got.seen[direction, family, proto]
    assert first == expected
    assert set(rest) <= {expected, TOLD_AT_ONCE}, rest
    near, far = outside(direction)
    refusals = [packet for packet in got.on([near], direction, family, proto)
                if (packet.is_reset if proto == "tcp" else packet.is_prohibited)]
    assert len(refusals) == TIMES, refusals
    if far:
        assert got.on([far], direction, family, proto) == []


def check_drop(got, direction, family, proto):
    first, *rest = got.seen[direction, family, proto]
    assert first == "silence" and set(rest) <= {"silence", TOLD_AT_ONCE}, got.seen[direction, family, proto]
    near, far = outside(direction)
    server = port_of(proto, direction, family)
    for packet in got.on([near], direction, family, proto):
        assert not packet.about and not packet.is_reset and (proto == "icmp" or packet.dport == server), packet
    if far:
        assert got.on([far], direction, family, proto) == []
    if direction == "out":
        assert got.on([near], direction, family, proto) == []
    else:
        assert got.on([near], direction, family, proto), "the client's packets were never there"


CHECKS = {"accept": check_accept, "block": check_block, "drop": check_drop}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("proto", PROTOCOLS)
@pytest.mark.parametrize("verdict,permanent", ALL, ids=[f"{v}-{'permanent' if p else 'each'}" for v, p in ALL])
def test_cell(cells, verdict, permanent, proto, family, direction):
    got = cells(verdict, permanent)
    CHECKS[verdict](got, direction, family, proto)
    queued = got.queued[direction, family, proto]
    if permanent:
        assert queued == 1, f"{queued} packets of the link reached user space"
    else:
        assert queued >= TIMES


@pytest.fixture(scope="module")
def nameserver(place, build):
    place.start_dns()
    guarded = portreeve_guard.Guard(place, build, name="nameserver")
    yield guarded
    guarded.stop()


@pytest.mark.parametrize("direction", ["out", "forward"])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("proto", ["tcp", "udp"])
def test_reroute_to_the_nameserver(place, nameserver, proto, family, direction):
    """A nameserver is asked that there isn't; the answers come in its name, and one packet of the link is looked at."""
    client, _, address, _ = ends(direction, family)
    place.peers["host"].question("udp", WEB4, "example.com", 2)  # from now on it is in the cache
    capture, before = place.host.capture(f"port 53 and host {address}", "eth0"), nameserver.queued()
    assert place.peers[client].question(proto, address, "example.com", 6) == [1] * 6
    assert nameserver.queued() - before == 1
    assert wire.packets(capture) == []
    rows = [row for row in nameserver.rows("links") if row["verdict"] == "reroute-nameserver"
            and row["link"]["dst"] == address and row["entity"]["proto"] == proto
            and row["direction"] == direction]
    assert rows, nameserver.rows("links")
