# SPDX-License-Identifier: GPL-3.0-or-later
"""A name is shown to the guard and another one to the server: what a program can do to have the two see different bytes of one
stream. The server tells what reaches it: nothing that names b.example, which is denied."""
import pathlib

import pytest
from portreeve_lab import WEB4, wait_for
from test_inspection_datagrams import lengths

PYTHON = "/usr/bin/python3"
PORT = 443

SERVER = r"""
import socket, sys
s = socket.create_server((sys.argv[1], int(sys.argv[2])))
# nobody is to be told that no datagrams are taken here
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind((sys.argv[1], int(sys.argv[2])))
print('listening', flush=True)
while True:
    link, _ = s.accept(); link.settimeout(8)
    try:
        while True:
            got = link.recv(65536)
            if not got: break
            print('got', got, flush=True)
    except OSError: pass
    print('end', flush=True)
"""

# The file's pages are what is sent: what is written to them later is what is sent again.
CLIENT = r"""
import os, socket, ssl, sys, time
address, port, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def hello(name):
    context = ssl.create_default_context(); context.check_hostname = False
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try: context.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError: pass
    return outgoing.read()
A, B = hello('a.example'), hello('b.example')
assert len(A) == len(B)
file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
os.pwrite(file, A, 0)
s = socket.create_connection((address, port)); s.setsockopt(6, 1, 1)
def send(n, offset=0): os.sendfile(s.fileno(), file, offset, n)
def ttl(n): s.setsockopt(0, 2, n)
"""

TRIES = {
    # Dies on its way, and is sent again as another one.
    "sent again": "ttl(1); send(len(A)); os.pwrite(file, B, 0); ttl(64); time.sleep(6)",
    # Changed while it is held for its rest.
    "while it is held": "send(200); time.sleep(0.1); os.pwrite(file, B, 0); send(len(A) - 200, 200); time.sleep(2)",
    # Changed as soon as it is sent, again and again: some of it while it is looked at.
    "at once": r'''
for i in range(300):
    os.pwrite(file, A, 0); send(len(A)); os.pwrite(file, B, 0)
    s.close(); s = socket.create_connection((address, port)); s.setsockopt(6, 1, 1)
time.sleep(1)''',
}


@pytest.fixture
def site(lab, guard):
    lab.start_dns(extra_data=[f"{name}.example. 60 IN A {WEB4}" for name in ("a", "b", "one", "two")])
    # As a router does that stands before the server.
    lab.internet.nft("""
        table inet far {
            chain far {
                type filter hook prerouting priority -400
                ip ttl 1 drop
            }
        }
        """)
    server = lab.internet.start(PYTHON, "-u", "-c", SERVER, WEB4, PORT)
    wait_for("the server", lambda: "listening" in server.log.read_text())
    return lab, server, guard


def talk(lab, what, timeout=40):
    path = lab.directory / "pages"
    program = lab.host.start(PYTHON, "-u", "-c", CLIENT + what, WEB4, PORT, path)
    program.wait(timeout)
    return program


@pytest.mark.parametrize("inspect", ["true", pytest.param("false", marks=pytest.mark.long)])
@pytest.mark.parametrize("how", TRIES)
def test_pages_that_change(site, how, inspect):
    lab, server, guard = site
    guarded = guard(config=f"inspect = {inspect};")
    guarded.portreeve("rule", "add", "- b.example")
    talk(lab, "send(len(A)); time.sleep(1)")
    assert "a.example" in server.log.read_text()
    talk(lab, TRIES[how])
    assert "b.example" not in server.log.read_text()


def waiting(namespace):
    """Packets in the queues: who sent them may have ended already."""
    with namespace.inside():
        text = pathlib.Path("/proc/thread-self/net/netfilter/nfnetlink_queue").read_text()
    return sum(int(line.split()[2]) for line in text.splitlines())


@pytest.mark.parametrize("inspect", ["true", pytest.param("false", marks=pytest.mark.long)])
@pytest.mark.parametrize("how", ["instead", "anew"])
def test_a_flight_of_quic_that_dies(site, build, how, inspect):
    """Who sends datagrams can have one of them die on its way, without any right."""
    lab, _, guard = site
    guarded = guard(config=f"inspect = {inspect};")
    guarded.portreeve("rule", "add", "- two.example")
    hello = build / "tests" / "tools" / "quic-hello"
    # Of another attempt the half that doesn't name the server whole yet.
    for other, n_arrive in (("one.example", 2400), ("two.example", 1200 if how == "anew" else 0)):
        capture = lab.internet.capture("udp dst port 443 and ip[8] > 1", "br0")
        lab.host.run(hello, "one.example", 443, how, other, check=False)
        wait_for("the queues to be empty", lambda: not waiting(lab.host))
        assert sum(lengths(capture.stop())) == n_arrive, (other, guarded.rows("links"))


LARGE_SERVER = r"""
import hashlib, socket, sys
s = socket.create_server((sys.argv[1], int(sys.argv[2])))
print('listening', flush=True)
while True:
    link, _ = s.accept(); link.settimeout(8); got = hashlib.sha256()
    try:
        while True:
            more = link.recv(1 << 20)
            if not more: break
            got.update(more)
        link.sendall(got.hexdigest().encode())
    except OSError: pass
    link.close()
"""

LARGE_CLIENT = r"""
import hashlib, os, socket, sys, time
for size in (100, 20000, 70000, 3000000):
    data = b'POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 9999999\r\n\r\n' + os.urandom(size)
    s = socket.create_connection((sys.argv[1], int(sys.argv[2]))); s.settimeout(8)
    since = time.monotonic()
    s.sendall(data); s.shutdown(1)
    got = s.recv(100)
    print(size, got == hashlib.sha256(data).hexdigest().encode(), round(time.monotonic() - since, 3), flush=True)
"""


@pytest.mark.parametrize("place", ["out", "forward", "local"])
def test_large_first_segments_arrive_whole(lab, guard, place):
    """What is sent on with the bytes that were looked at is what was sent, with checksums that hold, in segments of any size."""
    who, server_at, address = {"out": (lab.host, lab.internet, WEB4), "forward": (lab.container, lab.internet, WEB4),
                               "local": (lab.host, lab.host, "127.0.0.1")}[place]
    server = server_at.start(PYTHON, "-u", "-c", LARGE_SERVER, address, PORT)
    wait_for("the server", lambda: "listening" in server.log.read_text())
    guarded = guard()
    guarded.portreeve("rule", "add", "- b.example")
    lines = [line.split() for line in who.run(PYTHON, "-u", "-c", LARGE_CLIENT, address, PORT).stdout.splitlines()]
    print(lines, guarded.queued())
    assert [line[1] for line in lines] == ["True"] * 4
    assert all(float(line[2]) < 2 for line in lines), lines
    rows = [row for row in guarded.rows("links") if row["link"]["dst_port"] == PORT and row["direction"] != "in"]
    assert len(rows) == 4 and all(row["permanent"] and row["seen"]["names"] == ["a.example"] for row in rows), rows


TLS_SERVER = r"""
import socket, ssl, sys, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain(sys.argv[3], sys.argv[4])
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262); s.setsockopt(1, 2, 1)
s.bind((sys.argv[1], int(sys.argv[2]))); s.listen()
def serve(link):
    try:
        with context.wrap_socket(link, server_side=True) as talk:
            talk.sendall(talk.recv(1 << 16))
    except OSError as error: print('ended', type(error).__name__, flush=True)
print('listening', flush=True)
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
"""

MULTIPATH_CLIENT = r"""
import socket, ssl, sys
context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262); s.settimeout(5)
try:
    s.connect((sys.argv[1], int(sys.argv[2])))
    if sys.argv[3] == 'tls':
        with context.wrap_socket(s, server_hostname='a.example') as talk:
            talk.sendall(b'x' * 5000); print(len(talk.recv(1 << 16)))
    else: s.sendall(b'Secret!'); print(s.recv(10))
except OSError as error: print(type(error).__name__)
"""

# What one path carries isn't all of it: where packets are asked, there is one path.
POLICIES = {"nothing": ("", True), "a name": ('outgoing = [ "- b.example" ];', False), "encryption": ("require_encryption = true;", False)}


@pytest.mark.parametrize("place", ["out", "forward"])
@pytest.mark.parametrize("asked", POLICIES)
def test_multipath(lab, guard, place, asked):
    who = {"out": lab.host, "forward": lab.container}[place]
    if who.run("sysctl", "-n", "net.mptcp.enabled", check=False).stdout.strip() != "1":
        pytest.skip("this kernel has no MPTCP")
    certificate, key = lab.certificate("a.example")
    server = lab.internet.start(PYTHON, "-u", "-c", TLS_SERVER, WEB4, PORT, certificate, key)
    wait_for("the server", lambda: "listening" in server.log.read_text())
    config, several = POLICIES[asked]
    guarded = guard(config=config)
    capture = lab.internet.capture(f"tcp port {PORT}", "br0")
    assert who.run(PYTHON, "-u", "-c", MULTIPATH_CLIENT, WEB4, PORT, "tls").stdout.strip() == "5000"
    lines = capture.stop()
    assert len(lines) > 8 and any("mptcp" in line for line in lines) == several, lines
    row = [row for row in guarded.rows("links") if row["link"]["dst_port"] == PORT][-1]
    assert row["permanent"] and (place == "forward" and several or row["seen"]["names"] == ["a.example"]), row
    if asked == "encryption":
        capture = lab.internet.capture(f"tcp dst port {PORT} and tcp[((tcp[12] & 0xf0) >> 2):4] = 0x53656372", "br0")
        assert "5000" not in who.run(PYTHON, "-u", "-c", MULTIPATH_CLIENT, WEB4, PORT, "plain").stdout
        assert capture.stop() == []
