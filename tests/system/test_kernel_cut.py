# SPDX-License-Identifier: GPL-3.0-or-later
"""Live links that are denied: cut at once, and both ends learn of it."""
import json
import time

import pytest

from kernel_edge import PYTHON, Edge, addresses, serve, world

HOST = (world.HOST4, world.HOST6)
WEB = (world.WEB4, world.WEB6)
CONTAINER = (world.CONTAINER4, world.CONTAINER6)

# Both ends tell when and how the link ended for them.
CLIENT = """
import json, socket, sys, time
address, port, source, busy = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "busy"
link = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
link.bind(("", source))
link.settimeout(20)
link.connect((address, port))
link.send(b"x")
link.recv(10)
print("open", flush=True)
link.settimeout(0.02 if busy else 60)
while True:
    try:
        if busy:
            link.send(b"x")
        if not link.recv(10):
            print(json.dumps(["closed", time.time()]), flush=True)
            break
        print("still", flush=True)
    except TimeoutError:
        pass
    except OSError as error:
        print(json.dumps([type(error).__name__, time.time()]), flush=True)
        break
"""
SERVER = """
import json, socket, sys, time
server = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True)
link = server.accept()[0]
print("open", flush=True)
try:
    while True:
        data = link.recv(100)
        if not data:
            print(json.dumps(["closed", time.time()]), flush=True)
            break
        link.send(data)
except OSError as error:
    print(json.dumps([type(error).__name__, time.time()]), flush=True)
"""
RESET = ("ConnectionResetError", "ConnectionAbortedError", "BrokenPipeError")


@pytest.fixture
def place():
    with world.Lab("prkernel", lan=False) as lab:
        serve(lab.internet)
        yield lab


def ended(process):
    """How and when, as the end itself saw it."""
    line = world.wait_for("the end of the link", lambda: [line for line in world.whole_lines(process.log)
                                                          if line.startswith("[")])[0]
    return json.loads(line)


def link(place, direction, family, port, busy="idle"):
    """A live link: (client, server, tuple as its first packet had it)."""
    ends = {"out": (place.host, place.internet, HOST, WEB), "in": (place.internet, place.host, None, HOST),
            "forward": (place.container, place.internet, CONTAINER, WEB)}[direction]
    address = addresses(family, ends[3])
    server = ends[1].start(PYTHON, "-c", SERVER, port, ready=ends[1].listens(port))
    client = ends[0].start(PYTHON, "-c", CLIENT, address, port, port + 1, busy)
    world.wait_for("the link", lambda: "open" in client.log.read_text() and "open" in server.log.read_text())
    source = addresses(family, ends[2] or (world.ROUTER4, world.ROUTER6))
    return client, server, f"{source} {port + 1} {address} {port} 6"


@pytest.mark.parametrize("raised", [False, True])
@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("direction", ["out", "in"])
def test_both_ends_of_a_cut_link_learn_of_it(place, build, direction, family, raised):
    """Also when the generation is raised first, as the engine does: the reset may leave all the same."""
    with Edge(build, place.host, "*,*,*,accept!") as edge:
        client, server, tuple_ = link(place, direction, family, 7300)
        edge.ask("rules *,tcp,*,drop!")
        if raised:
            edge.ask("raise")
        start, watch = time.time(), world.Stopwatch()  # on a busy machine the kernel takes its time for a new generation
        done = edge.ask(f"cut {direction} {tuple_}")
        assert done == {"result": 0, "sockets": 1, "marked": 1}
        for end in (client, server):
            how, when = ended(end)
            assert how in RESET + ("closed",) and when - start < 0.1 + watch.waited(), (how, when - start)


@pytest.mark.parametrize("family", [4, 6])
def test_both_ends_of_a_local_link_learn_of_it(place, build, family):
    address = addresses(family, HOST)
    with Edge(build, place.host, "*,*,*,accept!") as edge:
        server = place.host.start(PYTHON, "-c", SERVER, 7400, ready=place.host.listens(7400))
        client = place.host.start(PYTHON, "-c", CLIENT, address, 7400, 7401, "idle")
        world.wait_for("the link", lambda: "open" in client.log.read_text())
        edge.ask("rules *,tcp,*,drop!")
        edge.ask("raise")
        assert edge.ask(f"cut out {address} 7401 {address} 7400 6")["sockets"] == 1
        assert ended(client)[0] in RESET and ended(server)[0] in RESET


@pytest.mark.parametrize("family", [4, 6])
def test_a_forwarded_link_ends_with_its_next_packet(place, build, family):
    with Edge(build, place.host, "*,*,*,accept!", "cutting=1", "reset=54399") as edge:
        client, server, tuple_ = link(place, "forward", family, 7500, "busy")
        edge.ask("rules forward,tcp,*,drop!")
        start, watch = time.time(), world.Stopwatch()
        edge.ask(f"cut forward {tuple_}")
        for end in (client, server):
            how, when = ended(end)
            assert how in RESET and when - start < 0.2 + watch.waited(), (how, when - start)


def test_listeners_and_unconnected_sockets_are_never_destroyed(place, build):
    with Edge(build, place.host, "*,*,*,accept!") as edge:
        server = serve(place.host)
        for proto in (6, 17):
            done = edge.ask(f"cut in {world.ROUTER4} 40000 {world.HOST4} 7000 {proto}")
            assert done["result"] == 0 and done["sockets"] == 0
        assert server.poll() is None
        assert place.host.listens(7000)() and place.host.listens(7000, "udp")()


def test_another_link_of_the_same_program_lives_on(place, build):
    with Edge(build, place.host, "*,*,*,accept!") as edge:
        client, _, tuple_ = link(place, "out", 4, 7600)
        other, _, _ = link(place, "out", 4, 7610, "busy")
        before = edge.queued()
        edge.ask(f"cut out {tuple_}")
        ended(client)
        said = other.log.read_text().count("still")
        world.wait_for("the other to go on", lambda: other.poll() is not None or other.log.read_text().count("still") > said + 5)
        assert other.poll() is None and edge.queued() == before


def test_a_connected_udp_socket_fails_at_once(place, build):
    with Edge(build, place.host, "*,*,*,accept!") as edge:
        client = place.host.start(PYTHON, "-c", """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 7700)); s.connect((sys.argv[1], 7000)); s.settimeout(20)
s.send(b"x"); s.recv(10)
print("open", flush=True)
try:
    s.recv(10)
except OSError as error:
    print(type(error).__name__, flush=True)
""", world.WEB4)
        world.wait_for("the link", lambda: "open" in client.log.read_text())
        assert edge.ask(f"cut out {world.HOST4} 7700 {world.WEB4} 7000 17")["sockets"] == 1
        client.wait(60)
        assert "ConnectionAbortedError" in client.log.read_text()
