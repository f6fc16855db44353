# SPDX-License-Identifier: GPL-3.0-or-later
"""Each process killed or stopped, the supervisor too, and what they leave on the disk; a prober tries to get forbidden
packets out the whole time."""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import pytest

from faults import DENY, Echo, connect_ms, forbidden, gone_wrong, process_of, recovery_ms, say, stopped, wait_until_stopped
from portreeve_lab import ADS4, WEB4, Stopwatch, run, wait_for
from test_daemon_life import tables


def child_of(guarded, role):
    """A process of the daemon, quickly: those that live for some milliseconds only."""
    pids = pathlib.Path(f"/proc/{guarded.process.pid}/task/{guarded.process.pid}/children").read_text().split()
    for pid in map(int, pids):
        with contextlib.suppress(OSError):
            if f"--role\0{role}" in pathlib.Path(f"/proc/{pid}/cmdline").read_text():
                return pid
    return None


def runs(guarded, role):
    done = guarded.portreeve("--json", "status", check=False)
    return done.returncode == 0 and json.loads(done.stdout)[role]["state"] == "runs"


@pytest.mark.parametrize("role", ["engine", "resolver", "front"])
def test_how_long_a_restart_takes(lab, guard, build, role):
    lab.start_web()
    guarded = guard(DENY)
    found = []
    with forbidden(lab, build) as prober:
        for _ in range(3):
            old = process_of(guarded, role)
            os.kill(old, signal.SIGKILL)
            began = Stopwatch()
            wait_for("another", lambda o=old: child_of(guarded, role) not in (None, o), every=0.001)
            started = round(began.ms())
            found.append((started, recovery_ms(lab.host, began)))
            wait_for("it to work", lambda: runs(guarded, role))
            prober.tries(100)
    say(f"{role}: started again, permitted traffic again", ", ".join(f"{a} ms, {b} ms" for a, b in found))
    assert sorted(found)[1][0] < 200


def test_a_stopped_supervisor(lab, guard, build):
    """Decisions go on without it; when it goes on, it blames nobody."""
    lab.start_web()
    lab.start_echo(lab.internet, 7)
    guarded = guard(DENY)
    watch = Stopwatch()
    with forbidden(lab, build), Echo(lab):
        connect_ms(lab.host)
        with stopped(guarded.process.pid):
            times = []
            for _ in range(10):
                times.append(connect_ms(lab.host))
                time.sleep(0.25)  # longer, in all, than a process that is hung may take
        time.sleep(1)  # so long nobody is blamed
        assert connect_ms(lab.host) is not None
    say("new permitted connections meanwhile (ms)", [t and round(t, 1) for t in times])
    assert None not in times
    assert gone_wrong(guarded, watch, "engine", "resolver", "front") == {}, guarded.log()


@pytest.mark.parametrize("before", ["running", "stopped"])
def test_closed_a_killed_supervisor_and_the_next_start(lab, guard, build, before):
    lab.start_web()
    lab.start_echo(lab.internet, 7)
    guarded = guard(DENY)
    with forbidden(lab, build) as prober, Echo(lab):
        pids = (*guarded.children().values(), guarded.process.pid)
        if before == "stopped":
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            wait_until_stopped(*pids)
        guarded.process.kill()
        guarded.process.wait()
        wait_for("the others' end", lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids))
        prober.tries(100)
        assert "inet portreeve" in tables(lab.host)
        assert connect_ms(lab.host, seconds=0.5) is None
        began = Stopwatch()
        guarded.start()
        took = recovery_ms(lab.host, began)
    say("from the next start to the first permitted connection", f"{took} ms")


def sockets_of(pid):
    found = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            found |= set(re.findall(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{name}")))
    return found


def test_open_a_killed_supervisor_leaves_no_rule(lab, guard, build):
    """Even where its children are stopped: none of them holds what keeps the table."""
    lab.start_web()
    guarded = guard(DENY, failure="open")
    netlink = {line.split()[9] for line in
               pathlib.Path(f"/proc/{guarded.process.pid}/net/netlink").read_text().splitlines()[1:]}
    held = sockets_of(guarded.process.pid) & netlink
    assert held
    for role, pid in guarded.children().items():
        assert not sockets_of(pid) & held, role
        os.kill(pid, signal.SIGSTOP)
    guarded.process.kill()
    began = Stopwatch()
    wait_for("the rules to go", lambda: "inet portreeve" not in tables(lab.host), every=0.005)
    say("no rule is left after", f"{began.ms():.0f} ms")
    guarded.process.wait()
    assert connect_ms(lab.host, ADS4) is not None


def test_a_killed_compiler_changes_nothing(lab, guard, build):
    lab.start_web()
    guarded = guard(DENY)
    killed, over = [], threading.Event()

    def hunt():
        while not over.is_set():
            pid = child_of(guarded, "compiler")
            if pid and pid not in killed:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
    hunter = threading.Thread(target=hunt)
    with forbidden(lab, build):
        hunter.start()
        done = [guarded.portreeve("rule", "add", f"- 203.0.113.{n}", check=False) for n in range(5)]
        over.set()
        hunter.join()
        assert connect_ms(lab.host) is not None
    refused = [one for one in done if one.returncode == 1]
    say("compilers killed, changes refused", f"{len(killed)}, {len(refused)}: {refused[0].stdout.strip()}")
    assert len(refused) >= 3
    kept = guarded.portreeve("rule", "list").stdout
    for n, one in enumerate(done):
        assert (f"203.0.113.{n}" in kept) == (one.returncode == 0)
    guarded.portreeve("rule", "add", "- 203.0.113.99")


def test_a_supervisor_killed_during_changes_leaves_whole_files(lab, guard, build):
    guarded = guard(DENY)
    confirmed = []
    for n in range(8):
        changes = [subprocess.Popen(lab.host.command(build / "portreeve", "--run", guarded.run_dir, "rule", "add",
                                                     f"- 198.51.{n}.{m} # {'x' * 200}"),
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for m in range(3)]
        time.sleep(0.01 + 0.008 * n)  # each time another moment of the change
        guarded.process.kill()
        guarded.process.wait()
        confirmed += [f"- 198.51.{n}.{m}" for m, change in enumerate(changes) if change.wait(60) == 0]
        run(build / "portreeved", "--check", "--config", guarded.config, "--state", guarded.state)
        guarded.start()
    kept = guarded.portreeve("rule", "list").stdout
    say("changes confirmed before a kill", len(confirmed))
    assert [rule for rule in confirmed if f"{rule} " not in kept] == []


def test_a_full_disk(lab, guard, build):
    lab.start_web()
    guarded = guard(DENY, start=False)
    guarded.state.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=256k", "prfaults", guarded.state)
    try:
        guarded.start()
        guarded.portreeve("rule", "add", "- 203.0.113.1")
        with forbidden(lab, build) as prober:
            with contextlib.suppress(OSError), open(guarded.state / "filler", "wb") as filler:
                while True:
                    filler.write(b"x" * 4096)
                    filler.flush()
            refused = guarded.portreeve("rule", "add", f"+ {ADS4}", check=False)
            say("what is said", refused.stdout.strip())
            assert refused.returncode == 1 and "No space left on device" in refused.stdout
            assert "203.0.113.1" in guarded.portreeve("rule", "list").stdout
            assert connect_ms(lab.host, ADS4, seconds=0.3) is None
            prober.tries(100)
        (guarded.state / "filler").unlink()
        guarded.portreeve("rule", "add", "- 203.0.113.2")
        assert guarded.stop() == 0
    finally:
        lab.end(guarded.process)
        run("umount", guarded.state)
