# SPDX-License-Identifier: GPL-3.0-or-later
"""Beside real software that makes rules of its own: wg-quick with its exact marks, ufw, and what Docker asks iptables for.
In force before the daemon starts and made after; all the same through its stop and start."""
import os
import pathlib
import shutil

import pytest

from portreeve_lab import CONTAINER4, DNS4, HOST4, SSH4, WEB4, WEB6, wait_for

ORDERS = pytest.mark.parametrize("order", ["before", "after"])
KEEP_ALIVE = 1


def get(namespace, address, check=True):
    return namespace.run("curl", "-sS", "--max-time", "20", f"http://{address}/", check=check).stdout


class Tunnel:
    """A full tunnel as wg-quick(8) makes it, with rp_filter, to a peer in the lab's Internet; wireguard-go carries it."""

    def __init__(self, lab):
        self.lab = lab
        self.name, self.peer = f"prw{os.getpid()}", f"prx{os.getpid()}"
        keys = [self._keys() for _ in range(2)]
        self.config = lab.directory / f"{self.name}.conf"
        self.config.write_text(
            f"[Interface]\nPrivateKey = {keys[0][0]}\nAddress = 10.66.0.2/24, fd66::2/64\n"
            f"[Peer]\nPublicKey = {keys[1][1]}\nEndpoint = {SSH4}:51820\nAllowedIPs = 0.0.0.0/0, ::/0\n"
            f"PersistentKeepalive = {KEEP_ALIVE}\n")
        self.config.chmod(0o600)
        peer = lab.directory / "peer.conf"
        peer.write_text(f"[Interface]\nPrivateKey = {keys[1][0]}\nListenPort = 51820\n"
                        f"[Peer]\nPublicKey = {keys[0][1]}\nAllowedIPs = 10.66.0.2/32, fd66::2/128\n")
        lab.internet.start("env", "WG_PROCESS_FOREGROUND=1", "wireguard-go", "-f", self.peer,
                           ready=lambda: pathlib.Path(f"/var/run/wireguard/{self.peer}.sock").exists())
        lab.internet.run("wg", "setconf", self.peer, peer)
        lab.address(lab.internet, self.peer, "10.66.0.1/24", "fd66::1/64")
        lab.internet.ip("link", "set", self.peer, "up")
        lab.host.sysctl("net.ipv4.conf.all.rp_filter", 1)
        lab.host.sysctl("net.ipv4.conf.eth0.rp_filter", 1)

    def _keys(self):
        private = self.lab.internet.run("wg", "genkey").stdout.strip()
        public = self.lab.internet.run("sh", "-c", f"echo {private} | wg pubkey").stdout.strip()
        return private, public

    def up(self):
        self.lab.host.run("wg-quick", "up", self.config)

    def down(self, check=True):
        self.lab.host.run("wg-quick", "down", self.config, check=check)
        for name in (self.name, self.peer):
            pathlib.Path(f"/var/run/wireguard/{name}.sock").unlink(missing_ok=True)


@pytest.fixture
def tunnel(lab):
    if not os.path.exists("/dev/net/tun"):
        pytest.skip("no /dev/net/tun")
    made = Tunnel(lab)
    yield made
    made.down(check=False)


def goes_through_the_tunnel(lab):
    capture = lab.internet.capture("host 10.77.0.2 or host fd77::2", "br0")
    for address in (WEB4, f"[{WEB6}]", "example.com"):
        assert "It works" in get(lab.host, address)
    lab.host.run("ping", "-c1", "-W20", "10.66.0.1")
    lines = capture.stop()
    assert any(f"{SSH4}.51820" in line for line in lines)
    stray = [line for line in lines if ".51820" not in line and " ARP" not in line and "ICMP6" not in line]
    assert not stray, stray


@ORDERS
def test_wg_quick(lab, guard, tunnel, order):
    lab.start_dns()
    lab.start_web()
    if order == "before":
        tunnel.up()
    guarded = guard()
    if order == "after":
        tunnel.up()
    goes_through_the_tunnel(lab)
    rows = guarded.rows("links", "--app", "/usr/bin/wireguard-go")
    assert any(row["verdict"] == "accept" and row["permanent"] for row in rows), rows
    assert guarded.stop() == 0
    goes_through_the_tunnel(lab)
    guarded.start()
    goes_through_the_tunnel(lab)
    tunnel.down()
    assert "It works" in get(lab.host, "example.com")


class Ufw:
    """The real ufw, with an /etc of its own."""

    def __init__(self, lab):
        self.lab = lab
        self.etc = lab.directory / "ufw"
        shutil.copytree("/etc/ufw", self.etc)
        shutil.copy("/etc/default/ufw", self.etc / "default")

    def __call__(self, *words):
        script = (f"mount --bind {self.etc} /etc/ufw; mount --bind {self.etc}/default /etc/default/ufw;"
                  'exec ufw "$@"')
        return self.lab.host.run("unshare", "-m", "sh", "-ec", script, "ufw", *words).stdout

    def up(self):
        self("allow", "7000/tcp")
        self("allow", "in", "on", "eth0", "proto", "udp", "to", "any", "port", "7001")
        self("route", "allow", "in", "on", "ct0", "out", "on", "eth0")
        self("--force", "enable")


def works_with_ufw(lab):
    for namespace in (lab.host, lab.container):
        for address in (WEB4, f"[{WEB6}]"):
            assert "It works" in get(namespace, address)
    assert "It works" in get(lab.host, "example.com")
    lab.lan.run("ping", "-c1", "-W20", HOST4)
    assert lab.lan.run("sh", "-c", f"echo hello | nc -N -w20 {HOST4} 7000").stdout == "hello\n"
    assert lab.lan.run("sh", "-c", f"echo hello | nc -u -w20 -W1 {HOST4} 7001").stdout == "hello\n"


@ORDERS
def test_ufw(lab, guard, order):
    lab.start_dns()
    lab.start_web()
    for port, proto in ((7000, "tcp"), (7001, "udp"), (7002, "tcp")):
        lab.start_echo(lab.host, port, proto)
    ufw = Ufw(lab)
    if order == "before":
        ufw.up()
    guarded = guard()
    if order == "after":
        ufw.up()
    works_with_ufw(lab)
    assert lab.lan.run("nc", "-z", "-w1", HOST4, "7002", check=False).returncode != 0
    if order == "after":
        assert "reloaded" in ufw("reload")
        works_with_ufw(lab)
    assert guarded.stop() == 0
    works_with_ufw(lab)
    assert lab.lan.run("nc", "-z", "-w1", HOST4, "7002", check=False).returncode != 0


# As dockerd does it for `docker run -p 8088:7000` (libnetwork's bridge driver), by the iptables that Debian has.
DOCKER = f"""
-t nat -N DOCKER
-t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-t nat -A POSTROUTING -s 172.29.0.0/24 ! -o ct0 -j MASQUERADE
-t nat -A POSTROUTING -s {CONTAINER4} -d {CONTAINER4} -p tcp --dport 7000 -j MASQUERADE
-t nat -A DOCKER ! -i ct0 -p tcp --dport 8088 -j DNAT --to-destination {CONTAINER4}:7000
-t filter -N DOCKER
-t filter -N DOCKER-USER
-t filter -P FORWARD DROP
-t filter -A FORWARD -j DOCKER-USER
-t filter -A FORWARD -o ct0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-t filter -A FORWARD -o ct0 -j DOCKER
-t filter -A FORWARD -i ct0 ! -o ct0 -j ACCEPT
-t filter -A DOCKER -d {CONTAINER4} ! -i ct0 -o ct0 -p tcp --dport 7000 -j ACCEPT
"""


def publish(lab):
    lab.host.run("nft", "delete", "table", "inet", "lab_container")
    for line in DOCKER.split("\n"):
        if line:
            lab.host.run("iptables", *line.split())


def works_with_docker(lab):
    assert "It works" in get(lab.container, WEB4)
    for namespace in (lab.lan, lab.host):
        assert namespace.run("sh", "-c", f"echo hello | nc -N -w20 {HOST4} 8088").stdout == "hello\n"
    assert WEB4 in lab.container.run("dig", "+short", "+time=20", f"@{DNS4}", "example.com").stdout


@ORDERS
def test_a_published_port(lab, guard, order):
    lab.start_dns()
    lab.start_web()
    lab.start_echo(lab.container, 7000)
    if order == "before":
        publish(lab)
    guarded = guard()
    if order == "after":
        publish(lab)
    works_with_docker(lab)
    wait_for("the forwarded link", lambda: [row for row in guarded.rows("links", "--ip", CONTAINER4)
                                            if row["direction"] == "forward" and row["verdict"] == "accept"])
    assert guarded.stop() == 0
    works_with_docker(lab)
