# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes through the tunnel is looked into as any link: what the policy wants to know is known before the far end gets a
byte. The judges are captures and servers there."""
import os
import re
import signal

import pytest

from clients import real
from portreeve_lab import DNS4, WEB4, WEB6, wait_for
from test_inspection_datagrams import PLAIN, SEND
from test_inspection_names import WELCOME, Site
from test_inspection_required import CLIENT, REQUEST, SAY, SERVER, TLS, certificates, client, received, serve  # noqa: F401
from tunnel_lab import PAGE, PROXY, config, fetch, group, only, upstreams

PYTHON = "/usr/bin/python3"
WAY = group("way", f"socks5://{PROXY}:1080")
BOTH = 'tunnel = "way"; require_tunnel = true; require_encryption = true;\n'
WEB = {4: WEB4, 6: WEB6}
NAMES = 'tunnel = "way"; outgoing = [ "- b.example", "> *" ];\n'


@pytest.fixture
def internet(lab):
    lab.start_dns([f"a.example. 60 IN A {WEB4}", f"b.example. 60 IN A {WEB4}"])
    lab.resolv_conf(lab.internet, f"nameserver {DNS4}\n")
    return lab.internet


@pytest.fixture
def way(lab, guard, internet):
    """A guard with microsocks behind it, which connects from where the servers are."""
    upstreams.start_socks(lab)

    def start(settings=BOTH, **options):
        guarded = guard(config=config(WAY, more=settings), **options)
        wait_for("the tunnel", lambda: guarded.status()["tunnel"]["state"] == "runs")
        return guarded
    return start


def payload(capture, *ports):
    """Bytes that the capture shows on their way to the ports."""
    total = 0
    for line in capture.stop():
        match = re.search(rf" > \S+\.(?:{'|'.join(map(str, ports))}): .* length (\d+)", line)
        total += int(match.group(1)) if match else 0
    return total


def at_far_end(lab, ports="tcp port 80 or tcp port 443"):
    return lab.internet.capture(ports, "lo")


def row_of(guarded, port):
    """The newest link to the port."""
    return max((row for row in guarded.rows("links") if row["entity"].get("port") == port), key=lambda row: row["id"])


def who(lab, place):
    return lab.host if place == "host" else lab.container


PLACES = pytest.mark.parametrize("place, family", [(place, family) for place in ("host", "container") for family in (4, 6)])


def url(scheme, family):
    return f"{scheme}://{WEB4}/" if family == 4 else f"{scheme}://[{WEB6}]/"


@PLACES
def test_plaintext_never_reaches_the_far_end(lab, way, place, family):
    lab.start_web()
    guarded = way()
    capture = at_far_end(lab)
    with guarded.monitor() as monitor:
        status, text = fetch(lab, url("http", family), namespace=who(lab, place), seconds=5)
        assert status in (52, 55, 56) and PAGE not in text, (status, text)
        event = monitor.wait("the denial", verdict="block", stage="inspection")
        assert "plaintext HTTP" in event["reason"] and "require_encryption" in event["reason"], event
    assert payload(capture, 80) == 0
    status, text = fetch(lab, url("https", family), "-k", namespace=who(lab, place))
    assert PAGE in text, (status, text)
    row = row_of(guarded, 443)
    assert (row["seen"]["protocol"], row["seen"]["encrypted"], row["verdict"]) == ("tls", "yes", "reroute-tunnel"), row
    assert row["tunnel"] == "way"
    assert guarded.counter("inspections_now") == 0


@PLACES
@pytest.mark.parametrize("claims", ["address by SNI", "address by Host", "pool by SNI", "pool by Host"])
def test_a_denied_name_never_reaches_the_far_end(lab, way, place, family, claims):
    """One that the packets claim, of an address, and of one that stands for another name."""
    lab.start_web()
    guarded = way(NAMES)
    address = WEB4 if family == 4 else f"[{WEB6}]"
    to, _, how = claims.partition(" by ")
    to = address if to == "address" else "a.example"
    scheme, port = ("https", 443) if how == "SNI" else ("http", 80)
    family_word = f"-{family}"
    words = [family_word, "-k", "--connect-to", f"b.example:{port}:{to}:{port}"]
    capture = at_far_end(lab)
    status, text = fetch(lab, f"{scheme}://b.example/", *words, namespace=who(lab, place), seconds=5)
    assert status in (35, 52, 55, 56) and PAGE not in text, (status, text)
    assert payload(capture, port) == 0
    row = row_of(guarded, port)
    assert row["verdict"] == "block" and row["stage"] == "inspection" and "b.example" in row["reason"], row
    if to == address:
        words = [family_word, "-k", "--connect-to", f"www.example:{port}:{to}:{port}"]
        status, text = fetch(lab, f"{scheme}://www.example/", *words, namespace=who(lab, place))
        assert PAGE in text, (status, text)


def test_the_pool_s_name_is_proven(lab, way):
    lab.start_web()
    guarded = way(NAMES)
    with guarded.monitor() as monitor:
        for scheme, port in (("http", 80), ("https", 443)):
            status, text = fetch(lab, f"{scheme}://example.com/", "-k")
            assert PAGE in text, (status, text)
            event = monitor.wait("its name", stage="inspection", entity__port=port)
            assert event["entity"]["domain"] == "example.com" and event["entity"]["name_grade"] == "proven", event
            row = row_of(guarded, port)
            assert row["entity"]["name_grade"] == "proven" and row["seen"]["names"] == ["example.com"], row
    assert "[tls 1.3, encrypted]" in guarded.portreeve("links").stdout


TALK = f"""
def talk():
    s = connect(); c = tls().wrap_socket(s, server_hostname='www.example') if port == 443 else s
    c.sendall({REQUEST!r}); c.recv(100)
    for i in range(200):
        c.sendall(b'x' * 5000); got = 0
        while got < 5000: got += len(c.recv(9999))
    return got
"""


@pytest.mark.parametrize("place, family", [("host", 4), ("container", 6), *(
    pytest.param(place, family, marks=pytest.mark.long) for place, family in (("host", 6), ("container", 4)))])
@pytest.mark.parametrize("settings", [BOTH, pytest.param('tunnel = "way"; require_tunnel = true;\n', marks=pytest.mark.long)])
def test_the_kernel_has_it_as_soon_as_it_is_known(lab, way, serve, place, family, settings):  # noqa: F811
    for port, mode in ((443, "tls"), (80, "mute")):
        serve(lab.internet, WEB[family], port, mode)
    guarded = way(settings)
    for port in (443, 80) if settings != BOTH else (443,):
        before = guarded.queued()
        assert client(who(lab, place), WEB[family], port, TALK) == "answer 5000"
        assert guarded.queued() - before < 25, "handshake and first words alone"
        assert row_of(guarded, port)["seen"]["protocol"] == {443: "tls", 80: "http"}[port]
    assert guarded.counter("inspections_now") == guarded.counter("inspection_held_now") == 0
    if settings != BOTH:
        assert guarded.counter("inspection_held") == 0


def test_nothing_to_be_learnt(lab, way, serve):  # noqa: F811
    serve(lab.internet, WEB4, 443, "tls")
    guarded = way('tunnel = "way"; require_tunnel = true; inspect = false;\n')
    client(lab.host, WEB4, 443, TLS)  # the owner, the names are known
    before = guarded.queued()
    assert client(lab.host, WEB4, 443, TALK) == "answer 5000"
    assert guarded.queued() - before < 6
    assert guarded.counter("inspections_finished") == 0


@pytest.mark.parametrize("mode", ["smtp", "smtp-tls"])
@pytest.mark.parametrize("place", ["host", "container"])
def test_mail(lab, way, serve, place, mode):  # noqa: F811
    """What leads to TLS passes, and nothing else."""
    server = serve(lab.internet, WEB4, 25, mode)
    guarded = way()
    said = client(who(lab, place), WEB4, 25, r"""
def talk():
    s = connect(); lines = s.makefile('rb', buffering=0); lines.readline()
    s.sendall(b'EHLO me\r\n')
    while not lines.readline().startswith(b'250 '): pass
    s.sendall(b'STARTTLS\r\n')
    if not lines.readline().startswith(b'220'):
        s.sendall(b'MAIL FROM:<secret@me.example>\r\n'); return lines.readline()
    c = tls().wrap_socket(s, server_hostname='mail.example'); c.sendall(b'hello'); return c.recv(100)
""")
    assert received(server)[:2] == ["got b'EHLO me\\r\\n'", "got b'STARTTLS\\r\\n'"]
    if mode == "smtp":
        assert said.startswith("cut"), said
        assert len(received(server)) == 2
    else:
        assert said == "answer b'hello'", (said, server.log.read_text())
        row = row_of(guarded, 25)
        assert row["seen"]["encrypted"] == "yes" and row["seen"]["upgraded"], row["seen"]


@PLACES
def test_data_in_the_syn(lab, way, serve, place, family):  # noqa: F811
    for namespace in (lab.host, lab.internet, lab.container):  # data with each SYN, without cookies; each listener takes it
        namespace.sysctl("net.ipv4.tcp_fastopen", 0x607)
    server = serve(lab.internet, WEB[family], 80)
    way()
    said = client(who(lab, place), WEB[family], 80, f"""
def talk():
    s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET); s.settimeout(10)
    s.sendto({REQUEST!r}, socket.MSG_FASTOPEN, (address, port)); return s.recv(100)
""")
    assert said.startswith("cut"), said
    assert received(server) == []


# ---- datagrams ----

def test_datagrams_in_plaintext_get_nowhere(lab, guard, internet):
    upstreams.start_socks_datagrams(lab)
    guarded = guard(config=config(WAY, more=BOTH))
    capture = lab.internet.capture("udp dst portrange 1000-2000", "any")
    for place in ("host", "container"):
        for number, (name, data) in enumerate(PLAIN.items()):
            port = 1000 + number + (100 if place == "container" else 0)
            who(lab, place).python(SEND, WEB4, port, data.hex(), check=False)
            found = wait_for(name, lambda port=port: [row for row in guarded.rows("links") if row["entity"].get("port") == port and
                                                      row["verdict"] == "block"])
            assert "require_encryption" in found[0]["reason"], found
    assert not capture.stop()


def test_a_browser(lab, guard):
    """QUIC is proven encrypted, and so is what it says over TCP."""
    lab.resolv_conf(lab.internet, f"nameserver {DNS4}\n")  # the proxy reads it when it starts
    upstreams.start_socks_datagrams(lab)
    made = Site(lab, guard, config=config(WAY, more=BOTH))
    document = made.over_quic("a.example")
    assert WELCOME in document, [row for row in made.guarded.rows("links") if row["entity"].get("port") == 443]
    assert ("a.example", "HTTP/3.0") in made.server.requests()
    rows = [row for row in made.guarded.rows("links") if row.get("tunnel") == "way" and row["entity"].get("proto") == "udp" and
            row.get("seen", {}).get("protocol") == "quic"]
    assert rows and any(row["seen"]["encrypted"] == "yes" and row["entity"]["name_grade"] == "proven" for row in rows), rows
    document = made.over_tcp("a.example")
    assert WELCOME in document and ("a.example", "HTTP/2.0") in made.server.requests()


# ---- faults ----

# A part of a ClientHello, and the rest when it is told to; then in plaintext.
HALF = r"""
import os
def talk():
    s = connect(); incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    c = tls().wrap_bio(incoming, outgoing, server_hostname='www.example')
    try: c.do_handshake()
    except ssl.SSLWantReadError: pass
    s.sendall(outgoing.read()[:100]); print('half', flush=True)
    while not os.path.exists(sys.argv[3]): time.sleep(0.01)
    for i in range(20):
        s.sendall(b'a secret'); time.sleep(0.1)
    return s.recv(100)
"""


@pytest.fixture
def half(lab):
    """A client whose first payload is held."""
    def start(place, guarded):
        begun = who(lab, place).start(PYTHON, "-u", "-c", CLIENT + HALF + "\nrun(talk)\n", WEB4, 443, lab.directory / "go-on")
        wait_for("its half", lambda: "half" in begun.log.read_text())
        wait_for("its hold", lambda: guarded.counter("inspection_held_now") >= 1)
        return begun
    return start


@pytest.mark.parametrize("place", ["host", "container"])
@pytest.mark.parametrize("dies", ["engine", "tunnel"])
def test_a_process_dies_in_the_middle(lab, way, serve, half, place, dies):  # noqa: F811
    serve(lab.internet, WEB4, 443, "tls")
    guarded = way()
    capture = at_far_end(lab)
    begun = half(place, guarded)
    os.kill(guarded.children()[dies], signal.SIGKILL)
    (lab.directory / "go-on").touch()
    wait_for("the client learns of it", lambda: "cut" in begun.log.read_text(), 20)
    assert payload(capture, 443) == 0
    wait_for("the next link", lambda: client(who(lab, place), WEB4, 443, TLS) == "answer b'hello'", 15)


@pytest.mark.parametrize("place", ["host", "container"])
def test_the_policy_changes_in_the_middle(lab, way, serve, half, place):  # noqa: F811
    serve(lab.internet, WEB4, 443, "tls")
    guarded = way()
    capture = at_far_end(lab)
    begun = half(place, guarded)
    guarded.portreeve("rule", "add", f"- {WEB4}")
    (lab.directory / "go-on").touch()
    wait_for("the client learns of it", lambda: "cut" in begun.log.read_text(), 10)
    assert payload(capture, 443) == 0
    guarded.portreeve("rule", "remove", f"- {WEB4}")
    assert client(who(lab, place), WEB4, 443, TLS) == "answer b'hello'"


@pytest.mark.parametrize("place", ["host", "container"])
def test_what_lives_when_it_comes_to_be_required(lab, way, serve, place):  # noqa: F811
    """What was seen encrypted goes on; what was seen in plaintext is cut."""
    serve(lab.internet, WEB4, 443, "tls")
    serve(lab.internet, WEB4, 80)
    guarded = way('tunnel = "way"; require_tunnel = true;\n')
    talk = """
def talk():
    s = connect(); c = tls().wrap_socket(s, server_hostname='www.example') if port == 443 else s
    for i in range(100):
        c.sendall(b'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'); c.recv(100); print('round', flush=True); time.sleep(0.05)
    return 'all'
"""
    clients = [who(lab, place).start(PYTHON, "-u", "-c", CLIENT + talk + "\nrun(talk)\n", WEB4, port) for port in (443, 80)]
    for process in clients:
        wait_for("a few rounds", lambda process=process: process.log.read_text().count("round") > 3)
    wait_for("both are known", lambda: guarded.counter("inspections_now") == 0)
    guarded.configure(config(WAY, more=BOTH))
    guarded.reload()
    wait_for("the plaintext one is cut", lambda: "cut" in clients[1].log.read_text(), 3)
    wait_for("the other runs to its end", lambda: "answer all" in clients[0].log.read_text(), 15)
