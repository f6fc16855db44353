# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the tunnel share: configurations, who went around it, and applications that are told apart."""
import re
import shutil

import portreeve_upstreams as upstreams
from clients import real
from portreeve_lab import DNS4, HOST4, HOST6

PROXY, SECOND, THIRD = upstreams.PROXIES4
PAGE = "It works."
POOL4, POOL6 = "198.18.0.0/15", "2001:2:0:17::/64"
# What a host says on its link by itself: neighbours, routers, groups.
NOT_A_LINK = "(ip or ip6) and not (icmp6 and ip6[40] >= 130 and ip6[40] <= 143) and not ip6[6] = 0"


def group(name, url=None, **keys):
    """One group of tunnel_upstream."""
    if url:
        keys = {"url": url, **keys}
    return f"{{ name = \"{name}\"; {' '.join(f'{key} = {value(of)};' for key, of in keys.items())} }}"


def value(of):
    if isinstance(of, bool):
        return str(of).lower()
    if isinstance(of, int):
        return str(of)
    if isinstance(of, (list, tuple)):
        return "[ " + ", ".join(value(one) for one in of) + " ]"
    return f'"{of}"'


def config(*groups, more=""):
    return f"tunnel_upstream = ( {', '.join(groups)} );\n{more}\n"


def trusted(lab, authority):
    """Where its certificate lies for the daemon, which is given it as `beside`."""
    return lab.directory / "guard" / "config" / authority.file.name


def only(program, upstream, more=""):
    """A profile of a program that reaches the Internet by an upstream alone: {file: text}."""
    name = re.sub(r"\W", "_", str(program))
    return {f"{name}.conf": f'name = "{name}";\nmatch = ( {{ path = "{program}"; }} );\n'
                            f'tunnel = "{upstream}";\nrequire_tunnel = true;\n{more}'}


def another_curl(lab, name="other-curl"):
    """The same program, and another application: where it lies is who it is."""
    copy = lab.directory / name
    if not copy.exists():
        shutil.copy(real("curl"), copy)
    return copy


def fetch(lab, url, *words, program="curl", namespace=None, seconds=20):
    """curl's exit status, and what it said."""
    done = (namespace or lab.host).run(program, "-sS", "--max-time", seconds, *words, url, check=False, timeout=seconds + 20)
    return done.returncode, done.stdout


class Around:
    """Captures on every wire that the host has, as a context manager: `strangers` are the packets from the host, or one of
    `sources`, to none of `allowed`."""

    def __init__(self, lab, *allowed, wires=(), sources=()):
        self.lab, self.allowed, self.strangers, self.packets = lab, {*allowed}, None, None
        self.wires = [(lab.internet, "br0"), *wires]
        self.sources = {HOST4, HOST6, *sources}

    def __enter__(self):
        self.captures = [namespace.capture(NOT_A_LINK, device) for namespace, device in self.wires]
        return self

    def __exit__(self, *_):
        self.packets = [line for capture in self.captures for line in capture.stop()]
        self.strangers = [line for line in self.packets if self._is_strange(line)]

    def _is_strange(self, line):
        ends = re.search(r"IP6? (\S+) > (\S+?):? ", line)
        source, to = (self._address(end) for end in ends.groups())
        return source in self.sources and to not in self.allowed

    @staticmethod
    def _address(end):
        """Of tcpdump's ADDRESS.PORT, or ADDRESS."""
        end = end.rstrip(":")
        if ":" in end:
            return end.split(".")[0]
        return ".".join(end.split(".")[:4])


def links_to(guarded, port):
    return [row for row in guarded.rows("links") if row["entity"].get("port") == port]


def nothing_around(around):
    assert around.packets is not None and around.strangers == [], around.strangers[:10]


def asked_upstream(dns, name):
    """Did a question for the name reach the Internet's nameserver from the host?"""
    return [line for line in dns.log.read_text().splitlines() if f" {name}. " in line and (HOST4 in line or HOST6 in line)]


__all__ = ["Around", "DNS4", "PAGE", "POOL4", "POOL6", "PROXY", "SECOND", "THIRD", "another_curl", "asked_upstream", "config",
           "fetch", "group", "links_to", "nothing_around", "only", "trusted", "upstreams"]
