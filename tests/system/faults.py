# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of faults share: a prober that tries to get forbidden packets out the whole time, with the far
side's wire as judge; a permitted link that must run on; and how long something took."""
import contextlib
import os
import signal
import socket
import threading
import time

import portreeve_lab
from portreeve_lab import ADS4, ADS6, WEB4, Stopwatch, wait_for

DENY = 'outgoing = ( "- 93.184.215.66", "- 2606:2800:21f::66" );'
# More of everything, for runs that may take longer.
LONG = bool(os.environ.get("PORTREEVE_LONG"))


def say(what, value):
    """A figure; `pytest -rP` shows them."""
    print(f"{what}: {value}")


class Prober:
    """Tries to get out to forbidden addresses by every protocol, over and over."""

    def __init__(self, lab, build):
        self.process = lab.host.start(build / "tests" / "tools" / "prober", ADS4, ADS6)
        self.tries(100)

    def tried(self):
        return int((portreeve_lab.whole_lines(self.process.log) or ["0"])[-1])

    def tries(self, n):
        """Waits until it has tried so many times more."""
        enough = self.tried() + n
        wait_for(f"{n} tries", lambda: self.process.poll() is not None or self.tried() >= enough)
        assert self.process.poll() is None, self.process.log.read_text()[-300:]


@contextlib.contextmanager
def forbidden(lab, build):
    """While it is open the prober tries, a hundred times a second at least; at the end the wire is looked at: not one packet."""
    capture = lab.internet.capture(f"host {ADS4} or host {ADS6}", "br0")
    prober = Prober(lab, build)
    began, before = time.monotonic(), prober.tried()
    try:
        yield prober
        prober.tries(max(1, before + int(100 * (time.monotonic() - began)) - prober.tried()))
    finally:
        n, seconds = prober.tried() - before, time.monotonic() - began
        lab.end(prober.process)
        packets = capture.stop()
        say("forbidden packets tried", f"{n} in {seconds:.1f} s, on the wire: {len(packets)}")
    assert packets == []


def prober_works(lab, build):
    """Without a guard it gets through, by all protocols: else its silence would say nothing."""
    capture = lab.internet.capture(f"dst host {ADS4} or dst host {ADS6}", "br0")
    prober = Prober(lab, build)
    prober.tries(1000)
    lab.end(prober.process)
    return "\n".join(capture.stop())


def connect_ms(namespace, address=WEB4, port=80, seconds=10.0):
    """How long a new connection takes (Stopwatch); None when it fails."""
    with namespace.inside():
        link = socket.socket()
    link.settimeout(seconds)
    took = Stopwatch()
    try:
        link.connect((address, port))
    except OSError:
        return None
    finally:
        link.close()
    return took.ms()


def recovery_ms(namespace, since, address=WEB4, port=80):
    """Milliseconds from `since`, a Stopwatch, until a new permitted connection works; each attempt waits briefly, for a lost SYN
    would be sent again only after a second."""
    wait_for("a permitted connection", lambda: connect_ms(namespace, address, port, 0.1) is not None, every=0.005)
    return round(since.ms())


class Echo:
    """A permitted link that is used all the time."""

    def __init__(self, lab, address=WEB4, port=7):
        with lab.host.inside():
            self.link = socket.create_connection((address, port), 20)
        self.link.settimeout(20)
        self.n, self.longest_ms, self.error, self.over = 0, 0.0, None, False
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        try:
            while not self.over:
                began = time.monotonic()
                self.link.sendall(b"still there")
                if not self.link.recv(100):
                    raise ConnectionResetError("the far end closed")
                self.longest_ms = max(self.longest_ms, (time.monotonic() - began) * 1000)
                self.n += 1
                time.sleep(0.005)  # the load's pace
        except OSError as error:
            self.error = error

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.over = True
        self.thread.join()
        self.link.close()
        say("permitted link", f"{self.n} echoes, the longest took {self.longest_ms:.0f} ms")
        if kind is None:
            assert self.error is None, self.error
            assert self.n > 0


def process_of(guard, role):
    """The PID of one of the daemon's processes."""
    return guard.process.pid if role == "supervisor" else guard.children()[role]


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    wait_until_stopped(pid)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def gone_wrong(guard, watch, *roles):
    """Of the daemon's processes those that ended by themselves, or were taken for hung (two seconds without an answer) though the
    machine had a CPU for them since `watch`."""
    status = guard.status()
    found = {role: (status[role].get("deaths", 0), status[role].get("hung", 0)) for role in roles}
    return {role: (deaths, hung) for role, (deaths, hung) in found.items() if deaths > hung or (hung and watch.waited() < 2)}


def wait_until_stopped(*pids):
    """Until the processes that were sent SIGSTOP have come to a stand."""
    wait_for("a standstill", lambda: all(portreeve_lab.state_of(pid) == "T" for pid in pids))


def queue_losses(namespace):
    """What the kernel dropped for want of room: the queue's, the socket's (nfnetlink_queue's 6th and 7th number)."""
    lines = namespace.run("cat", "/proc/net/netfilter/nfnetlink_queue").stdout.splitlines()
    return [sum(int(line.split()[column]) for line in lines) for column in (5, 6)]
