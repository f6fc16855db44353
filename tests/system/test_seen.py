# SPDX-License-Identifier: GPL-3.0-or-later
"""What inspection has seen reaches who looks: events, tables, the lines for people, the status."""
from portreeve_lab import wait_for


def test_what_was_seen_is_told(lab, guard):
    lab.start_dns()
    lab.start_web()
    guarded = guard()
    with guarded.monitor() as monitor:
        for url in ("http://example.com/", "https://example.com/"):
            assert "It works." in lab.host.run("curl", "-sSk", "--max-time", "20", url).stdout
        plain = monitor.wait("the facts", entity__port=80, seen__protocol="http", seen__encrypted="no")
        assert plain["seen"]["names"] == ["example.com"] and plain["permanent"], plain
        tls = monitor.wait("the facts", entity__port=443, seen__protocol="tls", seen__encrypted="yes")
        assert tls["permanent"] and tls["verdict"] == "accept" and tls["stage"] == "inspection"
        assert tls["seen"]["version"] == "1.3" and tls["seen"]["alpn"] == ["h2", "http/1.1"], tls
        assert tls["seen"]["ja4"].startswith("t13d") and tls["seen"]["encrypted_why"]
        assert tls["entity"]["domain"] == "example.com" and tls["entity"]["name_grade"] == "proven"
    row = next(row for row in guarded.rows("links") if row["entity"].get("port") == 443)
    assert row["seen"] == tls["seen"]
    lines = guarded.portreeve("links").stdout
    assert "[tls 1.3, encrypted] " in lines and ", not encrypted] " in lines, lines
    wait_for("its end", lambda: guarded.counter("inspections_now") == 0)
    assert guarded.counter("inspections_finished") >= 1
    assert "without a result" in guarded.portreeve("status").stdout


def test_inspection_costs_a_handful_of_packets(lab, guard):
    """The SYN, what the client sends until it is known what it is, and its server's answer; not the rest."""
    lab.start_web()
    guarded = guard()
    before = guarded.queued()
    lab.host.run("curl", "-sSk", "-o", "/dev/null", "--connect-to", "::93.184.215.14:443", "https://example.com/big",
                 timeout=180)
    assert guarded.queued() - before <= 8
