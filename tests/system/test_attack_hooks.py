# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody's netfilter hooks go away while packets wait for a refusal. A queued packet knows its place among the hook's
functions by number, and the numbers move: one that was to be refused could go on behind us."""
import re
import signal
import socket
import threading
import time

import faults
from faults import DENY, forbidden

SECONDS = 60 if faults.LONG else 8


def tables(hook, priority):
    made = "".join(f"add table inet x{n}\nadd chain inet x{n} c {{ type filter hook {hook} priority {priority}; }}\n"
                   for n in range(8))
    return made, "".join(f"delete table inet x{n}\n" for n in range(8))


def come_and_go(lab, hook, priority):
    """Tables with a base chain before ours, as a reload of Docker or firewalld makes and removes them."""
    files = []
    for name, text in zip(("made", "removed"), tables(hook, priority)):
        files.append(lab.directory / name)
        files[-1].write_text(text)
    rounds, end = 0, time.monotonic() + SECONDS
    while time.monotonic() < end:
        lab.host.run("sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do nft -f $0 && nft -f $1 || exit 1; done", *files)
        rounds += 10
    faults.say("rounds of eight hooks", rounds)


def test_foreign_hooks_before_ours_in_output(lab, guard, build):
    guard(DENY)
    with forbidden(lab, build), forbidden(lab, build):
        come_and_go(lab, "output", -300)


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
                time.sleep(0.001)
    threads = [threading.Thread(target=flood) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        come_and_go(lab, "input", -5)
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
    assert sent[0] > 1000 and arrived == b""


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
