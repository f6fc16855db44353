# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection that is over, or never came about, has an entry in the kernel for a while. Who uses its ports next is decided by what
he is himself, whatever became of the one before."""
import shutil
import socket

import pytest

import segments
from portreeve_lab import ADS4, HOST4, wait_for

PORT = 9999
CLIENT = """
import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", int(sys.argv[2])))
s.settimeout(float(sys.argv[3]))
s.connect((sys.argv[1], %d))
s.send(sys.argv[4].encode())
print(s.recv(100).decode(), flush=True)
""" % PORT
SERVER = """
import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", %d))
s.listen(10)
kept = []
while True:
    c, _ = s.accept()
    kept.append(c)
    print(c.recv(100).decode(), flush=True)
    c.send(b"heard")
""" % PORT
SILENT = """table inet silent {
    chain lost { type filter hook prerouting priority -310;
        tcp dport %d drop
    }
    chain kept { type filter hook output priority -310;
        tcp sport %d drop
    }
    }
""" % (PORT, PORT)


@pytest.fixture
def programs(lab):
    """One that may do all, and one that may do nothing."""
    for name in ("good", "bad"):
        shutil.copy("/usr/bin/python3", lab.directory / name)
    return lab.directory / "good", lab.directory / "bad"


@pytest.fixture
def guarded(guard, programs):
    good, bad = programs
    return guard("", {"good.conf": f'name = "Good"; match = ( {{ path = "{good}"; }} );',
                      "bad.conf": f'name = "Bad"; match = ( {{ path = "{bad}"; }} ); default_action = "block";\n'
                                  'default_incoming = "block"; outgoing = [ "- *" ]; incoming = [ "- *" ];'})


def speak(namespace, program, port, seconds, word, to=ADS4):
    return namespace.run(program, "-c", CLIENT, to, port, seconds, word, check=False).stdout


def serve(lab):
    return lab.internet.start("/usr/bin/python3", "-c", SERVER, ready=lab.internet.listens(PORT))


def entries(namespace, port):
    return namespace.run("conntrack", "-L", "-p", "tcp", "--orig-port-src", port, check=False).stdout


@pytest.mark.parametrize("where", ["host", "container"])
def test_a_connection_that_nobody_answered(lab, guarded, programs, where):
    good, bad = programs
    namespace = getattr(lab, where)
    server = serve(lab)
    assert "heard" in speak(namespace, good, 40001, 10, "permitted")
    assert "heard" not in speak(namespace, bad, 40002, 2, "denied")
    lab.internet.nft(SILENT)
    assert "timed out" in speak(namespace, good, 40003, 0.5, "permitted too")
    assert "SYN_SENT" in entries(lab.host, 40003)
    lab.internet.nft("delete table inet silent\n")
    assert "heard" not in speak(namespace, bad, 40003, 4, "in the other's name")
    assert server.log.read_text().split() == ["permitted"]


def test_a_connection_whose_end_nobody_acknowledged(lab, guarded, programs):
    good, bad = programs
    lab.host.sysctl("net.ipv4.tcp_orphan_retries", 1)
    server = serve(lab)
    client = lab.host.start(good, "-c", CLIENT + "import time\ntime.sleep(600)\n", ADS4, 40001, 10, "permitted")
    wait_for("an answer", lambda: "heard" in client.log.read_text())
    wait_for("the verdict for good", lambda: any(row["permanent"] for row in guarded.rows("links", "--active")
                                                 if row["entity"].get("port") == PORT))
    lab.internet.nft(SILENT)
    lab.end(client)
    lab.end(server)
    lab.internet.run("ss", "-K", "sport", "=", f":{PORT}")
    wait_for("the socket's end", lambda: ":40001" not in lab.host.run("ss", "-Htan").stdout)
    assert any(state in entries(lab.host, 40001) for state in ("FIN_WAIT", "LAST_ACK"))
    server = serve(lab)
    lab.internet.nft("delete table inet silent\n")
    assert "heard" not in speak(lab.host, bad, 40001, 4, "in the other's name")
    assert server.log.read_text() == ""


def test_a_call_that_its_server_did_not_answer(lab, guarded, programs):
    good, bad = programs
    lab.host.sysctl("net.ipv4.tcp_syncookies", 0)
    server = lab.host.start(good, "-c", SERVER, ready=lab.host.listens(PORT))
    assert "heard" in speak(lab.lan, "/usr/bin/python3", 40001, 10, "permitted", HOST4)
    # The SYN is let in, its answer gets lost.
    lab.lan.nft("table inet silent {\n chain lost { type filter hook prerouting priority -310;\n tcp sport %d drop\n }\n }\n" % PORT)
    assert "timed out" in speak(lab.lan, "/usr/bin/python3", 40003, 0.5, "permitted too", HOST4)
    lab.end(server)
    server = lab.host.start(bad, "-c", SERVER, ready=lab.host.listens(PORT))
    lab.lan.nft("delete table inet silent\n")
    assert "heard" not in speak(lab.lan, "/usr/bin/python3", 40004, 2, "denied", HOST4)
    assert "heard" not in speak(lab.lan, "/usr/bin/python3", 40003, 4, "in the other's name", HOST4)
    assert server.log.read_text() == ""


# DCCP's requests (RFC 4340, 5.1) to each of the ports, one after the other was seen.
DCCP = """
import socket, struct, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 33)
for port in map(int, sys.argv[2:]):
    s.sendto(struct.pack(">HHBBHBBHII", 4000, port, 5, 0, 0, 1, 0, 0, 1, 0), (sys.argv[1], 0))
    time.sleep(0.2)
"""


def test_ports_that_conntrack_does_not_know(lab, guard):
    """One entry of all ports between two hosts must not carry what was decided for one of them."""
    guarded = guard('outgoing = [ "- * DCCP/5001" ];\n')
    capture = lab.internet.capture("ip proto 33", "br0")
    lab.container.run("/usr/bin/python3", "-c", DCCP, ADS4, 5000, 5001, 5000, 5001)
    seen = capture.stop()
    assert ".5000: " in str(seen) and ".5001: " not in str(seen), seen
    assert {row["verdict"] for row in guarded.rows("links") if row["entity"].get("port") == 5001} == {"block"}


@pytest.mark.parametrize("port", [7000, 8088])
def test_a_syn_made_by_hand_belongs_to_the_connection_that_is_there(lab, guard, port):
    """The kernel goes on with it, whatever the SYN's number; conntrack has its ends as they were called, before NAT."""
    lab.host.nft(f"""table ip published {{
        chain prerouting {{ type nat hook prerouting priority -100; tcp dport 8088 dnat to {HOST4}:7000; }}
    }}""")
    with lab.host.inside():
        server = socket.create_server((HOST4, 7000))
    guarded = guard('incoming = [ "+ *" ];')
    with server, segments.Link(lab.lan, HOST4, port) as link, server.accept()[0] as far:
        def arrives():
            link.socket.sendall(b"x")
            return far.recv(1)

        def rows():
            return [row["id"] for row in guarded.rows("links") if row["link"]["src_port"] == link.near[1]]
        far.settimeout(20)
        known = []
        for _ in range(3):
            link.send(link.segment(segments.SYN))
            assert arrives()  # behind the SYN
            known.append(wait_for("the link", rows))
        assert known[1] == known[2]  # by the first one it was found out whose the socket is by now
