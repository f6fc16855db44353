# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody's netfilter hooks go away while packets wait for a refusal. A queued packet knows its place among the hook's
functions by number, and the numbers move: one that was to be refused could go on behind us."""
import re
import signal
import socket
import threading
import time

import faults
import pytest
from faults import DENY, forbidden
from portreeve_lab import HOST4

SECONDS = 60 if faults.LONG else 8


def tables(hook, priority):
    made = "".join(f"add table inet x{n}\nadd chain inet x{n} c {{ type filter hook {hook} priority {priority}; }}\n"
                   for n in range(8))
    return made, "".join(f"delete table inet x{n}\n" for n in range(8))


def come_and_go(lab, hook, priority, enough):
    """Tables with a base chain before ours, as a reload of Docker or firewalld makes and removes them; for some time, and until
    enough has been tried meanwhile."""
    files = []
    for name, text in zip(("made", "removed"), tables(hook, priority)):
        files.append(lab.directory / name)
        files[-1].write_text(text)
    rounds, end = 0, time.monotonic() + SECONDS
    while time.monotonic() < end or rounds < 50 or not enough():
        lab.host.run("sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do nft -f $0 && nft -f $1 || exit 1; done", *files)
        rounds += 10
    faults.say("rounds of eight hooks", rounds)


def test_foreign_hooks_before_ours_in_output(lab, guard, build):
    guard(DENY)
    with forbidden(lab, build), forbidden(lab, build):
        come_and_go(lab, "output", -300, lambda: True)


def test_foreign_hooks_before_ours_in_input(lab, guard):
    guard('default_incoming = "block"; deny_incoming = "block";')
    with lab.host.inside():
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("0.0.0.0", 9999))
    over, sent = threading.Event(), [0]

    def flood():
        with lab.lan.inside():
            while not over.is_set():
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                    client.sendto(b"forbidden", ("10.77.0.2", 9999))
                sent[0] += 1
                time.sleep(0.001)  # the load's pace
    threads = [threading.Thread(target=flood) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        come_and_go(lab, "input", -5, lambda: sent[0] > 1000)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    server.setblocking(False)
    try:
        arrived = server.recv(100)
    except BlockingIOError:
        arrived = b""
    server.close()
    faults.say("datagrams sent", sent[0])
    assert arrived == b""


BEHIND = "add table inet x\nadd chain inet x c {{ type filter hook input priority 100; }}\nadd rule inet x c {}\n"


def echo(lab, client, port, seconds):
    """What comes back of a datagram over the same socket, twice: the second one is the kernel's alone."""
    with lab.host.inside():
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("0.0.0.0", port))
    server.settimeout(seconds)
    with client.inside():
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.settimeout(seconds)
    sender.connect((HOST4, port))
    got = []
    with server, sender:
        for word in (b"one", b"two"):
            try:
                sender.send(word)
                data, peer = server.recvfrom(100)
                server.sendto(data, peer)
                got.append(sender.recv(100))
            except OSError:
                break
    return got


@pytest.mark.parametrize("place", ["host", "lan"])
def test_what_is_copied_from_a_mark_that_permits_is_no_order(lab, guard, place):
    guard()
    lab.host.nft(BEHIND.format("meta mark set ct mark"))
    assert echo(lab, getattr(lab, place), 9998, 20) == [b"one", b"two"]


@pytest.mark.parametrize("place", ["host", "lan"])
@pytest.mark.parametrize("order", [2, 3, 4])
def test_an_order_that_goes_on_behind_us_ends_before_the_socket(lab, guard, place, order):
    """As a place in the list that moved lets it: to refuse, whatever the other end of the link may."""
    guarded = guard()
    mark = order << 27 | guarded.status()["generation"] << 24
    lab.host.nft(BEHIND.format(f"udp dport 9998 meta mark set {mark}"))
    assert echo(lab, getattr(lab, place), 9998, 2) == []


def handles(lab):
    text = lab.host.run("nft", "-a", "list", "table", "inet", "portreeve").stdout
    return re.findall(r"table inet portreeve {.*# handle (\d+)", text)


def test_the_next_start_takes_the_table_over_and_touches_no_hook(lab, guard, build):
    guarded = guard(DENY, failure="closed")
    kept, old = guarded.status()["table"]["kept"], handles(lab)
    assert len(old) == 1
    with forbidden(lab, build):
        for _ in range(3):
            guarded.process.send_signal(signal.SIGKILL)
            guarded.process.wait()
            guarded.start()
            if kept != "owned":
                assert handles(lab) == old
