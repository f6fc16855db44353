# SPDX-License-Identifier: GPL-3.0-or-later
"""require_encryption on the wire: what isn't proven encrypted never reaches the server. The judge is a capture where the
server is."""
import re

import pytest

from portreeve_lab import CONTAINER4, CONTAINER6, HOST4, HOST6, LAN4, LAN6, WEB4, WEB6, Stopwatch, run, wait_for

PYTHON = "/usr/bin/python3"
REQUIRED = 'require_encryption = true;\ndefault_incoming = "permit";\n'
WEB = {4: WEB4, 6: WEB6}
HOST = {4: HOST4, 6: HOST6}
REQUEST = b"GET /secret HTTP/1.1\r\nHost: www.example\r\n\r\n"

# Tells what it receives, and how each connection ends. `MODE`: mute, smtp (without TLS), smtp-tls, tls.
SERVER = r"""
import socket, ssl, sys, threading
address, port, mode, directory = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
family = socket.AF_INET6 if ':' in address else socket.AF_INET
listener = socket.socket(family); listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.setsockopt(socket.IPPROTO_TCP, 23, 16)  # TCP_FASTOPEN
listener.bind((address, port)); listener.listen(9)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(directory + '/server.pem', directory + '/server.key')
print('listening', flush=True)
def echo(c):
    while True:
        got = c.recv(65536)
        if not got:
            return
        print('got', got, flush=True)
        c.sendall(got)
def smtp(c, tls):
    c.sendall(b'220 mail.example ESMTP\r\n')
    lines = c.makefile('rb')
    for line in lines:
        print('got', line, flush=True)
        if line.startswith(b'EHLO'):
            c.sendall(b'250-mail.example\r\n' + (b'250-STARTTLS\r\n' if tls else b'') + b'250 SIZE 1000\r\n')
        elif line.startswith(b'STARTTLS') and tls:
            c.sendall(b'220 go on\r\n'); echo(context.wrap_socket(c, server_side=True)); return
        else:
            c.sendall(b'454 no TLS here\r\n' if line.startswith(b'STARTTLS') else b'250 fine\r\n')
def serve(c):
    try:
        if mode == 'tls':
            echo(context.wrap_socket(c, server_side=True))
        elif mode.startswith('smtp'):
            smtp(c, mode == 'smtp-tls')
        else:
            echo(c)
        print('ended', flush=True)
    except OSError as error:
        print('gone', error.errno, flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""
# What the clients have in common; each prints "answer BYTES" or "cut ERRNO SECONDS" (None: it waited in vain).
CLIENT = r"""
import socket, ssl, sys, time
address, port = sys.argv[1], int(sys.argv[2])
def connect():
    s = socket.create_connection((address, port), timeout=30)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s
def tls():
    context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
    return context
began = time.monotonic()
def run(talk):
    try:
        print('answer', talk(), flush=True)
    except OSError as error:
        print('cut', error.errno, time.monotonic() - began, flush=True)
"""


@pytest.fixture
def certificates(lab):
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "9",
        "-subj", "/CN=www.example", "-keyout", lab.directory / "server.key", "-out", lab.directory / "server.pem")
    return lab.directory


@pytest.fixture
def serve(lab, certificates):
    def start(namespace, address, port, mode="mute"):
        server = namespace.start(PYTHON, "-c", SERVER, address, port, mode, certificates)
        wait_for("the server", lambda: "listening" in server.log.read_text())
        return server
    return start


def client(namespace, address, port, talk, **options):
    done = namespace.python(CLIENT + talk + "\nrun(talk)\n", address, port, **options)
    lines = [line for line in done.stdout.splitlines() if line.startswith(("answer", "cut"))]
    assert lines, done.stdout
    return lines[-1]


def is_told(said):
    """That its link is cut, rather than that it has waited for long enough."""
    return said.startswith("cut") and said.split()[1] != "None"


SAY = f"""
def talk():
    s = connect(); s.sendall({REQUEST!r}); return s.recv(100)
"""
TLS = """
def talk():
    c = tls().wrap_socket(connect(), server_hostname='www.example')
    c.sendall(b'hello'); return c.recv(100)
"""


def payload_to(capture, port):
    """Bytes that the capture shows on their way to the port."""
    total = 0
    for line in capture.stop():
        match = re.search(rf" > \S+\.{port}: Flags .* length (\d+)", line)
        total += int(match.group(1)) if match else 0
    return total


def received(server):
    return [line for line in server.log.read_text().splitlines() if line.startswith("got")]


PLACES = {
    "out": lambda lab, family: (lab.host, lab.internet, WEB[family]),
    "forward": lambda lab, family: (lab.container, lab.internet, WEB[family]),
    "in": lambda lab, family: (lab.lan, lab.host, HOST[family]),
}


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("place", sorted(PLACES))
@pytest.mark.parametrize("port", [80, 443])
def test_of_plaintext_not_a_byte_reaches_the_server(lab, guard, serve, place, family, port):
    who, where, address = PLACES[place](lab, family)
    server = serve(where, address, port)
    guarded = guard(REQUIRED)
    # What arrives at the host has passed its wire before it is held.
    capture = where.capture(f"tcp port {port}", "br0") if place != "in" else None
    said = client(who, address, port, SAY)
    assert is_told(said), said
    wait_for("the server learns of it", lambda: "gone" in server.log.read_text() or "ended" in server.log.read_text())
    if capture:
        assert payload_to(capture, port) == 0
    assert received(server) == []
    assert guarded.counter("inspection_denied") == 1


@pytest.mark.parametrize("place", sorted(PLACES))
def test_tls_passes_on_any_port_and_is_the_kernels_then(lab, guard, serve, place):
    who, where, address = PLACES[place](lab, 4)
    serve(where, address, 80, "tls")
    guarded = guard(REQUIRED)
    talk = """
def talk():
    c = tls().wrap_socket(connect(), server_hostname='www.example')
    for i in range(200):
        c.sendall(b'x' * 5000); got = 0
        while got < 5000: got += len(c.recv(9999))
    return got
"""
    before = guarded.queued()
    assert client(who, address, 80, talk) == "answer 5000"
    assert guarded.queued() - before < 20, "handshake and first words alone"
    row = [row for row in guarded.rows("links") if row["link"]["dst_port"] == 80][-1]
    assert row["permanent"] and row["stage"] == "inspection"
    assert row["seen"]["protocol"] == "tls" and row["seen"]["encrypted"] == "yes"
    assert row["seen"]["names"] == ["www.example"]
    assert guarded.counter("inspections_now") == 0


def test_of_mail_only_what_leads_to_tls_passes(lab, guard, serve):
    """The server refuses STARTTLS, and the client goes on without."""
    server = serve(lab.internet, WEB4, 25, "smtp")
    guard(REQUIRED)
    capture = lab.internet.capture("tcp port 25", "br0")
    said = client(lab.host, WEB4, 25, r"""
def talk():
    s = connect(); lines = s.makefile('rb'); lines.readline()
    s.sendall(b'EHLO me\r\n')
    while not lines.readline().startswith(b'250 '): pass
    s.sendall(b'STARTTLS\r\n'); lines.readline()
    s.sendall(b'MAIL FROM:<secret@me.example>\r\n'); return lines.readline()
""")
    assert said.startswith("cut"), said
    assert received(server) == ["got b'EHLO me\\r\\n'", "got b'STARTTLS\\r\\n'"]
    assert payload_to(capture, 25) == len(b"EHLO me\r\nSTARTTLS\r\n")


def test_mail_that_goes_over_to_tls_passes(lab, guard, serve):
    server = serve(lab.internet, WEB4, 25, "smtp-tls")
    guarded = guard(REQUIRED)
    said = client(lab.host, WEB4, 25, r"""
def talk():
    s = connect(); lines = s.makefile('rb', buffering=0); lines.readline()
    s.sendall(b'EHLO me\r\n')
    while not lines.readline().startswith(b'250 '): pass
    s.sendall(b'STARTTLS\r\n'); lines.readline()
    c = tls().wrap_socket(s, server_hostname='mail.example'); c.sendall(b'hello'); return c.recv(100)
""")
    assert said == "answer b'hello'", (said, server.log.read_text())
    row = [row for row in guarded.rows("links") if row["link"]["dst_port"] == 25][-1]
    assert row["seen"]["encrypted"] == "yes" and row["seen"]["upgraded"], row["seen"]


@pytest.mark.parametrize("family", [4, 6])
def test_a_hello_in_pieces_that_nagle_keeps_back(lab, guard, serve, family):
    """The rest of a held segment is sent only when the first is sent again."""
    serve(lab.internet, WEB[family], 443, "tls")
    guarded = guard(REQUIRED)
    said = client(lab.host, WEB[family], 443, """
def talk():
    s = connect(); s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    c = tls().wrap_bio(incoming, outgoing, server_hostname='www.example')
    def flush(pieces=()):
        data = outgoing.read()
        for end in pieces: s.sendall(data[:end]); data = data[end:]
        s.sendall(data)
    first = True
    while True:
        try:
            c.do_handshake(); break
        except ssl.SSLWantReadError:
            flush((40, 60, 50) if first else ()); first = False
            incoming.write(s.recv(65536))
    c.write(b'hello'); flush()
    while True:
        incoming.write(s.recv(65536))
        try: return c.read(100)
        except ssl.SSLWantReadError: pass
""")
    assert said == "answer b'hello'", said
    assert guarded.counter("inspection_held") >= 1


@pytest.mark.parametrize("family", [4, 6])
def test_data_in_the_syn_is_payload(lab, guard, serve, family):
    for namespace in (lab.host, lab.internet):  # data with each SYN, without cookies
        namespace.sysctl("net.ipv4.tcp_fastopen", 0x207)
    server = serve(lab.internet, WEB[family], 80)
    talk = f"""
def talk():
    s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET); s.settimeout(30)
    s.sendto({REQUEST!r}, socket.MSG_FASTOPEN, (address, port)); return s.recv(100)
"""
    capture = lab.internet.capture("tcp port 80", "br0")
    assert client(lab.host, WEB[family], 80, talk).startswith("answer"), "unguarded it arrives"
    assert any("Flags [S]" in line and f"length {len(REQUEST)}" in line for line in capture.stop()), "in the SYN"
    before = len(received(server))
    guard(REQUIRED)
    capture = lab.internet.capture("tcp port 80", "br0")
    assert client(lab.host, WEB[family], 80, talk).startswith("cut")
    assert payload_to(capture, 80) == 0
    assert len(received(server)) == before


def test_a_client_that_says_too_little_is_cut(lab, guard, serve):
    server = serve(lab.internet, WEB4, 443, "tls")
    guarded = guard(REQUIRED)
    capture = lab.internet.capture("tcp port 443", "br0")
    watch = Stopwatch()
    said = client(lab.host, WEB4, 443, r"""
def talk():
    s = connect(); s.sendall(b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'); return s.recv(100)
""")
    assert is_told(said) and 0.5 < float(said.split()[2]) < 3 + watch.waited(), said
    assert payload_to(capture, 443) == 0
    assert guarded.counter("inspections_given_up_time") == 1
    wait_for("the server learns of it", lambda: "gone" in server.log.read_text())


def test_what_lives_when_it_comes_to_be_required(lab, guard, serve):
    """What was seen encrypted goes on; what was seen in plaintext is cut."""
    encrypted, plain = serve(lab.internet, WEB4, 443, "tls"), serve(lab.internet, WEB4, 80)
    guarded = guard("")
    talk = """
def talk():
    s = connect(); c = tls().wrap_socket(s, server_hostname='www.example') if port == 443 else s
    for i in range(100):
        c.sendall(b'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'); c.recv(100); print('round', flush=True); time.sleep(0.05)  # the load's pace
    return 'all'
"""
    clients = [lab.host.start(PYTHON, "-c", CLIENT + talk + "\nrun(talk)\n", WEB4, port) for port in (443, 80)]
    for process in clients:
        wait_for("a few rounds", lambda process=process: process.log.read_text().count("round") > 3)
    wait_for("both are permanent", lambda: sum(row.get("permanent", False) for row in guarded.rows("links", "--active")
                                               if row["link"]["dst_port"] in (80, 443)) == 2)
    guarded.configure(REQUIRED)
    guarded.reload()
    wait_for("the plaintext one is cut", lambda: "cut" in clients[1].log.read_text())
    wait_for("its server learns of it", lambda: "gone" in plain.log.read_text())
    wait_for("the other runs to its end", lambda: "answer all" in clients[0].log.read_text())
    assert "gone" not in encrypted.log.read_text()


@pytest.mark.parametrize("family", [4, 6])
def test_between_two_programs_of_the_host(lab, guard, serve, family):
    """Each end has its own verdict: the server's application requires it, the client's does not."""
    address = {4: "127.0.0.1", 6: "::1"}[family]
    plain, encrypted = serve(lab.host, address, 80), serve(lab.host, address, 443, "tls")
    guarded = guard('default_incoming = "permit";\nrequire_encryption = true;\nencryption_scopes = [ "localhost" ];\n'
                    'outgoing = [ "+ Localhost" ];\n')
    said = client(lab.host, address, 80, SAY)
    assert said.startswith("cut"), said
    assert received(plain) == []
    assert client(lab.host, address, 443, TLS) == "answer b'hello'"
    assert received(encrypted) == ["got b'hello'"]
    ends = {row["direction"]: row for row in guarded.rows("links") if row["link"]["dst_port"] == 443}
    assert ends["out"]["permanent"] and ends["in"]["permanent"]
    assert ends["in"]["stage"] == "inspection" and ends["in"]["seen"]["encrypted"] == "yes"


@pytest.mark.parametrize("mode, port, protocol", [("tls", 443, "tls"), ("mute", 80, "http")])
def test_what_is_only_shown_delays_nothing_and_is_permanent_soon(lab, guard, serve, mode, port, protocol):
    serve(lab.internet, WEB4, port, mode)
    guarded = guard("")
    talk = f"""
def talk():
    s = connect(); c = tls().wrap_socket(s, server_hostname='www.example') if port == 443 else s
    c.sendall({REQUEST!r}); c.recv(100)
    for i in range(200):
        c.sendall(b'x' * 5000); got = 0
        while got < 5000: got += len(c.recv(9999))
    return got
"""
    before = guarded.queued()
    assert client(lab.host, WEB4, port, talk) == "answer 5000"
    assert guarded.queued() - before < 10
    row = [row for row in guarded.rows("links") if row["link"]["dst_port"] == port][-1]
    assert row["permanent"] and row["seen"]["protocol"] == protocol, row
    assert row["seen"]["names"] == ["www.example"]
    assert guarded.counter("inspection_held") == guarded.counter("inspections_now") == 0
