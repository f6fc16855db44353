# SPDX-License-Identifier: GPL-3.0-or-later
"""Conntrack's table full, and little time of the processors: reading it takes seconds, and is no hang."""
import contextlib
import os
import signal
import time

import portreeve_lab
import pytest
from faults import DENY, Echo, connect_ms, forbidden, say, stopped
from portreeve_lab import wait_for
from test_faults_load import fill_conntrack
from test_restart_ports import kill_engine

BUSY = "while :; do :; done"


@contextlib.contextmanager
def busy(lab):
    """As many that only count as make an own share small."""
    counting = [lab.host.start("sh", "-c", BUSY) for _ in range(2 * os.cpu_count())]
    try:
        yield
    finally:
        for process in counting:
            process.kill()
            process.wait()


def engine_facts(guarded):
    return {key: guarded.status()["engine"][key] for key in ("deaths", "hung", "links_now", "links_adopted")}


@pytest.mark.long
def test_a_full_table_is_read_beside_all_else(lab, guard, build):
    limit = int(lab.host.run("sysctl", "-n", "net.netfilter.nf_conntrack_max").stdout) - 2000
    lab.start_web()
    lab.start_echo(lab.internet, 7)
    say("conntrack", f"{fill_conntrack(lab, build, limit)} of {limit}")
    with busy(lab):
        began = time.monotonic()
        guarded = guard(DENY, start=False).start(120)
        say("start", f"{time.monotonic() - began:.1f} s")
        assert engine_facts(guarded)["links_adopted"] >= limit
        with forbidden(lab, build), Echo(lab):
            times = []
            end = time.monotonic() + 12  # it is read again every ten seconds
            while time.monotonic() < end:
                times.append(connect_ms(lab.host, seconds=2) or 2000)
                time.sleep(0.1)  # the load's pace
        say("new connections meanwhile", f"median {sorted(times)[len(times) // 2]:.0f} ms, the longest {max(times):.0f} ms")
        before = engine_facts(guarded)
        say("engine", before)
        assert before["deaths"] == before["hung"] == 0
        # All of them end at once, which is found by the next reading.
        lab.host.run("conntrack", "-D", "-d", "198.18.0.1", check=False)
        wait_for("their ends", lambda: engine_facts(guarded)["links_now"] < limit // 10)  # what was refused stays a while
        fill_conntrack(lab, build, limit)
        began = time.monotonic()
        kill_engine(guarded)
        say("another engine", f"{time.monotonic() - began:.1f} s")
        time.sleep(11)  # the same
        after = engine_facts(guarded)
        say("engine", after)
        assert after["deaths"] == 1 and after["hung"] == 0
        assert after["links_adopted"] >= limit


def test_a_start_that_hangs_is_found(lab, guard):
    guarded = guard(DENY)
    former = guarded.children()["engine"]
    os.kill(former, signal.SIGKILL)
    second = wait_for("another", lambda: guarded.children().get("engine", former) != former and
                      guarded.children().get("engine"), every=0.001)
    with stopped(second):
        portreeve_lab.wait_for("a third", lambda: guarded.children().get("engine", second) != second)
    wait_for("its answer", lambda: guarded.portreeve("status", check=False).returncode == 0)
    assert guarded.status()["engine"]["hung"] == 1
