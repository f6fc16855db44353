# SPDX-License-Identifier: GPL-3.0-or-later
"""What fails in or around the kernel edge, while somebody tries to get packets out the whole time."""
import signal
import subprocess

import pytest

from kernel_edge import PEER, PYTHON, Edge, rules, serve, talk, world


@pytest.fixture
def place():
    with world.Lab("prkernel", container=False, lan=False) as lab:
        serve(lab.internet)
        yield lab


def hammer(place, seconds=3.0):
    return [place.host.start(PYTHON, PEER, "hammer", address, 7000, seconds)
            for address in (world.WEB4, world.WEB6)]


def nothing_passed(capture, clients):
    for client in clients:
        client.wait(90)
        assert int(client.log.read_text().split()[-1]) > 100
    lines = [line for line in capture.stop() if "ICMP6" not in line]
    assert not lines, lines[:10]


PORT = "port 7000"


def test_a_closed_queue_passes_nothing(place, build):
    capture = place.internet.capture(PORT)
    with Edge(build, place.host, "*,*,*,drop", "queues=2") as edge:
        clients = hammer(place)
        world.wait_for("the first packets", lambda: all("begun" in client.log.read_text() for client in clients))
        edge.kill()
        assert "portreeve" in rules(place.host)
        nothing_passed(capture, clients)


def test_a_stopped_reader_and_a_full_queue_pass_nothing(place, build):
    capture = place.internet.capture(PORT)
    with Edge(build, place.host, "*,*,*,drop") as edge:
        edge.process.send_signal(signal.SIGSTOP)
        clients = hammer(place)
        nothing_passed(capture, clients)
        edge.process.send_signal(signal.SIGCONT)
        assert talk(place.host, "udp", world.WEB4, wait=0.3) == ["silence"]


def test_accepted_links_live_on_without_a_reader(place, build):
    with Edge(build, place.host, "*,*,*,accept!") as edge:
        client = place.host.start(PYTHON, "-c", """
import signal, socket, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
links = []
for address in sys.argv[1:]:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        link = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
        link.settimeout(20)
        link.connect((address, 7000))
        link.send(b"1")
        link.recv(10)
        links.append(link)
print("open", flush=True)
signal.sigwait([signal.SIGUSR1])
for link in links:
    link.send(b"2")
    print(link.recv(10).decode(), flush=True)
""", world.WEB4, world.WEB6)
        world.wait_for("open links", lambda: "open" in client.log.read_text())
        edge.kill()
        place.host.ip("-6", "neigh", "flush", "dev", "eth0")  # neighbours must be found meanwhile
        client.send_signal(signal.SIGUSR1)
        client.wait(90)
        assert client.log.read_text().split() == ["open", "2", "2", "2", "2"]


def test_foreign_hooks_that_come_and_go_pass_nothing(place, build):
    capture = place.internet.capture(PORT)
    with Edge(build, place.host, "*,*,*,drop", "queues=2"):
        clients = hammer(place)
        while any(client.poll() is None for client in clients):
            place.host.nft("table inet other {\n chain c { type filter hook output priority 5; }\n}\n")
            place.host.run("nft", "delete", "table", "inet", "other")
        nothing_passed(capture, clients)


def test_generations_in_a_loop_pass_nothing(place, build):
    capture = place.internet.capture(PORT)
    with Edge(build, place.host, "*,*,*,drop!", "queues=2") as edge:
        clients = hammer(place)
        while any(client.poll() is None for client in clients):
            assert edge.ask("raise")["result"] == 0
        nothing_passed(capture, clients)


def test_a_foreign_flush_is_undone_at_once(place, build):
    with Edge(build, place.host, "*,*,*,accept!") as edge:
        for n in range(1, 6):
            place.host.run("nft", "flush", "ruleset")
            state = world.wait_for("the table", lambda: (edge.ask("state"), "portreeve" in rules(place.host))[1]
                                   and edge.ask("state"))
            assert state["gone"] == n and 0 < state["gone_us"] < 1_000_000
        assert talk(place.host, "udp", world.WEB4, times=3) == ["answer"] * 3
        assert edge.queued() == 1


@pytest.mark.parametrize("harm", ["flush table inet portreeve", "flush chain inet portreeve output",
                                  "delete chain inet portreeve at-output",
                                  "insert rule inet portreeve output accept"])
def test_a_table_that_somebody_meddles_with_is_put_right(place, build, harm):
    with Edge(build, place.host, "*,*,*,drop") as edge:
        whole = rules(place.host)
        place.host.run("nft", *harm.split())
        world.wait_for("the table as it was", lambda: rules(place.host) == whole)
        assert edge.ask("state")["in_force"] == 1
        assert talk(place.host, "udp", world.WEB4, wait=0.3) == ["silence"]


@pytest.mark.parametrize("keep", [1, 2])
def test_a_table_that_the_kernel_protects(place, build, keep):
    with Edge(build, place.host, "*,*,*,drop", f"keep={keep}") as edge:
        if edge.ask("state")["keep"] != keep:
            pytest.skip("this kernel has no such table flag")
        place.host.run("nft", "flush", "ruleset")
        assert place.host.run("nft", "delete", "table", "inet", "portreeve", check=False).returncode != 0
        assert place.host.run("nft", "flush", "table", "inet", "portreeve", check=False).returncode != 0
        assert talk(place.host, "udp", world.WEB4, wait=0.3) == ["silence"]
        assert edge.ask("raise")["result"] == 0
        assert edge.ask("state")["gone"] == 0
        second = subprocess.run(place.host.command(build / "tests" / "tools" / "edge", "first=10"), text=True,
                                stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=180)
        assert second.stdout.startswith("failed install 2")
        edge.kill()
        if keep == 1:  # open: nothing is left behind
            world.wait_for("the table gone", lambda: "portreeve" not in rules(place.host))
            assert talk(place.host, "udp", world.WEB4) == ["answer"]
        else:  # closed: it stays, and the next start takes it over
            assert talk(place.host, "udp", world.WEB4, wait=0.3) == ["silence"]
            capture = place.internet.capture(PORT)
            clients = hammer(place, 1.5)
            with Edge(build, place.host, "*,*,*,drop", "keep=2") as adopter:
                nothing_passed(capture, clients)
                assert adopter.ask("state")["keep"] == 2
    assert "portreeve" not in rules(place.host)


def test_a_second_one_in_the_namespace_is_told(place, build):
    with Edge(build, place.host, "*,*,*,drop"):
        second = subprocess.run(place.host.command(build / "tests" / "tools" / "edge"), text=True,
                                stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=180)
        assert "another process has bound this netfilter queue" in second.stdout


def test_without_the_capability_one_sentence_says_so(place, build):
    done = place.host.run("setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps=-all",
                          build / "tests" / "tools" / "edge", check=False)
    assert "CAP_NET_ADMIN is missing" in done.stdout
