# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab itself, unguarded: what the other tests take for granted."""
from portreeve_lab import ADS4, CONTAINER4, HOST4, LAN4, WEB4, WEB6


def test_every_namespace_reaches_the_internet(lab):
    for namespace in (lab.host, lab.lan, lab.container):
        for address in (WEB4, WEB6):
            namespace.run("ping", "-c1", "-W2", address)


def test_the_host_reaches_its_neighbour_and_its_container(lab):
    lab.host.run("ping", "-c1", "-W2", LAN4)
    lab.host.run("ping", "-c1", "-W2", CONTAINER4)
    lab.lan.run("ping", "-c1", "-W2", HOST4)


def test_names_and_pages(lab):
    lab.start_dns()
    lab.start_web()
    assert "It works" in lab.host.run("curl", "-sS", "http://example.com/").stdout
    assert "It works" in lab.host.run("curl", "-sSk", "https://example.com/").stdout


def test_a_capture_sees_what_passes(lab):
    capture = lab.internet.capture("icmp", "br0")
    lab.host.run("ping", "-c2", "-i0.2", ADS4)
    assert sum("echo request" in line for line in capture.stop()) == 2
