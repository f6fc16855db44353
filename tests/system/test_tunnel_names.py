# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that are left to the far end of the tunnel: what real clients are told of them, and what the nameservers never are."""
import re

import pytest

import portreeve_upstreams as upstreams
from guard import Guard
from portreeve_lab import DNS4, HOST4, WEB4

PROXY = upstreams.PROXIES4[0]
CONFIG = (f'tunnel_upstream = ( {{ name = "far"; url = "socks5://{PROXY}:1080"; }} );\ntunnel = "far";\n'
          "require_tunnel = true;\n")


@pytest.fixture
def lab(lab):
    lab.dns = lab.start_dns(["nas.lan. 60 IN A 192.168.7.7"], ' local-zone: "lan." nodefault\n')
    lab.start_web()
    lab.resolv_conf(lab.internet, f"nameserver {DNS4}\n")
    upstreams.start_socks(lab)
    return lab


def asked(lab, name):
    """What the Internet's nameserver was asked about it, in whatever case, by the host."""
    return [line for line in lab.dns.log.read_text().lower().splitlines() if f" {name}. " in line and HOST4 in line]


def dig(lab, *words, namespace=None):
    return (namespace or lab.host).run("dig", "+time=20", "+tries=1", *words, check=False).stdout


def addresses(lab, name="www.example.com"):
    return lab.host.run("getent", "ahosts", name, check=False).stdout


def test_what_clients_are_told(lab, build):
    Guard(lab, build, CONFIG)
    for transport in ("+notcp", "+tcp"):
        text = dig(lab, transport, "www.example.com", "A")
        assert re.search(r"www\.example\.com\.\s+60\s+IN\s+A\s+198\.1[89]\.", text), text
        assert "EDE: 29" in text or "OPT=15" in text, text
        assert re.search(r"\s60\s+IN\s+AAAA\s+2001:2:0:17::", dig(lab, transport, "www.example.com", "AAAA"))
        for kind in ("HTTPS", "MX", "TXT", "SRV"):
            text = dig(lab, transport, "www.example.com", kind)
            assert "status: NOERROR" in text and "ANSWER: 0" in text, text
    address = dig(lab, "+short", "www.example.com", "A").strip()
    assert dig(lab, "+short", "-x", address).strip() == "www.example.com."
    assert "status: NXDOMAIN" in dig(lab, "-x", "198.19.7.7")
    text = addresses(lab)
    assert "198.1" in text and "2001:2:0:17::" in text and WEB4 not in text
    # what is the network's own is asked about here
    assert dig(lab, "+short", "nas.lan", "A").strip() == "192.168.7.7"
    assert asked(lab, "www.example.com") == [] and asked(lab, "nas.lan")


def test_a_name_keeps_its_address(lab, build):
    guard = Guard(lab, build, CONFIG)
    address = dig(lab, "+short", "www.example.com", "A").strip()
    assert address.startswith(("198.18.", "198.19."))
    guard.stop()
    guard.start()
    other = dig(lab, "+short", "example.com", "A").strip()
    assert dig(lab, "+short", "www.example.com", "A").strip() == address != other
    # no answer of now has led there, and the far end gets the name
    page = lab.host.run("curl", "-sS", "--max-time", "20", "--resolve", f"www.example.com:80:{address}",
                        "http://www.example.com/", check=False)
    assert "It works." in page.stdout, (page.stdout, guard.rows("links"))
    rows = [row for row in guard.rows("links") if row.get("tunnel") == "far"]
    assert any(row["entity"].get("domain") == "www.example.com" for row in rows), rows
    assert asked(lab, "www.example.com") == []


def test_a_rule_changes_the_way_of_a_name(lab, build):
    guard = Guard(lab, build, CONFIG)
    assert dig(lab, "+short", "example.com", "A").startswith(("198.18.", "198.19."))
    pooled = dig(lab, "+short", "example.com", "A").strip()
    guard.portreeve("rule", "add", "+ example.com")
    assert dig(lab, "+short", "example.com", "A").strip() == WEB4
    # what the application still has of before leads nowhere, and says so
    page = lab.host.run("curl", "-sS", "--max-time", "5", f"http://{pooled}/", check=False)
    assert page.returncode == 7, page
    assert any("leads only through the tunnel" in row["reason"] for row in guard.rows("links")), guard.rows("links")
    guard.portreeve("rule", "remove", "+ example.com")
    assert dig(lab, "+short", "example.com", "A").strip() == pooled


def test_questions_of_another_namespace(lab, build):
    Guard(lab, build, CONFIG)
    for transport in ("+notcp", "+tcp"):
        text = dig(lab, transport, "@9.9.9.9", "+short", "www.example.com", "A", namespace=lab.container)
        assert text.startswith(("198.18.", "198.19.")), text
