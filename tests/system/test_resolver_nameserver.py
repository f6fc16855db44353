# SPDX-License-Identifier: GPL-3.0-or-later
"""The nameserver and the resolver with real clients and a real upstream, without an engine: build/tests/tools/
nameserver-tool holds the daemon's own listener, questions and resolver process, and decides as its options say.

The host's programs ask the router, which is no nameserver: their questions are rerouted by rules as the daemon has
them (to the client's own address, which also works for a link-local server).
"""
import pathlib
import re
import select
import selectors
import shutil
import socket
import struct
import subprocess
import time

import pytest
from portreeve_lab import ADS4, DNS4, DNS6, HOST4, HOST6, ROUTER4, ROUTER6, WEB4, WEB6, Lab, wait_for

REROUTE = """table inet dns_reroute {{
    chain output {{ type nat hook output priority -100;
        meta l4proto {{ tcp, udp }} th dport 53 ip daddr != {{ {dns4}, 127.0.0.0/8, {host4} }} dnat ip to ip saddr
        meta l4proto {{ tcp, udp }} th dport 53 ip6 daddr != {{ {dns6}, ::1, {host6} }} dnat ip6 to ip6 saddr
    }}
}}"""

WILD = """ local-zone: "wild.test." redirect
 local-data: "wild.test. 60 A 93.184.215.77"
 local-zone: "many.test." static
""" + "".join(f' local-data: "many.test. 60 A 93.184.216.{i}"\n' for i in range(1, 61)) + """
 local-zone: "huge.test." static
""" + "".join(f" local-data: 'huge.test. 60 TXT \"{'x' * 240}{i}\"'\n" for i in range(150)) + """
 local-zone: "two.test." static
 local-data: "two.test. 60 A 93.184.215.14"
 local-data: "two.test. 60 A 93.184.215.66"
 local-data: "ads.two.test. 60 A 93.184.215.66"
 local-data: "h.two.test. 60 HTTPS 1 . alpn=h2 ipv4hint=93.184.215.14,93.184.215.66 ipv6hint=2606:2800:21f::14"
 local-data: "odd.two.test. 60 TYPE65400 \\# 4 01020304"
 local-zone: "alias.test." static
 local-data: "www.alias.test. 60 CNAME tracker.alias.test."
 local-data: "tracker.alias.test. 60 A 93.184.215.14"
 local-zone: "10.in-addr.arpa." static
 local-data: "1.0.0.10.in-addr.arpa. 60 PTR ten.test."
"""


@pytest.fixture(scope="module")
def lab():
    with Lab(prefix="prdns", container=False, lan=False) as made:
        made.upstream = made.start_dns(options=WILD)
        made.host.nft(REROUTE.format(dns4=DNS4, dns6=DNS6, host4=HOST4, host6=HOST6))
        made.resolv_conf(made.host, f"nameserver {ROUTER4}\n")
        yield made


class Server:
    """The tool, running."""

    def __init__(self, lab, build, *options, upstreams=(DNS4,)):
        self.lab = lab
        self.process = lab.host.start(
            pathlib.Path(build) / "tests" / "tools" / "nameserver-tool", "--listen", "0.0.0.0@53", "--listen", "::@53",
            *(word for upstream in upstreams for word in ("--upstream", upstream)), *options,
            ready=None)
        wait_for("the nameserver", lambda: "ready" in self.process.log.read_text())

    def end(self):
        """Ends it; its counters."""
        self.process.terminate()
        self.process.wait(timeout=180)
        return {key: int(value) for key, value in re.findall(r"([a-z-]+)=(\d+)", self.process.log.read_text())}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.end()


def dig(lab, *words, server=ROUTER4):
    return lab.host.run("dig", "+time=20", "+tries=1", f"@{server}", *words, check=False).stdout


def question(name, kind=1, ident=1, flags=0x0100, edns=1232):
    body = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    opt = b"\0" + struct.pack(">HHIH", 41, edns, 0, 0) if edns else b""
    return struct.pack(">HHHHHH", ident, flags, 1, 0, 0, bool(opt)) + body + struct.pack(">HH", kind, 1) + opt


def link_local(namespace, device):
    text = namespace.ip("-6", "-o", "addr", "show", "dev", device, "scope", "link").stdout
    return re.search(r"inet6 (fe80[^/]*)/", text).group(1)


def test_udp_and_tcp_over_both_families(lab, build):
    with Server(lab, build):
        for server in (ROUTER4, ROUTER6, "127.0.0.1", "::1", HOST4, HOST6):
            for transport in ("+notcp", "+tcp"):
                assert dig(lab, transport, "+short", "example.com", "A", server=server).strip() == WEB4, server
                assert dig(lab, transport, "+short", "example.com", "AAAA", server=server).strip() == WEB6, server


def test_the_case_of_the_question_comes_back(lab, build):
    with Server(lab, build):
        text = dig(lab, "ExAmPle.cOm")
        assert ";ExAmPle.cOm." in text and f"ExAmPle.cOm.\t\t60\tIN\tA\t{WEB4}" in text


def test_a_link_local_server(lab, build):
    router = link_local(lab.internet, "br0")
    with Server(lab, build):
        for transport in ("+notcp", "+tcp"):
            assert dig(lab, transport, "+short", "example.com", server=f"{router}%eth0").strip() == WEB4
        lab.resolv_conf(lab.host, f"nameserver {router}%eth0\n")
        try:
            assert WEB4 in lab.host.run("getent", "ahostsv4", "example.com").stdout
        finally:
            lab.resolv_conf(lab.host, f"nameserver {ROUTER4}\n")


@pytest.mark.parametrize("library", ["glibc", "musl"])
def test_getaddrinfo_never_stalls(lab, build, library):
    """A and AAAA from one socket at once."""
    tool = pathlib.Path(build) / "tests" / "tools" / "getaddrinfo-tool"
    if library == "musl":
        if not shutil.which("musl-gcc"):
            pytest.skip("no musl-gcc")
        source = pathlib.Path(__file__).resolve().parents[1] / "tools" / "getaddrinfo.c"
        tool = lab.directory / "getaddrinfo-musl"
        subprocess.run(["musl-gcc", "-D_GNU_SOURCE", "-static", "-o", tool, source], check=True)
    with Server(lab, build, "--quiet"):
        text = lab.host.run(tool, "example.com", "500").stdout
    assert WEB4 in text and WEB6 in text
    assert "failed=0" in text
    assert int(re.search(r"slowest=(\d+)", text).group(1)) < 4500  # less than it would wait until it asks again


def test_pipelined_tcp(lab, build):
    n = 300
    with Server(lab, build, "--quiet"), lab.host.inside():
        stream = socket.create_connection((ROUTER4, 53), timeout=30)
        sent = b""
        for ident in range(n):
            message = question(f"n{ident}.wild.test", ident=ident)
            sent += struct.pack(">H", len(message)) + message
        stream.sendall(sent)
        stream.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: stream.recv(65536), b""))
    seen = set()
    while received:
        length = struct.unpack(">H", received[:2])[0]
        ident, flags, _, answers = struct.unpack(">HHHH", received[2:10])
        assert flags & 0x8000 and answers == 1
        seen.add(ident)
        received = received[2 + length:]
    assert seen == set(range(n))


def test_large_answers(lab, build):
    with Server(lab, build):
        text = dig(lab, "+notcp", "+ignore", "huge.test", "TXT")
        assert re.search(r"flags: qr tc", text) and "ANSWER: 0" in text
        text = dig(lab, "huge.test", "TXT")  # by TCP, after TC
        assert text.count("xxxx") >= 150 and "(TCP)" in text
        assert int(re.search(r"rcvd: (\d+)", text).group(1)) > 36000
        text = dig(lab, "+noedns", "+notcp", "+ignore", "many.test")
        assert "flags: qr tc" in text
        text = dig(lab, "+bufsize=1232", "+notcp", "+ignore", "many.test")
        assert "ANSWER: 60" in text and int(re.search(r"rcvd: (\d+)", text).group(1)) <= 1232


def test_any_type_and_kdig(lab, build):
    with Server(lab, build):
        assert "01020304" in dig(lab, "+short", "odd.two.test", "TYPE65400")
        assert dig(lab, "+short", "-x", "10.0.0.1").strip() == "ten.test."
        text = lab.host.run("kdig", f"@{ROUTER4}", "+edns", "+nocookie", "h.two.test", "HTTPS").stdout
        assert f"ipv4hint={WEB4},{ADS4}" in text


def test_denied_before_nothing_leaves(lab, build):
    capture = lab.host.capture("port 53", "eth0")
    with Server(lab, build, "--deny-name", "example.com"):
        text = dig(lab, "www.example.com")
        assert "NXDOMAIN" in text and "EDE: 15 (Blocked)" in text and "denied before" in text
        assert "SOA" in text
        assert dig(lab, "+short", "ads.example").strip() == ADS4
    lines = capture.stop()
    assert any("ads.example" in line for line in lines)
    assert not any("www.example.com" in line for line in lines)


def test_denied_after_is_withheld(lab, build):
    with Server(lab, build, "--deny-address", ADS4, "--deny-name", "tracker.alias.test") as server:
        assert dig(lab, "+short", "two.test").split() == [WEB4]
        text = dig(lab, "ads.two.test")
        assert "NXDOMAIN" in text and "denied after" in text and ADS4 not in text
        text = dig(lab, "www.alias.test")
        assert "NXDOMAIN" in text and "denied after" in text and WEB4 not in text
        text = dig(lab, "h.two.test", "HTTPS")
        assert f"ipv4hint={WEB4} " in text and ADS4 not in text
        log = server.process.log.read_text()
    assert f"record {WEB4} two.test" in log and f"record {ADS4}" not in log


@pytest.mark.parametrize("way, expected", [("--zero", "0.0.0.0"), ("--refused", "REFUSED")])
def test_how_a_denial_looks(lab, build, way, expected):
    with Server(lab, build, "--deny-name", "example.com", way):
        assert expected in dig(lab, "example.com")


def test_ask_leaves_unanswered(lab, build):
    capture = lab.host.capture("port 53", "eth0")
    with Server(lab, build, "--ask-name", "example.com") as server:
        assert "no servers could be reached" in dig(lab, "+time=1", "example.com")
        assert server.end()["unanswered"] == 1
    assert not any("example.com" in line for line in capture.stop())


def test_two_thousand_at_once(lab, build):
    n = 2000
    with Server(lab, build, "--quiet") as server, lab.host.inside():
        selector = selectors.DefaultSelector()
        sockets = []
        for i in range(50):
            sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            sockets[-1].connect((ROUTER4, 53))
            sockets[-1].setblocking(False)
            selector.register(sockets[-1], selectors.EVENT_READ)
        start = time.monotonic()
        for ident in range(n):
            sockets[ident % 50].send(question(f"c{ident}.wild.test", ident=ident))
        seen = set()
        while len(seen) < n and time.monotonic() < start + 60:
            for key, _ in selector.select(1):
                ident, flags = struct.unpack(">HH", key.fileobj.recv(4096)[:4])
                assert flags & 0xf == 0
                seen.add(ident)
        for each in sockets:
            each.close()
        counters = server.end()
    assert len(seen) == n, counters
    assert counters["left"] == 0


def test_upstreams_that_are_away(lab, build):
    with Server(lab, build, upstreams=("10.77.0.99",)):
        text = dig(lab, "+time=10", "example.com")
        assert "SERVFAIL" in text and "EDE: 22" in text
    with Server(lab, build, upstreams=("10.77.0.99", DNS4)):
        assert dig(lab, "+time=10", "+short", "example.com").strip() == WEB4
    with Server(lab, build, upstreams=()):
        text = dig(lab, "example.com")
        assert "SERVFAIL" in text and "no upstream nameserver is known" in text


def test_a_link_local_upstream(lab, build):
    router = link_local(lab.internet, "br0")
    config = lab.directory / "link-local.conf"
    config.write_text('server:\n interface: ::0@5300\n access-control: ::/0 allow\n chroot: ""\n username: ""\n'
                      ' pidfile: ""\n use-syslog: no\n do-daemonize: no\n local-data: "near.example. 60 A 10.77.0.9"\n')
    lab.internet.start("unbound", "-d", "-c", config, ready=lab.internet.listens(5300, "udp"))
    with Server(lab, build, upstreams=(f"{router}%eth0@5300",)):
        assert dig(lab, "+short", "near.example").strip() == "10.77.0.9"
    with Server(lab, build, upstreams=(f"{router}%absent0@5300",)):
        assert "no upstream nameserver gave an answer" in dig(lab, "near.example")


def test_the_servers_behind_a_stub(lab, build):
    root = lab.directory / "root"
    (root / "etc").mkdir(parents=True, exist_ok=True)
    (root / "run/systemd/resolve").mkdir(parents=True, exist_ok=True)
    (root / "etc/resolv.conf").write_text("nameserver 127.0.0.53\noptions edns0 trust-ad\n")
    (root / "run/systemd/resolve/resolv.conf").write_text(f"nameserver {DNS6}\n")
    files = [word for path in ("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf")
             for word in ("--file", f"{root}:{path}")]
    with Server(lab, build, *files, upstreams=()) as server:
        assert dig(lab, "+short", "example.com").strip() == WEB4
        assert f"server={DNS6}@53" in server.process.log.read_text()


def test_what_is_no_question(lab, build):
    with Server(lab, build, "--quiet") as server, lab.host.inside():
        probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        probe.connect((ROUTER4, 53))
        probe.settimeout(20)
        for message, rcode in ((question("a.test", flags=0x2800), 4), (question("a.test", kind=252), 5),
                               (question("a.test")[:-3], 1), (question("a" * 70 + ".test"), 1)):
            probe.send(message)
            assert probe.recv(4096)[3] & 15 == rcode
        probe.send(question("a.test", flags=0x8180))  # a response: no reply
        probe.send(b"x")
        probe.send(question("c.wild.test", ident=9))
        assert probe.recv(4096)[:2] == b"\0\x09"
        probe.close()
        stream = socket.create_connection((ROUTER4, 53), timeout=30)
        stream.sendall(b"\xff\xff" + b"x" * 100)  # longer than any question
        assert stream.recv(10) == b""
        assert server.end()["malformed"] == 6


def test_connections_are_bounded(lab, build):
    """Idle connections give way; one that does not read does not grow; the rest goes on."""
    with Server(lab, build, "--quiet") as server, lab.host.inside():
        idle = [socket.create_connection((ROUTER4, 53), timeout=30) for _ in range(300)]
        deaf = socket.create_connection((ROUTER4, 53), timeout=30)
        message = question("huge.test", kind=16)
        message = struct.pack(">H", len(message)) + message
        deaf.setblocking(False)
        sent = 0
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            try:
                sent += deaf.send(message * 20)
            except BlockingIOError:
                select.select([], [deaf], [], max(0, deadline - time.monotonic()))
        rss = int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{server.process.pid}/status").read_text()).group(1))
        asker = socket.create_connection((ROUTER4, 53), timeout=30)
        message = question("c.wild.test", ident=7)
        asker.sendall(struct.pack(">H", len(message)) + message)
        assert asker.recv(100)[2:4] == b"\0\x07"
        for each in (*idle, deaf, asker):
            each.close()
        counters = server.end()
    assert counters["connections"] >= 302
    assert rss < 60000, f"{rss} kB after {sent} bytes of questions"
