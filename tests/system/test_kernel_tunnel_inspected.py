# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that go through the tunnel and are looked into, on a real kernel, by the edge alone: which packets of them come to the
queue, and that nothing else passes. kernel_entry.py stands in for the entry point."""
import pytest

from kernel_edge import PYTHON, Edge, addresses, world
from test_kernel_tunnel import ENTRY, NOBODY, PORT, TUNNEL, Clients, ask, client_of

CELLS = pytest.mark.parametrize("direction, proto, family", [(direction, proto, family) for direction in ("out", "before")
                                                             for proto in ("tcp", "udp") for family in (4, 6)])
# Those that wait for what mustn't come: each protocol, family and direction once or twice.
SLOW = pytest.mark.parametrize("direction, proto, family", [
    pytest.param(direction, proto, family, marks=[] if (direction == "out") == ((proto == "tcp") == (family == 4)) else [pytest.mark.long])
    for direction in ("out", "before") for proto in ("tcp", "udp") for family in (4, 6)])


@pytest.fixture(scope="module")
def place():
    with world.Lab("prlooked", lan=False) as lab:
        lab.host.start(PYTHON, ENTRY, "serve", PORT, ready=lab.host.listens(PORT))
        yield lab


def rules(direction, proto, mark, answers=None):
    """What is rerouted, and what comes by at the entry point then, answers too."""
    return [f"{direction},{proto},443,tunnel{mark}", f"*,{proto},{PORT},{answers or 'accept' + mark}"]


def where(direction):
    """The hook that what the client says comes by at, once the link lives."""
    return "out" if direction == "out" else "in"


class Round:
    """One, and what came by because of it."""

    def __init__(self, edge, clients):
        before = edge.counters()
        self.answers = clients.round()
        after = edge.counters()
        self.n = {hook: after[hook] - before[hook] for hook in ("out", "in", "before", "forward", "queued")}


@CELLS
@pytest.mark.parametrize("mark", ["", "?"])
def test_what_both_ends_say_comes_by(place, build, direction, proto, family, mark):
    wanted = {"proto": proto, "to": addresses(family, NOBODY), "port": 443}
    with Edge(build, place.host, *rules(direction, proto, mark), *TUNNEL) as edge, \
            Clients(client_of(place, direction), wanted) as clients:
        for _ in range(5):
            done = Round(edge, clients)
            assert done.answers == clients.seen and isinstance(done.answers[0], dict)
            if direction == "out":
                assert done.n["out"] >= 2 and done.n["in"] == 0, done.n
            else:
                assert (done.n["out"], done.n["in"]) == (1, 1), done.n
            assert done.n["before"] == done.n["forward"] == 0, done.n
            if mark:
                assert done.n["queued"] == 2, "what carries nothing passes"
        # once nothing is wanted of it any more, nothing comes by
        edge.ask("rules " + " ".join(rules(direction, proto, "!")))
        assert Round(edge, clients).n["queued"] >= 1
        for _ in range(3):
            done = Round(edge, clients)
            assert done.answers == clients.seen and done.n["queued"] == 0, done.n
        edge.ask("hang")
        assert clients.round() == clients.seen
        edge.ask("hang")


@CELLS
@pytest.mark.parametrize("says", ["client", "entry point"])
def test_an_answer_alone_makes_it_permanent(place, build, direction, proto, family, says):
    """Whichever end says what was waited for."""
    wanted = {"proto": proto, "to": addresses(family, NOBODY), "port": 443}
    with Edge(build, place.host, *rules(direction, proto, ""), *TUNNEL) as edge, \
            Clients(client_of(place, direction), wanted) as clients:
        if says == "client":
            edge.ask(f"rules {direction},{proto},443,tunnel! in,{proto},{PORT},accept! *,{proto},{PORT},accept")
        else:
            edge.ask(f"rules {direction},{proto},443,tunnel in,{proto},{PORT},accept out,{proto},{PORT},accept!")
        assert Round(edge, clients).answers == clients.seen
        done = Round(edge, clients)
        assert done.answers == clients.seen and done.n["queued"] == 0, done.n


@SLOW
@pytest.mark.parametrize("verdict", ["block", "block!", "drop", "drop!"])
def test_what_is_denied_in_its_life_gets_no_further(place, build, direction, proto, family, verdict):
    wanted = {"proto": proto, "to": addresses(family, NOBODY), "port": 443}
    with Edge(build, place.host, *rules(direction, proto, ""), *TUNNEL) as edge, \
            Clients(client_of(place, direction), wanted) as clients:
        assert isinstance(clients.seen[0], dict)
        capture = place.host.capture(f"src port {PORT}", "lo" if direction == "out" else "ct0")
        edge.ask(f"rules {where(direction)},{proto},{443 if direction == 'out' else PORT},{verdict} *,*,*,accept")
        for _ in range(2):
            answer, = clients.round(1)
            assert answer in ("refused", "silence", "closed"), answer
        assert not [line for line in capture.stop() if "length 0" not in line and "Flags [R" not in line]


@SLOW
@pytest.mark.parametrize("mark", ["", "?"])
def test_without_a_reader(place, build, direction, proto, family, mark):
    """What is only looked at goes on; what waits for what it shows does not, whatever else carries on."""
    to = addresses(family, NOBODY)
    edge = Edge(build, place.host, *rules(direction, proto, mark), *TUNNEL)
    with Clients(client_of(place, direction), {"proto": proto, "to": to, "port": 443}) as clients:
        assert clients.round() == clients.seen and isinstance(clients.seen[0], dict)
        edge.kill()
        for _ in range(2):
            assert clients.round("" if mark else 1) == (clients.seen if mark else ["silence"])
        assert ask(client_of(place, direction), proto, to, wait=1) in ("silence", "refused")
    with Edge(build, place.host):  # takes away what was left
        pass


@SLOW
def test_a_generation_ends_what_is_only_looked_at(place, build, direction, proto, family):
    """What passes without a reader does so for the policy that said it, and for no other."""
    wanted = {"proto": proto, "to": addresses(family, NOBODY), "port": 443}
    with Edge(build, place.host, *rules(direction, proto, "?"), *TUNNEL) as edge, \
            Clients(client_of(place, direction), wanted) as clients:
        for _ in range(8):
            assert clients.round() == clients.seen and isinstance(clients.seen[0], dict)
            edge.ask("raise")
        assert clients.round() == clients.seen
        edge.ask("rules *,*,*,drop")
        edge.ask("raise")
        edge.kill()
        assert clients.round(1) == ["silence"]
    with Edge(build, place.host):
        pass


@pytest.mark.parametrize("family", [4, 6])
def test_order_of_another_generation_at_the_entry_point(place, build, family):
    """It is asked for again, and so it goes on."""
    wanted = {"proto": "tcp", "to": addresses(family, NOBODY), "port": 443}
    with Edge(build, place.host, *rules("before", "tcp", ""), *TUNNEL) as edge, \
            Clients(place.container, wanted) as clients:
        for _ in range(16):
            edge.ask("raise")
            assert clients.round() == clients.seen
        edge.ask("rules " + " ".join(rules("before", "tcp", "!")))
        assert clients.round() == clients.seen
        for _ in range(8):
            edge.ask("raise")
            done = Round(edge, clients)
            assert done.answers == clients.seen and done.n["queued"] == 0
