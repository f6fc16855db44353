# SPDX-License-Identifier: GPL-3.0-or-later
"""Datagrams on the wire, held until it is known what they are; the judge is what the server's socket and capture got."""
import os
import struct

import pytest
from portreeve_lab import ADS4, WEB4, run, wait_for

PLAIN = {
    "dns": bytes.fromhex("123401000001000000000000") + b"\3www\7example\0\0\1\0\1",
    "ntp": b"\xe3\0\6\xe9" + bytes(36) + b"\xe8\xa1\xb2\xc3\xd4\xe5\xf6\7",
    "ssdp": b'M-SEARCH * HTTP/1.1\r\nHOST: x\r\nMAN: "ssdp:discover"\r\nST: ssdp:all\r\n\r\n',
    "dhcp": bytes.fromhex("01a1b2c30001000e000100012b3c4d5e0200000000010008000200000006000400170018"),
    "unknown": b"what nobody knows",
    "wireguard transport": b"\4\0\0\0" + bytes(range(92)),
}
SEND = "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect((sys.argv[1], int(sys.argv[2])));" \
       "s.send(bytes.fromhex(sys.argv[3]))"


def lengths(lines):
    """Of the payloads of UDP that a capture shows."""
    return [int(line.rsplit("length ", 1)[1].split()[0].strip(":")) for line in lines if "length " in line]


@pytest.fixture
def quic_hello(build):
    return build / "tests" / "tools" / "quic-hello"


def test_a_flight_in_one_go(lab, guard, quic_hello):
    """A name that stands in two datagrams, which the kernel itself cuts, or which come in the wrong order."""
    lab.start_dns(extra_data=(f"one.example. 60 IN A {WEB4}", f"two.example. 60 IN A {WEB4}"))
    guarded = guard()
    guarded.portreeve("rule", "add", "- two.example UDP/443")
    for how in ("together", "apart", "swapped"):
        capture = lab.internet.capture("udp dst port 443", "br0")
        lab.host.run(quic_hello, "one.example", 443, how)
        row = max((row for row in guarded.rows("links") if row["entity"].get("port") == 443), key=lambda row: row["id"])
        assert row["entity"]["domain"] == "one.example" and row["entity"]["name_grade"] == "proven", (how, row)
        assert row["seen"]["protocol"] == "quic" and row["seen"]["encrypted"] == "unknown" and row["verdict"] == "accept"
        assert sum(lengths(capture.stop())) == 2400, how
        capture = lab.internet.capture("udp dst port 443", "br0")
        lab.host.run(quic_hello, "two.example", 443, how, check=False)
        row = max((row for row in guarded.rows("links") if row["entity"].get("port") == 443), key=lambda row: row["id"])
        assert row["verdict"] == "block" and "two.example UDP/443" in row["reason"], (how, row)
        assert lengths(capture.stop()) == [], how


def test_what_is_plaintext_or_unknown_never_gets_there(lab, guard, quic_hello):
    lab.start_dns(extra_data=(f"one.example. 60 IN A {WEB4}",))
    guarded = guard(config='require_encryption = true;\n')
    capture = lab.internet.capture("udp dst portrange 1000-2000", "br0")
    for number, (name, payload) in enumerate(PLAIN.items()):
        lab.host.python(SEND, ADS4, 1000 + number, payload.hex(), check=False)

        def row(number=number):
            rows = [row for row in guarded.rows("links") if row["entity"].get("port") == 1000 + number]
            return rows and rows[0]["verdict"] == "block" and rows[0]
        found = wait_for(name, row)
        assert "require_encryption" in found["reason"], found
        known = name if name in ("dns", "ntp", "ssdp", "dhcp") else "unknown"
        assert found.get("seen", {}).get("protocol", "unknown") == known, found
    lab.host.run(quic_hello, "one.example", 1900, "plain", check=False)
    assert lengths(capture.stop()) == []


def test_rules_for_what_datagrams_speak(lab, guard):
    """Whatever the port; what the rule doesn't speak of passes."""
    guarded = guard()
    guarded.portreeve("rule", "add", "- Internet ntp")
    capture = lab.internet.capture("udp dst portrange 1000-2000", "br0")
    for number, payload in enumerate(PLAIN.values()):
        lab.host.python(SEND, ADS4, 1000 + number, payload.hex(), check=False)
    wait_for("all", lambda: len([row for row in guarded.rows("links") if 1000 <= row["entity"].get("port", 0) < 2000 and
                                 row["verdict"] != "undecided"]) == len(PLAIN))
    rows = {row["entity"]["port"]: row for row in guarded.rows("links") if 1000 <= row["entity"].get("port", 0) < 2000}
    assert [port - 1000 for port, row in rows.items() if row["verdict"] == "block"] == [list(PLAIN).index("ntp")]
    assert sorted(lengths(capture.stop())) == sorted(len(data) for name, data in PLAIN.items() if name != "ntp")


@pytest.fixture
def wireguard(lab):
    """wireguard-go at both ends; the host's end sends to the Internet's from a port of its own."""
    lab.alone_with("wireguard")
    keys = {}
    for namespace in (lab.host, lab.internet):
        private = lab.directory / f"wg-{namespace.role}"
        private.write_text(run("wg", "genkey").stdout)
        private.chmod(0o600)
        keys[namespace.role] = private, run("sh", "-c", f"wg pubkey <{private}").stdout.strip()

    def start(namespace, address, peer, port, *more):
        device = f"wg-{namespace.role[:4]}"
        namespace.start("wireguard-go", "-f", device, env=dict(os.environ, WG_PROCESS_FOREGROUND="1"),
                        ready=lambda: namespace.ip("link", "show", device, check=False).returncode == 0)
        namespace.run("wg", "set", device, "private-key", keys[namespace.role][0], "listen-port", port, "peer", keys[peer][1],
                      "allowed-ips", "10.99.0.0/24", *more)
        namespace.ip("addr", "add", f"{address}/24", "dev", device)
        namespace.ip("link", "set", device, "up")
    return start


def test_wireguard_passes_where_encryption_is_required(lab, guard, wireguard):
    # within the tunnel nothing is encrypted, and no name led there: the rule is its exception
    guarded = guard(config='require_encryption = true;\n')
    guarded.portreeve("rule", "add", "+ 10.99.0.0/24")
    wireguard(lab.internet, "10.99.0.2", "host", 51820)
    wireguard(lab.host, "10.99.0.1", "internet", 51821, "endpoint", f"{ADS4}:51820")
    assert " 0% packet loss" in lab.host.run("ping", "-c", "3", "-i", "0.2", "-W", "20", "10.99.0.2", check=False).stdout
    row = next(row for row in guarded.rows("links") if row["entity"].get("port") == 51820)
    assert row["seen"]["protocol"] == "wireguard" and row["seen"]["encrypted"] == "yes"
    assert row["verdict"] == "accept" and row["permanent"]


def test_a_handshake_of_wireguard_that_nobody_answers(lab, guard):
    """It may pass, and is not encryption: nothing but initiations does."""
    # somebody is there: a refusal would end the sender's socket
    lab.internet.start("socat", "-u", f"UDP4-RECV:1500,bind={ADS4}", "OPEN:/dev/null", ready=lab.internet.listens(1500, "udp"))
    guarded = guard(config='require_encryption = true;\n')
    initiation = b"\1\0\0\0abcd" + os.urandom(124) + bytes(16)
    capture = lab.internet.capture("udp dst port 1500", "br0")
    code = "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect((sys.argv[1], 1500));" \
           "s.send(bytes.fromhex(sys.argv[2]))\ntry:\n s.send(bytes.fromhex(sys.argv[3])); s.send(b'plaintext')\nexcept OSError: pass"
    lab.host.python(code, ADS4, initiation.hex(), (struct.pack("<II", 4, 1) + bytes(88)).hex())
    wait_for("the verdict", lambda: any(row["verdict"] == "block" for row in guarded.rows("links")
                                        if row["entity"].get("port") == 1500))
    assert lengths(capture.stop()) == [148]
