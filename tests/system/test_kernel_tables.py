# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel tells of links and addresses."""
import pytest

from kernel_edge import Edge, serve, talk, world


@pytest.fixture
def place():
    with world.Lab("prkernel", lan=False) as lab:
        serve(lab.internet)
        yield lab


def value(namespace, name):
    return int(namespace.run("sysctl", "-n", f"net.netfilter.{name}").stdout)


@pytest.mark.parametrize("address", [world.WEB4, world.WEB6])
def test_ends_come_with_their_counters(place, build, address):
    place.host.sysctl("net.netfilter.nf_conntrack_acct", 0)
    place.host.sysctl("net.netfilter.nf_conntrack_udp_timeout", 1)
    place.host.sysctl("net.netfilter.nf_conntrack_udp_timeout_stream", 1)
    events = value(place.host, "nf_conntrack_events")
    with Edge(build, place.host, "*,*,*,accept!") as edge:
        assert value(place.host, "nf_conntrack_acct") == 1 and value(place.host, "nf_conntrack_events") > 0
        assert talk(place.host, "udp", address, times=4) == ["answer"] * 4

        def ended_now():
            # By itself the kernel looks for what is over once a minute or more often; a dump ends what it meets.
            place.host.run("conntrack", "-L", check=False)
            return edge.ask("ended")["ended"] and edge.ask("ended")

        ended = world.wait_for("the end", ended_now)
        overhead = 28 if address == world.WEB4 else 48
        assert ended["dst"] == address and ended["counted"] == 1 and ended["begun"] >= 1
        assert ended["packets"] == [4, 4] and ended["bytes"] == [4 * (overhead + 1)] * 2
    assert value(place.host, "nf_conntrack_acct") == 0 and value(place.host, "nf_conntrack_events") == events


def test_addresses_and_what_is_on_the_links(place, build):
    place.host.ip("addr", "add", "240.1.2.3/24", "dev", "eth0")  # reserved, and ours all the same
    place.host.ip("route", "add", "local", "192.0.2.0/24", "dev", "lo")
    with Edge(build, place.host) as edge:
        for address, class_ in ((world.HOST4, "host"), (world.HOST6, "host"), ("240.1.2.3", "host"),
                                ("192.0.2.200", "host"), ("127.5.5.5", "host"), ("::1", "host"),
                                ("240.1.2.9", "site-local"), ("240.1.3.9", "invalid"),
                                (world.LAN4, "site-local"), (world.WEB4, "global")):
            seen = edge.ask(f"own {address}")
            assert seen["class"] == class_, (address, seen)


def test_marks_of_many_links_are_cleared(place, build):
    """Ours alone: what others wrote into the same marks stays."""
    place.host.nft("""table inet other {
        chain out { type filter hook output priority 0; ct mark set ct mark or 0x123; }
        }""")
    with Edge(build, place.host, "*,*,*,accept!") as edge:
        place.host.python("""
import socket, sys
for number in range(600):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.sendto(b"x", (sys.argv[1], 7000))
""", world.WEB4)
        before = place.host.run("conntrack", "-L", check=False).stdout
        assert before.count(f"mark={0x09000123} ") > 500
        assert edge.ask("clear") == "0"
        after = place.host.run("conntrack", "-L", check=False).stdout
        assert f"mark={0x09000123} " not in after
        assert after.count(f"mark={0x123} ") > 500
