# SPDX-License-Identifier: GPL-3.0-or-later
"""Foreign packet marks and conntrack marks beside ours, and what is never believed."""
import pytest

from kernel_edge import PEER, PYTHON, Edge, serve, talk, world

# wg-quick's very rules for Table = off's opposite: full tunnel, fwmark 51820 (wg-quick(8), nft variant).
WG_QUICK = """
table {family} wg-quick-wg0 {{
    chain preraw {{ type filter hook prerouting priority -300;
        iifname != "wg0" {family} daddr {address} fib saddr type != local drop; }}
    chain premangle {{ type filter hook prerouting priority -150;
        meta l4proto udp meta mark set ct mark; }}
    chain postmangle {{ type filter hook postrouting priority -150;
        meta l4proto udp mark 51820 ct mark set mark; }}
}}
"""


@pytest.fixture
def place():
    with world.Lab("prkernel", lan=False) as lab:
        serve(lab.internet)
        serve(lab.host)
        yield lab


def full_tunnel(lab):
    """A device `wg0` with the default route for all that isn't marked 51820, as wg-quick up makes it."""
    host, internet = lab.host, lab.internet
    lab.veth(host, "wg0", internet, "wg0")
    lab.address(host, "wg0", "10.99.0.2/24", "fd99::2/64")
    lab.address(internet, "wg0", "10.99.0.1/24", "fd99::1/64")
    for v, gateway, address in (("-4", "10.99.0.1", "10.99.0.2"), ("-6", "fd99::1", "fd99::2")):
        host.ip(v, "route", "add", "default", "via", gateway, "dev", "wg0", "table", "51820")
        host.ip(v, "rule", "add", "not", "fwmark", "51820", "table", "51820")
        host.ip(v, "rule", "add", "table", "main", "suppress_prefixlength", "0")
        host.nft(WG_QUICK.format(family="ip" if v == "-4" else "ip6", address=address))
    host.sysctl("net.ipv4.conf.all.src_valid_mark", 1)
    for device in ("all", "eth0", "wg0"):
        host.sysctl(f"net.ipv4.conf.{device}.rp_filter", 1)


MARKED = """
import socket, struct, sys
v6 = ":" in sys.argv[1]
s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 36, struct.pack("I", int(sys.argv[2], 0)))  # SO_MARK
wait = float(sys.argv[3])
s.settimeout(wait)
s.connect((sys.argv[1], 7000))
for number in range(10):
    s.send(b"%d" % number)
    print(s.recv(16).decode())
"""


@pytest.mark.parametrize("verdict", ["accept", "accept!"])
@pytest.mark.parametrize("address", [world.WEB4, world.WEB6])
def test_beside_wg_quick(place, build, address, verdict):
    full_tunnel(place)
    with Edge(build, place.host, f"*,*,*,{verdict}", "queues=2") as edge:
        outside, tunnel = place.internet.capture("udp", "p-host"), place.internet.capture("udp", "wg0")
        # The tunnel's own packets carry the mark and leave by eth0, and their answers are let in.
        assert len(place.host.python(MARKED, address, "51820", 20).stdout.split()) == 10
        assert len(outside.stop()) == 20 and not tunnel.stop()
        if verdict == "accept!":
            # wg-quick overwrites the conntrack mark with each packet: the link is remembered beside it.
            assert edge.counters()["out"] <= 2, edge.counters()
        outside, tunnel = place.internet.capture("udp", "p-host"), place.internet.capture("udp", "wg0")
        assert talk(place.host, "udp", address, times=10) == ["answer"] * 10
        assert len(tunnel.stop()) == 20 and not outside.stop()
        assert talk(place.host, "tcp", address, times=10) == ["answer"] * 10


def test_foreign_bits_of_both_marks_stay(place, build):
    place.host.nft("""table inet other {
        counter kept {}
        chain out { type route hook output priority -150; 
            udp dport 7000 meta mark set 0x1234 ct mark set 0x5678; }
        chain post { type filter hook postrouting priority 0;
            meta mark 0x1234 ct mark & 0x00ffffff == 0x5678 counter name kept; }
        }""")
    with Edge(build, place.host, "*,*,*,accept!", "mask=0xff000000"):
        assert talk(place.host, "udp", world.WEB4, times=3) == ["answer"] * 3
    kept = place.host.run("nft", "list", "counter", "inet", "other", "kept").stdout
    assert "packets 3" in kept, kept


@pytest.mark.parametrize("mark", ["0x09000000", "0xff000000", "0x49000000", "0x0a000000"])
def test_a_mark_of_the_senders_is_not_believed(place, build, mark):
    """Every accept that the order's and the link's layout know, set by a program with CAP_NET_RAW."""
    with Edge(build, place.host, "out,*,*,drop") as edge:
        capture = place.internet.capture("udp")
        done = place.host.python(MARKED, world.WEB4, mark, 1, check=False)
        assert done.returncode != 0
        assert edge.counters()["out"] == 1
        assert not capture.stop()


def test_marks_copied_from_conntrack_by_others_are_not_believed(place, build):
    place.host.nft("""table inet copies {
        chain out { type route hook output priority -150; meta mark set ct mark; }
        chain pre { type filter hook prerouting priority -150; meta mark set ct mark; }
        chain in { type filter hook input priority -150; meta mark set ct mark; }
        chain forward { type filter hook forward priority -150; meta mark set ct mark; }
        }""")
    with Edge(build, place.host, "out,*,*,accept!", "in,*,*,drop") as edge:
        # Two ends: the opener's accept, copied into the packet mark, is no order for the other end.
        assert talk(place.host, "udp", world.HOST4, wait=0.3) == ["silence"]
        assert edge.counters()["in"] == 1
        assert talk(place.host, "tcp", world.WEB4, times=5) == ["answer"] * 5
        assert talk(place.container, "tcp", world.WEB4, wait=0.3) == ["silence"]


def test_marks_of_an_earlier_run_do_not_count(place, build):
    place.host.start("sleep", "1000")
    with Edge(build, place.host, "*,*,*,accept!"):
        assert talk(place.host, "udp", world.WEB4, times=2, source_port=5700) == ["answer"] * 2
    with Edge(build, place.host, "*,*,*,drop") as edge:
        assert talk(place.host, "udp", world.WEB4, source_port=5700, wait=0.3) == ["silence"]
        assert edge.queued() == 1


def test_a_generation_ends_every_verdict(place, build):
    with Edge(build, place.host, "*,*,*,accept!", "own=54321") as edge:
        for _ in range(9):  # further than the numbers reach
            before = edge.queued()
            assert talk(place.host, "udp", world.WEB4, times=5, source_port=5800) == ["answer"] * 5
            assert edge.queued() == before + 1
            assert edge.ask("raise")["result"] == 0


def test_raising_drops_no_packet_that_waits(place, build):
    """Base chains are never touched: what is parked stays parked, and is decided by the new generation."""
    with Edge(build, place.host, "*,*,*,accept!") as edge:
        edge.ask("hang")
        client = place.host.start(PYTHON, PEER, "talk", "udp", world.WEB4, 7000, 1, 5900, 30)
        world.wait_for("the packet in the queue", lambda: edge.counters()["waiting"] >= 1)
        edge.ask("raise")
        assert edge.counters()["waiting"] >= 1
        edge.ask("hang")
        client.wait(60)
        assert "answer" in client.log.read_text()


def test_expected_links_are_decided_by_themselves(place, build):
    """FTP's data link inherits its master's mark and is queued all the same."""
    place.host.nft("""table ip helpers {
        ct helper ftp { type "ftp" protocol tcp; }
        chain out { type filter hook output priority -150; tcp dport 2121 ct helper set "ftp"; }
        }""")
    server = place.internet.start(PYTHON, "-c", FTP, ready=place.internet.listens(2121))
    with Edge(build, place.host, "*,tcp,2121,accept!", "out,tcp,2020,block!") as edge:
        seen = place.host.python(FTP_CLIENT, world.WEB4).stdout
        assert "ready" in seen and "refused" in seen, seen
        assert edge.counters()["out"] == 2
    assert server.poll() is None


FTP = """
import socket
control = socket.create_server(("", 2121))
data = socket.create_server(("", 2020))
while True:
    link, _ = control.accept()
    link.recv(100)
    link.sendall(b"227 Entering Passive Mode (93,184,215,14,7,228).\\r\\n")
    link.recv(100)
"""
FTP_CLIENT = """
import socket, sys
link = socket.create_connection((sys.argv[1], 2121))
link.sendall(b"PASV\\r\\n")
print("ready" if b"227" in link.recv(100) else "?")
try:
    socket.create_connection((sys.argv[1], 2020), 20)
    print("connected")
except ConnectionRefusedError:
    print("refused")
"""
