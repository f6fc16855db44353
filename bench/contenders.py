# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is measured: each is started on a host, guards it, is stopped, and leaves nothing behind."""
import contextlib
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time


class Contender:
    """`name` as it is shown; start() returns when it is in force on the namespace, stop() when it is gone."""

    name = "none"

    def __init__(self, build):
        self.build = pathlib.Path(build)

    def missing(self):
        """Why it can't be measured here; empty when it can."""
        return ""

    def start(self, namespace):
        pass

    def stop(self):
        pass

    @contextlib.contextmanager
    def guarding(self, namespace):
        self.start(namespace)
        try:
            yield self
        finally:
            self.stop()


class Program(Contender):
    """A program that says `ready` on its output, and goes when its input ends or it is told to."""

    def command(self):
        raise NotImplementedError

    def start(self, namespace):
        self.process = subprocess.Popen(namespace.command(*self.command()), text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        if not select.select([self.process.stdout], [], [], 10)[0] or self.process.stdout.readline() != "ready\n":
            self.stop()
            raise RuntimeError(f"{self.name} did not start")

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(1)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            self.process.wait(10)


class Conntrack(Program):
    name = "conntrack only"

    def command(self):
        return [self.build / "bench" / "bare-loop", "conntrack"]


class BareQueue(Program):
    """Sees the first packet of a link only, as we do with permanent verdicts."""

    name = "bare queue"
    what = "queue"

    def command(self):
        return [self.build / "bench" / "bare-loop", self.what]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdin.close()


class BareQueueOfAll(BareQueue):
    """Sees every packet, both ways."""

    name = "bare queue of all"
    what = "all"


class Portreeve(Contender):
    """The daemon, with one rule that permits the client, as OpenSnitch has it. Front serves its API, nobody
    watches the stream of events."""

    name = "portreeve"

    def __init__(self, build, client, config=""):
        super().__init__(build)
        self.client, self.config = client, config

    def start(self, namespace):
        self.namespace = namespace
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="portreeve-bench-"))
        profiles = self.directory / "config" / "profiles"
        profiles.mkdir(parents=True)
        (self.directory / "config" / "portreeve.conf").write_text(self.config)
        (profiles / "client.conf").write_text(
            f'name = "client";\nmatch = ( {{ path = "{self.client}"; }} );\noutgoing = [ "+ Internet" ];\n')
        self.log = self.directory / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                # Not by ip-netns(8), which hides the machine's control groups behind a /sys of its own.
                ["nsenter", f"--net=/run/netns/{namespace.name}", self.build / "portreeved", "--config", self.directory / "config", "--state",
                 self.directory / "state", "--run", self.directory / "run", "--share", self.build.parent / "data"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + 15
        while "READY" not in self.log.read_text():
            if time.monotonic() > end or self.process.poll() is not None:
                text = self.log.read_text()
                self.stop()
                raise RuntimeError(f"portreeved did not start: {text[-500:]}")
            time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def pids(self):
        """All processes of the daemon."""
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], stdout=subprocess.PIPE,
                                  text=True, check=False).stdout.split()
        return [self.process.pid, *map(int, children)]

    def status(self):
        done = self.namespace.run(self.build / "portreeve", "--run", self.directory / "run", "--json", "status")
        return json.loads(done.stdout)


class OpenSnitch(Contender):
    """OpenSnitch's daemon with one rule that allows the client, found by /proc as without its eBPF module."""

    name = "opensnitch"

    def __init__(self, build, client):
        super().__init__(build)
        self.client = str(client)

    def missing(self):
        return "" if shutil.which("opensnitchd") else "opensnitch is not installed"

    def start(self, namespace):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="portreeve-opensnitch-"))
        etc = pathlib.Path("/etc/netns") / namespace.name / "opensnitchd"
        etc.mkdir(parents=True, exist_ok=True)
        (etc / "default-config.json").write_text(json.dumps({
            "Server": {"Address": "unix:///nowhere", "LogFile": str(self.directory / "log")},
            "DefaultAction": "allow", "DefaultDuration": "once", "InterceptUnknown": False,
            "ProcMonitorMethod": "proc", "LogLevel": 2, "Firewall": "iptables",
            "Stats": {"MaxEvents": 150, "MaxStats": 25}}))
        shutil.copy("/etc/opensnitchd/system-fw.json", etc)
        self.etc = etc
        rules = self.directory / "rules"
        rules.mkdir()
        (rules / "a.json").write_text(json.dumps({
            "name": "a", "enabled": True, "precedence": True, "action": "allow", "duration": "always",
            "operator": {"type": "simple", "operand": "process.path", "data": self.client}}))
        self.process = subprocess.Popen(
            namespace.command("opensnitchd", "-process-monitor-method", "proc", "-rules-path", rules, "-ui-socket",
                              "unix:///nowhere", "-log-file", self.directory / "log"),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.namespace = namespace
        end = time.monotonic() + 15
        while "NFQUEUE" not in namespace.run("iptables", "-t", "mangle", "-S", check=False).stdout:
            if time.monotonic() > end or self.process.poll() is not None:
                log = (self.directory / "log").read_text() if (self.directory / "log").exists() else ""
                self.stop()
                raise RuntimeError(f"opensnitchd did not start: {log[-500:]}")
            time.sleep(0.1)
        time.sleep(0.5)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for words in (["iptables", "-t", "mangle", "-F"], ["iptables", "-F"], ["ip6tables", "-t", "mangle", "-F"],
                      ["ip6tables", "-F"]):
            self.namespace.run(*words, check=False)
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.rmtree(self.etc, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.rmdir(self.etc.parent)
