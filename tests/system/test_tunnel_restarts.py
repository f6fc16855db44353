# SPDX-License-Identifier: GPL-3.0-or-later
"""Links in the tunnel, of this host and of a namespace behind it, while what stands around them begins anew."""
import os
import signal
import socket

import portreeve_lab
import portreeve_upstreams as upstreams
from portreeve_lab import ROUTER4, WEB4, WEB6

PORT = 7
TUNNEL = f"""
tunnel_upstream = ( {{ name = "a"; url = "socks5://{ROUTER4}:1080"; }} );
tunnel = "a";
outgoing = [ "> *" ];
incoming = [ "- *" ];
"""


def echo(connection):
    connection.sendall(b"still there?")
    return connection.recv(100) == b"still there?"


def test_links_outlive_policies_and_the_engine(lab, guard):
    lab.start_echo(lab.internet, PORT)
    lab.internet.start("microsocks", "-i", ROUTER4, "-p", "1080", ready=lab.internet.listens(1080))
    guarded = guard(TUNNEL)
    capture = lab.internet.capture(f"port {PORT}", "br0")
    links = []
    for namespace in (lab.host, lab.container):
        with namespace.inside():
            links += [socket.create_connection((address, PORT), 20) for address in (WEB4, WEB6)]
    assert all(map(echo, links))
    for number in range(8):  # a generation's number comes back after seven
        guarded.configure(f"{TUNNEL}# {number}\n")
        guarded.portreeve("reload")
    assert all(map(echo, links))
    former = guarded.children()["engine"]
    os.kill(former, signal.SIGKILL)
    portreeve_lab.wait_for("another engine", lambda: guarded.children().get("engine", former) != former)
    portreeve_lab.wait_for("its answer", lambda: guarded.portreeve("links", check=False).returncode == 0)
    assert all(map(echo, links))
    # What the tunnel doesn't say that it has is cut three seconds later.
    rows = portreeve_lab.wait_for("the links", lambda: [row for row in guarded.rows("links") if row["entity"]["port"] == PORT
                                                        and row.get("verdict") == "reroute-tunnel"])
    assert {row["direction"] for row in rows} == {"out", "forward"}
    portreeve_lab.wait_for("the time", lambda:
                           age_s(guarded.children()["engine"]) > 4)
    assert all(map(echo, links))
    assert not capture.stop()


def age_s(pid):
    ticks = int(open(f"/proc/{pid}/stat").read().rsplit(")")[1].split()[19])
    return float(open("/proc/uptime").read().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")


def test_links_of_an_upstream_that_becomes_another_one_are_cut(lab, guard):
    """The same name, another proxy: what lives doesn't go on by the former one."""
    lab.start_echo(lab.internet, PORT)
    upstreams.add_addresses(lab)
    for address in upstreams.PROXIES4[:2]:
        lab.internet.start("microsocks", "-i", address, "-p", "1080", ready=upstreams.listens_at(lab.internet, address, 1080))

    def config(way, other="third"):
        return (f'tunnel_upstream = ( {{ name = "way"; url = "socks5://{way}:1080"; }}, {{ name = "{other}"; url = "http://{ROUTER4}:1"; }} );\n'
                'tunnel = "way";\nrequire_tunnel = true;\n')
    guarded = guard(config(upstreams.PROXIES4[0]))
    with lab.host.inside():
        link = socket.create_connection((WEB4, PORT), 20)
    assert echo(link)
    guarded.configure(config(upstreams.PROXIES4[0], "fourth"))
    guarded.portreeve("reload")
    assert echo(link)
    guarded.configure(config(upstreams.PROXIES4[1], "fourth"))
    guarded.portreeve("reload")

    def is_cut():
        try:
            return not echo(link)
        except OSError:
            return True
    portreeve_lab.wait_for("the cut", is_cut)
    with lab.host.inside():
        link = socket.create_connection((WEB4, PORT), 20)
    assert echo(link)
    assert upstreams.PROXIES4[1] in lab.internet.run("ss", "-tn", "state", "established", "sport = :1080").stdout
