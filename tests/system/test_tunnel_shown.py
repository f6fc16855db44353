# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user sees of the tunnel, and changes while it runs: upstreams, links, events, rules."""
import portreeve_upstreams as upstreams
import pytest
from portreeve_lab import DNS4, wait_for

PROXY = upstreams.PROXIES4[0]
TWO = (f'tunnel_upstream = ( {{ name = "way"; url = "socks5://{PROXY}:1080"; }},\n'
       f'  {{ name = "nobody"; url = "socks5://{PROXY}:1081"; }} );\n')


@pytest.fixture
def lab(lab):
    lab.start_dns()
    lab.start_web()
    lab.resolv_conf(lab.internet, f"nameserver {DNS4}\n")
    lab.socks = upstreams.start_socks(lab)
    return lab


def fetch(lab, *words):
    return lab.host.run("curl", "-sS", "--max-time", "20", *words, "http://example.com/", check=False)


def direct(guarded):
    return [row for row in guarded.rows("links", "--verdict", "accept", "--domain", "example.com")
            if row["entity"].get("port") == 80]


def tunnels(guarded):
    return {row["upstream"]: row for row in guarded.rows("tunnels")}


def test_a_rule_at_run_time_and_what_is_shown_then(lab, guard):
    guarded = guard(TWO)
    with guarded.monitor() as monitor:
        assert fetch(lab).returncode == 0
        assert not guarded.rows("links", "--verdict", "reroute-tunnel")
        assert "in force" in guarded.portreeve("rule", "add", ">way .example.com").stdout
        for words in (), ("TCP/80",):
            summary = guarded.rows("explain", "example.com", *words)[0]
            assert (summary["said"], summary["tunnel"]) == ("reroute-tunnel", "way")
        assert "tunnel" not in guarded.rows("explain", "www.example.org")[0]
        assert fetch(lab).returncode == 0
        event = monitor.wait(event="link", verdict="reroute-tunnel")
        assert event["tunnel"] == "way" and event["entity"]["domain"] == "example.com"
    row, *_ = guarded.rows("links", "--verdict", "reroute-tunnel")
    assert row["tunnel"] == "way"
    assert " tunnel way " in guarded.portreeve("links", "--verdict", "reroute-tunnel").stdout
    # the tunnel tells what it sees once a second
    wait_for("its state", lambda: tunnels(guarded)["way"]["state"] == "up")
    way = wait_for("its links", lambda: [row for row in [tunnels(guarded)["way"]] if row["opened"]])[0]
    assert way["kind"] == "socks5" and way["latency_us"] > 0 and way["failed"] == 0
    assert list(tunnels(guarded)) == ["way", "nobody"]  # as they are configured
    assert "2 upstreams, 1 up" in guarded.portreeve("status").stdout
    # back again: what is permitted directly goes directly
    guarded.portreeve("rule", "remove", ">way .example.com")
    before = len(direct(guarded))
    assert fetch(lab).returncode == 0
    assert len(direct(guarded)) == before + 1


def test_one_that_does_not_answer_is_down_and_says_why(lab, guard):
    guarded = guard(TWO + 'outgoing = [ ">nobody .example.com" ];\n')
    for _ in range(3):  # what is its own fault so often in a row: it is down
        assert fetch(lab).returncode != 0
    row = wait_for("that it is down", lambda: [row for row in [tunnels(guarded)["nobody"]] if row["state"] == "down"])[0]
    assert row["failed"] >= 1 and row["why"]
    shown = guarded.portreeve("tunnels").stdout
    assert "nobody" in shown and "down" in shown and row["why"].split()[0] in shown
    blocked = [row for row in guarded.rows("links") if row.get("entity", {}).get("domain") == "example.com"]
    assert blocked and all(row["verdict"] in ("block", "drop") for row in blocked)
    assert "nobody" in guarded.portreeve("links").stdout
