# SPDX-License-Identifier: GPL-3.0-or-later
"""A table that is longer than a part (PR_QUERY_ROWS_MAX): each row once, and connections go on meanwhile."""
import threading

from faults import connect_ms
from portreeve_lab import WEB4

N = 6000
SEND = f"""
import socket, sys
def waiting():
    with open("/proc/net/netfilter/nfnetlink_queue") as queues:
        return sum(int(line.split()[2]) for line in queues)
s = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(6)]
for i in range({N}):
    s[i % 6].sendto(b"x", (sys.argv[1], 20000 + i // 6))
    while i % 100 == 99 and waiting() > 100:  # none is to be lost
        pass
"""


def test_each_row_once(lab, guard):
    lab.start_web()
    guarded = guard()
    lab.host.python(SEND, WEB4)
    rows = [row for row in guarded.rows("links", "--ip", WEB4)]
    ids = [(row["id"], row["direction"]) for row in rows]
    assert len(ids) == len(set(ids))
    assert len(ids) > N * 0.9, len(ids)
    assert guarded.rows("links", "--domain", "none.example") == []  # many parts without a row


def test_connections_while_tables_are_read(lab, guard):
    lab.start_web()
    guarded = guard()
    lab.host.python(SEND, WEB4)
    stop, n_read = threading.Event(), [0]

    def read():
        while not stop.is_set():
            guarded.portreeve("--json", "links", "--domain", "none.example")
            n_read[0] += 1
    thread = threading.Thread(target=read)
    thread.start()
    try:
        took = []
        while len(took) < 100 or n_read[0] <= 3:
            took.append(connect_ms(lab.host, WEB4, 80))
    finally:
        stop.set()
        thread.join()
    assert None not in took
    took.sort()
    print(f"connect() while tables are read {n_read[0]} times: median {took[len(took) // 2]:.2f} ms")
    assert took[len(took) // 2] < 5, took
