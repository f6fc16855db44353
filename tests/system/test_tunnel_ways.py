# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that leave by another way, by real applications to real upstreams: the pages come, and on the wires there is
nothing of theirs but the upstream's connection."""
import re

import pytest

import portreeve_tor
from clients import real
from portreeve_lab import DNS4, DNS6, WEB4, WEB6, Failed, wait_for
from tunnel_lab import (PAGE, PROXY, SECOND, THIRD, Around, another_curl, asked_upstream, config, fetch, group, nothing_around, only,
                        trusted, upstreams)

CURL = real("curl")


@pytest.fixture
def lab(lab):
    lab.dns = lab.start_dns([f"proxy.example. 60 IN A {PROXY}", f"second.example. 60 IN A {SECOND}", f"third.example. 60 IN A {THIRD}"],
                            ' local-zone: "far.example." nodefault\n')
    lab.start_web()
    lab.authority = None
    lab.resolv_conf(lab.internet, f"nameserver {DNS4}\n")
    return lab


def pages_by(lab, around, urls=("http://example.com/", "https://www.example.com/", f"http://{WEB4}/", f"http://[{WEB6}]/")):
    """Names that are resolved at the far end, and addresses."""
    with around:
        for url in urls:
            status, text = fetch(lab, url, "-k")
            assert PAGE in text, (url, status, text)
    nothing_around(around)
    for name in ("example.com", "www.example.com"):
        assert asked_upstream(lab.dns, name) == []


def is_up(guarded, opened):
    """What is shown of the last upstream; it is told every few seconds."""
    shown = []

    def told():
        shown[:] = guarded.rows("tunnels")
        return shown[-1]["state"] == "up" and shown[-1]["opened"] >= opened
    try:
        wait_for("the upstream to be shown as up", told)
    except Failed as error:
        raise AssertionError(shown, guarded.status()["tunnel"], guarded.log()) from error


def socks(lab):
    process = upstreams.start_socks(lab, user="u", password="p")
    return [group("way", f"socks5://{PROXY}:1080", user="u", password="p")], lambda: process.log.read_text().count("connected")


def connect_plain(lab):
    process = upstreams.start_connect(lab, user="u", password="p")
    return [group("way", f"http://{PROXY}:3128", user="u", password="p")], lambda: process.access.read_text().count("CONNECT")


def connect_small(lab):
    process = upstreams.start_connect_small(lab, user="u", password="p")
    return [group("way", f"http://{PROXY}:8888", user="u", password="p")], lambda: process.log.read_text().count("CONNECT ")


def connect_1(lab):
    authority = lab.authority = upstreams.Authority(lab)
    process = upstreams.start_connect_tls(lab, *authority.issue("proxy.example"), alpn="http/1.1")
    return [group("way", "connect://proxy.example:8443", ca=trusted(lab, authority))], lambda: process.access.read_text().count("CONNECT")


def connect_2(lab):
    authority = lab.authority = upstreams.Authority(lab)
    process = upstreams.start_connect_tls(lab, *authority.issue("proxy.example"), alpn="h2")
    return [group("way", "connect://proxy.example:8443", ca=trusted(lab, authority))], lambda: process.access.read_text().count("CONNECT")


def chain(lab):
    """TLS to each of three, one within the other."""
    authority = lab.authority = upstreams.Authority(lab)
    hops = [upstreams.start_connect_tls(lab, *authority.issue(f"{name}.example"), address=address, alpn=alpn)
            for name, address, alpn in (("proxy", PROXY, "h2"), ("second", SECOND, "http/1.1"), ("third", THIRD, "h2"))]
    lab.hops = hops
    names = {"a": "proxy", "b": "second", "c": "third"}
    groups = [group(id, f"connect://{name}.example:8443", ca=trusted(lab, authority)) for id, name in names.items()]
    return [*groups, group("way", chain=["a", "b", "c"])], lambda: hops[2].access.read_text().count("CONNECT")


@pytest.mark.parametrize("make", [socks, connect_plain, connect_small, connect_1, connect_2, chain])
def test_pages_come_by_a_proxy(lab, guard, make):
    groups, links = make(lab)
    guarded = guard(config=config(*groups), profiles=only(CURL, "way"), beside=[lab.authority.file] if lab.authority else [])
    # The proxy's own name is looked up here.
    pages_by(lab, Around(lab, PROXY, DNS4, DNS6))
    is_up(guarded, 4)
    rows = guarded.rows("links", "--domain", "example.com")
    assert {row.get("tunnel") for row in rows if row["entity"].get("proto") == "tcp"} == {"way"}, rows
    guarded.stop()
    wait_for("the proxy to tell of them", lambda: links() >= 4)  # some tell at the end only
    if make is chain:
        first, second, third = (hop.access.read_text() for hop in lab.hops)
        assert "second.example:8443" in first and "example.com:" not in first
        assert "third.example:8443" in second and "example.com:" not in second
        assert "example.com:80" in third
        # Nobody but the first hop saw where it came from.
        assert "10.77.0.2" not in second + third


def test_pages_come_by_an_interface(lab, guard):
    upstreams.start_wireguard(lab)
    dns = lab.internet.start("unbound", "-d", "-c", inside_config(lab), ready=upstreams.listens_at(lab.internet, upstreams.GATEWAY4, 53, "udp"))
    group_of = group("way", "interface:wg0", nameservers=[upstreams.GATEWAY4])
    guarded = guard(config=config(group_of), profiles=only(CURL, "way"))
    around = Around(lab, upstreams.VPN4)
    pages_by(lab, around, ("http://example.com/", "http://inside.example/", f"http://{WEB4}/", f"http://[{WEB6}]/"))
    assert any(f"{upstreams.VPN_PORT}" in line for line in around.packets)
    assert "inside.example" in dns.log.read_text()
    is_up(guarded, 3)


def test_a_name_behind_an_interface_is_none_of_this_host(lab, guard):
    """Who may reach the Internet alone is not led back to what listens here by a name that says the interface's own address."""
    upstreams.start_wireguard(lab)
    file = inside_config(lab)
    file.write_text(file.read_text() + f' local-zone: "own.example." static\n local-data: "own.example. 1 IN A {upstreams.INSIDE4}"\n'
                    f' local-data: "own.example. 1 IN AAAA {upstreams.INSIDE6}"\n')
    lab.internet.start("unbound", "-d", "-c", file, ready=upstreams.listens_at(lab.internet, upstreams.GATEWAY4, 53, "udp"))
    for address in (upstreams.INSIDE4, upstreams.INSIDE6):
        lab.host.start("python3", "-m", "http.server", "8000", "--bind", address, ready=upstreams.listens_at(lab.host, address, 8000))
    guarded = guard(config=config(group("way", "interface:wg0", nameservers=[upstreams.GATEWAY4])),
                    profiles=only(CURL, "way", 'scopes = [ "internet" ];\n'))
    for family in ("-4", "-6"):
        assert fetch(lab, "http://own.example:8000/", family, seconds=5)[0] == 7
    whys = {row["reason"] for row in guarded.rows("links", "--domain", "own.example")}
    assert whys and all("No route to host" in why for why in whys), whys


def inside_config(lab):
    """A nameserver that only the VPN reaches, with a name that only it knows."""
    file = lab.directory / "inside.conf"
    file.write_text(f"""server:
 interface: {upstreams.GATEWAY4}
 access-control: 0.0.0.0/0 allow
 chroot: ""
 username: ""
 pidfile: ""
 use-syslog: no
 do-daemonize: no
 log-queries: yes
 verbosity: 1
 module-config: "iterator"
 local-zone: "example.com." static
 local-data: "example.com. 60 IN A {WEB4}"
 local-data: "example.com. 60 IN AAAA {WEB6}"
 local-zone: "inside.example." static
 local-data: "inside.example. 60 IN A {WEB4}"
""")
    return file


def test_tor(lab, guard, tor_network):
    """A page and an onion service by Tor alone; two applications by two circuits."""
    tor_network.join(lab)
    other = another_curl(lab)
    tor_network.client(lab)
    guarded = guard(config=config(group("tor", f"socks5://127.0.0.1:{portreeve_tor.SOCKS_PORT}")),
                    profiles={**only(CURL, "tor"), **only(other, "tor")})
    with Around(lab, *portreeve_tor.AUTHORITIES, *portreeve_tor.EXITS) as around:
        for program in ("curl", other):
            assert PAGE in fetch(lab, "http://example.com/", program=program)[1]
        assert portreeve_tor.HIDDEN_PAGE in fetch(lab, f"http://{tor_network.onion}/")[1]
        status, text = fetch(lab, f"http://{'a' * 56}.onion/", seconds=60)
        assert status == 7, text
    nothing_around(around)
    assert not any(".onion" in line or "example.com" in line for line in lab.dns.log.read_text().splitlines() if "10.77.0.2" in line)
    circuits = portreeve_tor.control(lab.host, "GETINFO circuit-status")
    accounts = {line[0] for line in re.findall(r'SOCKS_USERNAME="(\w+)"( |$)', circuits, re.M)}
    assert len(accounts) >= 2, circuits
    is_up(guarded, 3)


def test_two_applications_two_accounts_and_one_of_its_own(lab, guard):
    """What isolates: by application unless it is said otherwise; by domain; a new one for each link."""
    server = lab.internet.start("/usr/bin/python3", "-c", ACCOUNTS, PROXY, 1080, ready=upstreams_listening(lab))
    other = another_curl(lab)
    groups = [group("each", f"socks5://{PROXY}:1080"), group("names", f"socks5://{PROXY}:1080", isolate="domain"),
              group("links", f"socks5://{PROXY}:1080", isolate="link"), group("all", f"socks5://{PROXY}:1080", isolate="none")]
    guarded = guard(config=config(*groups, more='tunnel = "each";\nrequire_tunnel = true;'))

    def accounts():
        for program, name in (("curl", "one.example"), ("curl", "one.example"), ("curl", "two.example"), (other, "one.example")):
            fetch(lab, f"http://{name}/", program=program)
        found = re.findall(r"^account (\w+)$", server.log.read_text(), re.M)[-4:]
        assert len(found) == 4, server.log.read_text()
        return [found.index(account) for account in found]
    assert accounts() == [0, 0, 0, 3]
    for upstream, expected in (("names", [0, 0, 2, 3]), ("links", [0, 1, 2, 3])):
        guarded.configure(config(*groups, more=f'tunnel = "{upstream}";\nrequire_tunnel = true;'))
        guarded.reload()
        wait_for_upstream(lab, guarded, upstream)
        assert accounts() == expected


def wait_for_upstream(lab, guarded, upstream):
    def taken():
        fetch(lab, f"http://{upstream}.example/")
        return any(row.get("tunnel") == upstream for row in guarded.rows("links", "--domain", f"{upstream}.example"))
    wait_for("the other upstream", taken)


def upstreams_listening(lab):
    upstreams.add_addresses(lab)
    return upstreams.listens_at(lab.internet, PROXY, 1080)


# A SOCKS server that takes any account, says which, and answers each request with a page by itself.
ACCOUNTS = """
import socketserver, sys
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        n = self.rfile.read(2)[1]
        methods = self.rfile.read(n)
        account = "none"
        if 2 in methods:
            self.wfile.write(b"\\5\\2")
            user = self.rfile.read(self.rfile.read(2)[1])
            self.rfile.read(self.rfile.read(1)[0])
            account = user.decode()
            self.wfile.write(b"\\1\\0")
        else:
            self.wfile.write(b"\\5\\0")
        head = self.rfile.read(4)
        self.rfile.read({1: 4, 4: 16}.get(head[3]) or self.rfile.read(1)[0])
        self.rfile.read(2)
        print("account", account, flush=True)
        self.wfile.write(b"\\5\\0\\0\\1\\0\\0\\0\\0\\0\\0")
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.0 200 OK\\r\\n\\r\\nIt works.")
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"""
