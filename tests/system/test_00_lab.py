# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab itself, unguarded: what the other tests take for granted."""
from portreeve_lab import ADS4, CONTAINER4, HOST4, LAN4, WEB4, WEB6, wait_for


def test_every_namespace_reaches_the_internet(lab):
    for namespace in (lab.host, lab.lan, lab.container):
        for address in (WEB4, WEB6):
            namespace.run("ping", "-c1", "-W20", address)


def test_the_host_reaches_its_neighbour_and_its_container(lab):
    lab.host.run("ping", "-c1", "-W20", LAN4)
    lab.host.run("ping", "-c1", "-W20", CONTAINER4)
    lab.lan.run("ping", "-c1", "-W20", HOST4)


def test_names_and_pages(lab):
    lab.start_dns()
    lab.start_web()
    assert "It works" in lab.host.run("curl", "-sS", "http://example.com/").stdout
    assert "It works" in lab.host.run("curl", "-sSk", "https://example.com/").stdout


def test_a_capture_sees_what_passes(lab):
    capture = lab.internet.capture("icmp", "br0")
    lab.host.run("ping", "-c2", "-i0.2", ADS4)
    assert sum("echo request" in line for line in capture.stop()) == 2


def test_nothing_changes_by_itself_nor_because_a_guard_comes_and_goes(lab, guard):
    """Browsers abort what they load when a device or an address of their namespace changes."""
    log = lab.host.start("ip", "monitor", "link", "address", "route").log

    def told(address):
        for change in ("add", "del"):
            lab.host.ip("route", change, f"{address}/32", "dev", "lo")
        return address in log.read_text()
    wait_for("ip monitor", lambda: told("192.0.2.1"))
    assert guard().stop() == 0
    wait_for("the last change", lambda: told("192.0.2.2"))
    changes = [line for line in log.read_text().splitlines() if "192.0.2." not in line]
    assert changes == [], changes
    assert " tentative" not in lab.host.ip("addr").stdout
