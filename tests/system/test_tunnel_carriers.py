# SPDX-License-Identifier: GPL-3.0-or-later
"""Links by real proxies: build/tests/tools/carrier opens them as the tunnel process does, without a guard."""
import contextlib
import itertools
import os
import pathlib
import select
import signal
import socket
import subprocess
import threading

import pytest
from portreeve_lab import DNS4, WEB4, WEB6, Lab
from portreeve_tor import HIDDEN_PAGE, control
from portreeve_upstreams import (GATEWAY4, PROXIES4, Authority, start_connect, start_connect_small, start_connect_tls,
                                 start_socks, start_socks_datagrams, start_wireguard)

PORT = 7000
PORTS = itertools.count(3200)  # of squids: each has files named after its own
BIG = bytes(range(256)) * 16384 + b"\n.\n"


class Echo(threading.Thread):
    """Sends back what it gets, until a line that is a dot; a half-closed link too."""

    def __init__(self, lab):
        super().__init__(daemon=True)
        with lab.internet.inside():
            self.listener = socket.create_server(("::", PORT), family=socket.AF_INET6, dualstack_ipv6=True, backlog=512)
        self.start()

    def run(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    @staticmethod
    def serve(link):
        tail = b""
        with link:
            try:
                while data := link.recv(65536):
                    link.sendall(data)
                    tail = (tail + data)[-3:]
                    if tail == b"\n.\n":
                        return
            except OSError:
                return


class EchoDatagrams(threading.Thread):
    """Each address for itself: what comes back comes from there."""

    def __init__(self, lab, *addresses):
        super().__init__(daemon=True)
        self.sockets = []
        for address in addresses:
            with lab.internet.inside():
                self.sockets.append(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM))
            self.sockets[-1].bind((address, PORT))
        self.start()

    def run(self):
        while True:
            for ready in select.select(self.sockets, [], [])[0]:
                data, peer = ready.recvfrom(65536)
                ready.sendto(data, peer)


class Done:
    """What the tool said: `outcomes`, `ends` and sentences a link, and what came back by the first."""

    def __init__(self, done):
        self.out, self.log = done.stdout, done.stderr.decode()
        lines = [line.split(" ", 2) for line in self.log.splitlines()]
        self.outcomes = [line[1] for line in lines if line[1] != "end"]
        self.hops = [int(line[2].split()[0]) for line in lines if line[1] != "end"]
        self.why = [line[2].split(" ms ", 1)[1] for line in lines if line[1] != "end"]
        self.ends = [line[2] for line in lines if line[1] == "end"]


@pytest.fixture(scope="module")
def lab():
    with Lab(prefix="prcar", container=False, lan=False) as made:
        made.start_dns([f"four.example. 60 IN A {WEB4}"])
        made.resolv_conf(made.internet, f"nameserver {DNS4}\n")
        made.echo, made.echo_datagrams = Echo(made), EchoDatagrams(made, WEB4, WEB6)
        made.authority = Authority(made)
        yield made


@pytest.fixture
def carry(lab, build):
    def run(*arguments, said=b"hello\n.\n"):
        return Done(subprocess.run(lab.host.command(build / "tests/tools/carrier", *arguments), input=said, capture_output=True,
                                   timeout=300))
    return run


@pytest.fixture
def ended(lab):
    """Ends what a test started."""
    started = []
    yield started.append
    for process in started:
        lab.end(process)


@pytest.fixture
def tls(lab, ended):
    """nghttpx with squid behind it; its URL."""
    def start(address=PROXIES4[0], alpn="h2,http/1.1", names=None, **account):
        certificate, key = lab.authority.issue(*(names or [address]))
        before = len(lab.processes)
        start_connect_tls(lab, certificate, key, address, alpn=alpn, behind=next(PORTS), **account)
        for process in lab.processes[before:]:
            ended(process)
        return f"connect://{address}:8443,ca={lab.authority.file}"
    return start


@contextlib.contextmanager
def running(lab, build, *arguments):
    with subprocess.Popen(lab.host.command(build / "tests/tools/carrier", *arguments), stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as tool:
        try:
            yield tool
        finally:
            tool.kill()


def kill_whole(process):
    """With the processes that it made: some serve on without it."""
    pids = [process.pid]
    for pid in pids:
        pids += map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def next_line(tool):
    """Of what the tool says while it runs."""
    assert select.select([tool.stderr], [], [], 60)[0], "the tool says nothing"
    return os.read(tool.stderr.fileno(), 4096).decode()


def is_well(done, n=1, said=b"hello\n.\n"):
    assert done.outcomes == ["open"] * n, done.log
    assert done.ends == [f"well {len(said)}"] * n, done.log
    assert done.out == said


@pytest.mark.parametrize("to", [WEB4, WEB6, "example.com"])
def test_socks5(lab, carry, ended, to):
    ended(start_socks(lab))
    is_well(carry("-k", f"socks5://{PROXIES4[0]}:1080", to, PORT))
    # an account that only isolates
    is_well(carry("-k", f"socks5://{PROXIES4[0]}:1080,user=a1b2,password=c3d4", to, PORT))


def test_socks5_with_an_account(lab, carry, ended):
    ended(start_socks(lab, user="u", password="p"))
    proxy = f"socks5://{PROXIES4[0]}:1080"
    is_well(carry("-k", f"{proxy},user=u,password=p", WEB4, PORT))
    assert carry(f"{proxy},user=u,password=q", WEB4, PORT).why == ["hop1: wrong user or password"]
    assert carry(proxy, WEB4, PORT).why == ["hop1: it wants a user and a password"]


def test_socks5_says_why_not(lab, carry, ended):
    ended(start_socks(lab))
    proxy = f"socks5://{PROXIES4[0]}:1080"
    assert carry(proxy, WEB4, 7001).outcomes == ["refused"]
    assert carry(proxy, "nowhere.example.com", 80).outcomes == ["unreachable"]
    done = carry(f"socks5://{PROXIES4[0]}:1081", WEB4, PORT)
    assert done.outcomes == ["down"] and "refused" in done.why[0].lower()
    done = carry("-d", proxy, WEB4, PORT, said=b"x")
    assert done.outcomes == ["unsupported"]


def test_danted(lab, carry, ended):
    ended(start_socks_datagrams(lab))
    proxy = f"socks5://{PROXIES4[0]}:1080"
    is_well(carry("-k", proxy, WEB4, PORT))
    is_well(carry(proxy, WEB4, PORT))  # it knows of halves
    assert carry(proxy, WEB4, 7001).outcomes == ["refused"]
    is_well(carry("-k", proxy, "example.com", PORT, said=BIG), said=BIG)


@pytest.mark.parametrize("to", [WEB4, "example.com"])
def test_datagrams(lab, carry, ended, to):
    ended(start_socks_datagrams(lab))
    done = carry("-d", f"socks5://{PROXIES4[0]}:1080", to, PORT, said=b"datagram")
    assert done.outcomes == ["open"], done.log
    assert done.out == b"datagram"


def test_datagrams_end_with_their_association(lab, carry, ended, build):
    proxy = start_socks_datagrams(lab, port=1081)
    ended(proxy)
    with running(lab, build, "-d", f"socks5://{PROXIES4[0]}:1081", WEB4, 7003) as tool:
        assert " open " in next_line(tool)
        kill_whole(proxy)
        assert "reset" in next_line(tool)
        assert tool.wait(60) == 1


def test_squid(lab, carry, ended):
    port = next(PORTS)
    ended(start_connect(lab, port=port))
    proxy = f"http://{PROXIES4[0]}:{port}"
    for to in (WEB4, WEB6, "example.com"):
        is_well(carry("-k", proxy, to, PORT))
    is_well(carry("-k", proxy, WEB4, PORT, said=BIG), said=BIG)
    assert carry(proxy, WEB4, 7001).outcomes == ["refused"]
    assert carry(proxy, "nowhere.example.com", 80).why == ["hop1: it knows no way there"]


def test_squid_with_an_account(lab, carry, ended):
    port = next(PORTS)
    ended(start_connect(lab, port=port, user="u", password="p"))
    proxy = f"http://{PROXIES4[0]}:{port}"
    is_well(carry("-k", f"{proxy},user=u,password=p", WEB4, PORT))
    assert carry(f"{proxy},user=u,password=q", WEB4, PORT).why == ["hop1: wrong credentials"]
    assert carry(proxy, WEB4, PORT).why == ["hop1: it wants a user and a password"]


def test_tinyproxy(lab, carry, ended):
    ended(start_connect_small(lab, user="u", password="p"))
    proxy = f"http://{PROXIES4[0]}:8888"
    is_well(carry("-k", f"{proxy},user=u,password=p", WEB4, PORT))
    assert carry(proxy, WEB4, PORT).outcomes == ["unreachable"]  # 407, once it was told the destination
    assert carry(f"{proxy},user=u,password=p", WEB4, 9).outcomes == ["forbidden"]  # no port that it lets through


def test_http1_over_tls(lab, carry, tls):
    proxy = tls(alpn="http/1.1")
    is_well(carry("-k", proxy, WEB4, PORT))
    is_well(carry("-k", "-n", "5", proxy, "example.com", PORT), n=5)


def test_http2(lab, carry, tls):
    proxy = tls()
    is_well(carry("-k", proxy, WEB4, PORT))
    is_well(carry("-k", proxy, WEB6, PORT))
    is_well(carry("-k", proxy, WEB4, PORT, said=BIG), said=BIG)
    assert carry(proxy, WEB4, 7001).outcomes == ["refused"]


def test_http2_carries_many_in_one(lab, carry, tls):
    proxy = tls()
    capture = lab.host.capture("tcp[tcpflags] & tcp-syn != 0 and dst port 8443")
    is_well(carry("-k", "-n", "50", proxy, "example.com", PORT), n=50)
    assert len(capture.stop()) == 1


def test_http2_with_an_account(lab, carry, tls):
    proxy = tls(user="u", password="p")
    is_well(carry("-k", f"{proxy},user=u,password=p", WEB4, PORT))
    assert carry(f"{proxy},user=u,password=q", WEB4, PORT).why == ["hop1: wrong credentials"]
    assert carry(proxy, WEB4, PORT).why == ["hop1: it wants a user and a password"]


def test_certificates(lab, carry, tls):
    proxy = tls(names=["proxy.example"])
    assert carry(proxy, WEB4, PORT).why == [
        f"hop1: the certificate is of another name (expected {PROXIES4[0]})"]
    assert carry(proxy.split(",")[0], WEB4, PORT).why == ["hop1: the certificate is by none that is trusted"]


def test_a_chain_of_three(lab, carry, tls, ended):
    """No hop but the last learns the destination."""
    first, second = start_socks(lab, PROXIES4[1]), tls(PROXIES4[0])
    ended(first)
    third = start_socks(lab, PROXIES4[2], user="u", password="p")
    ended(third)
    chain = [f"socks5://{PROXIES4[1]}:1080", second, f"socks5://{PROXIES4[2]}:1080,user=u,password=p"]
    is_well(carry("-k", "-n", "4", *chain, "example.com", PORT), n=4)
    squid = next(process.access for process in reversed(lab.processes) if hasattr(process, "access"))
    assert "example.com" not in first.log.read_text() + squid.read_text()
    assert "example.com" in third.log.read_text()
    lab.end(third)
    done = carry(*chain, "example.com", PORT)
    assert done.outcomes == ["down"] and done.hops == [2]
    assert done.why[0].startswith("hop3: not reached through hop2")


def test_http2_in_http2(lab, carry, tls):
    is_well(carry("-k", "-n", "3", tls(PROXIES4[0]), tls(PROXIES4[1]), "example.com", PORT, said=BIG), n=3, said=BIG)


def test_a_proxy_that_dies(lab, build, tls):
    with running(lab, build, "-k", "-n", "3", tls(), WEB4, PORT) as tool:
        said = ""
        while said.count(" open ") < 3:
            said += next_line(tool)
        kill_whole(lab.processes[-1])
        assert tool.wait(60) == 1
        assert tool.stderr.read().decode().count(" end ") == 3


def test_an_interface(lab, carry, ended):
    for process in start_wireguard(lab):
        ended(process)
    is_well(carry("interface:wg0", GATEWAY4, PORT))
    assert carry("interface:wg0", GATEWAY4, 7001).outcomes == ["refused"]
    ended(start_socks(lab))
    is_well(carry("-k", "interface:wg0", f"socks5://{PROXIES4[0]}:1080", WEB4, PORT))
    assert carry("interface:nowhere0", WEB4, PORT).outcomes == ["down"]


def test_tor(lab, carry, tor_network):
    """A circuit for each account; an onion service; Tor's own words about one that is not there."""
    tor_network.join(lab)
    tor_network.client(lab)
    tor = "socks5://127.0.0.1:9050"
    # its exits have no way by IPv6
    is_well(carry("-k", f"{tor},user=a1b2,password=c3d4", "four.example", PORT))
    is_well(carry("-k", f"{tor},user=e5f6,password=c3d4", WEB4, PORT, said=BIG), said=BIG)
    circuits = control(lab.host, "GETINFO circuit-status")
    assert 'SOCKS_USERNAME="a1b2"' in circuits and 'SOCKS_USERNAME="e5f6"' in circuits
    done = carry("-k", tor, tor_network.onion, 80, said=b"GET / HTTP/1.0\r\n\r\n")
    assert done.outcomes == ["open"] and HIDDEN_PAGE.encode() in done.out
    done = carry(tor, "a" * 56 + ".onion", 80)
    assert done.outcomes == ["unreachable"], done.log
