# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that ask for much: others are answered all the same."""
import shutil

import pytest

from portreeve_lab import ADS4, DNS4, WEB4, wait_for

# Answers each question with the same address, but those below `evil`.
UPSTREAM = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
s.bind((sys.argv[1], 53))
while True:
    question, asker = s.recvfrom(4096)
    end = question.index(0, 12) + 5
    if question[end - 9:end - 4].lower() != b"evil\\0":
        s.sendto(question[:2] + b"\\x81\\x80\\0\\1\\0\\1\\0\\0\\0\\0" + question[12:end] + b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4" +
                 socket.inet_aton(sys.argv[2]), asker)
"""
# Asks for names that nobody answers, until one is refused; and then on, for as long as it is let.
FLOOD = """
import itertools, os, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setblocking(False)
for n in itertools.count():
    name = b"%08x" % n
    try:
        s.sendto((n & 0xffff).to_bytes(2, "big") + b"\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\x08" + name + b"\\4evil\\0\\0\\1\\0\\1", (sys.argv[1], 53))
    except OSError:
        pass
    try:
        while len(answer := s.recv(600)) > 3:
            if answer[3] & 15 == 2:
                print("refused", flush=True)
    except OSError:
        pass
    if n % 8 == 0:
        time.sleep(0.004)
"""


def test_questions_that_nobody_answers_leave_room_for_others(lab, guard):
    lab.internet.start("/usr/bin/python3", "-c", UPSTREAM, DNS4, WEB4, ready=lab.internet.listens(53, "udp"))
    lab.resolv_conf(lab.host, f"nameserver {DNS4}\n")
    guarded = guard()
    for name in ("one", "two", "three"):
        shutil.copy("/usr/bin/python3", lab.directory / name)
    floods = [lab.host.start("setpriv", "--reuid=65534", "--clear-groups", lab.directory / name, "-c", FLOOD, DNS4)
              for name in ("one", "two", "three")]
    wait_for("as many questions as there is room for", lambda: all("refused" in flood.log.read_text() for flood in floods))
    for number in range(10):
        answer = lab.host.run("dig", "+tries=2", "+time=5", f"{number}.good.example", check=False).stdout
        assert WEB4 in answer, answer
    assert all(flood.poll() is None for flood in floods)
    assert guarded.process.poll() is None


# Children by the thousand that send a datagram each and are gone, for as long as argv[2] says.
CHILDREN = """
import os, socket, sys, time
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    if os.fork() == 0:
        for n in range(4):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.setblocking(False)
            try:
                s.sendto(b"secret", (sys.argv[1], 1024 + (os.getpid() * 4 + n) % 60000))
            except OSError:
                pass
        os._exit(0)
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
"""


def test_more_senders_than_can_be_asked_about_pass_as_nobody(lab, guard):
    bad = lab.directory / "bad"
    shutil.copy("/usr/bin/python3", bad)
    guarded = guard("", {"bad.conf": f'name = "Bad"; match = ( {{ path = "{bad}"; }} );\n'
                                     'default_action = "block"; outgoing = [ "- *" ];'})
    if not guarded.status()["who"]["bpf"]:
        pytest.skip("without BPF a sender that is gone is unknown (docs/limits.md)")
    capture = lab.internet.capture(f"udp and dst host {ADS4}")
    floods = [lab.host.start("setpriv", "--reuid=65534", "--clear-groups", bad, "-c", CHILDREN, ADS4, 4) for _ in range(2)]
    for flood in floods:
        assert flood.wait(60) == 0
    assert guarded.counter("owner_waited") > 100
    assert capture.stop() == []
