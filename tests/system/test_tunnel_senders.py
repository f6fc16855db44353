# SPDX-License-Identifier: GPL-3.0-or-later
"""Datagrams of one port and two applications, one after the other: each goes by its own upstream."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from portreeve_lab import DNS4, HOST4, WEB4, wait_for
from tunnel_lab import PROXY, SECOND, Around, config, group, links_to, nothing_around, only, upstreams

PORT, SOURCE = 9999, 5555

# A program that sends as it is told, and says what came back to each.
SENDER = '''
import json, socket, sys
for line in sys.stdin:
    do = json.loads(line)
    if do["do"] == "open":
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(("0.0.0.0", do["source"]))
        s.settimeout(do.get("seconds", 20))
        s.connect((do["to"], do["port"]))
        said = "open"
    elif do["do"] == "send":
        said = []
        for i in range(do["n"]):
            try:
                s.send(do["text"].encode())
                said.append(s.recv(100).decode())
            except OSError as error:
                said.append(type(error).__name__)
    elif do["do"] == "close":
        s.close()
        said = "closed"
    print(json.dumps(said), flush=True)
'''

# Answers each datagram with whence it came: with which proxy's address.
WHENCE = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], int(sys.argv[2])))
while True:
    text, peer = s.recvfrom(2048)
    print(text.decode(), *peer, flush=True)
    s.sendto(peer[0].encode(), peer)
"""


class Sender:
    """A program of its own path."""

    def __init__(self, lab, name):
        self.path = lab.directory / name
        shutil.copy(pathlib.Path("/usr/bin/python3").resolve(), self.path)
        script = lab.directory / f"{name}.py"
        script.write_text(SENDER)
        self.process = subprocess.Popen(lab.host.command(self.path, script), stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, env=dict(os.environ, PYTHONHOME="/usr"))

    def do(self, what, **arguments):
        self.process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def open(self, **more):
        assert self.do("open", source=SOURCE, to=WEB4, port=PORT, **more) == "open"

    def send(self, n=3, text="x"):
        return self.do("send", n=n, text=text)

    def close(self):
        self.do("close")

    def end(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


@pytest.fixture
def senders(lab):
    made = [Sender(lab, name) for name in ("first", "second", "straight")]
    yield made
    for sender in made:
        sender.end()


@pytest.fixture
def guarded(lab, guard, senders):
    first, second, straight = senders
    for address in (PROXY, SECOND):
        upstreams.start_socks_datagrams(lab, address)
    lab.whence = lab.internet.start("/usr/bin/python3", "-c", WHENCE, WEB4, PORT,
                                    ready=upstreams.listens_at(lab.internet, WEB4, PORT, "udp"))
    ways = config(group("one", f"socks5://{PROXY}:1080"), group("two", f"socks5://{SECOND}:1080"))
    return guard(config=ways, profiles={**only(first.path, "one"), **only(second.path, "two"),
                                        "straight.conf": f'name = "straight";\nmatch = ( {{ path = "{straight.path}"; }} );\n'
                                                         'outgoing = [ "+ *" ];\n'})


def test_who_binds_the_port_next_goes_its_own_way(lab, guarded, senders):
    first, second, _ = senders
    with Around(lab, PROXY, SECOND) as around:
        for _ in range(2):
            for sender, proxy in ((first, PROXY), (second, SECOND)):
                sender.open()
                assert sender.send() == [proxy] * 3
                sender.close()
    nothing_around(around)


def test_the_first_is_gone_when_the_second_comes(lab, guarded, senders):
    first, second, _ = senders
    first.open()
    assert first.send(text="first") == [PROXY] * 3
    first.process.kill()
    first.process.wait()
    second.open()
    assert second.send(text="second") == [SECOND] * 3
    heard = [line.split()[:2] for line in lab.whence.log.read_text().splitlines() if line.startswith(("first", "second"))]
    assert heard == [["first", PROXY]] * 3 + [["second", SECOND]] * 3
    live = [row for row in links_to(guarded, PORT) if not row.get("ended")]
    assert [row["tunnel"] for row in live] == ["two"], live


def test_one_that_may_go_straight_is_denied(lab, guarded, senders):
    first, _, straight = senders
    first.open()
    assert first.send() == [PROXY] * 3
    first.close()
    straight.open(seconds=2)
    heard = len(lab.whence.log.read_text().splitlines())
    with Around(lab, PROXY) as around:
        assert not {PROXY, HOST4} & set(straight.send())
    nothing_around(around)
    assert len(lab.whence.log.read_text().splitlines()) == heard
    assert any("went through the tunnel just now" in row["reason"] for row in links_to(guarded, PORT))
    straight.close()
    first.open()
    assert first.send() == [PROXY] * 3


def test_the_same_sender_goes_on(lab, guarded, senders):
    """Its packets pass by the kernel alone; a new generation decides the first of them anew, and its association is the same."""
    first, second, straight = senders
    first.open()
    assert first.send(1) == [PROXY]
    for taken in (False, True):
        if taken:
            first.close()
            second.open()
            assert second.send(1) == [SECOND]
        sender, proxy = (second, SECOND) if taken else (first, PROXY)
        opened = guarded.counter("tunnel_asked")
        packets = guarded.counter("packets")
        assert sender.send(200) == [proxy] * 200
        assert guarded.counter("packets") - packets < 50
        for number in range(8):
            raised = guarded.counter("generations_set")
            straight.do("open", source=0, to=DNS4, port=PORT, seconds=3)  # permitted for good, and then no more
            straight.send(1)
            guarded.portreeve("rule", "add", "--app", straight.path, f"- {DNS4}")
            wait_for("another generation", lambda raised=raised: guarded.counter("generations_set") > raised)
            assert sender.send(5) == [proxy] * 5, number
            guarded.portreeve("rule", "remove", "--app", straight.path, f"- {DNS4}")
            assert sender.send(5) == [proxy] * 5, number
        assert guarded.counter("tunnel_asked") == opened
