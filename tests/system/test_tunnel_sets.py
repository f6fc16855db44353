# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of upstreams by real applications: what is down is passed over, and comes back; nothing leaves by another way meanwhile."""
import signal

import pytest

from clients import real
from portreeve_lab import DNS4, DNS6, Stopwatch, wait_for
from tunnel_lab import PAGE, PROXY, SECOND, Around, another_curl, config, fetch, group, nothing_around, only, upstreams

CURL = real("curl")
URL = "http://example.com/"


@pytest.fixture
def lab(lab):
    lab.start_dns()
    lab.start_web()
    lab.resolv_conf(lab.internet, f"nameserver {DNS4}\n")
    lab.first, lab.second = start(lab, PROXY), start(lab, SECOND)
    return lab


def start(lab, address):
    return upstreams.start_socks(lab, address)


def groups(choose="order", **keys):
    return [group("first", f"socks5://{PROXY}:1080", udp=False), group("second", f"socks5://{SECOND}:1080", udp=False),
            group("any", of=["first", "second"], choose=choose, **keys)]


def around(lab):
    return Around(lab, PROXY, SECOND, DNS4, DNS6)


def used(lab):
    """How many links each opened."""
    return [process.log.read_text().count("connected to") for process in (lab.first, lab.second)]


def page(lab, seconds=20, program="curl"):
    """Which of the two it came by."""
    before = used(lab)
    status, text = fetch(lab, URL, program=program, seconds=seconds)
    if PAGE not in text:
        return None
    wait_for("the proxy to tell of it", lambda: used(lab) != before)
    return int(used(lab)[1] > before[1])


def state(guarded, name):
    return next(row for row in guarded.rows("tunnels") if row["upstream"] == name)["state"]


def test_one_that_is_gone_is_passed_over_at_once(lab, guard):
    guarded = guard(config=config(*groups()), profiles=only(CURL, "any"))
    assert page(lab) == 0
    with around(lab) as captured:
        lab.end(lab.first)
        for _ in range(6):
            took = Stopwatch()
            assert page(lab) == 1
            assert took.seconds() < 10
        wait_for("it to be shown as down", lambda: state(guarded, "first") == "down")
        assert state(guarded, "any") == "up"
        lab.first = start(lab, PROXY)
        wait_for("it to be back", lambda: page(lab) == 0)
    nothing_around(captured)


def test_one_that_hangs_is_passed_over(lab, guard):
    guarded = guard(config=config(*groups()), profiles=only(CURL, "any"))
    assert page(lab) == 0
    with around(lab) as captured:
        lab.first.send_signal(signal.SIGSTOP)
        wait_for("the other", lambda: page(lab, seconds=30) == 1)
        wait_for("it to be shown as down", lambda: page(lab, seconds=30) is not None and state(guarded, "first") == "down")
        lab.first.send_signal(signal.SIGCONT)
        wait_for("it to be back", lambda: page(lab) == 0)
    nothing_around(captured)


def test_none_is_left(lab, guard):
    guarded = guard(config=config(*groups()), profiles=only(CURL, "any"))
    assert page(lab) == 0
    with around(lab) as captured:
        lab.end(lab.first)
        lab.end(lab.second)
        for _ in range(4):
            assert page(lab) is None
        wait_for("all to be shown as down", lambda: page(lab) is None and state(guarded, "any") == "down")
        lab.second = start(lab, SECOND)
        wait_for("the page", lambda: page(lab) == 1)
    nothing_around(captured)


def test_each_application_keeps_what_it_drew(lab, guard):
    others = [another_curl(lab, f"curl-{n}") for n in range(16)]
    profiles = {}
    for other in others:
        profiles.update(only(other, "any"))
    guard(config=config(*groups("random")), profiles=profiles)
    drawn = [page(lab, program=other) for other in others]
    assert {*drawn} == {0, 1}, drawn  # one in 32,768 runs draws the same for all
    for other, by in zip(others, drawn):
        assert page(lab, program=other) == by
