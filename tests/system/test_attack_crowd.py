# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that ask for much: others are answered all the same."""
import shutil

from portreeve_lab import DNS4, WEB4, wait_for

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
