# SPDX-License-Identifier: GPL-3.0-or-later
"""What others do: tables that come and go, flushes, changes and reloads in a loop, clients of the API that flood it,
prompts by the thousand; a prober tries to get forbidden packets out the whole time."""
import contextlib
import socket
import statistics
import threading
import time

from faults import DENY, Echo, connect_ms, forbidden, gone_wrong, recovery_ms, say
from portreeve_lab import DNS4, SSH4, WEB4, Stopwatch, wait_for, whole_lines
from test_daemon_life import tables


@contextlib.contextmanager
def repeating(what, pause=0.0):
    """Does it over and over; gives a list of one entry a time."""
    over, done = threading.Event(), []

    def run():
        while not over.is_set():
            what()
            done.append(time.monotonic())
            time.sleep(pause)  # the load's pace
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()


def connects(lab, seconds, pause=0.05):
    """The times of permitted connections over some seconds; a SYN that was dropped is sent again after a second."""
    until, times = time.monotonic() + seconds, []
    while time.monotonic() < until:
        times.append(connect_ms(lab.host))
        time.sleep(pause)  # the load's pace
    return times


def summary(times):
    worked = sorted(ms for ms in times if ms is not None)
    return f"{len(worked)} of {len(times)}, median {statistics.median(worked):.1f} ms, longest {worked[-1]:.0f} ms"


def test_a_foreign_hook_that_comes_and_goes(lab, guard, build):
    lab.start_web()
    lab.start_echo(lab.internet, 7)
    guard(DENY)

    def harm():
        lab.host.nft("table inet other {\n chain o { type filter hook output priority 5; }\n"
                     " chain p { type filter hook prerouting priority -250; }\n}\n")
        lab.host.run("nft", "delete", "table", "inet", "other")
    with forbidden(lab, build), Echo(lab), repeating(harm) as done:
        times = connects(lab, 4)
    took = recovery_ms(lab.host, Stopwatch())
    say("tables made and deleted", len(done))
    say("permitted connections meanwhile", summary(times))
    assert None not in times and len(done) > 10
    assert took < 1000


def test_a_foreign_flush_in_a_loop(lab, guard, build):
    lab.start_web()
    lab.start_echo(lab.internet, 7)
    guarded = guard(DENY)
    protected = guarded.status()["table"]["kept"] != "watched"
    with forbidden(lab, build) if protected else contextlib.nullcontext(), Echo(lab), \
            repeating(lambda: lab.host.run("nft", "flush", "ruleset", check=False)) as done:
        times = connects(lab, 3)
    table = guarded.status()["table"]
    say("flushes", len(done))
    say("status", {key: table[key] for key in ("kept", "removed_by_others", "away_last_us", "away_total_us")})
    say("permitted connections meanwhile", summary(times))
    assert "inet portreeve" in tables(lab.host) and None not in times
    assert (table["removed_by_others"] == 0) == protected
    assert (table["away_total_us"] == 0) == protected


def until_cut(link):
    took = Stopwatch()
    with link, contextlib.suppress(OSError):
        while took.seconds() < 2:
            link.sendall(b"x")
            if not link.recv(10):
                break
    return took.ms()


def test_changes_and_reloads_in_a_loop(lab, guard, build):
    """200 reloads, and rules that deny and permit a live link, so that generations go round; a permitted download
    runs on."""
    lab.start_web()
    lab.start_echo(lab.internet, 7)
    lab.start_echo(lab.internet, 8)
    guarded = guard(DENY)
    download = lab.host.start("curl", "-sS", "--limit-rate", "8M", "-o", "/dev/null", "-w", "%{size_download}",
                              f"http://{WEB4}/big")
    cut_ms, generations = [], []
    with forbidden(lab, build), Echo(lab), repeating(guarded.reload, 0.01) as done:
        began = time.monotonic()
        while len(done) < 200 or len(generations) < 20:
            with lab.host.inside():
                link = socket.create_connection((WEB4, 8), 20)
            link.settimeout(20)
            guarded.portreeve("rule", "add", f"- {WEB4} TCP/8")
            cut_ms.append(until_cut(link))
            guarded.portreeve("rule", "remove", f"- {WEB4} TCP/8")
            generations.append(guarded.status()["generation"])
        took = time.monotonic() - began
        assert download.poll() is None or download.returncode == 0, download.log.read_text()
    say("reloads, rounds", f"{len(done)}, {len(generations)} in {took:.1f} s; generations {generations[:10]} …")
    say("a link that is denied is cut within", f"{max(cut_ms):.0f} ms")
    assert max(cut_ms) < 200
    assert download.wait(300) == 0 and int(download.log.read_text()) == 64 << 20
    assert len(set(generations)) == 7
    assert guarded.status()["engine"]["deaths"] == 0


# Clients of the API as nobody: silent ones, slow ones, garbage, readers that don't read; then all again.
HARM = """
import os, socket, sys, time
os.setuid(65534)
kept, n = [], 0
first = [b"", b"GET /v1/status HTTP/1.1\\r\\nX: ", b"\\0\\xff" * 200, b"GET /v1/events HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n",
         b"POST /v1/changes HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 99999999\\r\\n\\r\\n{", b"A" * 100000]
while True:
    s = socket.socket(socket.AF_UNIX)
    s.setblocking(False)
    try:
        s.connect(sys.argv[1])
        s.send(first[n % len(first)])
    except OSError:
        time.sleep(0.001)  # none is let in just now
    kept.append(s)
    n += 1
    if len(kept) > int(sys.argv[2]):
        kept.pop(0).close()
    if n % 10 == 0:
        try:
            kept[n % len(kept)].send(b"GET /v1/links HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" * 20)
        except OSError:
            pass
    if n % 100 == 0:
        print(n, flush=True)
    time.sleep(0.0005)  # the load's pace
"""


def number(harm):
    """So many have come."""
    return int((whole_lines(harm.log) or ["0"])[-1])


def test_more_clients_than_descriptors(lab, guard, build):
    """Whoever holds all of front's connections keeps others from asking, and nothing else; it neither spins nor fills
    the log, and is itself again when they are gone."""
    lab.start_web()
    guarded = guard(DENY)
    watch = Stopwatch()
    with forbidden(lab, build):
        harms = [lab.host.start("/usr/bin/python3", "-c", HARM, guarded.run_dir / "api.sock", 900) for _ in range(3)]
        wait_for("the clients", lambda: all(number(harm) >= 900 for harm in harms))
        assert None not in connects(lab, 1)
        for harm in harms:
            lab.end(harm)
    wait_for("an answer", lambda: guarded.portreeve("status", check=False).returncode == 0)
    say("lines in the log", len(guarded.log().splitlines()))
    assert len(guarded.log().splitlines()) < 100
    assert gone_wrong(guarded, watch, "front") == {}, guarded.log()


def test_clients_that_harm_the_api(lab, guard, build):
    lab.start_web()
    lab.start_echo(lab.internet, 7)
    guarded = guard(DENY)
    before, watch = connects(lab, 1, 0.01), Stopwatch()
    with forbidden(lab, build), Echo(lab):
        harm = lab.host.start("/usr/bin/python3", "-c", HARM, guarded.run_dir / "api.sock", 600)
        wait_for("the clients", lambda: number(harm) >= 600)
        times = connects(lab, 3, 0.01)
        took = Stopwatch()
        guarded.portreeve("rule", "add", "- 203.0.113.7")
        change_ms = took.ms()
        assert harm.poll() is None, harm.log.read_text()[-500:]
        say("clients that came and went", harm.log.read_text().split()[-1])
        lab.end(harm)
    say("permitted connections before", summary(before))
    say("permitted connections meanwhile", summary(times))
    say("a change meanwhile", f"{change_ms:.0f} ms")
    assert None not in times and change_ms < 5000
    assert gone_wrong(guarded, watch, "engine", "resolver", "front") == {}, guarded.log()



# Asks for many names, and waits for no answer.
ASKER = """
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(int(sys.argv[2])):
    name = b"".join(bytes([len(part)]) + part.encode() for part in (f"n{n}", sys.argv[3], "asked"))
    s.sendto(struct.pack(">6H", n, 256, 1, 0, 0, 0) + name + b"\\0\\0\\1\\0\\1", (sys.argv[1], 53))
    if n % 50 == 49:
        __import__("time").sleep(0.05)  # the load's pace
"""


def test_prompts_by_the_thousand(lab, guard, build):
    """Six programs (scripts, each an application of its own) ask for 400 names each: beyond the limits nothing
    passes either, and what was asked first can be answered."""
    lab.start_web()
    lab.start_dns(options=f' local-zone: "asked." redirect\n local-data: "asked. 60 IN A {SSH4}"\n')
    lab.start_echo(lab.internet, 7)
    guarded = guard(DENY.replace(" );", f', "+ {WEB4}" );') + 'default_action = "ask";')
    with forbidden(lab, build), Echo(lab):
        askers = []
        for n in range(6):
            script = lab.directory / f"asker{n}.py"
            script.write_text(ASKER)
            askers.append(lab.host.start("/usr/bin/python3", script, DNS4, 400, f"asker{n}"))
        for asker in askers:
            assert asker.wait(120) == 0, asker.log.read_text()
        wait_for("prompts beyond the limit", lambda: guarded.counter("prompts_full") > 500 and len(guarded.rows("answer")) >= 1000)
        times = connects(lab, 1)
        engine = guarded.status()["engine"]
        prompts = guarded.rows("answer")
        began = time.monotonic()
        guarded.portreeve("answer", str(prompts[0]["id"]), "deny")
        answer_ms = (time.monotonic() - began) * 1000
    say("prompts", {key: engine[key] for key in ("questions", "prompts_raised", "prompts_now", "prompts_full")})
    say("permitted connections meanwhile", summary(times))
    say("an answer takes", f"{answer_ms:.0f} ms")
    assert engine["names_recorded"] < 10  # no answer was given
    assert len(prompts) >= 1000 and engine["prompts_full"] > 500
    assert None not in times
    assert guarded.counter("deaths") == 0
