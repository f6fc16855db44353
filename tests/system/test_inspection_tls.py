# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS as a profile may not have it: old versions, certificates that are over or nobody's but their own. The judge is what a server was
given of curl's request."""
import pytest
from portreeve_lab import WEB4, run, wait_for
from portreeve_upstreams import Authority
from tunnel_lab import another_curl

SECRET = "the-secret-request"
FINE, OLD, EXPIRED, SELF_ISSUED = 4431, 4432, 4433, 4434
TLS12 = ["--tls-max", "1.2"]

# Tells what it is sent, and answers nothing to it.
SERVER = """
import socketserver, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[3], sys.argv[4])
if sys.argv[5] == "old":
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            link = context.wrap_socket(self.request, server_side=True)
            while data := link.recv(65536):
                print("got", data, flush=True)
        except OSError as error:
            print("gone", error, flush=True)
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"""


@pytest.fixture
def servers(lab):
    """By port."""
    authority = Authority(lab)
    own = lab.directory / "own.pem", lab.directory / "own.key"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
        "/CN=own.example", "-keyout", own[1], "-out", own[0])
    fine = authority.issue("fine.example")
    made = {}
    for port, files, version in ((FINE, fine, "new"), (OLD, fine, "old"), (EXPIRED, authority.issue("late.example", days=0), "new"),
                                 (SELF_ISSUED, own, "new")):
        made[port] = lab.internet.start("/usr/bin/python3", "-c", SERVER, WEB4, port, *files, version, ready=lab.internet.listens(port))
    return made


def ask(lab, program, port, *words):
    """curl's exit status: 28 where it waits for the answer."""
    old = ["--tlsv1.0", "--tls-max", "1.1", "--ciphers", "ALL:@SECLEVEL=0"] if port == OLD else TLS12
    return lab.host.run(program, "-sS", "--max-time", "3", "--insecure", *old, *words, f"https://{WEB4}:{port}/{SECRET}",
                        check=False).returncode


def requests(server):
    return server.log.read_text().count(SECRET)


def test_each_kind_by_its_profile(lab, guard, servers):
    """One application may not have it, another may: the same server, and the same handshake up to the certificate."""
    strict, easy = another_curl(lab, "strict-curl"), another_curl(lab, "easy-curl")
    guarded = guard(profiles={"strict.conf": f'name = "strict";\nmatch = ( {{ path = "{strict}"; }} );\n'
                                             'deny_tls = [ "old", "expired", "self-issued" ];\n'})
    for port, server in servers.items():
        assert ask(lab, easy, port) == 28, server.log.read_text()
        wait_for("the request", lambda server=server: requests(server) == 1)
    assert ask(lab, strict, FINE) == 28
    wait_for("the request", lambda: requests(servers[FINE]) == 2)
    for port, why in ((OLD, "its version is below 1.2"), (EXPIRED, "isn't valid today"), (SELF_ISSUED, "its own issuer's")):
        assert ask(lab, strict, port) in (35, 56), port
        row = max((row for row in guarded.rows("links") if row["entity"].get("port") == port), key=lambda row: row["id"])
        assert row["verdict"] == "block" and row["stage"] == "inspection" and why in row["reason"] and "(deny_tls)" in row["reason"], row
        assert requests(servers[port]) == 1, "nothing more reached the server"


def test_from_tls_1_3_on_the_certificate_is_out_of_sight(lab, guard, servers):
    """It is encrypted, so nothing is denied for it: docs/limits.md says so."""
    guard(config='deny_tls = [ "expired", "self-issued" ];\n')
    for port in (EXPIRED, SELF_ISSUED):
        assert ask(lab, "curl", port, "--tlsv1.3", "--tls-max", "1.3") == 28
        wait_for("the request", lambda port=port: requests(servers[port]) == 1)
