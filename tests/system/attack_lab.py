# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of attacks share: scanners with addresses of their own, forged claims, what was found."""
import re

from portreeve_lab import HOST4, wait_for

# A claim of an address, over and over: argv = the address, whom it is told, how often.
ARP = """
import socket, struct, sys
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(("eth0", 0))
own = link.getsockname()[4]
said, told = socket.inet_aton(sys.argv[1]), socket.inet_aton(sys.argv[2])
for _ in range(int(sys.argv[3])):
    link.send(b"\\xff" * 6 + own + b"\\x08\\x06" + struct.pack(">HHBBH", 1, 0x800, 6, 4, 2) + own + said + b"\\xff" * 6 + told)
"""
ADVERTISEMENT = """
import socket, struct, sys
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(("eth0", 0))
own = link.getsockname()[4]
raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, int(sys.argv[2]))
message = struct.pack(">BBHI", 136, 0, 0, 0x20000000) + socket.inet_pton(socket.AF_INET6, sys.argv[1]) + b"\\2\\1" + own
raw.sendto(message, ("ff02::1%eth0", 0))
"""


def attacker(namespace, number):
    """An address of the attacker's own."""
    address = f"10.77.0.{number}"
    namespace.ip("addr", "add", f"{address}/24", "dev", "eth0")
    return address


def nmap(namespace, *words, source=None, target=HOST4, **options):
    """Quick, without names; raw scans from an address of their own."""
    where = ["-S", source, "-e", "eth0"] if source else []
    options.setdefault("timeout", 360)
    return namespace.run("nmap", "-n", "-Pn", "--host-timeout", "300s", *where, *words, target, **options)


def found(monitor, kind=None, **wanted):
    """The attacks that were told."""
    attacks = [event["attack"] for event in monitor.events(event="system") if "attack" in event]
    return [attack for attack in attacks if (kind is None or attack["kind"] == kind) and
            all(attack.get(key) == value for key, value in wanted.items())]


def wait_found(monitor, kind, **wanted):
    return wait_for(f"{kind} {wanted}", lambda: found(monitor, kind, **wanted))[0]


def scan_as(namespace, source):
    """SYNs to thirty ports in somebody else's name."""
    namespace.run("hping3", "-q", "-S", "-a", source, "-p", "++20", "-i", "u2000", "-c", "30", HOST4, check=False)


def scenario_of(lines, factor, found_at=0):
    """tcpdump's lines (-tt) of SYNs as a scenario: the same packets, their times stretched. The slow scan is found at the
    one with that number, and nothing before and after it."""
    steps, first = [], None
    for line in lines:
        match = re.match(r"(\d+\.\d+) .*IP ([\d.]+)\.(\d+) > ([\d.]+)\.(\d+): Flags \[S\]", line)
        if not match:
            continue
        time, source, source_port, target, port = match.groups()
        first = first if first is not None else float(time)
        steps.append(f"at {int((float(time) - first) * factor * 1000)}ms in tcp {source}:{source_port} > "
                     f"10.0.0.2:{port} owner none\nexpect accept\n" +
                     ('expect event system ~ "slow-scan (syn)"\n' if len(steps) + 1 == found_at else "") +
                     "expect no event system\n")
    return "".join(steps), len(steps)
