# SPDX-License-Identifier: GPL-3.0-or-later
"""Short connections that use a few ports again and again while the engine, or the whole daemon, begins anew: what conntrack still
knows of the one before is no reason to refuse the next."""
import os
import signal
import time

import portreeve_lab
import portreeve_upstreams as upstreams
import pytest
from faults import say
from portreeve_lab import DNS4, WEB4, WEB6, wait_for

PORT = 7
N_PORTS = 60
ROUNDS = 4
TUNNEL = f"""
tunnel_upstream = ( {{ name = "a"; url = "socks5://{upstreams.PROXIES4[0]}:1080"; }} );
tunnel = "a";
outgoing = [ "> *" ];
"""


class Stress:
    """Connections from ports of their own, all the time."""

    def __init__(self, lab, build, address, port, first, how="both"):
        self.lab = lab
        self.process = lab.host.start(build / "tests" / "tools" / "reuse", "connect", address, port, first, N_PORTS, 20, 120, how)

    def end(self):
        """What failed; and it has to have tried."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        *failed, counted = self.process.log.read_text().splitlines()
        say("connections", counted)
        assert int(counted.split()[1]) > 1000, counted
        return failed


def kill_engine(guarded):
    former = guarded.children()["engine"]
    os.kill(former, signal.SIGKILL)
    wait_for("another engine", lambda: guarded.children().get("engine", former) != former)
    wait_for("its answer", lambda: guarded.portreeve("status", check=False).returncode == 0)


def restart(guarded):
    assert guarded.stop() == 0
    guarded.start()


def serve(lab, build):
    lab.internet.start(build / "tests" / "tools" / "reuse", "serve", PORT, ready=lab.internet.listens(PORT))


def stress(lab, build, guarded, begin_anew, targets):
    running = [Stress(lab, build, *target, 20000 + 1000 * i) if len(target) == 2 else
               Stress(lab, build, *target[:2], 20000 + 1000 * i, target[2]) for i, target in enumerate(targets)]
    time.sleep(2)
    for _ in range(ROUNDS):
        print("anew at", int(time.monotonic() * 1000))
        begin_anew(guarded)
        print("is back at", int(time.monotonic() * 1000))
        time.sleep(3.5)
    failed = [line for one in running for line in one.end()]
    assert not failed, "\n".join(failed[:40])


@pytest.mark.parametrize("how, begin_anew", [("engine", kill_engine), ("daemon", restart), ("kept", restart)])
def test_ports_used_again(lab, guard, build, how, begin_anew):
    serve(lab, build)
    guarded = guard(arguments=("--on-stop", "keep") if how == "kept" else ())
    stress(lab, build, guarded, begin_anew, [(WEB4, PORT), (WEB6, PORT)])


@pytest.mark.parametrize("how, begin_anew", [("engine", kill_engine)])
def test_ports_used_again_in_the_tunnel(lab, guard, build, how, begin_anew):
    serve(lab, build)
    upstreams.start_socks(lab)
    guarded = guard(TUNNEL)
    stress(lab, build, guarded, begin_anew, [(WEB4, PORT)])


@pytest.mark.parametrize("how, begin_anew", [("engine", kill_engine)])
def test_ports_used_again_for_questions(lab, guard, build, how, begin_anew):
    lab.start_dns()
    guarded = guard()
    stress(lab, build, guarded, begin_anew, [(DNS4, 53, "resets")])
