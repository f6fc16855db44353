# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry point and the pool, from where they are not meant for; a host without a default route; datagrams; a browser's
pages whose parts go different ways."""
import re

import pytest

from clients import CHROMIUM, real
from portreeve_lab import DNS4, HOST4, ROUTER4, WEB4, WEB6
from tunnel_lab import (PAGE, POOL4, PROXY, Around, config, fetch, group, links_to, nothing_around, upstreams)

ALL = 'tunnel = "way";\nrequire_tunnel = true;\n'
WAY = group("way", f"socks5://{PROXY}:1080")
FIRST_PORT = 53154


@pytest.fixture
def lab(lab):
    lab.dns = lab.start_dns()
    lab.start_web()
    lab.resolv_conf(lab.internet, f"nameserver {DNS4}\n")
    return lab


def test_without_a_default_route(lab, guard):
    """A name's address is of the pool, which is reached whatever the routes are."""
    upstreams.start_socks(lab)
    lab.host.ip("route", "del", "default")
    lab.host.ip("-6", "route", "del", "default")
    for address in (PROXY, DNS4):
        lab.host.ip("route", "add", address, "via", ROUTER4)
    guard(config=config(WAY, more=ALL))
    for family in ("-4", "-6"):
        assert PAGE in fetch(lab, "http://example.com/", family)[1]


def test_addresses_of_the_pool_never_leave(lab, guard):
    upstreams.start_socks(lab)
    capture = lab.internet.capture(f"net {POOL4} or net 2001:2::/48", "br0")
    guarded = guard(config=config(WAY, more=ALL))
    for words in (["198.18.77.77"], ["2001:2:0:17::7777"]):
        assert lab.host.run("ping", "-c1", "-W1", *words, check=False).returncode != 0
    assert fetch(lab, "http://198.18.77.77/", seconds=3)[0] in (7, 28)
    guarded.process.kill()
    guarded.process.wait()
    assert fetch(lab, "http://198.18.77.77/", seconds=2)[0] in (7, 28)
    assert capture.stop() == []


def entry_ports(lab):
    """Where the tunnel process listens."""
    return sorted({int(port) for port in re.findall(r":(53\d\d\d)\s", lab.host.run("ss", "-Hltn").stdout) if int(port) >= FIRST_PORT})


KNOCK = """
import errno, socket, sys
for address in sys.argv[2:]:
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    s.settimeout(3)
    try:
        s.connect((address, int(sys.argv[1])))
        s.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        print("answered" if s.recv(100) else "closed")
    except OSError as error:
        print(errno.errorcode.get(error.errno, "timeout"))
"""


def test_the_entry_point_is_for_nobody_who_comes_by_himself(lab, guard):
    upstreams.start_socks(lab)
    guarded = guard(config=config(WAY, more=ALL + 'incoming = [ "+ *" ];\n'))
    assert PAGE in fetch(lab, "http://example.com/")[1]
    opened = guarded.rows("tunnels")[0]["opened"]
    ports = entry_ports(lab)
    assert ports, lab.host.run("ss", "-ltn").stdout
    for port in ports:
        for namespace, addresses in ((lab.host, ("127.0.0.1", "::1", HOST4)), (lab.lan, (HOST4, "fd77::2")),
                                     (lab.container, ("172.29.0.1", HOST4))):
            said = namespace.python(KNOCK, port, *addresses).stdout.split()
            assert len(said) == len(addresses) and "answered" not in said and "closed" not in said, (port, said)
    assert guarded.rows("tunnels")[0]["opened"] == opened


def test_the_tunnel_s_own_connections_are_its_own(lab, guard):
    """Its upstream's address leads through the tunnel like any other, for everybody else."""
    upstreams.start_socks(lab)
    guarded = guard(config=config(WAY, more=ALL))
    assert PAGE in fetch(lab, "http://example.com/")[1]
    status, _ = fetch(lab, "http://example.com/", "--socks5-hostname", f"{PROXY}:1080", seconds=20)
    rows = [row for row in links_to(guarded, 1080) if row["app"].get("path") == real("curl")]
    assert rows and all(row["tunnel"] == "way" for row in rows), rows
    assert status == 0


DATAGRAMS = """
import socket, sys
for host in sys.argv[2:]:
    family, _, _, _, to = socket.getaddrinfo(host, int(sys.argv[1]), type=socket.SOCK_DGRAM)[0]
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.settimeout(20)
    try:
        s.connect(to)
        got = []
        for i in range(3):
            s.send(b"datagram %d" % i)
            got.append(s.recv(100))
        print("echoed" if got == [b"datagram %d" % i for i in range(3)] else got)
    except OSError as error:
        print(type(error).__name__)
"""


def test_datagrams_by_a_proxy_that_takes_them(lab, guard):
    upstreams.start_socks_datagrams(lab)
    upstreams.start_datagram_echo(lab, WEB4, 9999)
    guarded = guard(config=config(WAY, more=ALL))
    with Around(lab, PROXY) as around:
        said = lab.host.python(DATAGRAMS, 9999, "four.example", WEB4).stdout.split()
    nothing_around(around)
    assert said == ["echoed", "echoed"]
    assert all(row["verdict"] == "reroute-tunnel" for row in links_to(guarded, 9999))


@pytest.mark.parametrize("kind", ["tor", "microsocks", "connect", "udp = false"])
def test_datagrams_by_one_that_does_not(lab, guard, kind, request):
    way = WAY
    if kind == "tor":
        network = request.getfixturevalue("tor_network")
        network.join(lab)
        network.client(lab)
        way = group("way", "socks5://127.0.0.1:9050")
    elif kind == "connect":
        upstreams.start_connect(lab)
        way = group("way", f"http://{PROXY}:3128")
    elif kind == "microsocks":
        upstreams.start_socks(lab)
    else:
        upstreams.start_socks_datagrams(lab)
        way = group("way", f"socks5://{PROXY}:1080", udp=False)
    upstreams.start_datagram_echo(lab, WEB4, 9999)
    more = ALL + ('outgoing = [ "+ 204.13.164.0/24" ];\n' if kind == "tor" else "")
    guarded = guard(config=config(way, more=more))
    with Around(lab, PROXY, *(f"204.13.164.{n}" for n in range(1, 7))) as around:
        said = lab.host.python(DATAGRAMS, 9999, WEB4).stdout.split()
    nothing_around(around)
    assert said in (["ConnectionRefusedError"], ["OSError"], ["PermissionError"]), said  # told, not left to wait
    reason = links_to(guarded, 9999)[0]["reason"]
    assert "way" in reason, reason


MIXED = """<!doctype html><title>-</title><script>
async function go() {
    const said = [];
    for (const url of ["https://ads.example/index.html", "https://example.com/index.html"]) {
        try { await fetch(url, {mode: "no-cors", cache: "no-store"}); said.push("fetched"); } catch (error) { said.push("" + error); }
        said.push(await new Promise(done => {
            const image = new Image();
            image.onload = () => done("shown"); image.onerror = () => done("broken");
            image.src = url.replace("index.html", "dot.svg?" + Math.random());
        }));
    }
    document.title = "done " + said.join(" ");
}
addEventListener("load", go);
</script>"""
DOT = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


@pytest.mark.parametrize("page", ["https://example.com/mixed.html", "https://ads.example/mixed.html"])
def test_a_page_whose_parts_go_different_ways(lab, guard, page):
    """One origin is reached directly, the other through the tunnel: its address is of the pool, which Chromium must not take for
    one of the local network."""
    upstreams.start_socks(lab)
    root = lab.directory / "www"
    (root / "mixed.html").write_text(MIXED)
    (root / "dot.svg").write_text(DOT)
    guard(config=config(WAY, more='outgoing = [ ">way ads.example" ];\n'))
    with Around(lab, PROXY, DNS4, "2a07:a8c0::53", WEB4, WEB6) as around:
        text = lab.host.run(*CHROMIUM, "--disable-quic", f"--user-data-dir={lab.directory}/chromium", "--virtual-time-budget=15000",
                            "--dump-dom", page, check=False, timeout=180).stdout
    assert re.search(r"<title>(.*)</title>", text)[1] == "done fetched shown fetched shown", text[-2000:]
    nothing_around(around)
