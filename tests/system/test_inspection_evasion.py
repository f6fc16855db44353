# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program may try to get plaintext past require_encryption. The server tells what
reaches it: of the secret there must be nothing."""
import os
import signal

import pytest

from portreeve_lab import WEB4, wait_for
from test_inspection_required import CLIENT, REQUIRED, certificates, client, serve  # noqa: F401

PYTHON = "/usr/bin/python3"
SECRET = "53656372657421"  # "Secret!"

UDP_SERVER = r"""
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], int(sys.argv[2])))
print('listening', flush=True)
while True:
    got, peer = s.recvfrom(65536); print('got', got.hex(), flush=True); s.sendto(b'fine', peer)
"""

# Of the client's: a hello that is one, and what it is sent with.
HELLO = """
import os, select
def hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try: tls().wrap_bio(incoming, outgoing, server_hostname='www.example').do_handshake()
    except ssl.SSLWantReadError: pass
    return outgoing.read()
def last(s):
    s.settimeout(3); got = s.recv(100)
    if not got: raise OSError(104, 'closed')
    return got
"""

TCP_TRIES = {
    "behind a hello, in the same segment": "s = connect(); s.sendall(hello() + b'Secret!'); return last(s)",
    "behind a hello, later": "s = connect(); s.sendall(hello()); time.sleep(0.3); s.sendall(b'Secret!'); return last(s)",
    "byte by byte": "s = connect(); [(s.sendall(b'GET /Secret! H'[i:i + 1]), time.sleep(0.01)) for i in range(14)]; return last(s)",
    "urgent": "s = connect(); s.send(b'Secret!', socket.MSG_OOB); return last(s)",
    "urgent behind half a hello": "s = connect(); s.sendall(hello()[:50]); s.send(b'Secret!', socket.MSG_OOB); return last(s)",
    "with the end": "s = connect(); s.setsockopt(6, 3, 1); s.sendall(b'Secret!'); s.shutdown(1); return last(s)",
    "with options": "s = connect(); s.setsockopt(0, 4, b'\\x94\\x04\\x00\\x00'); s.sendall(b'Secret!'); return last(s)",
    "more than is kept": "s = connect(); s.sendall(b'Secret!' * 20000); return last(s)",
    "a reset": "s = connect(); s.sendall(b'Secret!'); s.setsockopt(1, 13, b'\\1\\0\\0\\0\\0\\0\\0\\0'); s.close(); return b''",
    "as an empty record": "s = connect(); s.sendall(b'\\x16\\x03\\x01\\x00\\x00' * 9 + b'\\x17\\x03\\x03\\x00\\x07Secret!'); return last(s)",
    "as an alert": "s = connect(); s.sendall(b'\\x15\\x03\\x01\\x00\\x07Secret!'); return last(s)",
    "as early data": "s = connect(); s.sendall(hello() + b'\\x17\\x03\\x03\\x00\\x07Secret!'); return last(s)",
}


@pytest.mark.parametrize("place", ["out", "forward"])
def test_over_tcp(lab, guard, serve, place):  # noqa: F811
    who = {"out": lab.host, "forward": lab.container}[place]
    server = serve(lab.internet, WEB4, 443)
    guard(REQUIRED)
    for name, talk in TCP_TRIES.items():
        client(who, WEB4, 443, HELLO + f"def talk():\n    {talk}\n")
        assert "Secret!" not in server.log.read_text() and "S'" not in server.log.read_text(), name


UDP_TRIES = {
    "alone": "s.send(b'Secret!')",
    "behind nothing": "s.send(b''); s.send(b'Secret!')",
    "behind what may be wireguard": "s.send(b'\\1\\0\\0\\0' + os.urandom(144)); s.send(b'Secret!')",
    "behind a transport packet": "s.send(b'\\4\\0\\0\\0' + os.urandom(60)); s.send(b'Secret!')",
    "cut by the kernel": "s.setsockopt(17, 103, 7); s.send(b'Secret!' * 40)",
    "a large one": "s.send(b'Secret!' * 8000)",
    "in fragments": "s.setsockopt(0, 10, 0); s.send(b'Secret!' * 1000)",
    "again and again": "[s.send(b'Secret!%d' % i) for i in range(200)]",
    "corked": "s.setsockopt(17, 1, 1); s.send(b'Sec'); s.send(b'ret!'); s.setsockopt(17, 1, 0)",
}


@pytest.mark.parametrize("place", ["out", "forward"])
def test_over_udp(lab, guard, place):
    who = {"out": lab.host, "forward": lab.container}[place]
    server = lab.internet.start(PYTHON, "-c", UDP_SERVER, WEB4, 443)
    wait_for("the server", lambda: "listening" in server.log.read_text())
    guard(REQUIRED)
    for name, talk in UDP_TRIES.items():
        client(who, WEB4, 443, HELLO + "def talk():\n    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
               f"    s.connect((address, port)); {talk}; return last(s)\n")
        assert SECRET not in server.log.read_text(), name


@pytest.mark.parametrize("place", ["out", "forward"])
def test_across_the_deaths_of_the_engine(lab, guard, serve, place):  # noqa: F811
    """What it was still looking into isn't older than the guard: it has no grace."""
    who = {"out": lab.host, "forward": lab.container}[place]
    server = serve(lab.internet, WEB4, 443)
    guarded = guard(REQUIRED)
    talk = CLIENT + """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
s = connect(); print('ready', flush=True)
signal.sigwait([signal.SIGUSR1])
s.sendall(b'Secret!'); s.settimeout(2); s.recv(10)
"""
    program = who.start(PYTHON, "-c", talk, WEB4, 443)
    wait_for("the link", lambda: "ready" in program.log.read_text())
    for _ in range(2):
        before = guarded.children()["engine"]
        os.kill(before, signal.SIGKILL)
        wait_for("another engine", lambda before=before: guarded.children().get("engine", before) != before)
        wait_for("it to work", lambda: guarded.portreeve("status", check=False).returncode == 0)
    rows = [row for row in guarded.rows("links") if row["link"]["dst_port"] == 443]
    assert not any(row.get("grace") for row in rows), rows
    program.send_signal(signal.SIGUSR1)
    program.wait(60)
    assert "Secret" not in server.log.read_text()
