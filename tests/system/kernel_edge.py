# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel edge without an engine: drives build/tests/tools/edge, and the clients and servers around it."""
import json
import os
import pathlib
import select
import subprocess
import sys

import portreeve_lab as world

PEER = str(pathlib.Path(__file__).resolve().with_name("kernel_peer.py"))
PYTHON = "/usr/bin/python3"


class Edge:
    """The table in force in a namespace, and a loop that decides by `HOOK,PROTO,PORT,VERDICT[!]` rules."""

    def __init__(self, build, namespace, *words):
        self.namespace = namespace
        self.process = subprocess.Popen(namespace.command(build / "tests" / "tools" / "edge", *words), text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1)
        namespace.lab.processes.append(self.process)
        first = self.line()
        assert first == "ready", first

    def line(self, seconds=60):
        assert select.select([self.process.stdout], [], [], seconds)[0], "the edge does not answer"
        return self.process.stdout.readline().strip()

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.line()
        return json.loads(answer) if answer.startswith("{") else answer

    def counters(self):
        return self.ask("counters")

    def queued(self):
        """How many packets reached user space, by the kernel's own count."""
        return self.counters()["queued"]

    def __enter__(self):
        return self

    def __exit__(self, kind, _error, _trace):
        if self.process.poll() is None:
            self.process.stdin.write("quit\n")
            self.process.stdin.close()
            status = self.process.wait(60)
            assert status == 0 or kind, f"the edge ended with {status}"

    def kill(self):
        self.process.kill()
        self.process.wait()


def serve(namespace, port=7000):
    """An echo server, TCP and UDP, IPv4 and IPv6, that answers from the address that was asked."""
    return namespace.start(PYTHON, PEER, "serve", port, ready=namespace.listens(port))


def talk(namespace, proto, address, port=7000, times=1, source_port=0, user=None, wait=10.0):
    """What a client saw, one word an attempt: `answer`, `refused`, `silence` or `closed`."""
    command = [PYTHON, PEER, "talk", proto, address, port, times, source_port, wait]
    if user is not None:
        command = ["setpriv", "--reuid", user, "--clear-groups", *command]
    return json.loads(namespace.run(*command).stdout.strip().splitlines()[-1])


def rules(namespace):
    return namespace.run("nft", "list", "ruleset", check=False).stdout


def addresses(family, pair):
    return pair[0] if family == 4 else pair[1]


__all__ = ["Edge", "serve", "talk", "rules", "addresses", "world", "os", "sys"]
