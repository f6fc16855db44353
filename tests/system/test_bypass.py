# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways past the nameserver, and answers that lead into the network: the daemon, real questions, real connections."""
from portreeve_lab import DNS4, WEB4, wait_for


def dig(lab, *words):
    return lab.host.run("dig", "+time=20", "+tries=1", *words).stdout


def test_canary_domains_and_discovery_are_answered_here(lab, guard):
    upstream = lab.start_dns(extra_data=(f"use-application-dns.net. 60 IN A {WEB4}",))
    guarded = guard()
    answer = dig(lab, "use-application-dns.net")
    assert "NXDOMAIN" in answer and "EDE: 15 (Blocked)" in answer and "bypass_prevention: canary" in answer
    assert "NXDOMAIN" in dig(lab, "mask.icloud.com", "AAAA")
    answer = dig(lab, "_dns.resolver.arpa", "SVCB")
    assert "NOERROR" in answer and "ANSWER: 0" in answer and "bypass_prevention: discovery" in answer
    said = guarded.rows("dns", "query", "use-application-dns.net", "A")
    assert "bypass_prevention: canary" in str(said)
    asked = upstream.log.read_text().lower()
    assert "use-application-dns" not in asked and "resolver.arpa" not in asked
    guarded.portreeve("rule", "add", "+ use-application-dns.net")
    assert WEB4 in dig(lab, "use-application-dns.net")


def test_dns_over_tls_is_closed_where_that_is_asked_for(lab, guard):
    lab.start_dns()
    guarded = guard()

    def verdict():
        """Of a new connection; nobody listens there, which the table of links doesn't mind."""
        lab.host.run("bash", "-c", f"exec 3<>/dev/tcp/{DNS4}/853", check=False)
        rows = [row for row in guarded.rows("links") if row["entity"].get("port") == 853]
        return max(rows, key=lambda row: row["id"]) if rows else {"verdict": None}
    wait_for("a link", lambda: verdict()["verdict"] == "accept")
    guarded.configure('bypass_prevention = [ "dot" ];\n')
    guarded.reload()
    wait_for("the setting", lambda: verdict()["verdict"] == "block")
    row = verdict()
    assert "bypass_prevention: dot" in row["reason"] and row["stage"] == "link"
    guarded.portreeve("rule", "add", f"+ {DNS4} TCP/853")
    assert verdict()["verdict"] == "accept"


def test_an_answer_from_the_internet_does_not_lead_home(lab, guard):
    lab.start_dns(extra_data=("evil.example. 60 IN A 192.168.7.7", f"half.example. 60 IN A {WEB4}",
                              "half.example. 60 IN A 127.0.0.1", "nas.corp.example. 60 IN A 192.168.7.8"))
    guarded = guard(config='rebinding_exceptions = [ "corp.example" ];\n')
    answer = dig(lab, "evil.example")
    assert "NXDOMAIN" in answer and "rebinding_protection" in answer and "192.168.7.7" in answer
    answer = dig(lab, "+short", "half.example").split()
    assert answer == [WEB4]
    assert dig(lab, "+short", "nas.corp.example").split() == ["192.168.7.8"]
    event = next(row for row in guarded.rows("dns", "query", "evil.example", "A"))
    assert "rebinding_protection" in str(event)


def test_the_shipped_list_of_dns_over_https(lab, guard):
    upstream = lab.start_dns(extra_data=(f"dns.google. 60 IN A {WEB4}",))
    guarded = guard(config='bypass_prevention = [ "doh" ];\n')
    wait_for("the lists", lambda: {row["id"] for row in guarded.rows("intel", "lists")} >= {"doh-names", "doh-addresses"}
             and "NXDOMAIN" in dig(lab, "dns.google"))
    answer = dig(lab, "dns.google")
    assert "doh-names" in answer and "(doh), line" in answer and "bypass_prevention: doh" in answer
    lab.host.run("bash", "-c", "exec 3<>/dev/tcp/8.8.8.8/443", check=False, timeout=180)
    row = next(row for row in guarded.rows("links") if row["entity"]["ip"] == "8.8.8.8")
    assert row["verdict"] == "block" and '"doh-addresses" (doh), line' in row["reason"]
    assert row["entity"]["lists"] == ["doh-addresses"]
    assert "dns.google. a in" not in upstream.log.read_text().lower()
    guarded.portreeve("rule", "add", "+ dns.google TCP/443")
    assert WEB4 in dig(lab, "dns.google")
