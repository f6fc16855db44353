# SPDX-License-Identifier: GPL-3.0-or-later
"""Links of particular kinds, by the daemon: local ones with two ends, expected and untracked ones, multicast and broadcast,
fragments, MPTCP, SCTP, and what a program with CAP_NET_RAW makes up."""
import contextlib
import itertools

import pytest

import guard as portreeve_guard
import portreeve_lab
import wire
from matrix_peer import Peer
from portreeve_lab import HOST4, HOST6, WEB4, WEB6, wait_for
from test_kernel_marks import FTP, FTP_CLIENT

PYTHON = "/usr/bin/python3"
REFUSED = {("tcp", 4): "ECONNREFUSED", ("tcp", 6): "ECONNREFUSED", ("udp", 4): "EHOSTUNREACH", ("udp", 6): "EACCES"}
WEB = {4: WEB4, 6: WEB6}
numbers = itertools.count()


@pytest.fixture(scope="module")
def place():
    with portreeve_lab.Lab() as lab:
        for namespace in lab.namespaces:
            namespace.sysctl("net.ipv4.icmp_ratelimit", 0)
            namespace.sysctl("net.ipv6.icmp.ratelimit", 0)
        lab.peers = {namespace.role: Peer(namespace) for namespace in lab.namespaces}
        yield lab


@pytest.fixture
def guarded(place, build):
    """guarded(config) → the daemon on the module's lab, until the test's end."""
    with contextlib.ExitStack() as stack:
        def start(config="", arguments=()):
            # What they show is of no interest here: each link is permanent with its first packet.
            made = portreeve_guard.Guard(place, build, "inspect = false;\n" + config, name=f"links-{next(numbers)}", arguments=arguments)
            stack.callback(made.stop)
            return made
        yield start


def rows(guard, port, direction=None):
    """The links to the port; those that an earlier daemon left behind in conntrack are no concern."""
    return [row for row in guard.rows("links") if row["link"]["dst_port"] == port
            and direction in (None, row["direction"]) and not row.get("older_than_daemon")]


# Two ends ---------------------------------------------------------------------------------------------------------

LOCAL = """
outgoing = [ "- Localhost TCP/7101", "- Localhost UDP/7101" ];
incoming = [ "- Localhost TCP/7102", "- Localhost UDP/7102" ];
deny_incoming = "block";
"""


@pytest.mark.parametrize("proto", ["tcp", "udp"])
def test_a_local_link_has_two_ends_and_two_verdicts(place, guarded, proto):
    guard, peer = guarded(LOCAL), place.peers["host"]
    for address in ("127.0.0.1", "::1", HOST4, HOST6):
        for port in (7101, 7102, 7103):
            peer.serve(proto, address, port)
        refused = REFUSED[proto, 6 if ":" in address else 4]
        for port in (7101, 7102):  # the sender denied; the receiver
            first, *rest = peer.talk(proto, address, port, 3)
            assert first == refused and set(rest) <= {refused, "EPERM"}, (address, port, first, rest)
        before = guard.queued()
        assert peer.talk(proto, address, 7103, 10) == ["answer"] * 10, address
        assert guard.queued() - before == 2, "one packet for each end"
    assert {row["verdict"] for row in rows(guard, 7101, "out")} == {"block"}
    assert not rows(guard, 7101, "in")
    assert {row["verdict"] for row in rows(guard, 7102, "out")} == {"accept"}
    assert {row["verdict"] for row in rows(guard, 7102, "in")} == {"block"}
    assert all(row["permanent"] and row["verdict"] == "accept" for row in rows(guard, 7103))


def test_a_permitted_local_link_is_cut_by_a_rule_for_either_end(place, guarded):
    guard, peer = guarded(), place.peers["host"]
    for port, options in ((7111, ()), (7112, ("--in",))):
        peer.serve("udp", "127.0.0.1", port)
        assert peer.talk("udp", "127.0.0.1", port, 2, source_port=port + 100) == ["answer"] * 2
        guard.portreeve("rule", "add", f"- Localhost UDP/{port}", *options)
        assert set(peer.talk("udp", "127.0.0.1", port, 2, source_port=port + 100, wait=0.2)) <= {
            "EHOSTUNREACH", "EPERM", "silence"}


# Conntrack's particular ones ----------------------------------------------------------------------------------------

def test_expected_links_are_decided_by_themselves(place, guarded):
    """FTP's data link: RELATED to a permitted one, and denied."""
    guard = guarded(f'outgoing = [ "- {WEB4} TCP/2020" ];')
    place.host.nft("""table ip helpers {
        ct helper ftp { type "ftp" protocol tcp; }
        chain out { type filter hook output priority -150; tcp dport 2121 ct helper set "ftp"; }
        }""")
    server = place.internet.start(PYTHON, "-c", FTP, ready=place.internet.listens(2121))
    try:
        seen = place.host.python(FTP_CLIENT, WEB4).stdout
        assert "ready" in seen and "refused" in seen, seen
        guard.portreeve("rule", "remove", f"- {WEB4} TCP/2020", check=False)
        guard.portreeve("rule", "add", f"+ {WEB4} TCP/2020")
        seen = place.host.python(FTP_CLIENT, WEB4).stdout
        assert "ready" in seen and "connected" in seen, seen
    finally:
        place.host.nft("delete table ip helpers")
        place.end(server)


def test_what_is_not_tracked_is_decided_each_time(place, guarded):
    guard, peer = guarded(f'outgoing = [ "- {WEB4} UDP/7202", "- {WEB6} UDP/7202" ];'), place.peers["host"]
    place.host.nft("""table inet untracked {
        chain out { type filter hook output priority raw; udp dport 7201-7202 notrack; }
        chain in { type filter hook prerouting priority raw; udp sport 7201-7202 notrack; }
        }""")
    try:
        for family, address in WEB.items():
            for port in (7201, 7202):
                place.peers["internet"].serve("udp", address, port)
            before, untracked = guard.queued(), guard.counter("packets_untracked")
            assert peer.talk("udp", address, 7201, 5) == ["answer"] * 5
            assert guard.queued() - before == 10
            assert guard.counter("packets_untracked") - untracked == 10
            capture = place.host.capture("udp port 7202", "eth0")
            first, *rest = peer.talk("udp", address, 7202, 3)
            assert first == REFUSED["udp", family] and set(rest) <= {first, "EPERM"}
            assert wire.packets(capture) == []
        assert not any(row["permanent"] for row in rows(guard, 7201) + rows(guard, 7202))
    finally:
        place.host.nft("delete table inet untracked")


# To many ------------------------------------------------------------------------------------------------------------

GROUPS = {4: "239.7.7.7", 6: "ff02::7:7"}


@pytest.mark.parametrize("family", [4, 6])
def test_multicast_that_arrives(place, guarded, family):
    guard = guarded('incoming = [ "- LAN UDP/7302" ];')
    host, lan = place.peers["host"], place.peers["lan"]
    for port in (7301, 7302):
        host.serve("udp", {4: "0.0.0.0", 6: "::"}[family], port, group=GROUPS[family], device="eth0")
        capture = place.host.capture(f"udp port {port}", "eth0")
        before = host.received(port)
        lan.send(GROUPS[family], port, 3, device="eth0", source_port=port + 1000)
        wait_for("the decision", lambda: rows(guard, port, "in"))
        arrived = [packet for packet in wire.packets(capture) if packet.dport == port]
        assert len(arrived) == 3
        if port == 7301:
            wait_for("the datagrams", lambda: host.received(port) - before == 3)
            assert rows(guard, port, "in")[0]["app"].get("path", "").startswith("/usr/bin/python3")
        else:
            assert host.received(port) == before
            assert rows(guard, port, "in")[0]["verdict"] == "drop"


def test_broadcast_in_and_out(place, guarded):
    guarded('incoming = [ "- LAN UDP/7304" ];\noutgoing = [ "- LAN UDP/7305" ];')
    host, lan = place.peers["host"], place.peers["lan"]
    for port, passes in ((7303, True), (7304, False)):
        host.serve("udp", "0.0.0.0", port)
        for address in ("10.77.0.255", "255.255.255.255"):
            before = host.received(port)
            assert lan.send(address, port, 1) == ["sent"]
            if passes:
                wait_for(f"what was sent to {address}", lambda: host.received(port) > before)
        if not passes:
            assert host.received(port) == 0
    capture = place.lan.capture("udp", "eth0")
    host.send("10.77.0.255", 7305)
    host.send("10.77.0.255", 7306)
    wait_for("the broadcast", lambda: b"\x1c\x8a" in capture.file.read_bytes())  # 7306
    assert {packet.dport for packet in wire.packets(capture)} & {7305, 7306} == {7306}


def test_a_dhcp_client_needs_no_permission(place, guarded):
    """The kernel passes it without asking; a broadcast of another kind is denied by default."""
    guard = guarded('default_action = "block";')
    host, capture = place.peers["host"], place.lan.capture("udp", "eth0")
    host.send("255.255.255.255", 67, source_port=68, source="0.0.0.0")
    host.send("255.255.255.255", 69, source_port=70, source="0.0.0.0")
    assert wait_for("the other's decision", lambda: rows(guard, 69, "out"))[0]["verdict"] == "block"
    assert not rows(guard, 67, "out")  # its copy to the host itself is a link like any
    assert [packet.dport for packet in wire.packets(capture) if packet.dport in (67, 69)] == [67]


# Protocols ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("direction", ["out", "in", "forward"])
def test_fragments(place, guarded, direction, family):
    """Large datagrams: conntrack puts them together, one verdict is for all of it; nothing of a denied one gets by."""
    denied = f'[ "- {WEB4} UDP/7402", "- {WEB6} UDP/7402" ]'
    guard = guarded(f'outgoing = {denied};\nincoming = {denied};\ndeny_incoming = "block";')
    client = {"out": "host", "in": "internet", "forward": "container"}[direction]
    address = (HOST4 if family == 4 else HOST6) if direction == "in" else WEB[family]
    server = place.peers["host" if direction == "in" else "internet"]
    for port in (7401, 7402):
        server.serve("udp", address, port)
    source = {"source": WEB[family]} if direction == "in" else {}
    capture, before = place.host.capture("ip or ip6", "eth0"), guard.queued()
    assert place.peers[client].talk("udp", address, 7401, 3, size=5000, **source) == ["answer"] * 3
    assert guard.queued() - before == 1
    assert any(packet.fragment for packet in wire.packets(capture))
    capture, received = place.host.capture("ip or ip6", "eth0"), server.received(7402)
    first, *rest = place.peers[client].talk("udp", address, 7402, 3, size=5000, **source)
    assert first == REFUSED["udp", family] and set(rest) <= {first, "EPERM"}
    packets = [packet for packet in wire.packets(capture) if packet.proto == "udp"]
    assert bool(packets) == (direction == "in"), packets
    assert server.received(7402) == received
    assert guard.counter("packets_later_fragment") == 0


@pytest.mark.parametrize("family", [4, 6])
def test_mptcp(place, guarded, family):
    if place.host.run("sysctl", "-n", "net.mptcp.enabled", check=False).stdout.strip() != "1":
        pytest.skip("this kernel has no MPTCP")
    guard = guarded(f'outgoing = [ "- {WEB4} TCP/7502", "- {WEB6} TCP/7502" ];')
    for port in (7501, 7502):
        place.peers["internet"].serve("mptcp", WEB[family], port)
    before = guard.queued()
    assert place.peers["host"].talk("mptcp", WEB[family], 7501, 10) == ["answer"] * 10
    assert guard.queued() - before == 1
    assert place.peers["host"].talk("mptcp", WEB[family], 7502) == ["ECONNREFUSED"]
    for port in (7501, 7502):
        row = rows(guard, port)[0]
        assert row["app"]["path"].startswith("/usr/bin/python3") and row["app"]["pid"], row


# An INIT, as RFC 9260, 3.3.2 has it; the checksum is no matter here. By a raw socket: not every kernel has SCTP.
SCTP = """
import socket, struct, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
s = socket.socket(family, socket.SOCK_RAW, 132)
s.sendto(struct.pack('!HHII', 40000, int(sys.argv[2]), 0, 0) + struct.pack('!BBHIIHHI', 1, 0, 20, 1, 65535, 1, 1, 1),
         (sys.argv[1], 0))
"""


@pytest.mark.parametrize("family", [4, 6])
def test_sctp_has_ports(place, guarded, family):
    guard = guarded(f'outgoing = [ "- {WEB4} SCTP/7602", "- {WEB6} SCTP/7602" ];')
    capture, local = place.host.capture("ip or ip6", "eth0"), place.host.capture("icmp or icmp6", "lo")
    for port in (7601, 7602):
        place.host.python(SCTP, WEB[family], port)
        wait_for("the decision", lambda: rows(guard, port))
    assert [p.dport for p in wire.packets(capture) if p.proto == "sctp" and not p.about] == [7601]
    assert any(p.is_prohibited and p.concerns("sctp", 7602) for p in wire.packets(local))


def test_who_is_gone_is_not_taken_for_ourselves(place, guarded):
    """Without BPF a raw socket is looked for by its protocol, and the daemon has one: what a program sent that has
    ended by then is nobody's, and denied like it."""
    guard = guarded(f'outgoing = [ "- {WEB4} SCTP/7612" ];', arguments=("--cgroup", "/nowhere"))
    assert guard.status()["who"]["bpf"] is False
    capture = place.host.capture("ip", "eth0")
    for _ in range(10):
        place.host.python(SCTP, WEB4, 7612, check=False)  # EPERM once it is denied for good
    assert wait_for("the decision", lambda: rows(guard, 7612))[0]["app"]["profile"] == "unknown"
    assert [packet for packet in wire.packets(capture) if packet.proto == "sctp" and not packet.about] == []


# An ICMP error about another program's link, with bytes of its own behind the header that it quotes.
MADE_UP = """
import socket, struct, sys
def ip(src, dst, proto, length):
    return struct.pack('!BBHHHBBH4s4s', 0x45, 0, length, 1, 0, 64, proto, 0, socket.inet_aton(src), socket.inet_aton(dst))
me, peer, mine, theirs = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
secret = b'stolen' * 8
quoted = ip(peer, me, 17, 28 + len(secret)) + struct.pack('!HHHH', theirs, mine, 8 + len(secret), 0) + secret
data = struct.pack('!BBHI', 3, 3, 0, 0) + quoted
total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
while total >> 16:
    total = (total & 0xffff) + (total >> 16)
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
s.sendto(data[:2] + struct.pack('!H', ~total & 0xffff) + data[4:], (peer, 0))
"""


def test_an_error_made_up_by_a_program_is_its_own_link(place, guarded):
    guard = guarded('outgoing = [ "- * ICMP" ];')
    place.peers["internet"].serve("udp", WEB4, 7701)
    assert place.peers["host"].talk("udp", WEB4, 7701, 2, source_port=7702) == ["answer"] * 2
    capture = place.host.capture("icmp", "eth0")
    place.host.python(MADE_UP, HOST4, WEB4, 7702, 7701)
    wait_for("the decision", lambda: [row for row in guard.rows("links") if row["entity"].get("proto") == "icmp"])
    # The kernel's own, about a port that nobody listens on, does pass.
    assert place.peers["internet"].talk("udp", HOST4, 7703, 1, source=WEB4) == ["ECONNREFUSED"]
    errors = [packet for packet in wire.packets(capture) if packet.about and packet.src == HOST4]
    assert [packet.about.dport for packet in errors] == [7703], errors
