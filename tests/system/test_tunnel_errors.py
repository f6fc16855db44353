# SPDX-License-Identifier: GPL-3.0-or-later
"""As if there were no tunnel: an upstream's word on a destination becomes the error that the application would have seen;
halves that end, resets, transfers both ways, readers that are slow."""
import re
import subprocess

import pytest

from portreeve_lab import WEB4, wait_for
from tunnel_lab import PAGE, PROXY, config, fetch, group, links_to, trusted, upstreams

ALL = 'tunnel = "way";\nrequire_tunnel = true;\n'
WAY = group("way", f"socks5://{PROXY}:1080")
PORT = 7000


@pytest.fixture
def lab(lab):
    lab.start_dns()
    lab.resolv_conf(lab.internet, f"nameserver {upstreams.DNS4}\n")
    return lab


# A SOCKS server whose answer is the port that is asked for, less 7000; 7900 it never answers, 7901 it closes, 7902 it answers wrongly.
ANSWERS = """
import socketserver, sys, time
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        methods = self.rfile.read(self.rfile.read(2)[1])
        if 2 in methods:
            self.wfile.write(b"\\5\\2")
            self.rfile.read(self.rfile.read(2)[1])
            self.rfile.read(self.rfile.read(1)[0])
            self.wfile.write(b"\\1\\0")
        else:
            self.wfile.write(b"\\5\\0")
        head = self.rfile.read(4)
        self.rfile.read({1: 4, 4: 16}.get(head[3]) or self.rfile.read(1)[0])
        port = int.from_bytes(self.rfile.read(2), "big") - 7000
        if port == 900:
            self.rfile.read()
        elif port == 902:
            self.wfile.write(b"HTTP/1.1 400 Bad Request\\r\\n\\r\\n" * 100)
            self.rfile.read()
        elif port != 901:
            self.wfile.write(bytes((5, port, 0, 1)) + bytes(6))
            self.rfile.read()
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"""

# What connect() says, and how long it took.
CONNECT = """
import errno, socket, sys, time
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
s.settimeout(float(sys.argv[3]))
start = time.monotonic()
try:
    s.connect((sys.argv[1], int(sys.argv[2])))
    print("CONNECTED")
except TimeoutError as error:
    print(errno.errorcode.get(error.errno, "TIMEOUT"))
except OSError as error:
    print(errno.errorcode.get(error.errno, error))
"""


def said_by_connect(lab, host, port, seconds=20):
    return lab.host.python(CONNECT, host, port, seconds).stdout.strip()


@pytest.mark.parametrize("port, wanted", [
    (PORT + 5, {"ECONNREFUSED"}), (PORT + 3, {"EHOSTUNREACH"}), (PORT + 4, {"EHOSTUNREACH"}), (PORT + 6, {"TIMEOUT"}),
    (PORT + 2, {"ECONNREFUSED", "EHOSTUNREACH", "EACCES"}), (PORT + 1, {"ECONNREFUSED", "EHOSTUNREACH"}),
    (PORT + 900, {"TIMEOUT"}), (PORT + 901, {"ECONNREFUSED", "EHOSTUNREACH"}), (PORT + 902, {"ECONNREFUSED", "EHOSTUNREACH"}),
    (PORT, {"CONNECTED"})])
def test_what_connect_says(lab, guard, port, wanted):
    upstreams.add_addresses(lab)
    lab.internet.start("/usr/bin/python3", "-c", ANSWERS, PROXY, 1080, ready=upstreams.listens_at(lab.internet, PROXY, 1080))
    guarded = guard(config=config(WAY, more=ALL))
    for host in ("example.com", WEB4):
        assert said_by_connect(lab, host, port, 4 if wanted == {"TIMEOUT"} else 20) in wanted
    rows = links_to(guarded, port)
    assert len(rows) == 2
    if port not in (PORT, PORT + 900):  # the one is open, the other not yet decided
        assert all("way: " in row["reason"] for row in rows), rows


@pytest.mark.parametrize("port", [PORT + 901, PORT + 902])
def test_one_destination_brings_no_link_around_the_tunnel(lab, guard, port):
    """The proxy hangs up, or talks nonsense, when it is asked for this one; it works for others."""
    upstreams.add_addresses(lab)
    lab.internet.start("/usr/bin/python3", "-c", ANSWERS, PROXY, 1080, ready=upstreams.listens_at(lab.internet, PROXY, 1080))
    guarded = guard(config=config(WAY, more=ALL + 'without_tunnel = "direct";\n'))
    for _ in range(5):
        assert said_by_connect(lab, WEB4, port) == "EHOSTUNREACH"
    assert said_by_connect(lab, WEB4, PORT) == "CONNECTED"
    wait_for("what is shown", lambda: guarded.rows("tunnels")[0]["state"] == "up")
    assert all("way: it" in row["reason"] for row in links_to(guarded, port))


def test_a_real_proxy_s_refusal(lab, guard):
    upstreams.start_socks(lab)
    guard(config=config(WAY, more=ALL))
    assert said_by_connect(lab, WEB4, 4) == "ECONNREFUSED"
    assert said_by_connect(lab, "example.com", 4) == "ECONNREFUSED"
    assert said_by_connect(lab, "there-is-none.example", 80) in ("EHOSTUNREACH", "ECONNREFUSED")


@pytest.mark.parametrize("kind", ["credentials", "certificate", "name", "old", "refused"])
def test_an_upstream_that_is_not_as_it_should_be(lab, guard, kind):
    """Links are blocked, and what is shown names upstream and reason."""
    authority = upstreams.Authority(lab)
    if kind == "credentials":
        upstreams.start_socks(lab, user="u", password="p")
        way, words = group("way", f"socks5://{PROXY}:1080", user="u", password="wrong"), "password|account|user|credential|authent"
    elif kind == "refused":
        upstreams.add_addresses(lab)
        way, words = WAY, "refused"
    else:
        names = ("elsewhere.example",) if kind == "name" else (PROXY,)
        issuer = upstreams.Authority(lab, "another") if kind == "certificate" else authority
        certificate, key = issuer.issue(*names, days=0 if kind == "old" else 2)
        upstreams.start_connect_tls(lab, certificate, key)
        way, words = group("way", f"connect://{PROXY}:8443", ca=trusted(lab, authority)), "certificate|expired|verify|issuer"
    guarded = guard(config=config(way, more=ALL), beside=[authority.file])
    status, text = fetch(lab, f"http://{WEB4}/", seconds=20)
    assert status in (7, 28), text
    row = guarded.rows("links", "--ip", WEB4)[0]
    assert "way" in row["reason"] and re.search(words, row["reason"]), row["reason"]
    wait_for("what is shown", lambda: re.search(words, guarded.rows("tunnels")[0].get("why", "")))


def test_halves_end_one_by_one(lab, guard):
    """What is sent after the end of the other direction arrives. By danted, which keeps the halves of a link apart."""
    upstreams.start_socks_datagrams(lab)
    # By itself socat gives the other side half a second once one side has ended.
    lab.internet.start("socat", "-t", 60, f"TCP4-LISTEN:{PORT},fork,reuseaddr", "SYSTEM:sha256sum", ready=lab.internet.listens(PORT))
    guard(config=config(WAY, more=ALL))
    said = lab.host.run("sh", "-c", f"head -c 8000000 /dev/zero | nc -N -w 60 four.example {PORT}").stdout
    wanted = lab.host.run("sh", "-c", "head -c 8000000 /dev/zero | sha256sum").stdout
    assert said == wanted


BOTH_WAYS = """
import hashlib, os, socket, sys, threading
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 60)
s.settimeout(60)
sent, got, n = hashlib.sha256(), hashlib.sha256(), int(sys.argv[3])
def send():
    piece = os.urandom(1 << 20)
    for _ in range(n):
        s.sendall(piece)
        sent.update(piece)
thread = threading.Thread(target=send)
thread.start()
left = n << 20
while left:
    piece = s.recv(1 << 16)
    if not piece:
        break
    got.update(piece)
    left -= len(piece)
thread.join()
print("same" if sent.digest() == got.digest() else "different")
"""


@pytest.mark.parametrize("kind", ["socks", "connect", "h2"])
def test_both_ways_at_once_whole(lab, guard, kind):
    beside = []
    if kind == "socks":
        upstreams.start_socks_datagrams(lab)  # microsocks stands still where both ways are full
        way = WAY
    elif kind == "connect":
        upstreams.start_connect(lab)
        way = group("way", f"http://{PROXY}:3128")
    else:
        authority = upstreams.Authority(lab)
        upstreams.start_connect_tls(lab, *authority.issue(PROXY), alpn="h2")
        way, beside = group("way", f"connect://{PROXY}:8443", ca=trusted(lab, authority)), [authority.file]
    lab.start_echo(lab.internet, 443, address="::")
    guard(config=config(way, more=ALL), beside=beside)
    assert lab.host.python(BOTH_WAYS, "four.example", 443, 32, timeout=300).stdout.strip() == "same"


RESETS = """
import socket, struct, sys
s = socket.create_server(("", int(sys.argv[1])))
while True:
    c, _ = s.accept()
    c.sendall(b"x" * 1000)
    c.recv(1)
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.close()
"""
READS_TO_THE_END = """
import errno, socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 60)
n = 0
while n < 1000:
    n += len(s.recv(1000))
s.sendall(b"x")
try:
    print("end" if s.recv(1) == b"" else "more")
except OSError as error:
    print(errno.errorcode[error.errno])
"""


def test_a_reset_is_a_reset(lab, guard):
    """danted hands a server's reset on, microsocks ends the link."""
    upstreams.start_socks_datagrams(lab)
    lab.internet.start("/usr/bin/python3", "-c", RESETS, PORT, ready=lab.internet.listens(PORT))
    guard(config=config(WAY, more=ALL))
    by_proxy = lab.lan.python(BY_SOCKS + READS_TO_THE_END, "four.example", PORT, PROXY).stdout.strip()
    assert lab.host.python(READS_TO_THE_END, "four.example", PORT).stdout.strip() == by_proxy


# The same by an application that speaks SOCKS itself: what the proxy makes of it.
BY_SOCKS = """
import socket, sys
def create_connection(to, timeout, plain=socket.create_connection):
    s = plain((sys.argv[3], 1080), timeout)
    s.sendall(b"\\5\\1\\0"); s.recv(2)
    s.sendall(b"\\5\\1\\0\\3" + bytes((len(to[0]),)) + to[0].encode() + to[1].to_bytes(2, "big")); s.recv(10)
    return s
socket.create_connection = create_connection
"""

SLOW = """
import hashlib, socket, sys
links = []
for _ in range(int(sys.argv[2])):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    s.connect((sys.argv[1], 80))
    s.sendall(b"GET /big HTTP/1.0\\r\\nHost: example.com\\r\\n\\r\\n")
    links.append(s)
print("waiting", flush=True)
sys.stdin.readline()
s = links[0]
n = 0
while True:
    piece = s.recv(1 << 16)
    if not piece:
        break
    n += len(piece)
print(n)
"""


@pytest.mark.parametrize("kind", ["socks", "h2"])
def test_slow_readers_cost_no_memory(lab, guard, kind):
    """Nobody reads: what is on its way stays where it is, and one that reads at last gets all of it."""
    lab.start_web()
    beside = []
    if kind == "socks":
        upstreams.start_socks(lab)
        way = WAY
    else:
        authority = upstreams.Authority(lab)
        upstreams.start_connect_tls(lab, *authority.issue(PROXY), alpn="h2")
        way, beside = group("way", f"connect://{PROXY}:8443", ca=trusted(lab, authority)), [authority.file]
    guarded = guard(config=config(way, more=ALL), beside=beside)
    assert PAGE in fetch(lab, "http://example.com/")[1]
    before = pss(guarded)
    with subprocess.Popen(lab.host.command("/usr/bin/python3", "-c", SLOW, "example.com", 30), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout.readline() == "waiting\n"
        wait_for("nothing to move any more", lambda: is_still(lab), every=0.5)
        grown = pss(guarded) - before
        # By HTTP/2 the streams' windows (src/tunnel/http2.h) are on their way; a socket's bytes are the kernel's.
        assert grown < 4096 + (30 * 512 if kind == "h2" else 0), f"{grown} KiB"
        said, _ = client.communicate("go\n", timeout=300)
    assert int(said) > 64 << 20


def pss(guarded):
    with open(f"/proc/{guarded.children()['tunnel']}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M)[1])


def is_still(lab, last={}):
    """Has the wire's counter stayed as it was since the looks before, while nobody had to wait for a CPU?"""
    now = int(lab.host.run("cat", "/sys/class/net/eth0/statistics/rx_bytes").stdout)
    last["n"] = last.get("n", 0) + 1 if last.get("rx") == now else 0
    last["rx"] = now
    return last["n"] >= 3
