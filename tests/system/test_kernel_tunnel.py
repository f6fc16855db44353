# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that are rerouted to the tunnel, on a real kernel, by the edge alone; kernel_entry.py stands in for the entry
point. What isn't rerouted gets neither there nor to the pool, and leaves by no device."""
import json
import pathlib
import subprocess

import pytest

from kernel_edge import PYTHON, Edge, addresses, serve, talk, world

ENTRY = str(pathlib.Path(__file__).resolve().with_name("kernel_entry.py"))
PORT, SERVED = 7700, 7000
NOBODY = ("8.8.8.8", "2001:4860:4860::8888")
POOL = ("198.18.3.7", "fd17::3:7")
WEB = (world.WEB4, world.WEB6)
HOST = (world.HOST4, world.HOST6)
PROTOCOLS = {"tcp": 6, "udp": 17}
FAMILIES = (4, 6)
TUNNEL = (f"tunnel={PORT}", "forwarded_tunnel=1")
POOLS = ("pool4=198.18.0.0/15", "pool6=fd17::/64", "routes=1")


@pytest.fixture(scope="module")
def place():
    with world.Lab("prtunnel", lan=False) as lab:
        for namespace in (lab.host, lab.internet):
            serve(namespace, SERVED)
        # It listens over each protocol and family, one after the other.
        lab.host.start(PYTHON, ENTRY, "serve", PORT, ready=lambda: lab.host.run(
            "ss", "-Hltun", "sport", "=", f":{PORT}").stdout.count("\n") == len(PROTOCOLS) * len(FAMILIES))
        for namespace in lab.namespaces:
            namespace.sysctl("net.ipv4.ping_group_range", "0 2147483647")
            namespace.sysctl("net.ipv4.icmp_ratelimit", 0)
            namespace.sysctl("net.ipv6.icmp.ratelimit", 0)
        yield lab


class Clients:
    """Sockets that stay open; each round sends by all of them."""

    def __init__(self, namespace, *wanted):
        self.process = subprocess.Popen(namespace.command(PYTHON, ENTRY, "ask", json.dumps(wanted)), text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1)
        namespace.lab.processes.append(self.process)
        self.seen = json.loads(self.process.stdout.readline())

    def round(self, wait=""):
        """`wait`: from now on; little of it where silence is what is expected."""
        self.process.stdin.write(f"{wait}\n")
        return json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(60)


def ask(namespace, proto, to, port=443, **bound):
    with Clients(namespace, {"proto": proto, "to": to, "port": port, **bound}) as clients:
        return clients.seen[0]


def sent(edge, proto, seen):
    """What was sent where that arrived."""
    answer = edge.ask("sent {} {} {} {} {}".format(*seen["peer"], *seen["local"], PROTOCOLS[proto]))
    assert answer["result"] == 0, answer
    return answer["dst"], answer["dst_port"]


def client_of(lab, direction):
    return lab.host if direction == "out" else lab.container


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("proto", PROTOCOLS)
@pytest.mark.parametrize("direction", ["out", "before"])
def test_it_arrives_and_tells_where_it_was_to_go(place, build, direction, proto, family):
    client, to = client_of(place, direction), addresses(family, NOBODY)
    capture = place.internet.capture("port 443")
    with Edge(build, place.host, f"{direction},{proto},443,tunnel!", *TUNNEL) as edge:
        before = edge.queued()
        with Clients(client, {"proto": proto, "to": to, "port": 443}) as clients:
            seen = clients.seen[0]
            assert isinstance(seen, dict), seen
            assert sent(edge, proto, seen) == (to, 443)
            if proto == "tcp":
                assert seen["original"] == [to, 443]
            for _ in range(5):
                assert clients.round()[0] == seen
        assert edge.queued() - before == 1
    assert not capture.stop(), "a packet left the host"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("proto", PROTOCOLS)
def test_nobody_gets_straight_to_the_entry_point(place, build, proto, family):
    with Edge(build, place.host, "*,*,*,accept!", *TUNNEL) as edge:
        loopback = "127.0.0.1" if family == 4 else "::1"
        gateway = addresses(family, (world.CONTAINER_GATEWAY4, world.CONTAINER_GATEWAY6))
        for client, address in ((place.host, loopback), (place.host, addresses(family, HOST)),
                                (place.internet, addresses(family, HOST)), (place.container, gateway)):
            assert ask(client, proto, address, PORT) == "refused"
        edge.ask("rules *,*,*,tunnel!")
        edge.ask("raise")
        # Rerouted it would be the tunnel's own: what it arrives with says where it was to go.
        seen = ask(place.host, proto, loopback, PORT)
        assert sent(edge, proto, seen) == (loopback, PORT)
        assert ask(place.internet, proto, addresses(family, HOST), PORT) == "refused"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("proto", PROTOCOLS)
@pytest.mark.parametrize("direction", ["out", "before"])
def test_an_address_of_the_pool(place, build, direction, proto, family):
    client, to = client_of(place, direction), addresses(family, POOL)
    capture = place.internet.capture("net 198.18.0.0/15 or net fd17::/64")
    try:
        place.host.ip(f"-{family}", "route", "del", "default")
        with Edge(build, place.host, f"{direction},*,*,tunnel!", *TUNNEL, *POOLS) as edge:
            seen = ask(client, proto, to)
            assert isinstance(seen, dict), seen
            assert sent(edge, proto, seen) == (to, 443)
            if direction == "out":
                assert seen["peer"][0] == ("127.0.0.1" if family == 4 else "::1")
    finally:
        place.host.ip(f"-{family}", "route", "add", "default", "via", addresses(family, (world.ROUTER4, world.ROUTER6)))
    assert not capture.stop(), "a packet to the pool left the host"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("proto", PROTOCOLS)
def test_what_is_accepted_to_the_pool_reaches_nobody(place, build, proto, family):
    capture = place.internet.capture("net 198.18.0.0/15 or net fd17::/64")
    to = addresses(family, POOL)
    for permanent in ("", "!"):
        with Edge(build, place.host, f"*,*,*,accept{permanent}", *TUNNEL, *POOLS) as edge:
            for client in (place.host, place.container):
                assert talk(client, proto, to, port=SERVED) == ["refused"]
                assert talk(client, "icmp", to) == ["refused"]
            assert edge.counters()["in"] == 0
            # Bound to a device no local route is seen.
            assert ask(place.host, proto, to, SERVED, device="eth0", wait=1) in ("silence", "refused")
    with Edge(build, place.host, "*,*,*,accept!", *TUNNEL, *POOLS[:2]):
        for client in (place.host, place.container):
            assert talk(client, proto, to, port=SERVED, wait=0.3) in (["silence"], ["refused"])
    assert not capture.stop(), "a packet to the pool left the host"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("proto", PROTOCOLS)
def test_sockets_bound_to_a_device(place, build, proto, family):
    with Edge(build, place.host, "*,*,*,tunnel!", *TUNNEL, *POOLS) as edge:
        for to in (addresses(family, NOBODY), addresses(family, POOL)):
            seen = ask(place.host, proto, to, device="eth0")
            assert isinstance(seen, dict), (to, seen)
            assert sent(edge, proto, seen) == (to, 443)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("proto", PROTOCOLS)
@pytest.mark.parametrize("direction", ["out", "before"])
def test_one_source_port_and_two_destinations(place, build, direction, proto, family):
    destinations = [addresses(family, NOBODY), addresses(family, WEB), addresses(family, POOL)]
    wanted = [{"proto": proto, "to": to, "port": 443, "source_port": 23456,
               "source": addresses(family, (world.HOST4, world.HOST6)) if direction == "out" else ""}
              for to in destinations]
    with Edge(build, place.host, f"{direction},*,*,tunnel!", *TUNNEL, *POOLS) as edge:
        with Clients(client_of(place, direction), *wanted) as clients:
            for seen in (clients.seen, clients.round()):
                assert [sent(edge, proto, one) for one in seen] == [(to, 443) for to in destinations]
                assert len({tuple(one["peer"]) for one in seen}) == len(destinations)


@pytest.mark.parametrize("proto", PROTOCOLS)
@pytest.mark.parametrize("verdict", ["tunnel!", "nameserver"])
def test_a_source_that_is_none_of_ours_leads_nowhere(place, build, verdict, proto):
    """What is rerouted goes to its own source over IPv6, which any socket may choose."""
    capture = place.internet.capture("ip6 host 2001:db8:bad::1")
    port = 53 if verdict == "nameserver" else 443
    with Edge(build, place.host, f"*,*,{port},{verdict}", *TUNNEL, f"port={SERVED}") as edge:
        assert ask(place.host, proto, NOBODY[1], port, source="2001:db8:bad::1", free=True, wait=1) in ("silence", "refused")
        assert edge.counters()["out"] >= 1
    assert not capture.stop()


@pytest.mark.parametrize("proto", PROTOCOLS)
def test_somebody_elses_nat_comes_first(place, build, proto):
    place.host.nft(f"""table ip elsewhere {{
        chain output {{
            type nat hook output priority -110;
            ip daddr 8.8.8.8 meta l4proto {proto} dnat to {world.WEB4}:{SERVED}
            ip daddr 8.8.4.4 meta l4proto {proto} dnat to 127.0.0.1:{SERVED}
        }}
        }}""")
    capture = place.internet.capture(f"host {world.WEB4} or host 8.8.8.8")
    try:
        with Edge(build, place.host, "*,*,*,tunnel!", *TUNNEL):
            for to in ("8.8.8.8", "8.8.4.4"):
                assert talk(place.host, proto, to, port=SERVED, wait=0.3)[0] in ("silence", "refused")
    finally:
        place.host.run("nft", "delete", "table", "ip", "elsewhere")
    assert not capture.stop(), "a packet left the host"


@pytest.mark.parametrize("proto", PROTOCOLS)
def test_a_link_that_lives_is_refused(place, build, proto):
    with Edge(build, place.host, "*,*,*,accept!", *TUNNEL) as edge, \
            Clients(place.host, {"proto": proto, "to": world.WEB4, "port": SERVED}) as clients:
        assert clients.seen == ["closed"]  # an echo, which is not what the entry point says
        edge.ask("rules *,*,*,tunnel!")
        edge.ask("raise")
        assert clients.round() == ["refused"]


def test_what_has_no_ports_is_refused(place, build):
    capture = place.internet.capture("icmp or icmp6")
    with Edge(build, place.host, "*,icmp,*,tunnel!", *TUNNEL):
        for address in WEB:
            assert talk(place.host, "icmp", address, times=2) == ["refused"] * 2
    assert not [line for line in capture.stop() if "echo request" in line]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("proto", PROTOCOLS)
def test_links_outlive_the_generation(place, build, proto, family):
    wanted = {"proto": proto, "to": addresses(family, NOBODY), "port": 443}
    with Edge(build, place.host, "*,*,443,tunnel!", *TUNNEL) as edge, Clients(place.host, wanted) as local, \
            Clients(place.container, wanted) as forwarded:
        for _ in range(8):
            edge.ask("raise")
            before = edge.counters()
            assert local.round() == local.seen and isinstance(local.seen[0], dict)
            assert forwarded.round() == forwarded.seen and isinstance(forwarded.seen[0], dict)
            after = edge.counters()
            assert after["out"] > before["out"]
            assert (after["before"], after["in"], after["forward"]) == (before["before"], before["in"], before["forward"])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("proto", PROTOCOLS)
def test_other_forwarded_links_are_decided_behind(place, build, proto, family):
    to = addresses(family, WEB)
    with Edge(build, place.host, "before,*,*,accept", "forward,*,*,accept!", *TUNNEL) as edge:
        assert talk(place.container, proto, to, times=5) == ["answer"] * 5
        assert edge.counters()["before"] in (1, 2)  # a SYN that was sent again
        assert edge.counters()["forward"] == 1
        edge.ask("rules before,*,*,accept! forward,*,*,block")
        edge.ask("raise")
        assert talk(place.container, proto, to, times=2) == ["answer"] * 2
        edge.ask("rules before,*,*,accept forward,*,*,block")
        edge.ask("raise")
        assert talk(place.container, proto, to, times=2) == ["refused"] * 2
        edge.ask("rules before,*,*,block! forward,*,*,tunnel!")
        edge.ask("raise")
        assert talk(place.container, proto, to, times=2) == ["refused"] * 2


def routes(namespace, family):
    return namespace.ip(f"-{family}", "route", "show", "table", "all", "proto", "112").stdout


@pytest.mark.parametrize("family", FAMILIES)
def test_routes(place, build, family):
    host, (pool, taken, wider) = place.host, ((("198.18.0.0/15", "198.19.7.1/24", "198.0.0.0/7")) if family == 4 else
                                             ("fd17::/64", "fd17::9/128", "fc00::/7"))

    def ip(*words):
        host.ip(f"-{family}", *words)

    with Edge(build, host, f"pool{family}={pool}") as edge:
        assert not routes(host, family)
        foreign = edge.ask(f"own {addresses(family, POOL)}")
    with Edge(build, host, f"pool{family}={pool}", "routes=1") as edge:
        assert f"local {pool}" in routes(host, family)
        assert edge.ask(f"own {addresses(family, POOL)}") == foreign  # what stands for a foreign name isn't this host's
    assert not routes(host, family)
    for words in (("route", "{}", wider, "dev", "eth0"), ("route", "{}", "blackhole", pool)):
        ip(*(word.format("add") for word in words))
        try:
            with Edge(build, host, f"pool{family}={pool}", "routes=1"):
                assert f"local {pool}" in routes(host, family)
        finally:
            ip(*(word.format("del") for word in words))
    for words in (("addr", "{}", taken, "dev", "ct0"), ("route", "{}", pool, "dev", "ct0"),
                  ("route", "{}", taken.replace("7.1/24", "7.0/24"), "dev", "ct0", "table", "77")):
        ip(*(word.format("add") for word in words))
        try:
            with pytest.raises(AssertionError, match="failed routes -98"):
                Edge(build, host, f"pool{family}={pool}", "routes=1")
        finally:
            ip(*(word.format("del") for word in words))
        assert not routes(host, family)
    left = Edge(build, host, f"pool{family}={pool}", "routes=1")
    left.kill()
    assert routes(host, family)  # and so it stays while nobody is there
    host.run("nft", "delete", "table", "inet", "portreeve", check=False)
    with Edge(build, host):
        assert not routes(host, family)
