# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemon leaves in the kernel for links that it sends elsewhere: the pool's routes, the ports of its sockets."""
import socket

import portreeve_lab
import pytest
from portreeve_lab import WEB4

TUNNEL = 'tunnel_upstream = ( { name = "a"; url = "socks5://127.0.0.1:1080"; } );\n'
POOL4, POOL6 = "198.18.0.0/15", "2001:2:0:17::/64"


def routes(namespace):
    return "".join(namespace.ip(family, "route", "show", "table", "local", "proto", "112").stdout for family in ("-4", "-6"))


def has_routes(namespace):
    shown = routes(namespace)
    return f"local {POOL4} dev lo" in shown and f"local {POOL6} dev lo" in shown


def question(name):
    return b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + \
        b"\0\0\1\0\1"


def listening(namespace, first, last):
    shown = namespace.run("ss", "-Hlun4").stdout.split()
    return next(int(word.rsplit(":")[-1]) for word in shown if word.startswith("0.0.0.0:") and
                first <= int(word.rsplit(":")[-1].replace("*", "0")) <= last)


def test_whoever_takes_the_nameserver_s_port_is_asked_nothing(lab, guard):
    """The rules stay, and so does what conntrack knows of a flow that leads to a port that is free by now."""
    lab.start_dns()
    guarded = guard(arguments=("--on-stop", "keep"))
    port = listening(lab.host, 53053, 53153)
    with lab.host.inside():
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(5)
    client.connect((portreeve_lab.DNS4, 53))
    client.send(question("example.com"))
    assert socket.inet_aton(WEB4) in client.recv(512)
    assert guarded.stop() == 0
    other.settimeout(0.5)
    other.bind(("0.0.0.0", port))
    try:
        client.send(question("secret.example.com"))
    except OSError:
        pass  # the kernel may say that it was dropped
    with pytest.raises(TimeoutError):
        other.recv(512)


def test_the_pool_s_routes_are_there_as_long_as_the_policy_has_an_upstream(lab, guard):
    guarded = guard(TUNNEL)
    assert has_routes(lab.host)
    for config, there in (("", False), (TUNNEL, True)):
        guarded.configure(config)
        guarded.reload()
        portreeve_lab.wait_for("the routes to change", lambda: has_routes(lab.host) == there)
        assert there or not routes(lab.host)
    assert guarded.stop() == 0
    assert not routes(lab.host)


@pytest.mark.parametrize("failure", ["closed", "open"])
def test_they_stay_when_it_is_killed_until_it_starts_again(lab, guard, failure):
    guarded = guard(TUNNEL, failure=failure)
    guarded.process.kill()
    guarded.process.wait()
    assert has_routes(lab.host)
    guarded.configure("")
    guarded.start()
    assert not routes(lab.host)
    assert guarded.stop() == 0


def test_they_stay_where_the_rules_are_kept(lab, guard):
    guarded = guard(TUNNEL, arguments=("--on-stop", "keep"))
    assert guarded.stop() == 0
    assert has_routes(lab.host)
    guarded.start()
    assert has_routes(lab.host)


def test_a_range_that_is_in_use_is_left_alone(lab, guard):
    lab.host.ip("addr", "add", "198.18.5.1/24", "dev", "eth0")
    guarded = guard(TUNNEL)
    shown = routes(lab.host)
    assert POOL6 in shown and POOL4 not in shown
    assert "198.18.0.0/15" in guarded.log()
