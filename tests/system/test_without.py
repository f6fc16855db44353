# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel that lacks something: one sentence says what, and the rest works."""
import pathlib

from portreeve_lab import ADS4, DNS4, WEB4

WITHOUT = pathlib.Path(__file__).with_name("without.py")
RULES = f'outgoing = [ "- {ADS4}" ];\n'


def guards_and_attributes(lab, guarded):
    assert "It works" in lab.host.run("curl", "-4", "-sS", "--max-time", "20", "http://example.com/").stdout
    assert lab.host.run("curl", "-sS", "--max-time", "3", f"http://{ADS4}/", check=False).returncode == 7
    rows = guarded.rows("links", "--ip", WEB4)
    assert rows and rows[0]["app"]["path"] == "/usr/bin/curl" and rows[0]["entity"]["domain"] == "example.com"


def test_bpf(lab, guard):
    lab.start_dns()
    lab.start_web()
    guarded = guard(config=RULES, wrapper=(WITHOUT, "bpf"))
    assert "no-bpf" in guarded.log()
    assert "sock_diag" in guarded.portreeve("status").stdout
    guards_and_attributes(lab, guarded)


def test_ipv6_sockets(lab, guard):
    lab.start_dns(addresses=(DNS4,))
    lab.start_web()
    guarded = guard(config=RULES, wrapper=(WITHOUT, "ipv6"))
    assert "no-ipv6" in guarded.log()
    guards_and_attributes(lab, guarded)


def test_ipv6_addresses(lab, guard):
    lab.host.sysctl("net.ipv6.conf.all.disable_ipv6", 1)
    lab.host.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
    lab.start_dns(addresses=(DNS4,))
    lab.start_web()
    guards_and_attributes(lab, guard(config=RULES))


def test_a_control_group_that_is_not_there(lab, guard):
    lab.start_dns()
    lab.start_web()
    guarded = guard(config=RULES, arguments=("--cgroup", "/nowhere"))
    assert "control group" in guarded.log()
    guards_and_attributes(lab, guarded)
