# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of owners share: a namespace and a control group of their own, the tool `who` that looks, and
clients that do one thing and wait."""
import contextlib
import ctypes
import json
import os
import pathlib
import secrets
import signal
import subprocess
import textwrap

import portreeve_lab
from portreeve_lab import run

PYTHON = "/usr/bin/python3"
# What every client has: say() tells the test something, wait() waits for the test's word.
PRELUDE = """
import json, os, socket, struct, sys, time
def say(**facts): print(json.dumps(facts), flush=True)
def wait(): return sys.stdin.readline().strip()
def ends(s):
    return {"src": s.getsockname()[0].removeprefix("::ffff:"), "sport": s.getsockname()[1]}
"""


def cgroup2_root():
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, directory, kind, *_ = line.split()
        if kind == "cgroup2":
            return pathlib.Path(directory)
    return None


class Client:
    """A Python program in the namespace and the control group."""

    def __init__(self, place, code, *arguments, netns=None, prefix=(), python=PYTHON, script=None):
        source = PRELUDE + textwrap.dedent(code)
        if script:
            script.write_text(source)
            program = [script, *arguments]
        else:
            program = ["-c", source, *arguments]
        self.process = subprocess.Popen(
            [*map(str, place.enter(netns)), *map(str, prefix), str(python), *map(str, program)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=place.join_cgroup)
        place.clients.append(self)

    @property
    def pid(self):
        return self.process.pid

    def hear(self):
        line = self.process.stdout.readline()
        assert line, f"the client ended with {self.process.wait()}"
        return json.loads(line)

    def go(self, word=""):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def end(self):
        """Lets it run to its end."""
        self.process.stdin.close()
        self.process.wait(timeout=180)


class Who:
    """The tool; one question, one answer."""

    def __init__(self, place, *options, prefix=()):
        self.process = subprocess.Popen(
            [*place.enter(), *prefix, str(place.build / "tests/tools/who"), f"--cgroup={place.cgroup}", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.opened = self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        assert line, f"who ended with {self.process.wait()}"
        return json.loads(line)

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def out(self, proto, src, sport, dst, dport):
        return self.ask("find", "out", proto, src, sport, dst, dport)

    def into(self, proto, src, sport, dst, dport, ifindex=0):
        return self.ask("find", "in", proto, src, sport, dst, dport, ifindex)

    def forward(self, proto, src, sport, dst, dport):
        return self.ask("find", "forward", proto, src, sport, dst, dport)

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=180) == 0


class Place(contextlib.AbstractContextManager):
    def __init__(self, build):
        self.build = pathlib.Path(build)
        self.name = f"prwho-{os.getpid()}-{secrets.token_hex(3)}"
        self.clients, self.namespaces, self.tools = [], [], []
        self.directory = pathlib.Path(f"/tmp/{self.name}")
        self.cgroup = cgroup2_root() / self.name
        try:
            self.directory.mkdir()
            self.cgroup.mkdir()
            self.add_namespace(self.name)
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def _end_inhabitants(self):
        pids = (self.cgroup / "cgroup.procs").read_text().split()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        return not pids

    def add_namespace(self, name):
        run("ip", "netns", "add", name)
        self.namespaces.append(name)
        run("ip", "-n", name, "link", "set", "lo", "up")
        return name

    def enter(self, netns=None):
        # Unlike `ip netns exec`, this leaves the mount namespace alone.
        return ["nsenter", f"--net=/run/netns/{netns or self.name}"]

    def join_cgroup(self):
        (self.cgroup / "cgroup.procs").write_text("0")

    def run(self, *words, netns=None):
        return run(*self.enter(netns), *words)

    def who(self, *options, prefix=()):
        tool = Who(self, *options, prefix=prefix)
        self.tools.append(tool)
        return tool

    def client(self, code, *arguments, **options):
        return Client(self, code, *arguments, **options)

    def __exit__(self, *_):
        for process in [client.process for client in self.clients] + [tool.process for tool in self.tools]:
            if process.poll() is None:
                process.kill()
            process.wait()
        # Children of the clients: the control group names them.
        with contextlib.suppress(FileNotFoundError):
            portreeve_lab.wait_for("the control group to be empty", self._end_inhabitants)
            self.cgroup.rmdir()
        for name in self.namespaces:
            run("ip", "netns", "del", name, check=False)
        run("rm", "-rf", self.directory)


def python_path():
    return os.path.realpath(PYTHON)


def is_client(answer, client):
    """The answer names the client: the very process, its executable proven."""
    process = answer["process"]
    assert process["pid"] == client.pid, answer
    assert process["path"] == python_path() and process["proven"], answer
    return True
