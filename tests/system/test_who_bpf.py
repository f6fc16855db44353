# SPDX-License-Identifier: GPL-3.0-or-later
"""Who owns a socket, by the first rung: BPF saw the socket and the process."""
import os
import shutil
import subprocess

import pytest

import portreeve_lab
from who_lab import Place, cgroup2_root, is_client, python_path

pytestmark = pytest.mark.skipif(not cgroup2_root(), reason="no cgroup v2 is mounted")


@pytest.fixture
def place(build):
    with Place(build) as made:
        yield made


@pytest.fixture
def who(place):
    tool = place.who()
    if not tool.opened["bpf"]:
        pytest.skip("no BPF here: " + tool.opened["why"])
    return tool


def by_bpf(answer, client):
    assert answer["owner"] == "found" and answer["rung"] == "bpf", answer
    return is_client(answer, client)


@pytest.mark.parametrize("dst, bind, shown", [("127.0.0.1", "127.0.0.1", "127.0.0.1"), ("::1", "::1", "::1"),
                                              ("::ffff:127.0.0.1", "::", "127.0.0.1")])
def test_tcp_before_anybody_answers(place, who, dst, bind, shown):
    client = place.client("""
        v6 = ":" in sys.argv[1]
        s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET)
        if v6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        s.bind((sys.argv[2], 0))
        port = s.getsockname()[1]
        try: s.connect((sys.argv[1], 4444))
        except OSError as error: pass
        say(port=port); wait()""", dst, bind)
    answer = who.out("tcp", shown, client.hear()["port"], shown, 4444)
    assert by_bpf(answer, client)
    assert answer["process"]["cgroup"].endswith(place.name)


@pytest.mark.parametrize("connected", [True, False])
@pytest.mark.parametrize("dst, shown", [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::ffff:127.0.0.1", "127.0.0.1")])
def test_udp(place, who, dst, shown, connected):
    client = place.client("""
        v6, connected = ":" in sys.argv[1], sys.argv[2] == "True"
        s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
        if v6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if connected:
            s.connect((sys.argv[1], 5555)); s.send(b"x")
        else:
            s.sendto(b"x", (sys.argv[1], 5555))
        say(port=s.getsockname()[1]); wait()""", dst, connected)
    assert by_bpf(who.out("udp", shown, client.hear()["port"], shown, 5555), client)


def test_a_sender_that_has_gone(place, who):
    """Nothing of it is left: neither in sock_diag, nor in /proc."""
    client = place.client("""
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(("127.0.0.1", 0)); s.sendto(b"x", ("127.0.0.1", 5555))
        say(port=s.getsockname()[1])""")
    port = client.hear()["port"]
    client.end()
    answer = who.out("udp", "127.0.0.1", port, "127.0.0.1", 5555)
    assert by_bpf(answer, client)
    assert answer["process"]["cmdline"].startswith("/usr/bin/python3 -c")
    assert answer["process"]["cgroup"].endswith(place.name)
    assert answer["process"]["parents"][0] == os.getpid()
    assert who.ask("look")["from_exec"] == 1


def test_a_forked_sender_that_has_gone(place, who):
    client = place.client("""
        r, w = os.pipe()
        child = os.fork()
        if child == 0:
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.sendto(b"x", ("127.0.0.1", 5555))
            os.write(w, b"%d" % s.getsockname()[1])
            os._exit(0)
        os.waitpid(child, 0)
        say(port=int(os.read(r, 16)), child=child); wait()""")
    said = client.hear()
    answer = who.out("udp", "127.0.0.1", said["port"], "127.0.0.1", 5555)
    assert answer["process"]["pid"] == said["child"]
    assert answer["process"]["path"] == python_path() and answer["process"]["proven"]


def test_ping_sockets(place, who):
    place.run("sysctl", "-qw", "net.ipv4.ping_group_range=0 65535")
    client = place.client("""
        four = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
        four.sendto(struct.pack(">BBHHH", 8, 0, 0, 0, 1), ("127.0.0.1", 0))
        six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6)
        six.sendto(struct.pack(">BBHHH", 128, 0, 0, 0, 1), ("::1", 0))
        say(four=four.getsockname()[1], six=six.getsockname()[1]); wait()""")
    said = client.hear()
    assert by_bpf(who.out("icmp", "127.0.0.1", said["four"], "127.0.0.1", said["four"]), client)
    assert by_bpf(who.out("icmp6", "::1", said["six"], "::1", said["six"]), client)


def test_raw_sockets(place, who):
    client = place.client("""
        s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        s.sendto(struct.pack(">BBHHH", 8, 0, 0xf7fd, 0x0201, 1), ("127.0.0.1", 0))
        other = socket.socket(socket.AF_INET, socket.SOCK_RAW, 253)
        other.sendto(b"experimental", ("127.0.0.1", 0))
        say(); wait()""")
    client.hear()
    assert by_bpf(who.out("icmp", "127.0.0.1", 0x0201, "127.0.0.1", 0x0201), client)
    assert by_bpf(who.out(253, "127.0.0.1", 0, "127.0.0.1", 0), client)


def test_what_the_kernel_sends_is_the_kernels(place, who):
    """The reset that answers a SYN to a closed port."""
    client = place.client("""
        s = socket.socket(); s.bind(("127.0.0.1", 0)); port = s.getsockname()[1]
        try: s.connect(("127.0.0.1", 4444))
        except OSError: pass
        say(port=port); wait()""")
    port = client.hear()["port"]
    assert who.out("tcp", "127.0.0.1", 4444, "127.0.0.1", port)["owner"] == "kernel"
    assert who.into("icmp", "127.0.0.1", 7, "127.0.0.1", 7)["owner"] == "kernel"


def test_an_inherited_socket_is_his_who_uses_it(place, who):
    """socket() by the parent, connect() and sendto() by the child."""
    client = place.client("""
        tcp = socket.socket(); udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for s in (tcp, udp): s.bind(("127.0.0.1", 0))
        udp.sendto(b"parent", ("127.0.0.1", 5555))
        say(tcp=tcp.getsockname()[1], udp=udp.getsockname()[1]); wait()
        child = os.fork()
        if child == 0:
            try: tcp.connect(("127.0.0.1", 4444))
            except OSError: pass
            udp.sendto(b"child", ("127.0.0.1", 5555))
            say(child=os.getpid()); wait(); os._exit(0)
        os.waitpid(child, 0)""")
    said = client.hear()
    udp = ("udp", "127.0.0.1", said["udp"], "127.0.0.1", 5555)
    assert who.out(*udp)["process"]["pid"] == client.pid
    client.go()
    child = client.hear()["child"]
    assert who.out(*udp)["process"]["pid"] == child
    assert who.out("tcp", "127.0.0.1", said["tcp"], "127.0.0.1", 4444)["process"]["pid"] == child


def test_a_passed_socket_is_his_who_uses_it(place, who):
    path = place.directory / "pass"
    receiver = place.client("""
        u = socket.socket(socket.AF_UNIX); u.bind(sys.argv[1]); u.listen(); say()
        _, fds, _, _ = socket.recv_fds(u.accept()[0], 1, 2)
        tcp, udp = socket.socket(fileno=fds[0]), socket.socket(fileno=fds[1])
        try: tcp.connect(("127.0.0.1", 4444))
        except OSError: pass
        udp.sendto(b"x", ("127.0.0.1", 5555))
        say(udp=udp.getsockname()[1]); wait()""", path)
    receiver.hear()
    sender = place.client("""
        tcp = socket.socket(); udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp.bind(("127.0.0.1", 0))
        u = socket.socket(socket.AF_UNIX); u.connect(sys.argv[1])
        socket.send_fds(u, [b"x"], [tcp.fileno(), udp.fileno()])
        say(tcp=tcp.getsockname()[1]); wait()""", path)
    tcp, udp = sender.hear()["tcp"], receiver.hear()["udp"]
    assert by_bpf(who.out("udp", "127.0.0.1", udp, "127.0.0.1", 5555), receiver)
    assert by_bpf(who.out("tcp", "127.0.0.1", tcp, "127.0.0.1", 4444), receiver)


def test_sending_and_then_executing_another_program(place, who):
    """The packet is not curl's, though the PID and its start are."""
    curl = place.directory / "curl"
    shutil.copy("/bin/sleep", curl)
    client = place.client("""
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.sendto(b"x", ("127.0.0.1", 5555)); os.set_inheritable(s.fileno(), True)
        say(port=s.getsockname()[1]); wait()
        os.execv(sys.argv[1], ["curl", "30"])""", curl)
    port = client.hear()["port"]
    client.go()
    portreeve_lab.wait_for("exec", lambda: os.readlink(f"/proc/{client.pid}/exe") == str(curl))
    answer = who.out("udp", "127.0.0.1", port, "127.0.0.1", 5555)
    assert by_bpf(answer, client)
    assert answer["process"]["cmdline"].startswith("/usr/bin/python3")
    assert who.ask("look")["changed_exec"] == 1


def test_mptcp(place, who):
    if not os.path.exists("/proc/sys/net/mptcp/enabled"):
        pytest.skip("the kernel has no MPTCP")
    place.run("sysctl", "-qw", "net.mptcp.enabled=1")
    server = place.client("""
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
        s.bind(("127.0.0.1", 4445)); s.listen(); say()
        held = s.accept(); wait()""")
    server.hear()
    client = place.client("""
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
        s.connect(("127.0.0.1", 4445)); s.send(b"x")
        say(port=s.getsockname()[1]); wait()""")
    port = client.hear()["port"]
    assert by_bpf(who.out("tcp", "127.0.0.1", port, "127.0.0.1", 4445), client)
    assert is_client(who.into("tcp", "127.0.0.1", 9, "127.0.0.1", 4445), server)


@pytest.fixture
def container(place):
    """A namespace behind the guarded one."""
    name = place.add_namespace(place.name + "-c")
    run = portreeve_lab.run
    run("ip", "-n", place.name, "link", "add", "toc", "type", "veth", "peer", "name", "eth0", "netns", name)
    run("ip", "-n", place.name, "addr", "add", "10.66.0.1/24", "dev", "toc")
    run("ip", "-n", place.name, "addr", "add", "fd66::1/64", "dev", "toc", "nodad")
    run("ip", "-n", name, "addr", "add", "10.66.0.2/24", "dev", "eth0")
    run("ip", "-n", name, "addr", "add", "fd66::2/64", "dev", "eth0", "nodad")
    run("ip", "-n", place.name, "link", "set", "toc", "up")
    run("ip", "-n", name, "link", "set", "eth0", "up")
    run("ip", "-n", name, "route", "add", "default", "via", "10.66.0.1")
    run("ip", "-n", name, "route", "add", "default", "via", "fd66::1")
    return name


@pytest.mark.parametrize("src, dst", [("10.66.0.2", "192.0.2.7"), ("fd66::2", "2001:db8::7")])
def test_another_namespaces_sockets(place, who, container, src, dst):
    client = place.client("""
        family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
        tcp = socket.socket(family); tcp.setblocking(False); tcp.bind((sys.argv[1], 0))
        try: tcp.connect((sys.argv[2], 443))
        except BlockingIOError: pass
        udp = socket.socket(family, socket.SOCK_DGRAM); udp.bind((sys.argv[1], 0))
        udp.sendto(b"x", (sys.argv[2], 443))
        say(tcp=tcp.getsockname()[1], udp=udp.getsockname()[1]); wait()""", src, dst, netns=container)
    said = client.hear()
    for proto in ("tcp", "udp"):
        answer = who.forward(proto, src, said[proto], dst, 443)
        assert by_bpf(answer, client)
        assert answer["foreign"] and answer["process"]["foreign"]
        # Not to be mixed up with a socket of the guarded namespace.
        assert who.out(proto, src, said[proto], dst, 443)["owner"] == "nobody"
    assert who.forward("tcp", src, said["tcp"], dst, 444)["owner"] == "nobody"


def test_two_namespaces_with_the_same_addresses(place, who):
    """Nothing tells their tuples apart: nobody's, rather than anybody's."""
    clients = []
    for part in "ab":
        name = place.add_namespace(f"{place.name}-{part}")
        portreeve_lab.run("ip", "-n", name, "addr", "add", "10.66.0.2/24", "dev", "lo")
        portreeve_lab.run("ip", "-n", name, "route", "add", "default", "dev", "lo")
        client = place.client("""
            s = socket.socket(); s.bind(("10.66.0.2", 5000)); s.setblocking(False)
            try: s.connect(("192.0.2.7", 443))
            except BlockingIOError: pass
            say(); wait()""", netns=name)
        client.hear()
        clients.append(client)
        answer = who.forward("tcp", "10.66.0.2", 5000, "192.0.2.7", 443)
        if part == "a":
            assert by_bpf(answer, client)
    assert answer["owner"] == "nobody"
    assert who.ask("look")["ambiguous"] == 1
    # Once one of them has closed its socket, the next use is whose it is.
    for client in clients:
        client.end()
    name = place.namespaces[1]
    client = place.client("""
        s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("10.66.0.2", 5000)); s.setblocking(False)
        try: s.connect(("192.0.2.7", 443))
        except BlockingIOError: pass
        say(); wait()""", netns=name)
    client.hear()
    assert by_bpf(who.forward("tcp", "10.66.0.2", 5000, "192.0.2.7", 443), client)


def test_two_daemons_do_not_disturb_each_other(place, build):
    with Place(build) as second:
        tools = [one.who() for one in (place, second)]
        clients = []
        for one in (place, second):
            client = one.client("""
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 7000))
                s.sendto(b"x", ("127.0.0.1", 5555)); say(); wait()""")
            client.hear()
            clients.append(client)
        for tool, client in zip(tools, clients):
            assert by_bpf(tool.out("udp", "127.0.0.1", 7000, "127.0.0.1", 5555), client)
        tools[0].close()
        client = second.client("""
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 7001))
            s.sendto(b"x", ("127.0.0.1", 5555)); say(); wait()""")
        client.hear()
        assert by_bpf(tools[1].out("udp", "127.0.0.1", 7001, "127.0.0.1", 5555), client)


def test_the_engine_needs_no_capability_to_look(place, who):
    client = place.client("""
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0))
        s.sendto(b"x", ("127.0.0.1", 5555)); say(port=s.getsockname()[1]); wait()""")
    answer = who.ask("unprivileged", "out", "udp", "127.0.0.1", client.hear()["port"], "127.0.0.1", 5555)
    assert answer["uid"] == 65534 and answer["errors"] == 0
    assert answer["found"]["rung"] == "bpf" and answer["found"]["pid"] == client.pid


def test_exec_fork_and_exit_are_reported(place, who):
    before = who.ask("look")
    for _ in range(20):
        subprocess.run(["/bin/true"], check=True)
        after = who.ask("look")  # each time: the rest of the machine fills the ring as well
    assert after["exec"] - before["exec"] >= 20
    assert after["fork"] - before["fork"] >= 20
    assert after["exit"] - before["exit"] >= 20
    assert after["dropped"] == before["dropped"]


def test_a_full_ring_drops_and_counts(place, who):
    for _ in range(8):
        subprocess.run(["/bin/sh", "-c", "i=0; while [ $i -lt 120 ]; do /bin/true; i=$((i+1)); done"], check=True)
    assert who.ask("look")["dropped"] > 0
    client = place.client("""
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0))
        s.sendto(b"x", ("127.0.0.1", 5555)); say(port=s.getsockname()[1]); wait()""")
    assert by_bpf(who.out("udp", "127.0.0.1", client.hear()["port"], "127.0.0.1", 5555), client)
