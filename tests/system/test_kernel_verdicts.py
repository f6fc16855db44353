# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdicts on a real kernel, by the edge alone: each with its permanent edition, both families, three
protocols, three directions. The queue's own counter tells what reached user space."""
import pytest

from kernel_edge import Edge, addresses, rules, serve, talk, world

HOST = (world.HOST4, world.HOST6)
WEB = (world.WEB4, world.WEB6)
OUTCOME = {"accept": "answer", "block": "refused", "drop": "silence"}
FAMILIES, PROTOCOLS, DIRECTIONS = (4, 6), ("tcp", "udp", "icmp"), ("out", "in", "forward")


@pytest.fixture(scope="module")
def place():
    """One lab for all cells: what a cell leaves in conntrack has its own ports."""
    with world.Lab("prkernel", lan=False) as lab:
        serve(lab.internet)
        serve(lab.host)
        for namespace in lab.namespaces:
            namespace.sysctl("net.ipv4.ping_group_range", "0 2147483647")
            # A burst of refusals is what these tests are.
            namespace.sysctl("net.ipv4.icmp_ratelimit", 0)
            namespace.sysctl("net.ipv6.icmp.ratelimit", 0)
        yield lab


def ends(lab, direction, family):
    client = {"out": lab.host, "in": lab.internet, "forward": lab.container}[direction]
    return client, addresses(family, HOST if direction == "in" else WEB)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("proto", PROTOCOLS)
@pytest.mark.parametrize("verdict", OUTCOME)
def test_verdict_and_its_permanent_edition(place, build, verdict, proto, direction, family):
    client, address = ends(place, direction, family)
    base = 20000 + 100 * (FAMILIES.index(family) + 2 * DIRECTIONS.index(direction) +
                          6 * PROTOCOLS.index(proto) + 18 * list(OUTCOME).index(verdict))
    for permanent in ("", "!"):
        with Edge(build, place.host, f"*,{proto},*,{verdict}{permanent}", "queues=2") as edge:
            seen = talk(client, proto, address, times=4, source_port=base + len(permanent),
                        wait=0.3 if verdict == "drop" else 10)
            if verdict == "drop" and permanent and direction == "out":
                # Dropped within sendmsg(), the kernel may tell the sender (EPERM), as with any firewall's drop.
                seen[1:] = ["silence" if word == "refused" else word for word in seen[1:]]
            assert seen == [OUTCOME[verdict]] * 4
            decided = edge.counters()[direction]
            if permanent:
                assert decided == 1, f"{decided} packets reached user space"
            else:
                assert decided >= 4
    assert "portreeve" not in rules(place.host)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("proto", ["udp", "tcp"])
@pytest.mark.parametrize("direction", ["out", "forward"])
def test_reroute_to_the_nameserver(place, build, direction, proto, family):
    with Edge(build, place.host, "*,*,53,nameserver", "port=7000", "forwarded=1") as edge:
        client, address = ends(place, direction, family)
        nobody = "8.8.8.8" if family == 4 else "2001:4860:4860::8888"
        for asked in (address, nobody):  # nobody listens there, on port 53 at neither
            capture = place.internet.capture("port 53")
            before = edge.queued()
            assert talk(client, proto, asked, port=53, times=5, source_port=0) == ["answer"] * 5
            assert edge.queued() - before == 1
            assert not capture.stop(), "a question left the host"


LINK_LOCAL = """
import socket, sys
to = (sys.argv[1], 53, 0, socket.if_nametoindex("eth0"))
for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
    s = socket.socket(socket.AF_INET6, kind)
    s.settimeout(20)
    s.connect(to)
    s.send(b"x")
    print(s.recv(10).decode())
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.settimeout(20)
s.sendto(b"x", to)
data, sender = s.recvfrom(10)
assert sender == to, sender
print(data.decode())
"""


def test_reroute_of_a_link_local_resolver(place, build):
    shown = place.internet.ip("-6", "-o", "addr", "show", "dev", "br0", "scope", "link").stdout
    address = shown.split("inet6 ")[1].split("/")[0]
    capture = place.internet.capture("port 53")
    with Edge(build, place.host, "*,*,53,nameserver", "port=7000") as edge:
        assert place.host.python(LINK_LOCAL, address).stdout.split() == ["x"] * 3
        assert edge.queued() == 3
    assert not capture.stop()


def test_a_link_that_lives_is_not_rerouted_but_refused(place, build):
    with Edge(build, place.host, "*,*,*,accept!", "port=7000") as edge:
        talk(place.host, "udp", world.WEB4, times=2, source_port=5301)
        edge.ask("rules *,*,*,nameserver")
        edge.ask("raise")
        assert talk(place.host, "udp", world.WEB4, times=1, source_port=5301) == ["refused"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("proto", ["tcp", "udp"])
def test_a_local_link_has_two_verdicts(place, build, proto, family):
    address = addresses(family, HOST)
    with Edge(build, place.host, f"out,{proto},*,accept!", f"in,{proto},*,block!") as edge:
        assert talk(place.host, proto, address, times=2) == ["refused"] * 2
        assert edge.counters()["in"] >= 1
        edge.ask(f"rules out,{proto},*,block! in,{proto},*,accept!")
        edge.ask("raise")
        assert talk(place.host, proto, address, times=2) == ["refused"] * 2
        edge.ask(f"rules out,{proto},*,accept! in,{proto},*,accept!")
        edge.ask("raise")
        before = edge.counters()
        assert talk(place.host, proto, address, times=20) == ["answer"] * 20
        after = edge.counters()
        assert (after["out"] - before["out"], after["in"] - before["in"]) == (1, 1)


def test_own_sockets_pass_and_nobody_elses(place, build):
    with Edge(build, place.host, "own=54321") as edge:
        for proto in ("tcp", "udp"):
            assert talk(place.host, proto, world.WEB4, user=54321, times=3) == ["answer"] * 3
            assert talk(place.host, proto, world.WEB4, user=54322, wait=0.3) == ["silence"]
        before = edge.queued()
        assert talk(place.host, "tcp", world.WEB6, user=54321, times=3) == ["answer"] * 3
        edge.ask("raise")
        assert talk(place.host, "tcp", world.WEB6, user=54321, times=3) == ["answer"] * 3
        assert edge.queued() == before


def test_neighbours_are_found_without_user_space(place, build):
    with Edge(build, place.host, "*,*,*,accept!") as edge:
        edge.ask("hang")
        place.host.ip("-6", "neigh", "flush", "dev", "eth0")
        place.internet.ip("-6", "neigh", "flush", "dev", "br0")
        # Nothing new passes while the loop hangs, but the neighbour is found.
        assert talk(place.internet, "udp", world.HOST6, wait=0.3) == ["silence"]
        found = place.internet.ip("-6", "neigh", "show", "to", world.HOST6).stdout
        assert "lladdr" in found, found
        edge.ask("hang")


def test_queues_share_the_links_by_entry(place, build):
    """Both directions of each link on one queue, the links on all."""
    with Edge(build, place.host, "*,*,*,accept", "queues=4") as edge:
        def shared():
            """By lot: sooner or later."""
            talk(place.host, "udp", world.WEB4, times=1)
            with place.host.inside(), open("/proc/thread-self/net/netfilter/nfnetlink_queue", encoding="ascii") as table:
                ids = {int(line.split()[0]): int(line.split()[7]) for line in table}
            return all(ids[queue] > 4 for queue in range(4))
        world.wait_for("links on all of them", shared)


def test_forgetting_what_was_denied_lets_it_pass_at_once(place, build):
    with Edge(build, place.host, "out,udp,*,block!") as edge:
        assert talk(place.host, "udp", world.WEB4, times=2, source_port=5401) == ["refused"] * 2
        assert edge.ask("state")["denied"] == 1
        edge.ask("rules out,udp,*,accept!")
        assert talk(place.host, "udp", world.WEB4, source_port=5401) == ["refused"]
        edge.ask("forget")
        assert talk(place.host, "udp", world.WEB4, source_port=5401) == ["answer"]


def test_a_full_set_of_denied_tuples_passes_nothing(place, build):
    with Edge(build, place.host, "out,udp,*,drop!", "denied_max=4") as edge:
        for port in range(5500, 5512):
            assert talk(place.host, "udp", world.WEB4, times=2, source_port=port, wait=0.05)[0] == "silence"
        assert edge.ask("state")["denied"] <= 4
        assert edge.counters()["out"] >= 12 + 8


def test_a_denial_runs_out_and_is_decided_anew(place, build):
    with Edge(build, place.host, "out,udp,*,block!", "denied_ms=2000") as edge:
        talk(place.host, "udp", world.WEB4, times=3, source_port=5601)
        assert edge.counters()["out"] == 1
        world.wait_for("another decision", lambda: talk(place.host, "udp", world.WEB4, source_port=5601) and
                       edge.counters()["out"] == 2)
        talk(place.host, "udp", world.WEB4, source_port=5601)
        assert edge.counters()["out"] == 2
