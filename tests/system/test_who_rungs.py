# SPDX-License-Identifier: GPL-3.0-or-later
"""Who owns a socket, by the other rungs: sock_diag with BPF's memory, sock_diag with /proc, and /proc alone."""
import json
import shutil
import subprocess

import pytest

from who_lab import PYTHON, Place, is_client, python_path

OPEN_TCP = """
    listener = socket.socket(); listener.bind(("127.0.0.1", 4446)); listener.listen()
    s = socket.socket(); s.connect(("127.0.0.1", 4446))
    say(port=s.getsockname()[1]); wait()"""


@pytest.fixture
def place(build):
    with Place(build) as made:
        yield made


def bpf_or_skip(tool):
    if not tool.opened["bpf"]:
        pytest.skip("no BPF here: " + tool.opened["why"])
    return tool


@pytest.mark.parametrize("bind, dst, src", [("0.0.0.0", "127.0.0.1", "127.0.0.1"), ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
                                            ("::", "127.0.0.1", "127.0.0.1"), ("::", "::1", "::1"), ("::1", "::1", "::1"),
                                            ("::ffff:127.0.0.1", "127.0.0.1", "127.0.0.1")])
@pytest.mark.parametrize("proto", ["tcp", "udp"])
@pytest.mark.parametrize("rung", ["sock_diag", "proc"])
def test_incoming(place, bind, dst, src, proto, rung):
    tool = place.who(*(["--no-bpf"] if rung == "proc" else []))
    if rung != "proc":
        bpf_or_skip(tool)
    server = place.client("""
        kind = socket.SOCK_STREAM if sys.argv[2] == "tcp" else socket.SOCK_DGRAM
        s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, kind)
        s.bind((sys.argv[1], 8080))
        if kind == socket.SOCK_STREAM: s.listen()
        say(); wait()""", bind, proto)
    server.hear()
    answer = tool.into(proto, src, 999, dst, 8080)
    assert answer["rung"] == rung and answer["listener"] and is_client(answer, server)
    assert tool.into(proto, src, 999, dst, 8081)["owner"] == "nobody"
    if bind == "::1":
        assert tool.into(proto, "127.0.0.1", 999, "127.0.0.1", 8080)["owner"] == "nobody"


def test_the_listener_that_gets_the_connection(place):
    """Of several with SO_REUSEPORT, the very one that the kernel will choose."""
    tool = bpf_or_skip(place.who())
    servers = {}
    for _ in range(4):
        server = place.client("""
            s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            s.bind(("127.0.0.1", 8080)); s.listen(); say()
            while True:
                c, peer = s.accept(); say(port=peer[1])""")
        server.hear()
        servers[server.pid] = server
    chosen = set()
    for port in range(20000, 20024):
        answer = tool.into("tcp", "127.0.0.1", port, "127.0.0.1", 8080)
        pid = answer["process"]["pid"]
        client = place.client("""
            s = socket.socket(); s.bind(("127.0.0.1", int(sys.argv[1]))); s.connect(("127.0.0.1", 8080))
            say(); wait()""", port)
        client.hear()
        assert servers[pid].hear()["port"] == port
        chosen.add(pid)
    assert len(chosen) > 1


FORKED = """
    s = socket.socket(); s.bind(("127.0.0.1", 8080)); s.listen()
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            while True:
                c, _ = s.accept(); c.recv(1)
        children.append(child)
    say(children=children)
    if sys.argv[1] == "leave": os._exit(0)
    wait()"""


@pytest.mark.parametrize("options", [[], ["--no-bpf"]])
def test_a_listener_whose_workers_are_forked(place, options):
    tool = place.who(*options)
    server = place.client(FORKED, "stay")
    server.hear()
    assert is_client(tool.into("tcp", "127.0.0.1", 999, "127.0.0.1", 8080), server)


@pytest.mark.parametrize("options", [[], ["--no-bpf"]])
def test_a_listener_whose_maker_has_left(place, options):
    tool = place.who(*options)
    server = place.client(FORKED, "leave")
    children = server.hear()["children"]
    server.end()
    answer = tool.into("tcp", "127.0.0.1", 999, "127.0.0.1", 8080)
    assert answer["process"]["pid"] == min(children)
    assert answer["process"]["path"] == python_path()


def test_an_accepted_socket_is_its_listeners(place):
    tool = bpf_or_skip(place.who())
    server = place.client("""
        s = socket.socket(); s.bind(("127.0.0.1", 8080)); s.listen(); say()
        c, _ = s.accept(); say(); wait()""")
    server.hear()
    client = place.client("""
        s = socket.socket(); s.connect(("127.0.0.1", 8080)); say(port=s.getsockname()[1]); wait()""")
    port = client.hear()["port"]
    server.hear()
    rows = [row for row in tool.ask("dump")["sockets"] if row["port"] == 8080 and not row["waits"]]
    assert len(rows) == 1 and rows[0]["owner"] == "found" and rows[0]["pid"] == server.pid
    # What it sends first by itself is the same link's.
    assert is_client(tool.out("tcp", "127.0.0.1", port, "127.0.0.1", 8080), client)
    assert is_client(tool.into("tcp", "127.0.0.1", port, "127.0.0.1", 8080), server)


@pytest.mark.parametrize("options, rung", [([], "bpf"), (["--no-match"], "bpf"), (["--no-bpf"], "proc")])
def test_outgoing_tcp_by_each_rung(place, options, rung):
    tool = place.who(*options)
    client = place.client(OPEN_TCP)
    answer = tool.out("tcp", "127.0.0.1", client.hear()["port"], "127.0.0.1", 4446)
    assert is_client(answer, client)
    if tool.opened["bpf"] or rung == "proc":
        assert answer["rung"] == rung


@pytest.mark.parametrize("options, rung", [(["--no-match"], "sock_diag"), (["--no-bpf"], "proc")])
@pytest.mark.parametrize("connected", [True, False])
def test_outgoing_udp_by_each_rung(place, options, rung, connected):
    tool = place.who(*options)
    client = place.client("""
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if sys.argv[1] == "True": s.connect(("127.0.0.1", 5555)); s.send(b"x")
        else: s.sendto(b"x", ("127.0.0.1", 5555))
        say(port=s.getsockname()[1]); wait()""", connected)
    answer = tool.out("udp", "127.0.0.1", client.hear()["port"], "127.0.0.1", 5555)
    assert is_client(answer, client)
    if tool.opened["bpf"] or rung == "proc":
        assert answer["rung"] == rung


def test_without_bpf_a_shared_port_is_nobodys(place):
    """Several processes send from one port: sock_diag can't say which of them did."""
    tool = place.who("--no-bpf")
    for _ in range(2):
        place.client("""
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            s.bind(("127.0.0.1", 7000)); s.sendto(b"x", ("127.0.0.1", 5555)); say(); wait()""").hear()
    assert tool.out("udp", "127.0.0.1", 7000, "127.0.0.1", 5555)["owner"] == "nobody"


def test_without_bpf_a_sender_that_has_gone_is_nobody(place):
    """Nor is it he who listens on the port that it had."""
    tool = place.who("--no-bpf")
    place.client("""
        s = socket.socket(); s.bind(("127.0.0.1", 9000)); s.listen(); say(); wait()""").hear()
    assert tool.out("tcp", "127.0.0.1", 9000, "127.0.0.1", 5555)["owner"] == "nobody"
    assert tool.out("udp", "127.0.0.1", 9000, "127.0.0.1", 5555)["owner"] == "nobody"
    assert tool.ask("look")["none"] == 2


def test_ping_and_raw_sockets_by_proc(place):
    place.run("sysctl", "-qw", "net.ipv4.ping_group_range=0 65535")
    tool = place.who("--no-bpf")
    client = place.client("""
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
        s.sendto(struct.pack(">BBHHH", 8, 0, 0, 0, 1), ("127.0.0.1", 0))
        say(port=s.getsockname()[1]); wait()""")
    port = client.hear()["port"]
    assert is_client(tool.out("icmp", "127.0.0.1", port, "127.0.0.1", port), client)
    assert tool.out("icmp", "127.0.0.1", port ^ 1, "127.0.0.1", port ^ 1)["process"] is None
    raw = place.client("""
        s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 253); s.sendto(b"x", ("127.0.0.1", 0)); say(); wait()""")
    raw.hear()
    assert is_client(tool.out(253, "127.0.0.1", 0, "127.0.0.1", 0), raw)
    place.client("""s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 253); say(); wait()""").hear()
    assert tool.out(253, "127.0.0.1", 0, "127.0.0.1", 0)["process"] is None


def test_without_sock_diag_the_supervisor_is_asked(place):
    tool = place.who("--no-bpf", "--no-diag")
    assert tool.out("tcp", "127.0.0.1", 1, "127.0.0.1", 2)["owner"] == "ask"


def test_sockets_that_are_older(place):
    """Made before the programs were there: the iterator finds them, and what they accept later."""
    server = place.client("""
        s = socket.socket(); s.bind(("127.0.0.1", 8080)); s.listen(); say(); c = s.accept(); wait()""")
    client = place.client("""
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("127.0.0.1", 5555))
        say(port=s.getsockname()[1]); wait(); s.send(b"x"); say(); wait()""")
    server.hear()
    port = client.hear()["port"]
    tool = bpf_or_skip(place.who())
    assert tool.into("tcp", "127.0.0.1", 9, "127.0.0.1", 8080)["rung"] == "proc"
    assert tool.ask("adopt")["sockets"] >= 2
    answer = tool.into("tcp", "127.0.0.1", 9, "127.0.0.1", 8080)
    assert answer["rung"] == "sock_diag" and is_client(answer, server)
    client.go()
    client.hear()
    answer = tool.out("udp", "127.0.0.1", port, "127.0.0.1", 5555)
    assert answer["rung"] == "bpf" and is_client(answer, client)


@pytest.mark.parametrize("options", [[], ["--no-bpf"]])
def test_a_questions_client(place, options):
    tool = place.who(*options)
    client = place.client("""
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("127.0.0.1", 53)); s.send(b"x")
        say(port=s.getsockname()[1]); wait()""")
    assert is_client(tool.ask("client", "udp", "127.0.0.1", client.hear()["port"], "127.0.0.1", 53), client)


def test_multicast_is_his_who_alone_receives_it(place):
    tool = place.who()
    first = place.client("""
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("", 5353)); say(); wait()""")
    first.hear()
    assert is_client(tool.into("udp", "10.0.0.9", 5353, "224.0.0.251", 5353), first)
    place.client("""
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("", 5353)); say(); wait()""").hear()
    assert tool.into("udp", "10.0.0.9", 5353, "224.0.0.251", 5353)["owner"] == "nobody"


CONTAINED = """
import json, os, socket, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
tool = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
opened = json.loads(tool.stdout.readline())
def ask(line):
    tool.stdin.write(line + "\\n"); tool.stdin.flush(); return json.loads(tool.stdout.readline())
server = socket.socket(); server.bind(("127.0.0.1", 8080)); server.listen()
client = socket.socket(); client.connect(("127.0.0.1", 8080))
port = client.getsockname()[1]
print(json.dumps([opened, os.getpid(), ask(f"find out tcp 127.0.0.1 {port} 127.0.0.1 8080"),
                  ask("find in tcp 127.0.0.1 9 127.0.0.1 8080")]))
"""


def test_without_any_privilege(place):
    """An unprivileged user's own namespaces: BPF says in one sentence why not, the other rungs hold."""
    tool = place.directory / "who"
    shutil.copy(place.build / "tests/tools/who", tool)
    place.directory.chmod(0o755)
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "unshare", "-Urn", PYTHON,
                           "-c", CONTAINED, str(tool)], stdout=subprocess.PIPE, text=True, timeout=180, check=True)
    opened, pid, out, into = json.loads(done.stdout)
    assert not opened["bpf"] and "CAP_BPF" in opened["why"]
    for answer in (out, into):
        assert answer["rung"] == "proc" and answer["process"]["pid"] == pid, answer
        assert answer["process"]["path"] == python_path() and answer["process"]["proven"]
