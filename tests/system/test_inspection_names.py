# SPDX-License-Identifier: GPL-3.0-or-later
"""Two domains on one address, one of them denied; names that were never given. Real clients, and the server's capture and
access log as the judge: what is denied never gets there."""
import json
import os

import pytest
from portreeve_lab import SSH4, WEB4, run, wait_for

WELCOME = "It works."
CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"]
CURL = ["curl", "-sS", "--max-time", "20", "--insecure"]


class Server:
    """caddy with HTTP/1.1, 2 and 3 for a.example and b.example on one address, each with a certificate of its own (one for both
    would let a browser send b's requests over a's connection)."""

    def __init__(self, lab):
        self.lab, self.log = lab, lab.directory / "access.log"
        root = lab.directory / "site"
        root.mkdir()
        (root / "index.html").write_text(f"<!doctype html><title>Lab</title><h1>{WELCOME}</h1>\n")
        (root / "both.html").write_text(f"<!doctype html><title>Lab</title><h1>{WELCOME}</h1>"
                                        '<script src="https://b.example/mark.js"></script>\n')
        (root / "mark.js").write_text('document.title = "reached";\n')
        self.pins, sites = [], ""
        for name in ("a.example", "b.example"):
            certificate, key = lab.directory / f"{name}.crt", lab.directory / f"{name}.key"
            run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
                "-out", certificate, "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}")
            self.pins.append(run("bash", "-c", f"openssl x509 -in {certificate} -pubkey -noout | openssl pkey -pubin -outform der"
                                 " | openssl dgst -sha256 -binary | base64").stdout.strip())
            sites += f"https://{name}:443 {{\n bind {WEB4}\n tls {certificate} {key}\n root * {root}\n file_server\n" \
                f" log {{\n  output file {self.log}\n  format json\n }}\n}}\n"
        caddyfile = lab.directory / "Caddyfile.names"
        caddyfile.write_text("{\n auto_https off\n admin off\n default_sni a.example\n}\n" + sites)
        lab.internet.start("caddy", "run", "--config", caddyfile, "--adapter", "caddyfile",
                           env=dict(os.environ, HOME=str(lab.directory)), ready=lab.internet.listens(443))

    def requests(self):
        """(host, protocol) of each request that got here."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [(row["request"]["host"], row["request"]["proto"]) for row in map(json.loads, lines)]


class Site:
    """A lab with the server, a guard, and the programs."""

    def __init__(self, lab, guard, config="", rules=(), dns=()):
        self.lab, self.n = lab, 0
        lab.start_dns(extra_data=(f"a.example. 60 IN A {WEB4}", f"b.example. 60 IN A {WEB4}", *dns))
        self.server = Server(lab)
        self.guarded = guard(config=config)
        for rule in rules:
            self.guarded.portreeve("rule", "add", rule)

    def curl(self, name, *words):
        return WELCOME in self.lab.host.run(*CURL, *words, f"https://{name}/", check=False).stdout

    def chromium(self, name, *words, page="", reuse=False):
        """The page's document, after its scripts."""
        self.n += not reuse
        done = self.lab.host.run(*CHROMIUM, f"--user-data-dir={self.lab.directory}/chromium-{self.n}",
                                 f"--ignore-certificate-errors-spki-list={','.join(self.server.pins)}", *words, "--dump-dom",
                                 f"https://{name}/{page}", check=False, timeout=180)
        return done.stdout

    def over_quic(self, name, **options):
        return self.chromium(name, "--enable-quic", "--origin-to-force-quic-on=a.example:443,b.example:443", **options)

    def over_tcp(self, name, **options):
        return self.chromium(name, "--disable-quic", **options)

    def arrives(self, proto, act, more="port 443"):
        """What `act` returns, and the bytes of payload that came to the server's port meanwhile."""
        capture = self.lab.internet.capture(f"{proto} dst port 443 and {more}", "br0")
        result = act()
        lines = capture.stop()
        return result, sum(int(line.rsplit("length ", 1)[1].split(":")[0].split()[0]) for line in lines if "length " in line)

    def row(self, **wanted):
        """The newest link to the server's port."""
        rows = [row for row in self.guarded.rows("links") if row["entity"].get("port") == 443 and
                row["entity"].get("ip") == WEB4 and all(row.get(key) == value for key, value in wanted.items())]
        return max(rows, key=lambda row: row["id"]) if rows else None


@pytest.fixture
def site(lab, guard):
    return lambda **options: Site(lab, guard, **options)


def test_without_a_rule_both_are_reached(site):
    """What the other tests rest on: the servers serve both, and the capture sees what comes."""
    made = site()
    for load, proto in ((made.over_tcp, "tcp"), (made.over_quic, "udp")):
        document, n_bytes = made.arrives(proto, lambda load=load: load("a.example", page="both.html"))
        assert WELCOME in document and "<title>reached" in document and n_bytes > 2500
    assert set(made.server.requests()) == {(name, proto) for name in ("a.example", "b.example")
                                           for proto in ("HTTP/2.0", "HTTP/3.0")}


def test_curl_gets_the_one_and_not_the_other(site):
    made = site(rules=["- b.example TCP/443"])
    reached, n_bytes = made.arrives("tcp", lambda: made.curl("a.example"))
    assert reached and n_bytes > 500
    assert made.row()["entity"]["domain"] == "a.example" and made.row()["entity"]["name_grade"] == "proven"
    reached, n_bytes = made.arrives("tcp", lambda: made.curl("b.example"))
    assert not reached and n_bytes == 0
    row = made.row(verdict="block")
    assert row["entity"]["domain"] == "b.example" and row["stage"] == "inspection" and "b.example TCP/443" in row["reason"]
    for version in ("--http1.1", "--tlsv1.3", "--tls-max=1.2"):
        assert made.curl("a.example", *version.split("=")) and not made.curl("b.example", *version.split("="))
    assert {host for host, _ in made.server.requests()} == {"a.example"}


def test_chromium_over_tcp(site):
    made = site(rules=["- b.example TCP/443"])
    assert WELCOME in made.over_tcp("a.example")
    document, n_bytes = made.arrives("tcp", lambda: made.over_tcp("b.example"))
    assert WELCOME not in document and n_bytes == 0
    # one browser that was given both names: the one page loads, what it embeds from the other doesn't
    document = made.over_tcp("a.example", page="both.html")
    assert WELCOME in document and "<title>reached" not in document
    requests = made.server.requests()
    assert {host for host, _ in requests} == {"a.example"} and {proto for _, proto in requests} == {"HTTP/2.0"}


def test_chromium_over_quic(site):
    made = site(rules=["- b.example UDP/443"])
    assert WELCOME in made.over_quic("a.example")
    row = made.row()
    assert row["entity"]["domain"] == "a.example" and row["entity"]["name_grade"] == "proven"
    assert row["seen"]["protocol"] == "quic" and row["seen"]["encrypted"] == "yes" and row["seen"]["version"] == "v1"
    document, n_bytes = made.arrives("udp", lambda: made.over_quic("b.example"))
    assert WELCOME not in document and n_bytes == 0
    assert "b.example UDP/443" in made.row(verdict="block")["reason"]
    document = made.over_quic("a.example", page="both.html")
    assert WELCOME in document and "<title>reached" not in document
    requests = made.server.requests()
    assert {host for host, _ in requests} == {"a.example"} and {proto for _, proto in requests} == {"HTTP/3.0"}


def test_where_encryption_is_required_both_ways_lead_there(site):
    made = site(config="require_encryption = true;\n")
    for load, protocol in ((made.over_tcp, "tls"), (made.over_quic, "quic")):
        document = load("a.example", page="both.html")
        assert WELCOME in document and "<title>reached" in document
        row = made.row()
        assert row["seen"]["protocol"] == protocol and row["seen"]["encrypted"] == "yes" and row["permanent"], row


FRONTED = ("--connect-to", "::a.example:443")  # whatever the URL says: a.example is asked for, and its address used


def test_a_name_that_was_never_given(site):
    made = site()
    # shown beside what was given, and it passes; where nothing was given, as what is claimed
    assert made.curl("b.example", *FRONTED)
    row = made.row()
    assert row["verdict"] == "accept" and row["seen"]["names"] == ["b.example"]
    assert (row["entity"]["domain"], row["entity"]["name_grade"]) == ("a.example", "given")
    made.lab.host.run("cp", "/usr/bin/curl", made.lab.directory / "other-curl")
    assert WELCOME in made.lab.host.run(made.lab.directory / "other-curl", *CURL[1:], "--resolve", f"b.example:443:{WEB4}",
                                        "https://b.example/", check=False).stdout
    row = made.row()
    assert row["verdict"] == "accept"
    assert (row["entity"]["domain"], row["entity"]["name_grade"]) == ("b.example", "claimed")
    # denied by its name, though a.example was asked for
    made.guarded.portreeve("rule", "add", "- b.example TCP/443")
    reached, n_bytes = made.arrives("tcp", lambda: made.curl("b.example", *FRONTED))
    assert not reached and n_bytes == 0
    # a rule that permits believes no claim
    made.guarded.portreeve("rule", "add", "+ c.example TCP/443")
    made.guarded.configure('foreign_names = "deny";\n')
    made.guarded.reload()
    wait_for("the setting", lambda: not made.curl("c.example", *FRONTED))
    reached, n_bytes = made.arrives("tcp", lambda: made.curl("c.example", *FRONTED))
    assert not reached and n_bytes == 0
    row = made.row(verdict="block")
    assert "foreign_names" in row["reason"] and "c.example" in row["reason"] and row["seen"]["names"] == ["c.example"]
    assert made.curl("a.example")


def test_an_address_that_was_brought_along(site):
    made = site(config='foreign_names = "deny";\n')
    reached, n_bytes = made.arrives("tcp", lambda: made.curl("a.example", "--resolve", f"a.example:443:{WEB4}"))
    assert not reached and n_bytes == 0
    row = made.row()
    assert row["verdict"] == "block" and row["entity"]["name_grade"] == "claimed"
    assert made.curl("a.example")  # asked for, it is given


def test_fronting_over_quic(site):
    made = site(config='foreign_names = "deny";\n')
    fronted = made.arrives("udp", lambda: made.chromium("b.example", "--enable-quic", "--origin-to-force-quic-on=b.example:443",
                                                        "--host-resolver-rules=MAP b.example a.example"))
    assert WELCOME not in fronted[0] and fronted[1] == 0
    row = made.row(verdict="block")
    assert row["seen"]["protocol"] == "quic" and row["seen"]["names"] == ["b.example"] and "foreign_names" in row["reason"]
    assert WELCOME in made.over_quic("a.example")


def test_no_name_at_all(site):
    made = site(config='deny_tls = [ "nameless" ];\n')
    reached, n_bytes = made.arrives("tcp", lambda: WELCOME in made.lab.host.run(
        *CURL, f"https://{WEB4}/", check=False).stdout)
    assert not reached and n_bytes == 0
    assert "it names no server (deny_tls)" in made.row(verdict="block")["reason"]
    assert made.curl("a.example")


def test_encrypted_dns_where_no_list_knows_it(site):
    """DNS over HTTPS by a name of the shipped list, at an address that is on none; over QUIC by its ALPN, on HTTPS' port."""
    made = site(config='bypass_prevention = [ "doh", "dot" ];\n')
    wait_for("the lists", lambda: {row["id"] for row in made.guarded.rows("intel", "lists")} >= {"doh-names"})
    wait_for("the set", lambda: not made.curl("dns.google", *FRONTED))
    reached, n_bytes = made.arrives("tcp", lambda: made.curl("dns.google", *FRONTED))
    assert not reached and n_bytes == 0
    assert "doh" in made.row(verdict="block")["reason"]
    _, n_bytes = made.arrives("udp", lambda: made.lab.host.run(
        "kdig", "+time=2", "+retry=0", f"@{WEB4}", "-p", 443, "+tls-sni=a.example", "+quic", "example.com", check=False))
    row = made.row(verdict="block")
    assert n_bytes == 0 and row["seen"]["protocol"] == "quic" and "doq" in row["seen"]["alpn"] and "dot" in row["reason"]
    assert made.curl("a.example")


def start_doh(lab):
    """unbound for DNS over HTTPS as resolver.example, which no list knows."""
    certificate, key = lab.certificate("resolver.example")
    config = lab.directory / "doh.conf"
    config.write_text(f'server:\n interface: {SSH4}@443\n https-port: 443\n tls-service-pem: "{certificate}"\n'
                      f' tls-service-key: "{key}"\n access-control: 0.0.0.0/0 allow\n chroot: ""\n username: ""\n pidfile: ""\n'
                      f' use-syslog: no\n do-daemonize: no\n module-config: "iterator"\n local-zone: "example." static\n'
                      f' local-data: "a.example. 60 IN A {WEB4}"\n')
    lab.internet.start("unbound", "-d", "-c", config, ready=lambda: f"{SSH4}:443" in lab.internet.run("ss", "-Hltn").stdout)


def test_dns_over_https_that_no_list_knows_is_told_by_what_follows(site):
    """Where a name comes from that Portreeve never gave: the link is claimed, and can be cut."""
    made = site(dns=(f"resolver.example. 60 IN A {SSH4}",))
    start_doh(made.lab)
    doh = ("--doh-url", "https://resolver.example/dns-query", "--doh-insecure")
    assert made.curl("a.example", *doh)
    row = made.row()
    assert (row["entity"]["domain"], row["entity"]["name_grade"]) == ("a.example", "claimed")
    made.guarded.configure('foreign_names = "deny";\n')
    made.guarded.reload()
    wait_for("the setting", lambda: not made.curl("a.example", *doh))
    reached, n_bytes = made.arrives("tcp", lambda: made.curl("a.example", *doh), f"dst host {WEB4}")
    assert not reached and n_bytes == 0
    assert "foreign_names" in made.row(verdict="block")["reason"]
    assert made.curl("a.example")
