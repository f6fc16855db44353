# SPDX-License-Identifier: GPL-3.0-or-later
"""The upstreams of the lab's Internet, unguarded and by clients that speak to them themselves."""
import pytest

import portreeve_tor
import portreeve_upstreams as upstreams
from portreeve_lab import WEB4
from portreeve_tor import HIDDEN_PAGE

PROXY = upstreams.PROXIES4[0]
PAGE = "http://example.com/"


@pytest.fixture
def lab(lab):
    lab.start_dns([f"proxy.example. 60 IN A {PROXY}"])
    lab.start_web()
    lab.resolv_conf(lab.internet, f"nameserver {portreeve_tor.DNS4}\n")
    return lab


def curl(lab, *words):
    done = lab.host.run("curl", "-sS", "--max-time", "10", *words, check=False)
    return done.returncode, done.stdout


def test_socks(lab):
    upstreams.start_socks(lab)
    upstreams.start_socks(lab, port=1081, user="u", password="p")
    upstreams.start_socks_datagrams(lab, port=1082)
    capture = lab.internet.capture(f"host {WEB4}", "br0")
    for proxy in (f"{PROXY}:1080", f"u:p@{PROXY}:1081", f"{PROXY}:1082"):
        assert "It works." in curl(lab, "--socks5-hostname", proxy, PAGE)[1]
    assert curl(lab, "--socks5-hostname", f"u:q@{PROXY}:1081", PAGE)[0] == 97
    assert capture.stop() == []


def test_connect(lab):
    upstreams.start_connect(lab)
    upstreams.start_connect(lab, port=3129, user="u", password="p")
    upstreams.start_connect_small(lab)
    for proxy in (f"{PROXY}:3128", f"u:p@{PROXY}:3129", f"{PROXY}:8888"):
        assert "It works." in curl(lab, "-p", "-x", f"http://{proxy}", PAGE)[1]
    assert curl(lab, "-p", "-x", f"http://u:q@{PROXY}:3129", PAGE)[0] == 56


def test_connect_over_tls(lab):
    authority = upstreams.Authority(lab)
    upstreams.start_connect_tls(lab, *authority.issue("proxy.example"))
    words = ["-p", "--proxy-cacert", authority.file, "-x", "https://proxy.example:8443"]
    assert "It works." in curl(lab, *words, PAGE)[1]
    alpn = lab.host.run("openssl", "s_client", "-connect", "proxy.example:8443", "-alpn", "h2", "-CAfile", authority.file,
                        "-verify_return_error", check=False, errors="replace").stdout
    assert "ALPN protocol: h2" in alpn and "Verification: OK" in alpn, alpn


def test_wireguard(lab):
    upstreams.start_wireguard(lab)
    capture = lab.internet.capture(f"host {WEB4} or udp port 51820", "br0")
    for family in ("-4", "-6"):
        assert "It works." in curl(lab, family, "--interface", "wg0", PAGE)[1]
    packets = capture.stop()
    assert packets and all(".51820" in line for line in packets), packets


def test_tor(lab, tor_network):
    tor_network.join(lab)
    tor_network.client(lab)
    for account, url, page in (("a:b@", PAGE, "It works."), ("c:d@", PAGE, "It works."),
                               ("", f"http://{tor_network.onion}/", HIDDEN_PAGE)):
        assert page in curl(lab, "--socks5-hostname", f"{account}127.0.0.1:9050", url)[1]
    circuits = portreeve_tor.control(lab.host, "GETINFO circuit-status")
    assert 'SOCKS_USERNAME="a"' in circuits and 'SOCKS_USERNAME="c"' in circuits, circuits
