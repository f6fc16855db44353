# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host needs to be on its link: accepted by the kernel alone, unless some rule may deny it."""
from portreeve_lab import ROUTER6, wait_for

DENIED = 'outgoing = [ "- * ICMP6", "+ *" ]; incoming = [ "- * ICMP6", "+ *" ];'


def resolves(lab):
    """Whether the router's address can be resolved anew (RFC 4861, 7.2); a datagram makes the host ask."""
    lab.host.ip("-6", "neigh", "flush", "dev", "eth0")
    lab.host.python("import socket, sys; socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)"
                    ".sendto(b'x', (sys.argv[1], 9))", ROUTER6)

    def state():
        return lab.host.ip("-6", "neigh", "show", ROUTER6, "dev", "eth0").stdout

    return wait_for("an outcome", lambda: state() if "REACHABLE" in state() or "FAILED" in state() else None).split()[-1] == "REACHABLE"


def test_a_rule_that_denies_it_is_obeyed_and_forgotten(lab, guard):
    guarded = guard()
    assert guarded.status()["table"]["in_force"]
    assert resolves(lab)
    queued = guarded.queued()
    guarded.configure(DENIED)
    guarded.portreeve("reload")
    assert not resolves(lab), "neighbour discovery passed a rule that denies it"
    assert guarded.queued() > queued, "nobody was asked"
    guarded.configure("")
    guarded.portreeve("reload")
    assert resolves(lab)


def test_denied_from_the_start(lab, guard):
    guard(config=DENIED)
    assert not resolves(lab)


def test_addresses_are_still_served(lab, guard):
    """A guarded host that serves DHCP is asked by hosts that have no address yet."""
    guard()
    lab.host.start("dnsmasq", "-k", "-C", "/dev/null", "-p", 0, "-u", "root", "--interface=eth0", "--bind-dynamic", "--dhcp-authoritative",
                   "--dhcp-range=10.77.0.100,10.77.0.150,10m", "--no-ping", f"--dhcp-leasefile={lab.directory / 'leases'}", "--pid-file=",
                   ready=lab.host.listens(67, "udp"))
    assert "lease of" in lab.lan.run("udhcpc", "-i", "eth0", "-s", "/bin/true", "-n", "-q", "-f", "-t", 3, "-T", 1).stdout
