# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to foreign nameservers, rerouted by the daemon: link-local servers, other namespaces; and nobody else."""
import re

from guard import Guard
from portreeve_lab import CONTAINER4, DNS4, DNS6, HOST4, HOST6, ROUTER4, ROUTER6, WEB4

CONFIG = f'default_action = "permit";\nupstreams = [ "{DNS4}" ];\n'


def dig(namespace, server, *words, time="+time=20"):
    return namespace.run("dig", time, "+tries=1", f"@{server}", "+short", *words, "example.com",
                         check=False).stdout.strip()


def link_local(namespace, device):
    text = namespace.ip("-6", "-o", "addr", "show", "dev", device, "scope", "link").stdout
    return re.search(r"inet6 (fe80[^/]*)/", text).group(1)


def test_questions_of_the_host(lab, build):
    lab.start_dns()
    router = link_local(lab.internet, "br0")
    Guard(lab, build, CONFIG)
    for server in (ROUTER4, ROUTER6, f"{router}%eth0", "127.0.0.53"):
        for transport in ("+notcp", "+tcp"):
            assert dig(lab.host, server, transport) == WEB4, (server, transport)


def test_questions_of_another_namespace(lab, build):
    lab.start_dns()
    capture = lab.internet.capture("port 53", "br0")
    Guard(lab, build, CONFIG)
    for server in (ROUTER4, ROUTER6):
        for transport in ("+notcp", "+tcp"):
            assert dig(lab.container, server, transport) == WEB4, (server, transport)
    lines = capture.stop()
    assert lines and all(DNS4 in line or DNS6 in line for line in lines if "example.com" in line)
    assert not any(CONTAINER4 in line for line in lines)


def test_the_nameserver_is_for_nobody_else(lab, build):
    """Not an open resolver: its port, asked directly from the network."""
    lab.start_dns()
    Guard(lab, build, CONFIG + 'default_incoming = "permit";\n')
    ports = set(re.findall(r":(53\d{3})\b", lab.host.run("ss", "-Hlnu").stdout))
    assert ports
    for port in ports:
        for server in (HOST4, HOST6):
            for transport in ("+notcp", "+tcp"):
                assert WEB4 not in dig(lab.lan, server, "-p", port, transport, time="+time=2")
