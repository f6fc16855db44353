# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults, with a client that tries to get a forbidden packet out the whole time: none arrives."""
import contextlib
import os
import signal
import socket
import threading
import time

import pytest

import portreeve_lab
from faults import DENY, forbidden
from portreeve_lab import ADS4, WEB4
from test_daemon_life import connects, echo, tables


def restarted(guard, role, old):
    def new():
        pid = guard.children().get(role)
        return pid if pid and pid != old else None
    return new


@pytest.mark.parametrize("role", ["engine", "resolver", "front"])
def test_a_killed_child_is_back_at_once_and_nothing_passes(lab, guard, build, role):
    lab.start_web()
    lab.start_dns()
    guarded = guard(DENY)
    with forbidden(lab, build) as prober:
        for _ in range(3):
            old, took = guarded.children()[role], portreeve_lab.Stopwatch()
            os.kill(old, signal.SIGKILL)
            portreeve_lab.wait_for(f"a new {role}", restarted(guarded, role, old), every=0.005)
            assert took.seconds() < 0.5
            portreeve_lab.wait_for("traffic", lambda: connects(lab.host, WEB4, 80, 0.5) == 0)
            prober.tries(100)
    lab.host.run("curl", "-sS", "-m", "20", "http://example.com/")
    portreeve_lab.wait_for("status", lambda: guarded.status()[role]["deaths"] == 3)


@pytest.mark.parametrize("role", ["engine", "resolver", "front"])
def test_a_stopped_child_counts_as_hung(lab, guard, build, role):
    lab.start_web()
    lab.start_dns()
    guarded = guard(DENY)
    with forbidden(lab, build):
        old, began, took = guarded.children()[role], time.monotonic(), portreeve_lab.Stopwatch()
        os.kill(old, signal.SIGSTOP)
        portreeve_lab.wait_for(f"a new {role}", restarted(guarded, role, old), every=0.01)
        assert 1.5 < time.monotonic() - began and took.seconds() < 2.8
        portreeve_lab.wait_for("traffic", lambda: connects(lab.host, WEB4, 80, 0.5) == 0)
    lab.host.run("curl", "-sS", "-m", "20", "http://example.com/")
    assert guarded.status()[role]["hung"] == 1


def test_a_link_outlives_the_engine_and_is_known_to_the_next(lab, guard):
    lab.start_echo(lab.internet, 7)
    guarded = guard(DENY)
    with lab.host.inside():
        link = socket.create_connection((WEB4, 7), 20)
    echo(link, b"one")
    old = guarded.children()["engine"]
    os.kill(old, signal.SIGKILL)
    echo(link, b"two")
    portreeve_lab.wait_for("a new engine", restarted(guarded, "engine", old))
    portreeve_lab.wait_for("the link", lambda: [row for row in guarded.rows("links", "--ip", WEB4)
                                                if row["entity"].get("port") == 7])
    echo(link, b"three")
    guarded.portreeve("rule", "add", f"- {WEB4} TCP/7")
    portreeve_lab.wait_for("its end", lambda: is_cut(link))


def is_cut(link):
    try:
        link.sendall(b"four")
        return not link.recv(100)
    except OSError:
        return True


def test_closed_the_supervisor_dies_and_nothing_new_passes(lab, guard, build):
    lab.start_web()
    lab.start_echo(lab.internet, 7)
    guarded = guard(DENY, failure="closed")
    with lab.host.inside():
        link = socket.create_connection((WEB4, 7), 20)
    echo(link, b"accepted")
    with forbidden(lab, build) as prober:
        guarded.process.send_signal(signal.SIGKILL)
        guarded.process.wait()
        portreeve_lab.wait_for("the others' end", lambda: guarded_processes(lab) == [])
        prober.tries(100)
        assert "inet portreeve" in tables(lab.host)
        assert connects(lab.host, WEB4, 80, 0.7) != 0
        echo(link, b"lives on")
        guarded.start()
        assert connects(lab.host, WEB4, 80) == 0
        echo(link, b"after")
    assert guarded.stop() == 0
    assert "inet portreeve" not in tables(lab.host)


def guarded_processes(lab):
    pids = portreeve_lab.run("ip", "netns", "pids", lab.host.name).stdout.split()
    found = []
    for pid in pids:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            found += [pid] if "portreeved" in file.read() else []
    return found


def test_open_the_supervisor_dies_and_leaves_no_rule(lab, guard):
    lab.start_web()
    guarded = guard(DENY, failure="open")
    assert connects(lab.host, ADS4, 80) != 0
    guarded.process.send_signal(signal.SIGKILL)
    guarded.process.wait()
    portreeve_lab.wait_for("the rules to go", lambda: "inet portreeve" not in tables(lab.host))
    assert connects(lab.host, ADS4, 80) == 0
    guarded.start()
    assert connects(lab.host, ADS4, 80) != 0


def die_five_times(guarded):
    for _ in range(5):
        pid = portreeve_lab.wait_for("an engine", lambda: guarded.process.poll() is not None or
                                     guarded.children().get("engine"))
        if pid is True:
            break
        os.kill(pid, signal.SIGKILL)
        portreeve_lab.wait_for("its end", lambda p=pid: not os.path.exists(f"/proc/{p}"), every=0.005)


@pytest.mark.parametrize("policy", ["closed", "open"])
def test_an_engine_that_dies_again_and_again(lab, guard, build, policy):
    lab.start_web()
    guarded = guard(DENY, failure=policy)
    with forbidden(lab, build) if policy == "closed" else contextlib.nullcontext() as prober:
        die_five_times(guarded)
        if policy == "closed":
            portreeve_lab.wait_for("the sentence", lambda: "nothing new passes" in guarded.log())
            prober.tries(100)
    if policy == "open":
        assert guarded.process.wait(60) == 1
        assert "everything passes" in guarded.log()
        assert "inet portreeve" not in tables(lab.host)
        return
    assert "inet portreeve" in tables(lab.host)
    assert connects(lab.host, ADS4, 80, 0.5) != 0
    portreeve_lab.wait_for("the slow restart", lambda: connects(lab.host, WEB4, 80, 0.5) == 0)
    assert "died 5 times" in guarded.status()["failing"]


def test_a_foreign_flush_of_all_rules(lab, guard, build):
    """Where the kernel protects the table it stays; elsewhere it is put back and `status` tells."""
    lab.start_web()
    guarded = guard(DENY)
    kept = guarded.status()["table"]["kept"]
    with forbidden(lab, build) if kept != "watched" else contextlib.nullcontext() as prober:
        for _ in range(5):
            lab.host.run("nft", "flush", "ruleset", check=False)
            if prober:
                prober.tries(30)
            portreeve_lab.wait_for("the table", lambda: "inet portreeve" in tables(lab.host))
    assert connects(lab.host, ADS4, 80) != 0
    assert connects(lab.host, WEB4, 80) == 0


def test_reloads_in_a_loop(lab, guard, build):
    lab.start_web()
    guarded = guard(DENY)
    stop = threading.Event()

    def reload():
        while not stop.is_set():
            guarded.reload()
            time.sleep(0.02)  # the load's pace
    thread = threading.Thread(target=reload)
    with forbidden(lab, build):
        thread.start()
        try:
            for _ in range(30):
                assert connects(lab.host, WEB4, 80) == 0
        finally:
            stop.set()
            thread.join()


def test_without_bpf_and_with_raw_sockets_that_are_gone_at_once(lab, guard, build):
    """The owner of a raw socket's packet is not to be found any more: nobody else's, and never ours. Whoever asks for
    it all the time does not keep the supervisor from its work."""
    lab.start_web()
    guarded = guard(DENY, arguments=("--cgroup", "/nowhere"))
    with forbidden(lab, build) as prober:
        prober.tries(500)
        old, took = guarded.children()["front"], portreeve_lab.Stopwatch()
        os.kill(old, signal.SIGKILL)
        portreeve_lab.wait_for("a new front", restarted(guarded, "front", old), every=0.005)
        assert took.seconds() < 0.5
        portreeve_lab.wait_for("status", lambda: guarded.portreeve("status", check=False).returncode == 0)
        assert guarded.status()["engine"]["hung"] == 0
    took = portreeve_lab.Stopwatch()
    assert guarded.stop() == 0
    assert took.seconds() < 1
