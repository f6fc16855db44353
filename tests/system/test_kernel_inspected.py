# SPDX-License-Identifier: GPL-3.0-or-later
"""Links under inspection: what carries no payload passes by the kernel, and nothing else. The queue's counter is the
witness, and a loop that hangs: then only what the kernel decides alone passes."""
import time

import pytest

from kernel_edge import Edge, addresses, serve, world
from segments import ACK, FIN, RST, SYN, URG, Link

WEB = (world.WEB4, world.WEB6)
INSPECT = "*,tcp,7000,accept?"

COPIES = """table inet copies {
    chain out { type route hook output priority 0; meta mark set ct mark; }
    chain forward { type filter hook forward priority 100; meta mark set ct mark; }
    chain post { type filter hook postrouting priority -150; meta mark set ct mark; }
    chain pre { type filter hook prerouting priority -150; meta mark set ct mark; }
}"""
OVERWRITES = """table inet overwrites {
    chain post { type filter hook postrouting priority 0; tcp dport 7000 ct mark set 51820; }
}"""


@pytest.fixture(scope="module")
def place():
    with world.Lab("prinspect", lan=False) as lab:
        serve(lab.internet)
        yield lab


@pytest.fixture
def foreign(place):
    yield place.host.nft
    for table in ("copies", "overwrites"):
        place.host.run("nft", "delete", "table", "inet", table, check=False)


def client_of(lab, direction):
    return lab.host if direction == "out" else lab.container


def accepted(lab):
    return lab.host.run("nft", "list", "set", "inet", "portreeve", "accepted").stdout.count("expires")


def queued_while_hanging(edge, link):
    """Is an acknowledgement queued? Nothing is decided meanwhile, so nothing else makes it so or not."""
    edge.ask("hang")
    before = edge.queued()
    link.send(link.segment())
    queued = edge.queued() > before
    edge.ask("hang")
    return queued


CELLS = pytest.mark.parametrize("direction, family", [(d, f) for d in ("out", "forward") for f in (4, 6)])


@CELLS
def test_only_payload_is_queued(place, build, direction, family):
    with Edge(build, place.host, INSPECT) as edge:
        with Link(client_of(place, direction), addresses(family, WEB)) as link:
            assert edge.queued() == 1, "the SYN, and nothing else of the handshake"
            for number in range(5):
                assert link.exchange(b"%d" % number)
                assert edge.queued() == 1 + 2 * (number + 1), "the client's payload and the server's"
            before = edge.queued()
            assert link.exchange(bytes(300000)), "large segments, many of them in one packet"
            after = edge.queued()
            assert after - before >= 2 * 300000 // 65536
            link.socket.shutdown(1)
            assert link.socket.recv(1) == b"", "both ends have closed"
            assert edge.queued() == after, "FINs and their acknowledgements"
        assert not accepted(place)


@pytest.mark.parametrize("family", [4, 6])
def test_of_a_large_segment_as_much_is_seen_as_inspection_keeps(place, build, family):
    with Edge(build, place.host, "*,*,*,accept") as edge, Link(place.host, addresses(family, WEB)) as link:
        for size in (14000, 300000):
            assert link.exchange(bytes(size))
        counters = edge.counters()
        assert counters["longest_on_wire"] > 25000, counters
        assert counters["longest"] == 20480 + 128, counters
        assert not counters["buffer"] and not counters["full"]


@CELLS
def test_without_user_space_no_payload_passes_and_all_else_does(place, build, direction, family):
    with Edge(build, place.host, INSPECT) as edge, \
            Link(client_of(place, direction), addresses(family, WEB)) as link:
        assert link.exchange()
        edge.ask("hang")
        capture = place.internet.capture("tcp port 7000", "br0")
        before = edge.queued()
        link.send(link.segment())  # an acknowledgement
        link.socket.send(b"a secret")
        world.wait_for("the payload in the queue", lambda: edge.queued() > before)
        time.sleep(0.3)  # as long as it takes to be sent again
        seen = capture.stop()
        assert seen and all("length 0" in line for line in seen), seen
        edge.ask("hang")
        assert link.socket.recv(100) == b"a secret"


@CELLS
def test_no_reset_carries_anything_past_the_queue(place, build, direction, family):
    """One that ends a link passes whatever is said of that, and is no way to say more."""
    with Edge(build, place.host, "*,tcp,7000,accept") as edge, \
            Link(client_of(place, direction), addresses(family, WEB)) as link:
        assert link.exchange()
        resets = link.segment(RST | ACK, payload=b"secret", new=True), link.segment(RST | ACK)
        edge.ask("hang")
        before = edge.queued()
        capture = place.internet.capture("tcp port 7000", "br0")
        for segment in resets:
            link.send(segment)
        world.wait_for("the one that says more to be in the queue", lambda: edge.queued() > before)
        seen = [line for line in capture.stop() if "Flags [R" in line]
        assert len(seen) == 1 and "length 0" in seen[0], seen
        edge.ask("hang")


@CELLS
def test_after_the_permanent_verdict_nothing_is_queued(place, build, direction, family):
    with Edge(build, place.host, INSPECT) as edge, \
            Link(client_of(place, direction), addresses(family, WEB)) as link:
        assert link.exchange()
        edge.ask("rules *,tcp,7000,accept!")
        before = edge.queued()
        assert link.exchange()
        assert edge.queued() == before + 1, "the one packet that brought the verdict"
        for _ in range(20):
            assert link.exchange(bytes(5000))
        link.socket.shutdown(1)
        assert link.socket.recv(1) == b""
        assert edge.queued() == before + 1
        assert not accepted(place), "its mark says it; the set is for marks that others overwrite"


@CELLS
@pytest.mark.parametrize("verdict", ["block!", "drop!"])
def test_a_denial_ends_what_the_kernel_let_pass(place, build, verdict, direction, family):
    with Edge(build, place.host, INSPECT) as edge, \
            Link(client_of(place, direction), addresses(family, WEB)) as link:
        assert link.exchange()
        numbers = link.segment()
        edge.ask(f"rules *,tcp,7000,{verdict}")
        capture = place.internet.capture("tcp port 7000", "br0")
        link.socket.settimeout(0.3)
        link.socket.send(b"more")
        with pytest.raises(ConnectionResetError if verdict == "block!" else TimeoutError):
            link.socket.recv(1)
        before = edge.queued()
        link.send(numbers)
        assert edge.queued() == before, "the kernel denies by itself"
        assert not [line for line in capture.stop() if "Flags [R" not in line]
        link.reset()


def test_a_generation_ends_it(place, build):
    with Edge(build, place.host, INSPECT) as edge, Link(place.host, world.WEB4) as link:
        for _ in range(9):  # further than the numbers reach
            assert link.exchange()
            assert not queued_while_hanging(edge, link)
            assert edge.ask("raise")["result"] == 0
            assert queued_while_hanging(edge, link)


def test_marks_of_an_earlier_run_do_not_count(place, build):
    with Edge(build, place.host, INSPECT):
        link = Link(place.host, world.WEB4)
        assert link.exchange()
    with Edge(build, place.host, INSPECT) as edge, link:
        assert queued_while_hanging(edge, link)
        assert link.exchange(), "it is inspected anew"
        assert not queued_while_hanging(edge, link)
        assert edge.ask("clear") == "0"
        assert queued_while_hanging(edge, link)


def empty_ones(link):
    timestamps = b"\1\1\10\12" + bytes(8)
    yield "an acknowledgement", dict(segment=link.segment())
    yield "with options", dict(segment=link.segment(options=timestamps))
    yield "with all the options that fit", dict(segment=link.segment(options=b"\1" * 40))


def crafted(link):
    nops = b"\1" * 4
    yield "payload", dict(segment=link.segment(payload=b"secret"))
    yield "payload of an option's length", dict(segment=link.segment(payload=b"\1\1\10\12" + bytes(8)))
    yield "payload behind options", dict(segment=link.segment(options=nops, payload=b"full"))
    yield "a data offset beyond the end", dict(segment=link.segment(offset=6))
    yield "a data offset of nothing", dict(segment=link.segment(offset=0))
    yield "a data offset that makes options payload", dict(segment=link.segment(options=nops, offset=5))
    yield "urgent", dict(segment=link.segment(flags=ACK | URG))
    yield "a SYN", dict(segment=link.segment(flags=SYN))
    yield "a SYN that ends", dict(segment=link.segment(flags=SYN | FIN))
    if link.v6:
        extension = bytes([6, 0, 1, 4, 0, 0, 0, 0])  # destination options: padding
        yield "an extension header", dict(segment=link.segment(), extension=extension)
        yield "an extension header and options to fit", dict(segment=link.segment(options=nops * 2, offset=5),
                                                            extension=extension)
        yield "a length that hides the payload", dict(segment=link.segment(payload=b"secret"), length=20)
        yield "a length beyond the end", dict(segment=link.segment(), length=32)
        yield "no length", dict(segment=link.segment(payload=b"secret"), length=0)
    else:
        yield "IP options", dict(segment=link.segment(), ip_options=nops)
        yield "IP options and payload", dict(segment=link.segment(payload=b"full"), ip_options=nops)
        yield "options of IP in place of TCP's", dict(segment=link.segment(offset=6), ip_options=nops)
        yield "the first fragment", dict(segment=link.segment(), fragment=0x2000, nodefrag=True)


@pytest.mark.parametrize("family", [4, 6])
def test_what_tries_to_look_empty_is_queued(place, build, family):
    with Edge(build, place.host, INSPECT) as edge, Link(place.host, addresses(family, WEB)) as link:
        assert link.exchange(b"something that lies behind")
        for name, how in empty_ones(link):
            before = edge.queued()
            link.send(**how)
            assert edge.queued() == before, name
        assert link.exchange(), "it lives"
        edge.ask("hang")  # so that nothing is answered, which would be counted as well
        for name, how in crafted(link):
            before = edge.queued()
            link.send(**how)
            assert edge.queued() == before + 1, name


@pytest.mark.parametrize("direction", ["out", "forward"])
def test_beside_others_that_copy_marks_about(place, build, foreign, direction):
    foreign(COPIES)
    with Edge(build, place.host, INSPECT) as edge:
        with Link(client_of(place, direction), world.WEB4) as link:
            for _ in range(5):
                assert link.exchange()
            assert edge.queued() == 1 + 2 * 5
            edge.ask("rules *,*,*,accept")
            assert link.exchange(), "accepted packet by packet"
        with Link(client_of(place, direction), world.WEB4) as link:
            assert link.exchange(), "from the first packet on"
        edge.ask("rules *,tcp,7000,drop")
        capture = place.internet.capture("tcp[tcpflags] == tcp-syn", "br0")
        with pytest.raises(OSError):
            with Link(client_of(place, direction), world.WEB4):
                pass
        assert not capture.stop()


def test_beside_others_that_overwrite_marks(place, build, foreign):
    """All is queued until the verdict is permanent, and little after it."""
    foreign(OVERWRITES)
    with Edge(build, place.host, INSPECT) as edge, Link(place.host, world.WEB4) as link:
        for _ in range(5):
            assert link.exchange()
        assert edge.counters()["out"] >= 1 + 5
        edge.ask("rules *,tcp,7000,accept!")
        before = edge.queued()
        for _ in range(20):
            assert link.exchange()
        assert 1 <= edge.queued() - before <= 2
        assert accepted(place)


def test_what_is_remembered_beside_the_mark_ends_with_the_link(place, build, foreign):
    """The next link of the same ends may get the same entry of conntrack's memory, and with it the same id."""
    foreign(OVERWRITES)
    with Edge(build, place.host, INSPECT) as edge:
        for _ in range(20):
            edge.ask("rules *,tcp,7000,accept!")
            link = Link(place.host, world.WEB4, source_port=5999)
            assert link.exchange() and link.exchange()
            link.reset()
            edge.ask("rules *,tcp,7000,accept")
            before = edge.counters()
            link = Link(place.host, world.WEB4, source_port=5999)
            for _ in range(3):
                assert link.exchange()
            after = edge.counters()
            assert after["out"] - before["out"] >= 2 + 3, "a packet passed by the verdict of another link"
            link.reset()
