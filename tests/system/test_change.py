# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy that changes under live links: what is denied now is cut, what is not concerned runs on."""
import time

import pytest

from portreeve_lab import CONTAINER4, HOST4, HOST6, LAN4, LAN6, WEB4, WEB6, Stopwatch, wait_for, whole_lines

# A client that reads for ever, says that it does, and when and how it ended.
READER = """
import socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=20)
s.sendall(b'GET /big HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n') if sys.argv[3:] == ['http'] else None
n = 0
print('open', s.getsockname()[1], flush=True)
while True:
    try:
        got = s.recv(65536 if sys.argv[3:] != ['slow'] else 1000)
    except OSError as error:
        print('cut', time.time(), error.errno, flush=True); break
    if not got:
        print('end', time.time(), flush=True); break
    if (n + len(got)) // 5000 > n // 5000:
        print('goes on', flush=True)
    n += len(got)
"""
# A server that sends a little for ever to whoever connects, and says when a client is gone.
SENDER = """
import socket, sys, threading, time
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
l = socket.socket(family); l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind((sys.argv[1], int(sys.argv[2]))); l.listen(9)
print('listening', flush=True)
def serve(c):
    while True:
        try:
            c.sendall(b'x' * 500)
        except OSError as error:
            print('gone', time.time(), error.errno, flush=True); return
        time.sleep(0.005)  # the load's pace
while True:
    threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
"""


def start_sender(namespace, address, port):
    process = namespace.start("/usr/bin/python3", "-c", SENDER, address, port)
    wait_for("the sender", lambda: "listening" in process.log.read_text())
    return process


def start_reader(namespace, address, port):
    process = namespace.start("/usr/bin/python3", "-c", READER, address, port)
    wait_for("the link", lambda: "open" in process.log.read_text())
    return process


def ended_at(process, *words):
    line = wait_for(f"{words} of an end", lambda: [line for line in whole_lines(process.log) if line.startswith(words)])[0]
    return float(line.split()[1])


def goes_on(reader):
    """Waits until it has got more."""
    before = reader.log.read_text().count("goes on")
    wait_for("more to come", lambda: reader.poll() is not None or reader.log.read_text().count("goes on") > before + 3)
    assert reader.poll() is None, reader.log.read_text()


def permanent(guarded, **wanted):
    return wait_for("a permanent link", lambda: [
        row for row in guarded.rows("links", "--active") if row.get("permanent")
        and all(row["link"].get(key) == value for key, value in wanted.items())])


CASES = {
    "out-ipv4": ("host", "internet", WEB4, [f"- {WEB4} TCP/7000"], ()),
    "out-ipv6": ("host", "internet", WEB6, [f"- {WEB6} TCP/7000"], ()),
    "in-ipv4": ("lan", "host", HOST4, [f"- {LAN4} TCP/7000"], ("--in",)),
    "in-ipv6": ("lan", "host", HOST6, [f"- {LAN6} TCP/7000"], ("--in",)),
    "forward-ipv4": ("container", "internet", WEB4, [f"- {WEB4} TCP/7000"], ()),
    "forward-ipv6": ("container", "internet", WEB6, [f"- {WEB6} TCP/7000"], ()),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_a_denied_link_is_cut_at_once_and_both_ends_learn_of_it(lab, guard, case):
    client, server, address, rules, options = CASES[case]
    guarded = guard()
    sender = start_sender(getattr(lab, server), address, 7000)
    reader = start_reader(getattr(lab, client), address, 7000)
    permanent(guarded, dst=address)
    before = time.time()
    for rule in rules:
        guarded.portreeve("rule", "add", rule, *options)
    in_force, watch = time.time(), Stopwatch()
    client_end, server_end = ended_at(reader, "cut", "end"), ended_at(sender, "gone")
    assert client_end - in_force < 0.1 + watch.waited(), (client_end - before, client_end - in_force)
    assert server_end - in_force < 0.1 + watch.waited(), (server_end - before, server_end - in_force)


@pytest.mark.parametrize("case", sorted(CASES))
def test_a_rule_that_does_not_concern_it_leaves_it_running(lab, guard, case):
    client, server, address, _, options = CASES[case]
    guarded = guard()
    start_sender(getattr(lab, server), address, 7000)
    reader = start_reader(getattr(lab, client), address, 7000)
    permanent(guarded, dst=address)
    guarded.portreeve("rule", "add", "- 203.0.113.9 TCP/7000", *options)
    guarded.portreeve("rule", "add", "- ads.example", *options)
    goes_on(reader)


def test_a_rule_that_only_permits_sends_no_link_back_to_the_queue(lab, guard):
    guarded = guard()
    start_sender(lab.internet, WEB4, 7000)
    reader = start_reader(lab.host, WEB4, 7000)
    permanent(guarded, dst=WEB4)
    before, generation = guarded.queued(), guarded.status()["generation"]
    guarded.portreeve("rule", "add", "+ example.org TCP/443")
    goes_on(reader)
    assert guarded.queued() == before
    assert guarded.status()["generation"] == generation


def test_a_denied_link_s_neighbours_are_decided_anew_and_live_on(lab, guard):
    guarded = guard()
    start_sender(lab.internet, WEB4, 7000)
    start_sender(lab.internet, WEB4, 7001)
    cut, kept = start_reader(lab.host, WEB4, 7000), start_reader(lab.host, WEB4, 7001)
    permanent(guarded, dst_port=7000)
    permanent(guarded, dst_port=7001)
    guarded.portreeve("rule", "add", f"- {WEB4} TCP/7000")
    wait_for("the cut", lambda: cut.poll() is not None)
    before = guarded.queued()
    goes_on(kept)
    # The neighbour came by once under the new generation, and is the kernel's again.
    assert guarded.queued() - before <= 4


def test_conntrack_keeps_its_entries(lab, guard):
    guarded = guard()
    start_sender(lab.internet, WEB4, 7001)
    kept = start_reader(lab.container, WEB4, 7001)
    permanent(guarded, src=CONTAINER4)
    count = lab.host.run("conntrack", "-L", "-p", "tcp", "--dport", "7001").stdout.count("dport=7001")
    guarded.portreeve("rule", "add", f"- {WEB4} TCP/7000")
    guarded.portreeve("rule", "add", "- 93.184.215.66")
    goes_on(kept)
    assert lab.host.run("conntrack", "-L", "-p", "tcp", "--dport", "7001").stdout.count("dport=7001") == count
