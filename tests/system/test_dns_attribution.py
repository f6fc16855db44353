# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose question it is: never the one's who had the port before, nor the one's whose port NAT made it come from."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest
from portreeve_lab import ADS4, DNS4, HOST4, WEB4

# Two applications: the same program, twice on the disk. What comes in as JSON lines is done, one line of answers each.
ASKER = '''
import json, socket, struct, sys

def question(name, ident):
    body = b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\\0"
    return struct.pack(">HHHHHH", ident, 0x100, 1, 0, 0, 0) + body + struct.pack(">HH", 1, 1)

sockets, held = {}, []
for line in sys.stdin:
    do = json.loads(line)
    if do["do"] == "open":
        s = sockets[do["port"]] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, do.get("reuse", 0))
        s.settimeout(20)
        s.bind((do["address"], do["port"]))
        said = "open"
    elif do["do"] == "ask":
        s, said = sockets[do["port"]], []
        for i, server in enumerate(do["servers"]):
            s.sendto(question(do["name"], 1000 + i), tuple(server))
            try:
                said.append(s.recv(512)[3] & 15)
            except TimeoutError:
                said.append("none")
    elif do["do"] == "close":
        sockets.pop(do["port"]).close()
        said = "closed"
    elif do["do"] == "hold":
        for port in range(do["first"], do["first"] + do["n"]):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(("", port))
            held.append(s)
        said = len(held)
    print(json.dumps(said), flush=True)
'''
NOERROR, NXDOMAIN = 0, 3
WITHOUT = pathlib.Path(__file__).with_name("without.py")


class App:
    """A program of its own path that asks as it is told."""

    def __init__(self, lab, name):
        self.path = lab.directory / name
        shutil.copy(pathlib.Path("/usr/bin/python3").resolve(), self.path)
        script = lab.directory / "asker.py"
        script.write_text(ASKER)
        self.process = subprocess.Popen(lab.host.command(self.path, script), stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, env=dict(os.environ, PYTHONHOME="/usr"))

    def do(self, what, **arguments):
        self.process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def open(self, port, address=HOST4, **options):
        assert self.do("open", port=port, address=address, **options) == "open"

    def ask(self, port, name="ads.example", servers=((DNS4, 53),)):
        return self.do("ask", port=port, name=name, servers=list(servers))

    def end(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


@pytest.fixture
def apps(lab):
    made = [App(lab, "permitted"), App(lab, "denied")]
    yield made
    for app in made:
        app.end()


def start(lab, guard, apps, **options):
    lab.start_dns()
    return guard(profiles={"denied.conf": f'name = "denied";\nmatch = ( {{ path = "{apps[1].path}"; }} );\n'
                                          'outgoing = [ "- ads.example" ];\n'}, **options)


@pytest.fixture
def guarded(lab, guard, apps):
    return start(lab, guard, apps)


@pytest.mark.parametrize("wrapper", [(), (WITHOUT, "bpf")], ids=["bpf", "no-bpf"])
def test_who_binds_the_port_next_asks_for_itself(lab, guard, apps, wrapper):
    guarded = start(lab, guard, apps, wrapper=wrapper)
    permitted, denied = apps
    for first, then in ((permitted, denied), (denied, permitted)):
        wanted = {permitted: [NOERROR], denied: [NXDOMAIN]}
        port = 41000 if first is permitted else 41001
        first.open(port)
        assert first.ask(port) == wanted[first]
        assert first.ask(port) == wanted[first]
        first.do("close", port=port)
        then.open(port)
        for _ in range(3):
            assert then.ask(port) == wanted[then]
        then.do("close", port=port)
        first.open(port)
        assert first.ask(port) == wanted[first]
        first.do("close", port=port)
    assert guarded.counter("owner_none") == 0


def test_two_that_share_a_port_ask_each_for_itself(apps, guarded):
    permitted, denied = apps
    permitted.open(41000, reuse=1)
    assert permitted.ask(41000) == [NOERROR]
    # What binds last gets what comes in: it asks, the other one only sends.
    denied.open(41000, reuse=1)
    for _ in range(5):
        assert denied.ask(41000) == [NXDOMAIN]
        permitted.do("close", port=41000)
        permitted.open(41000, reuse=1)
        assert permitted.ask(41000) == [NOERROR]
        denied.do("close", port=41000)
        denied.open(41000, reuse=1)
    assert guarded.counter("questions_denied_before") == 5


def test_one_socket_that_asks_many_servers_is_not_taken_for_others(apps, guarded):
    permitted, denied = apps
    # Where NAT takes a new source port from, most are somebody's.
    assert permitted.do("hold", first=1024, n=16000) == 16000
    denied.open(41000, address="0.0.0.0")
    servers = [(f"93.184.215.{i}", 53) for i in range(1, 61)]
    assert denied.ask(41000, servers=servers) == [NXDOMAIN] * len(servers)
    assert guarded.counter("questions_denied_before") == len(servers)
    assert denied.ask(41000, name="example.com", servers=servers[:3]) == [NOERROR] * 3


def test_a_question_straight_to_the_nameserver_is_its_sender_s(apps, guarded):
    permitted, denied = apps
    port = next(int(line.split()[3].rsplit(":", 1)[1]) for line in
                guarded.namespace.run("ss", "-Hlun").stdout.splitlines() if ":530" in line)
    for address in ("127.0.0.1", HOST4):
        for app, wanted in ((permitted, NOERROR), (denied, NXDOMAIN)):
            source = 42000 if app is permitted else 42001
            app.open(source, address=address)
            assert app.ask(source, servers=[(address, port)] * 3) == [wanted] * 3
            app.do("close", port=source)
    # The port changes hands.
    permitted.open(42001, address="127.0.0.1")
    assert permitted.ask(42001, servers=[("127.0.0.1", port)]) == [NOERROR]
    assert guarded.counter("links_cut") == 0


def test_a_new_socket_s_question_is_answered_at_once(lab, guarded):
    """A port that others had before is no reason to wait."""
    for _ in range(20):
        assert WEB4 in lab.host.run("getent", "ahostsv4", "example.com").stdout
        answer = lab.host.run("dig", "+time=20", "+tries=1", "+short", "-b", f"{HOST4}#43000", f"@{DNS4}", "ads.example").stdout
        assert answer.split() == [ADS4]


@pytest.mark.parametrize("wrapper", [(), (WITHOUT, "bpf")], ids=["bpf", "no-bpf"])
def test_a_nameserver_s_port_lets_nobody_else_ask(lab, guard, apps, wrapper):
    """The flow of who may ask foreign nameservers can't be rerouted any more: whoever has its port next is refused."""
    nameserver = apps[0]
    lab.start_dns()
    guard(wrapper=wrapper, profiles={
        "nameserver.conf": f'name = "nameserver";\nmatch = ( {{ path = "{nameserver.path}"; }} );\nown_dns = true;\n',
        "denied.conf": 'name = "denied";\nmatch = ( { path = "/usr/bin/dig"; } );\noutgoing = [ "- ads.example" ];\n'})

    def dig(port):
        return lab.host.run("dig", "+time=1", "+tries=1", "-b", f"{HOST4}#{port}", f"@{DNS4}", "ads.example", check=False).stdout

    nameserver.open(41000)
    assert nameserver.ask(41000) == [NOERROR] and nameserver.ask(41000) == [NOERROR]
    nameserver.do("close", port=41000)
    capture = lab.internet.capture(f"udp and src host {HOST4} and src port 41000")
    assert ADS4 not in dig(41000)
    assert capture.stop() == []
    assert "NXDOMAIN" in dig(41001)
    nameserver.open(41000)
    assert nameserver.ask(41000) == [NOERROR]
    nameserver.do("close", port=41000)
