# SPDX-License-Identifier: GPL-3.0-or-later
"""Without BPF every socket's owner is looked for among all descriptors of all processes: a flood of sockets that are
closed at once must not keep those of others waiting."""
import time

import portreeve_lab
from faults import connect_ms, gone_wrong
from portreeve_lab import ADS4, WEB4

FLOOD = """
import socket, sys
n = 0
while True:
    for make in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        s = socket.socket(socket.AF_INET, make)
        s.setblocking(False)
        try:
            s.connect((sys.argv[1], 1024 + n % 60000))
            s.send(b"x")
        except OSError:
            pass
        s.close()
        n += 1
"""


def test_a_flood_of_sockets_that_are_gone_at_once(lab, guard):
    lab.start_web()
    guarded = guard(arguments=("--cgroup", "/nowhere"))
    assert not guarded.status()["who"]["bpf"]
    since = portreeve_lab.Stopwatch()
    flood = lab.host.start("/usr/bin/python3", "-c", FLOOD, ADS4)
    try:
        portreeve_lab.wait_for("the flood", lambda: guarded.queued() > 500)
        took = []
        for _ in range(10):
            took.append(connect_ms(lab.host, WEB4, 80, 20))
            time.sleep(0.1)  # for a second, and a flood all the while
        assert None not in took, took
        print("connect() under the flood, ms:", [round(ms) for ms in took])
        watch = portreeve_lab.Stopwatch()
        status = guarded.status()
        assert watch.seconds() < 3
        assert gone_wrong(guarded, since, "engine", "resolver", "front") == {}, guarded.log()
        print({key: value for key, value in status.items() if key in ("who", "owner")})
    finally:
        lab.end(flood)
    portreeve_lab.wait_for("traffic", lambda: (connect_ms(lab.host, WEB4, 80, 1) or 1000) < 500)
