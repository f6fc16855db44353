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


def test_a_page_over_http3(lab):
    """Where the server is bound to its addresses, as in `portreeve lab`."""
    lab.start_dns()
    lab.start_web(at=(WEB4, WEB6))
    pin = lab.host.run("bash", "-c", f"openssl x509 -in {lab.directory}/lab.crt -pubkey -noout | openssl pkey -pubin -outform der"
                       " | openssl dgst -sha256 -binary | base64").stdout.strip()
    # Sent by nothing but the server, and at the address that it was asked at.
    for family, address in ((4, WEB4), (6, WEB6)):
        capture = lab.internet.capture(f"udp src port 443 and src host {address}", "br0")
        page = lab.host.run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                            "--disable-background-networking", "--disable-component-update", "--disable-sync",
                            f"--user-data-dir={lab.directory}/chromium-{family}", "--enable-quic",
                            "--origin-to-force-quic-on=example.com:443", f"--ignore-certificate-errors-spki-list={pin}",
                            f"--host-resolver-rules=MAP example.com {f'[{address}]' if family == 6 else address}", "--dump-dom",
                            "https://example.com/", check=False, timeout=60).stdout
        assert "It works" in page and len(capture.stop()) > 3, family


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
