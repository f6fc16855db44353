# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that are open while the engine, or the whole daemon, begins anew: what was permitted goes on, and nothing gets out
meanwhile or afterwards that nobody has decided on."""
import contextlib
import socket
import threading
import time

import portreeve_upstreams as upstreams
import pytest
from faults import forbidden
from portreeve_lab import ADS4, ADS6, DNS4, HOST4, WEB4, WEB6, wait_for
from test_restart_ports import kill_engine

# What no rule permits is denied by the default alone: only an older link is let live.
PERMITTED = 'default_action = "block";\ndefault_incoming = "block";\n' \
            f'outgoing = ( "+ {WEB4}", "+ {WEB6}" );\nincoming = ( "+ LAN TCP/7000" );\n'
QUESTION = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1"
HOW = {"engine": (), "kept": ("--on-stop", "keep"), "killed": ()}


def begin_anew(guarded, how):
    if how == "engine":
        return kill_engine(guarded)
    if how == "killed":
        guarded.process.kill()
        guarded.process.wait()
    else:
        assert guarded.stop() == 0
    time.sleep(1)  # the rules alone are there
    guarded.start()
    return None


class Open:
    """Links of each kind, used all the time."""

    def __init__(self, lab):
        with lab.host.inside():
            self.links = [socket.create_connection((address, 7), 20) for address in (WEB4, WEB6)]
            self.flows = [socket.socket(family, socket.SOCK_DGRAM) for family in (socket.AF_INET, socket.AF_INET6)]
        for flow, address in zip(self.flows, (WEB4, WEB6)):
            flow.connect((address, 9))
        with lab.lan.inside():
            self.links.append(socket.create_connection((HOST4, 7000), 20))
        self.over, self.errors, self.longest_ms = False, [], 0
        self.answers = {one: 0 for one in (*self.links, *self.flows)}
        self.threads = [threading.Thread(target=self._run, args=(one,)) for one in (*self.links, *self.flows)]

    def _run(self, link):
        datagrams = link.type == socket.SOCK_DGRAM
        link.settimeout(0.2 if datagrams else 60)
        n = 0
        while not self.over:
            began = time.monotonic()
            try:
                link.sendall(b"still there")
                if not link.recv(100):
                    raise ConnectionResetError("the far end closed")
                self.longest_ms = max(self.longest_ms, (time.monotonic() - began) * 1000)
                self.answers[link] += 1
                n = 0
            except OSError as error:
                # A datagram may get lost where nobody decides; not a flow.
                n += 1
                if not datagrams or n > 200:
                    self.errors.append(f"{link}: {error!r}")
                    return
            time.sleep(0.01)  # the load's pace

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.alive()
        return self

    def alive(self):
        """Each of them has another answer."""
        before = dict(self.answers)
        wait_for("an answer to each", lambda: self.errors or all(n > before[link] for link, n in self.answers.items()))
        assert not self.errors, self.errors

    def __exit__(self, kind, *_):
        if kind is None:
            self.alive()
        self.over = True
        for thread in self.threads:
            thread.join()
        for link in (*self.links, *self.flows):
            link.close()
        print(f"the longest answer took {self.longest_ms:.0f} ms")


def serve(lab):
    lab.start_web()
    lab.start_echo(lab.internet, 7)
    for address in (f"::ffff:{WEB4}", WEB6):
        lab.start_echo(lab.internet, 9, "udp", address)
    lab.start_echo(lab.host, 7000)


@pytest.mark.parametrize("how, permanent, older", [
    ("engine", "true", False), ("kept", "true", False), ("killed", "true", False),
    ("engine", "false", False), ("kept", "false", False),
    ("engine", "false", True), ("kept", "true", True)])
def test_what_is_permitted_goes_on(lab, guard, build, how, permanent, older):
    """`older`: than the daemon; no rule permits it, start_grace does."""
    serve(lab)
    config = f"permanent_verdicts = {permanent};\n" + (PERMITTED if not older else 'default_action = "block";\n'
                                                       'default_incoming = "block";\n')
    with contextlib.ExitStack() as stack:
        if older:
            links = stack.enter_context(Open(lab))
        guarded = guard(config, arguments=HOW[how])
        if not older:
            links = stack.enter_context(Open(lab))
        stack.enter_context(forbidden(lab, build))
        for _ in range(2):
            begin_anew(guarded, how)
            time.sleep(1)  # what was adopted is looked at once more
            links.alive()


@pytest.mark.parametrize("how", ["kept", "killed"])
def test_what_was_opened_while_nobody_decided_has_no_grace(lab, guard, build, how):
    """Its packets did not pass: it is no older than the guard."""
    lab.start_web()
    guarded = guard(PERMITTED, arguments=HOW[how])
    capture = lab.internet.capture(f"host {ADS4} or host {ADS6}", "br0")
    if how == "kept":
        assert guarded.stop() == 0
    else:
        guarded.process.kill()
        guarded.process.wait()
    waiting = []
    with lab.host.inside():
        for family, address in ((socket.AF_INET, ADS4), (socket.AF_INET6, ADS6)):
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                waiting.append(socket.socket(family, kind))
                waiting[-1].setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    waiting[-1].connect((address, 80))
        permitted = socket.socket()
    permitted.settimeout(60)
    opening = threading.Thread(target=permitted.connect, args=((WEB4, 80),))
    opening.start()
    wait_for("its SYN", lambda: f"{WEB4}:80" in lab.host.run("ss", "-Hnt", "state", "syn-sent").stdout)
    guarded.start()
    end = time.monotonic() + 3  # the SYNs are sent again after 1 and 3 seconds
    while time.monotonic() < end:
        for link in waiting:
            if link.type == socket.SOCK_DGRAM:
                with contextlib.suppress(OSError):
                    link.send(b"anybody there?")
        time.sleep(0.05)  # the load's pace
    opening.join()
    permitted.getpeername()
    for link in (*waiting, permitted):
        link.close()
    assert capture.stop() == []


def rows(guarded):
    """What is shown as alive: where it leads, and how."""
    return sorted((row["direction"], row["link"]["dst"], row["link"]["dst_port"], row["link"]["src_port"])
                  for row in guarded.rows("links") if not row.get("ended"))


@pytest.mark.parametrize("how", ["engine", "kept"])
def test_each_link_is_shown_once_and_as_what_it_is(lab, guard, how):
    """Ours, and our ends of what is rerouted, are none of their own."""
    serve(lab)
    lab.start_dns()
    upstreams.start_socks(lab)
    guarded = guard(f'tunnel_upstream = ( {{ name = "a"; url = "socks5://{upstreams.PROXIES4[0]}:1080"; }} );\n'
                    'tunnel = "a";\n'
                    f'outgoing = ( "> {WEB4}", "+ *" );\n', arguments=HOW[how])
    with lab.host.inside():
        links = [socket.create_connection((address, 7), 5) for address in (WEB4, WEB6)]
        asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        over_tcp = socket.create_connection((DNS4, 53), 5)
    with lab.container.inside():
        links += [socket.create_connection((address, 7), 5) for address in (WEB4, WEB6)]
    asking.settimeout(5)
    asking.connect((DNS4, 53))
    asking.send(QUESTION)
    asking.recv(512)
    over_tcp.sendall(bytes((0, len(QUESTION))) + QUESTION)
    over_tcp.recv(512)
    for link in links:
        link.sendall(b"x")
        link.recv(1)
    before = wait_for("the links", lambda: len(rows(guarded)) == 6 and rows(guarded))
    begin_anew(guarded, how)
    # What ends with the daemon ends at once, or when its time is over.
    wait_for("no others", lambda: rows(guarded) and not set(rows(guarded)) - set(before))
    after = guarded.rows("links")
    assert len({(row["direction"], row["link"]["src_port"], row["link"]["dst"]) for row in after}) == len(after), after
    assert all(row["verdict"] == "reroute-nameserver" or row.get("ended") for row in after if row["link"]["dst_port"] == 53), after
    # The flow of questions goes on.
    asking.send(QUESTION)
    assert asking.recv(512)
    for link in (*links, asking, over_tcp):
        link.close()
