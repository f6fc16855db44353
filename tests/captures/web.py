# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP and TLS: browsers, libraries, languages."""
import os

import clients
from portreeve_lab import WEB4, WEB6, run
from recorder import capture, either, flow

# What the server chose is encrypted in TLS 1.3.
H2 = {"alpn": ["h2", "http/1.1"]}
# Browsers ask a nameserver for what is their makers'.
ASKS = flow(53, "dns", proto="udp")


def tls(port, *names, **facts):
    facts.setdefault("version", "1.3")
    return flow(port, "tls", names=list(names), **facts)


def http(port, *names, **facts):
    return flow(port, "http", names=list(names), **facts)


def curl(lab, *words, **options):
    return lab.client("curl", "-sSk", "--max-time", "60", "-o", "/dev/null", *words, **options)


@capture(http(80, "example.com", n=1))
def curl_http(lab):
    """curl, HTTP/1.1"""
    curl(lab, "http://example.com/")


@capture(http(8080, "www.example.com", n=2))
def curl_http_elsewhere(lab):
    """curl, HTTP/1.0 and 1.1 over IPv6 and IPv4, another port"""
    curl(lab, "-6", "--http1.0", "http://www.example.com:8080/")
    curl(lab, "-4", "-X", "POST", "-d", "@/etc/services", "http://www.example.com:8080/")


@capture(http(8443, "example.com"))
def curl_plaintext_on_443_port(lab):
    """curl, HTTP without TLS on a port of HTTPS"""
    curl(lab, "http://example.com:8443/")


@capture(http(80, "example.com"))
def curl_http2_upgrade(lab):
    """curl, HTTP/2 asked for in HTTP/1.1"""
    curl(lab, "--http2", "http://example.com/")


@capture(http(8082, "nginx.example", version="2.0"))
def curl_http2_prior_knowledge(lab):
    """curl, HTTP/2 without TLS and without asking"""
    curl(lab, "--http2-prior-knowledge", "http://nginx.example:8082/")


@capture(http(8082, "nginx.example", version="2.0"), needs=["nghttp"])
def nghttp_prior_knowledge(lab):
    """nghttp, HTTP/2 without TLS and without asking"""
    lab.client("nghttp", "-n", "http://nginx.example:8082/")


@capture(tls(443, "nginx.example", alpn=["h2", "h2-16", "h2-14"], version="1.2"), needs=["nghttp"])
def nghttp_tls(lab):
    """nghttp, HTTP/2; it takes TLS 1.2"""
    lab.client("nghttp", "-n", "https://nginx.example/")


@capture(tls(443, "example.com", n=3, **H2))
def curl_openssl(lab):
    """curl with OpenSSL, TLS 1.3, both families"""
    curl(lab, "https://example.com/")
    curl(lab, "-6", "https://example.com/big")
    curl(lab, "-4", "https://example.com/")


@capture(tls(443, "example.com", alpn=["http/1.1"]))
def curl_openssl_http1(lab):
    """curl with OpenSSL, HTTP/1.1"""
    curl(lab, "--http1.1", "https://example.com/")


@capture(tls(443, "example.com", version="1.2", certificate="example.com", alpn_chosen="h2", **H2))
def curl_openssl_tls12(lab):
    """curl with OpenSSL, TLS 1.2"""
    curl(lab, "--tls-max", "1.2", "https://example.com/")


@capture(tls(81, "example.com"))
def curl_tls_elsewhere(lab):
    """curl with OpenSSL on a port of another service"""
    curl(lab, "https://example.com:81/")


@capture(tls(443, nameless=True, n=2))
def curl_nameless(lab):
    """curl with OpenSSL, an address instead of a name"""
    curl(lab, f"https://{WEB4}/", check=False)
    curl(lab, f"https://[{WEB6}]/", check=False)


LIBCURL = """
import ctypes, sys
curl = ctypes.CDLL(sys.argv[1])
curl.curl_easy_init.restype = ctypes.c_void_p
curl.curl_version.restype = ctypes.c_char_p
assert sys.argv[2].encode() in curl.curl_version(), curl.curl_version()
for url in sys.argv[3:]:
    handle = ctypes.c_void_p(curl.curl_easy_init())
    def option(number, value):
        assert curl.curl_easy_setopt(handle, ctypes.c_int(number), value) == 0
    option(10002, ctypes.c_char_p(url.encode()))	# CURLOPT_URL
    option(64, ctypes.c_long(0))			# CURLOPT_SSL_VERIFYPEER
    option(81, ctypes.c_long(0))			# CURLOPT_SSL_VERIFYHOST
    option(13, ctypes.c_long(10))			# CURLOPT_TIMEOUT
    error = curl.curl_easy_perform(handle)
    assert error == 0, (url, error)
    curl.curl_easy_cleanup(handle)
"""


def libcurl(lab, flavour, word, *urls):
    lab.client("/usr/bin/python3", "-c", LIBCURL, f"libcurl-{flavour}.so.4", word, *urls)


@capture(tls(443, "example.com", **H2), tls(4433, "rsa.example", version="1.2", certificate="rsa.example"))
def curl_gnutls(lab):
    """libcurl with GnuTLS"""
    libcurl(lab, "gnutls", "GnuTLS", "https://example.com/", "https://rsa.example:4433/")


@capture(tls(443, "example.com"), tls(4433, "rsa.example", version="1.2", certificate="rsa.example"))
def curl_nss(lab):
    """libcurl with NSS"""
    libcurl(lab, "nss", "NSS", "https://example.com/", "https://rsa.example:4433/")


@capture(tls(443, "example.com", n=3), needs=["gnutls-cli"])
def gnutls_cli(lab):
    """gnutls-cli: TLS 1.3, 1.2 in its mode of compatibility, with ALPN"""
    request = "GET / HTTP/1.0\r\nHost: example.com\r\n\r\n"
    for more in ([], ["--alpn", "http/1.1"], ["--priority", "PERFORMANCE:-VERS-ALL:+VERS-TLS1.3"]):
        lab.fed(request, "gnutls-cli", "--insecure", "--crlf", *more, "example.com")


@capture(tls(443, "example.com"), tls(4433, "rsa.example", version="1.2"), needs=["tstclnt"])
def nss_tstclnt(lab):
    """NSS's tstclnt"""
    request = "GET / HTTP/1.0\r\nHost: example.com\r\n\r\n"
    for name, port in (("example.com", 443), ("rsa.example", 4433)):
        lab.until("It works", "tstclnt", "-h", name, "-p", port, "-o", "-D", "-b", "-4", "-a", name, text=request)


@capture(tls(443, "example.com"), tls(4433, "rsa.example", version="1.2", certificate="rsa.example"),
         tls(4435, "strict.example", n=2))
def openssl_client(lab):
    """openssl s_client: TLS 1.3, RSA with 1.2, client certificates with both"""
    request = "GET / HTTP/1.0\r\n\r\n"
    def client(name, port, *more):
        lab.fed(request, "openssl", "s_client", "-quiet", "-no_ign_eof", "-connect", f"{name}:{port}", "-servername", name, *more)
    client("example.com", 443)
    client("rsa.example", 4433)
    identity = ("-cert", lab.person[0], "-key", lab.person[1])
    client("strict.example", 4435, *identity)
    client("strict.example", 4435, *identity)


@capture(tls(4435, "strict.example", version="1.2", certificate="strict.example"))
def openssl_client_certificate_tls12(lab):
    """openssl s_client: a client certificate in TLS 1.2, where all see it"""
    lab.fed("GET / HTTP/1.0\r\n\r\n", "openssl", "s_client", "-quiet", "-no_ign_eof", "-tls1_2", "-connect",
            "strict.example:4435", "-servername", "strict.example", "-cert", lab.person[0], "-key", lab.person[1])


@capture(tls(4434, "old.example", version="1.0", old=True, certificate="rsa.example"))
def openssl_tls10(lab):
    """openssl s_client: TLS 1.0"""
    old(lab, "-tls1")


@capture(tls(4434, "old.example", version="1.1", old=True, certificate="rsa.example"))
def openssl_tls11(lab):
    """openssl s_client: TLS 1.1"""
    old(lab, "-tls1_1")


def old(lab, version):
    lab.fed("GET / HTTP/1.0\r\n\r\n", "openssl", "s_client", "-quiet", "-no_ign_eof", version, "-cipher", "ALL:@SECLEVEL=0",
            "-connect", "old.example:4434", "-servername", "old.example")


GO = """
package main

import ("crypto/tls"; "io"; "net/http"; "os")

func main() {
	for _, url := range os.Args[1:] {
		transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
		response, err := (&http.Client{Transport: transport}).Get(url)
		if err != nil { panic(err) }
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		transport.CloseIdleConnections()
	}
}
"""


@capture(http(80, "example.com"), tls(443, "example.com", **H2), tls(4433, "rsa.example", version="1.2"), needs=["go"])
def go(lab):
    """Go's own TLS and HTTP"""
    source, program = lab.directory / "fetch.go", lab.directory / "fetch"
    if not program.exists():
        source.write_text(GO)
        run("go", "build", "-o", program, source, timeout=600, env=dict(
            os.environ, CGO_ENABLED="0", GO111MODULE="off", GOFLAGS="", GOCACHE=str(lab.kept / "go"), HOME=str(lab.home)))
    lab.client(program, "http://example.com/", "https://example.com/", "https://rsa.example:4433/")


@capture(tls(443, "example.com"), tls(4433, "rsa.example", version="1.2"), needs=["keytool"])
def java(lab):
    """Java's own TLS (JSSE), by keytool"""
    for place in ("example.com:443", "rsa.example:4433"):
        lab.client("keytool", "-printcert", "-sslserver", place, timeout=180)


PYTHON = """
import ssl, sys, urllib.request
for url in sys.argv[1:]:
    urllib.request.urlopen(url, context=ssl._create_unverified_context() if url.startswith("https") else None).read()
"""


@capture(http(80, "example.com"), tls(443, "example.com"))
def python(lab):
    """Python's urllib"""
    lab.client("/usr/bin/python3", "-c", PYTHON, "http://example.com/", "https://example.com/")


WEBSOCKET = """
import asyncio, ssl, sys, websockets
async def talk(url):
    context = ssl._create_unverified_context() if url.startswith("wss") else None
    async with websockets.connect(url, ssl=context) as socket:
        for _ in range(3):
            await socket.send("hello")
            await socket.recv()
for url in sys.argv[1:]:
    asyncio.run(talk(url))
"""


@capture(http(9001, "misc.example"), tls(9002, "misc.example"))
def websocket(lab):
    """WebSockets, with TLS and without"""
    lab.client("/usr/bin/python3", "-c", WEBSOCKET, "ws://misc.example:9001/", "wss://misc.example:9002/")


CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--ignore-certificate-errors", "--dump-dom", "--virtual-time-budget=2000"]


def chromium_loads(lab, profile, *words):
    done = lab.client(*CHROMIUM, f"--user-data-dir={lab.directory / profile}", *words, timeout=180)
    assert "It works." in done.stdout, done.stdout


def spki(certificate):
    """What Chromium takes a certificate by that no authority signed."""
    script = 'openssl x509 -in "$1" -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64'
    return run("sh", "-c", script, "sh", certificate).stdout.strip()


@capture(tls(443, "example.com", **H2), ASKS, needs=["chromium"])
def chromium(lab):
    """Chromium, HTTP/2"""
    chromium_loads(lab, "chromium-h2", "https://example.com/")


@capture(http(8080, "example.com"), ASKS, needs=["chromium"])
def chromium_http(lab):
    """Chromium, HTTP/1.1"""
    chromium_loads(lab, "chromium-http", "http://example.com:8080/")


@capture(flow(443, "quic", version="v1", names=["example.com"], alpn=["h3"]), ASKS, needs=["chromium"])
def chromium_quic(lab):
    """Chromium, HTTP/3"""
    chromium_loads(lab, "chromium-h3", "--enable-quic", "--origin-to-force-quic-on=example.com:443",
                   f"--ignore-certificate-errors-spki-list={spki(lab.ecdsa[0])}", "https://example.com/")


FIREFOX = """
user_pref("network.http.http3.alt-svc-mapping-for-testing", "example.com;h3=:443");
user_pref("network.http.http3.disable_when_third_party_roots_found", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
"""


@capture(tls(443, "www.example.com", **H2), flow(443, "quic", version="v1", names=either(["example.com"], ["www.example.com"]), alpn=["h3"]),
         http(80, "example.com"), ASKS, needs=["firefox-esr"])
def firefox(lab):
    """Firefox, HTTP/1.1, 2 and 3"""
    browser = clients.Firefox(lab, FIREFOX, lab.authority[0])
    for url in ("http://example.com/", "https://www.example.com/", "https://example.com/"):
        assert browser.load(url), url
    browser.close()
