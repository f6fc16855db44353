# SPDX-License-Identifier: GPL-3.0-or-later
"""A hostile network, and hostile clients of the nameserver and of the API."""
import json
import os
import socket
import struct
import subprocess

import pytest

from portreeve_lab import ADS4, DNS4, HOST4

NOBODY = 65534


def question(name, kind=1):
    wire = name if isinstance(name, bytes) else b"".join(bytes([len(part)]) + part.encode()
                                                         for part in name.split(".")) + b"\0"
    return struct.pack(">HHHHHH", 0x1234, 0x100, 1, 0, 0, 0) + wire + struct.pack(">HH", kind, 1)


def ask(namespace, wire, to=(DNS4, 53), seconds=20.0):
    with namespace.inside():
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with client:
        client.settimeout(seconds)
        client.sendto(wire, to)
        try:
            return client.recv(4096)
        except (TimeoutError, ConnectionError):
            return None


def own_port(guarded):
    """Where the nameserver listens: the first port from 53053 on that answers."""
    for port in range(53053, 53063):
        if ask(guarded.lab.host, question("example.com"), ("127.0.0.1", port), 5):
            return port
    raise AssertionError("no nameserver")


def test_questions_that_are_none_and_names_in_disguise(lab, guard):
    lab.start_dns(extra_data=["cn.example. 60 IN CNAME ads.example.",
                              f"hint.example. 60 IN HTTPS 1 . ipv4hint={ADS4}"])
    guarded = guard(f'outgoing = ( "- ads.example", "- {ADS4}" );')
    for name in (b"\xc0\x0c", (b"\x3f" + b"a" * 63) * 5 + b"\0", b"\x41" + b"a" * 65 + b"\0", b""):
        answer = ask(lab.host, question(name), seconds=0.3)
        assert answer is None or answer[3] & 15
    for wire in (b"", b"\0" * 11, b"\x12\x34\x81\x80" + question("example.com")[4:]):
        assert ask(lab.host, wire, seconds=0.2) is None
    for name in ("AdS.eXamPLe", "cn.example"):
        assert ask(lab.host, question(name))[3] & 15 == 3
    assert socket.inet_aton(ADS4) not in (ask(lab.host, question("hint.example", 65)) or b"")
    assert ask(lab.host, question("eXaMPle.cOm"))[7] == 1
    assert guarded.status()["engine"].get("deaths", 0) == 0


def test_our_nameserver_is_nobodys_relay(lab, guard):
    lab.start_dns()
    port = own_port(guard(""))
    for namespace, to in ((lab.lan, HOST4), (lab.container, "172.29.0.1")):
        assert ask(namespace, question("example.com"), (to, port), 0.5) is None
        with namespace.inside():
            client = socket.socket()
        with client:
            client.settimeout(0.5)
            assert client.connect_ex((to, port)) != 0
    # but asked directly it says nothing else than on the usual way
    assert ask(lab.host, question("example.com"), ("127.0.0.1", port))[7] == 1


def test_connections_that_say_nothing_keep_nobody_out(lab, guard):
    lab.start_dns()
    port = own_port(guard(""))
    idle = []
    for _ in range(300):
        with lab.host.inside():
            client = socket.socket()
        client.settimeout(0.5)
        if client.connect_ex(("127.0.0.1", port)) == 0:
            client.send(b"\0")
        idle.append(client)
    try:
        assert ask(lab.host, question("example.com"))[7] == 1
        wire = question("www.example.com")
        with lab.host.inside():
            client = socket.socket()
        with client:
            client.settimeout(20)
            client.connect((DNS4, 53))
            client.sendall(struct.pack(">H", len(wire)) + wire)
            assert len(client.recv(512)) > len(wire)
    finally:
        for client in idle:
            client.close()


def change(guarded, body, user=None):
    """What the API says to a change, its status."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    done = subprocess.run(["curl", "-sS", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", "@-",
                           "-H", "Content-Type: application/json", "--unix-socket", guarded.run_dir / "api.sock",
                           "http://localhost/v1/changes"], input=body, stdout=subprocess.PIPE, user=user,
                          extra_groups=[] if user else None, check=False)
    return int(done.stdout or b"0")


@pytest.mark.parametrize("name", ["../../x", "/../../etc/x", "..", "a/b", "a\n\x1b[2J", "x" * 5000])
def test_a_profiles_name_leads_nowhere(guard, name):
    guarded = guard("")
    before = set(guarded.directory.parent.glob("**/*.conf"))
    change(guarded, {"verb": "rule-add", "rule": "- 192.0.2.1", "app": name})
    change(guarded, {"verb": "profile-edit", "app": name, "text": f'name = "{name}";'})
    for path in set(guarded.directory.parent.glob("**/*.conf")) - before:
        assert path.parent in (guarded.state, guarded.state / "profiles"), path
        assert path.name.isprintable() and len(path.name) < 64


def test_clients_of_the_api_that_are_not_nice(guard):
    guarded = guard("")
    assert change(guarded, {"verb": "rule-add", "rule": "+ *"}, NOBODY) == 403
    assert change(guarded, b'{"verb":"' + b"a" * (8 << 20) + b'"}') in (0, 413)
    assert change(guarded, b"[" * 60000) == 400
    assert oct(os.stat(guarded.run_dir).st_mode & 0o022) == "0o0"
    clients = []
    try:
        for _ in range(2000):
            client = socket.socket(socket.AF_UNIX)
            client.setblocking(False)
            clients.append(client)
            client.connect(str(guarded.run_dir / "api.sock"))
            client.send(b"GET /v1/events HTTP/1.1\r\n")
    except BlockingIOError:
        pass
    finally:
        for client in clients:
            client.close()
    assert guarded.status()["front"]["deaths"] == 0
