# SPDX-License-Identifier: GPL-3.0-or-later
"""portreeved guarding a namespace of a lab, and the command line that talks to it."""
import contextlib
import json
import pathlib
import shutil
import signal

import portreeve_lab

ROOT = pathlib.Path(__file__).resolve().parents[2]

class Guard:
    """`config` is portreeve.conf's text, `profiles` {file name: text}, `beside` files that are copied beside the configuration."""

    def __init__(self, lab, build, config="", profiles=None, beside=(), namespace=None, name="guard", failure="closed",
                 arguments=(), start=True, wrapper=()):
        self.lab, self.build = lab, pathlib.Path(build)
        self.namespace = namespace or lab.host
        self.directory = lab.directory / name
        self.config, self.state, self.run_dir = (self.directory / part for part in ("config", "state", "run"))
        (self.config / "profiles").mkdir(parents=True)
        self.failure, self.arguments, self.wrapper = failure, arguments, wrapper
        self.process, self.monitors = None, 0
        self.configure(config, profiles)
        for file in beside:
            shutil.copy(file, self.config)
        if start:
            self.start()

    def configure(self, config=None, profiles=None):
        if config is not None:
            (self.config / "portreeve.conf").write_text(config)
        for name, text in (profiles or {}).items():
            (self.config / "profiles" / name).write_text(text)

    def start(self, seconds=60.0):
        self.process = self.namespace.start(
            *self.wrapper, self.build / "portreeved", "--config", self.config, "--state", self.state, "--run", self.run_dir,
            "--share", ROOT / "data", "--failure", self.failure, *self.arguments)
        portreeve_lab.wait_for("READY", self._ready, seconds)
        return self

    def _ready(self):
        if self.process.poll() is not None:
            raise portreeve_lab.Failed(f"portreeved ended with {self.process.returncode}:\n{self.log()}")
        return "READY" in self.log()

    def log(self):
        return self.process.log.read_text()

    def stop(self):
        """SIGTERM; the exit status."""
        self.process.terminate()
        return self.process.wait(60)

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    # The command line --------------------------------------------------------------------------------

    def portreeve(self, *words, check=True, **options):
        return self.namespace.run(self.build / "portreeve", "--run", self.run_dir, *words, check=check, **options)

    def rows(self, *words):
        """The objects that a command prints with --json."""
        return [json.loads(line) for line in self.portreeve("--json", *words).stdout.splitlines()]

    def status(self):
        return self.rows("status")[0]

    def counter(self, name):
        return self.status()["engine"].get(name, 0)

    def children(self):
        """Role → PID of the daemon's processes."""
        found = {}
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if int((process / "stat").read_text().rsplit(")", 1)[1].split()[1]) != self.process.pid:
                    continue
                words = (process / "cmdline").read_bytes().split(b"\0")
                if b"--role" in words:
                    found[words[words.index(b"--role") + 1].decode()] = int(process.name)
        return found

    def monitor(self):
        return Monitor(self)

    def waiting(self):
        """Packets that the kernel has handed to the queues and that have no verdict yet (the third number)."""
        return sum(self._queue_column(2))

    def queued(self):
        """Packets that the kernel has handed to the queues so far (/proc/net/netfilter/nfnetlink_queue:
        the eighth number is the id of the last packet)."""
        return sum(self._queue_column(7))

    def _queue_column(self, column):
        with self.namespace.inside():
            text = pathlib.Path("/proc/thread-self/net/netfilter/nfnetlink_queue").read_text()
        return [int(line.split()[column]) for line in text.splitlines()]


class Monitor:
    """The live events, as they come; use it as a context manager."""

    def __init__(self, guard):
        self.guard = guard

    def __enter__(self):
        guard = self.guard
        guard.monitors += 1
        self.process = guard.namespace.start(guard.build / "portreeve", "--run", guard.run_dir, "--json", "monitor",
                                             ready=lambda: self._readers() == guard.monitors)
        return self

    def _readers(self):
        """How many read the live events by now; the engine has heard of them."""
        return self.guard.status()["front"]["readers"]

    def __exit__(self, kind, *_):
        self.guard.lab.end(self.process)
        self.guard.monitors -= 1
        if kind is None and self.guard.process.poll() is None:  # so that the next one isn't taken for this one
            portreeve_lab.wait_for("the stream's end", lambda: self._readers() == self.guard.monitors)

    def events(self, **wanted):
        found = []
        for line in portreeve_lab.whole_lines(self.process.log):
            if line.startswith("{"):
                event = json.loads(line)
                if all(matches(event, key, value) for key, value in wanted.items()):
                    found.append(event)
        return found

    def wait(self, what="an event", **wanted):
        """The first event whose members are as wanted (app__path="…" is app.path)."""
        return portreeve_lab.wait_for(f"{what} {wanted}", lambda: self.events(**wanted))[0]


def matches(event, key, value):
    for step in key.split("__"):
        if not isinstance(event, dict) or step not in event:
            return False
        event = event[step]
    return event == value
