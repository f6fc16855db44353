# SPDX-License-Identifier: GPL-3.0-or-later
"""Short connections that use a few ports again and again while the engine, or the whole daemon, begins anew: what conntrack still
knows of the one before is no reason to refuse the next."""
import os
import signal
import socket
import struct
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
        self.process.wait(120)
        *failed, counted = self.process.log.read_text().splitlines()
        say("connections", counted)
        assert int(counted.split()[1]) > 1000, counted
        return failed


def now_ms():
    return time.monotonic() * 1000


def kill_engine(guarded):
    """When it was gone."""
    former = guarded.children()["engine"]
    os.kill(former, signal.SIGKILL)
    wait_for("its end", lambda: portreeve_lab.state_of(former) in (None, "Z"), every=0.001)
    gone = now_ms()
    wait_for("another engine", lambda: guarded.children().get("engine", former) != former)
    wait_for("its answer", lambda: guarded.portreeve("status", check=False).returncode == 0)
    return gone


def restart(guarded):
    """When it was gone."""
    assert guarded.stop() == 0
    gone = now_ms()
    guarded.start()
    return gone


HOW = {"engine": ((), kill_engine), "daemon": ((), restart), "kept": (("--on-stop", "keep"), restart)}


def serve(lab, build):
    lab.internet.start(build / "tests" / "tools" / "reuse", "serve", PORT, ready=lab.internet.listens(PORT))


def stress(lab, build, guarded, how, targets, ends_with_it=False):
    """`ends_with_it`: the other end of the connections is a socket of what begins anew."""
    running = [Stress(lab, build, address, port, 20000 + 1000 * i, *kind) for i, (address, port, *kind) in enumerate(targets)]
    time.sleep(2)
    ends = []
    for _ in range(ROUNDS):
        began = now_ms()
        ends.append((began, HOW[how][1](guarded)))
        time.sleep(3.5)  # the ports are used some hundred times, and what was adopted has its time to go

    def is_excused(line):
        words = dict(word.split("=") for word in line.split()[1:] if "=" in word)
        at, after = int(words["at_ms"]), int(words["after_ms"])
        return ends_with_it and " receive " in f"{line} " and any(at - after <= gone and at >= began for began, gone in ends)
    failed = [line for one in running for line in one.end()]
    assert not [line for line in failed if not is_excused(line)], "\n".join(failed[:40])


@pytest.mark.parametrize("how", ["engine", *(pytest.param(how, marks=pytest.mark.long) for how in ("daemon", "kept"))])
@pytest.mark.parametrize("policy", ["", pytest.param("permanent_verdicts = false;", marks=pytest.mark.long)])
def test_ports_used_again(lab, guard, build, how, policy):
    serve(lab, build)
    guarded = guard(policy, arguments=HOW[how][0])
    stress(lab, build, guarded, how, [(WEB4, PORT), (WEB6, PORT)])


@pytest.mark.parametrize("how", ["engine", pytest.param("kept", marks=pytest.mark.long)])
def test_ports_used_again_in_the_tunnel(lab, guard, build, how):
    """Without rules they go straight meanwhile, and what still does when they are back is cut."""
    serve(lab, build)
    upstreams.start_socks(lab)
    guarded = guard(TUNNEL, arguments=HOW[how][0])
    stress(lab, build, guarded, how, [(WEB4, PORT)], ends_with_it=how != "engine")


@pytest.mark.parametrize("how", ["engine", *(pytest.param(how, marks=pytest.mark.long) for how in ("daemon", "kept"))])
def test_ports_used_again_for_questions(lab, guard, build, how):
    lab.start_dns()
    guarded = guard(arguments=HOW[how][0])
    stress(lab, build, guarded, how, [(DNS4, 53, "resets")], ends_with_it=True)


@pytest.mark.parametrize("address", [WEB4, WEB6])
def test_what_takes_the_ports_of_a_reset_connection_is_decided(lab, guard, address):
    """Conntrack goes on with its entry, and with what its mark permits; the next connection may be anybody's."""
    with lab.internet.inside():
        server = socket.create_server(("::", 11), family=socket.AF_INET6, dualstack_ipv6=True)
    guarded = guard()
    for _ in range(3):
        with lab.host.inside():
            link = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        link.settimeout(5)
        link.bind(("", 30000))
        link.connect((address, 11))
        far, _ = server.accept()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        far.close()
        with pytest.raises(ConnectionResetError):
            link.recv(1)
        link.close()
    server.close()
    rows = wait_for("the links", lambda: [row for row in guarded.rows("links") if row["link"]["src_port"] == 30000])
    assert len({row["id"] for row in rows}) == 3, rows
