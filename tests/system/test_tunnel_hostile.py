# SPDX-License-Identifier: GPL-3.0-or-later
"""Upstreams that mean harm: answers without an end, a byte at a time, what no proxy says. The link that they were to carry is
refused, with their name and the reason; what goes by another upstream meanwhile loses nothing."""
import re
import time

import pytest

from clients import real
from portreeve_lab import WEB4, wait_for
from tunnel_lab import PAGE, PROXY, SECOND, Around, another_curl, config, fetch, group, nothing_around, only, trusted, upstreams

BAD_PORT = 1090

# Says something to whoever comes, and how. `KIND` is what it says, in answer to what.
HOSTILE = r"""
import os, socketserver, ssl, sys, time
address, port, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
context = None
if len(sys.argv) > 4:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[4], sys.argv[5])
    context.set_alpn_protocols(["h2"] if kind.startswith("h2") else ["http/1.1"])
FRAME = lambda kind, flags, stream, data: len(data).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + data
def endless(say, piece, pause=0.0):
    while True:
        say(piece)
        if pause:
            time.sleep(pause)
def serve(link):
    say = link.sendall
    if kind.startswith("socks"):
        link.recv(3)
        if kind == "socks-never":
            say(b"\5"); link.recv(1)
        say(b"\5\0"); link.recv(300)
        if kind == "socks-slowly":
            say(b"\5\0\0\3\xff"); endless(say, b"a", 1)
        endless(say, os.urandom(65536))
    if kind.startswith("http"):
        link.recv(4096)
        if kind == "http-headers":
            say(b"HTTP/1.1 200 OK\r\n"); endless(say, b"X-Endless: " + b"a" * 1000 + b"\r\n")
        if kind == "http-line":
            say(b"HTTP/1.1 200 "); endless(say, b"a" * 65536)
        if kind == "http-interim":
            endless(say, b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000)
        if kind == "http-slowly":
            say(b"HTTP/1.1 200 OK\r\n"); endless(say, b"a", 1)
        if kind == "http-body":
            say(b"HTTP/1.1 503 No\r\nContent-Length: 1000000000\r\n\r\n"); endless(say, b"a" * 65536)
    if kind == "h2-settings":
        endless(say, FRAME(4, 0, 0, b"\0\4\0\1\0\0") * 1000)
    if kind == "h2-pings":
        say(FRAME(4, 0, 0, b"")); endless(say, FRAME(6, 0, 0, b"pingping") * 1000)
    if kind == "h2-headers":
        say(FRAME(4, 0, 0, b"")); link.recv(4096)
        say(FRAME(1, 0, 1, b"\x88")); endless(say, FRAME(9, 0, 1, b"\0\1x" + b"\x7f\x81\x7d" + b"a" * 252) * 100)
    if kind == "h2-slowly":
        say(FRAME(4, 0, 0, b"")); say(b"\0\0\xff\1\4\0\0\0\1\x88"); endless(say, b"\x8f", 1)
class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            serve(context.wrap_socket(self.request, server_side=True) if context else self.request)
        except OSError as error:
            print("gone", error, flush=True)
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
Server((address, port), Handler).serve_forever()
"""
KINDS = ["socks-never", "socks-endless", "http-headers", "http-line", "http-interim", "http-body", "h2-settings", "h2-pings",
         "h2-headers"]
SLOWLY = ["socks-slowly", "http-slowly", "h2-slowly"]
OPENING_S = 60  # docs/tunnel.md


@pytest.fixture
def lab(lab):
    lab.start_dns()
    lab.start_web()
    lab.resolv_conf(lab.internet, f"nameserver {upstreams.DNS4}\n")
    upstreams.start_socks(lab)
    return lab


def start_hostile(lab, *kinds):
    """What the configuration has of them, each called as what it does; and what lies beside it."""
    groups, authority = [], upstreams.Authority(lab)
    for port, kind in enumerate(kinds, BAD_PORT):
        files = authority.issue(SECOND) if kind.startswith("h2") else ()
        lab.internet.start("/usr/bin/python3", "-c", HOSTILE, SECOND, port, kind, *files,
                           ready=upstreams.listens_at(lab.internet, SECOND, port))
        scheme = {"so": "socks5", "ht": "http", "h2": "connect"}[kind[:2]]
        groups.append(group(kind, f"{scheme}://{SECOND}:{port}", **({"ca": trusted(lab, authority)} if files else {})))
    return groups, [authority.file]


def memory(guarded):
    """KiB of the tunnel process."""
    with open(f"/proc/{guarded.children()['tunnel']}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M)[1])


class Sound:
    """A transfer by another upstream, which has to come whole."""

    def __init__(self, lab, program, rate):
        self.lab, self.page = lab, lab.directory / "page"
        self.process = lab.host.start(program, "-sS", "-o", self.page, "--limit-rate", rate, f"http://{WEB4}/big")
        wait_for("the transfer", lambda: self.page.exists() and self.page.stat().st_size > 1 << 20)

    def is_whole(self):
        wait_for("the transfer's end", lambda: self.process.poll() is not None)
        wanted = (self.lab.directory / "www" / "big").stat().st_size
        return self.process.returncode == 0 and self.page.stat().st_size == wanted


def reasons(guarded, upstream):
    return {row["reason"] for row in guarded.rows("links", "--ip", WEB4) if row.get("tunnel") == upstream}


@pytest.mark.parametrize("kind", ["socks-endless", "http-headers", "h2-headers", *(
    pytest.param(kind, marks=pytest.mark.long) for kind in KINDS if not kind.endswith(("endless", "headers")))])
def test_one_that_means_harm(lab, guard, kind):
    sound = another_curl(lab)
    groups, beside = start_hostile(lab, kind)
    guarded = guard(config=config(group("sound", f"socks5://{PROXY}:1080"), *groups), beside=beside,
                    profiles={**only(real("curl"), kind), **only(sound, "sound")})
    assert PAGE in fetch(lab, f"http://{WEB4}/", program=sound)[1]
    before = memory(guarded)
    with Around(lab, PROXY, SECOND) as around:
        transfer = Sound(lab, sound, "16M")
        for _ in range(2):
            status, text = fetch(lab, f"http://{WEB4}/", seconds=20)
            assert status in (7, 28, 56), (status, text)
        assert memory(guarded) - before < 4096
        assert PAGE in fetch(lab, "http://example.com/", program=sound)[1]
        assert transfer.is_whole()
    nothing_around(around)
    whys = reasons(guarded, kind)
    assert whys and all(re.search(rf"\b{kind}: \w+", why) for why in whys), whys
    assert guarded.rows("tunnels")[0]["state"] == "up"


@pytest.mark.long
def test_those_that_take_their_time(lab, guard):
    """A byte a second, which is no sign of life: they have as long as one that says nothing, and then it is told."""
    sound = another_curl(lab)
    groups, beside = start_hostile(lab, *SLOWLY)
    programs = {kind: another_curl(lab, f"curl-{kind}") for kind in SLOWLY}
    profiles = only(sound, "sound")
    for kind, program in programs.items():
        profiles |= only(program, kind)
    guarded = guard(config=config(group("sound", f"socks5://{PROXY}:1080"), *groups), beside=beside, profiles=profiles)
    for program in programs.values():
        lab.host.start(program, "-sS", "--max-time", 2 * OPENING_S, f"http://{WEB4}/")
    began = time.monotonic()
    transfer = Sound(lab, sound, "1M")
    for kind in SLOWLY:
        wait_for(f"the end of {kind}", lambda kind=kind: [why for why in reasons(guarded, kind) if f"{kind}: it did not say in time" in why], 100)
    assert OPENING_S - 5 < time.monotonic() - began, "a destination may take its time"
    assert transfer.is_whole()
    assert PAGE in fetch(lab, "http://example.com/", program=sound)[1]
