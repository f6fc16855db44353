# SPDX-License-Identifier: GPL-3.0-or-later
"""Real programs that fetch a page: each says whether it got it, and which program Portreeve should take it for."""
import json
import os
import pathlib
import shutil
import socket
import subprocess

from portreeve_lab import run, wait_for

TOOLS = pathlib.Path(__file__).resolve().parents[1] / "tools"
WELCOME = "It works."  # of the lab's page
CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--ignore-certificate-errors"]


def real(program):
    return str(pathlib.Path(shutil.which(program) or program).resolve())


class Client:
    """A program that is started for each page. `asks_https`: for HTTPS records as well."""

    def __init__(self, lab, words, path, asks_https=False):
        self.lab, self.words, self.path, self.asks_https = lab, words, path, asks_https

    def loads(self, name):
        done = self.lab.host.run(*(str(word).format(name=name) for word in self.words), check=False, timeout=180)
        return WELCOME in done.stdout

    def close(self):
        pass


def curl(lab):
    return Client(lab, ["curl", "-sS", "--max-time", "30", "http://{name}/"], real("curl"))


def chromium(lab):
    profile = lab.directory / "chromium"
    return Client(lab, [*CHROMIUM, f"--user-data-dir={profile}", "--dump-dom", "http://{name}/"],
                  "/usr/lib/chromium/chromium", asks_https=True)


def go(lab):
    """Without any C library: Go's own resolver."""
    program = lab.directory / "fetch-go"
    subprocess.run(["go", "build", "-tags", "netgo", "-o", program, TOOLS / "fetch.go"], check=True, timeout=120,
                   env=dict(os.environ, CGO_ENABLED="0", GO111MODULE="off", GOCACHE=str(lab.directory / "go")))
    return Client(lab, [program, "{name}", 80], str(program))


def static_musl(lab):
    program = lab.directory / "fetch-musl"
    subprocess.run(["musl-gcc", "-static", "-o", program, TOOLS / "fetch.c"], check=True)
    return Client(lab, [program, "{name}", 80], str(program))


class Firefox:
    """firefox-esr, driven by its own remote protocol (Marionette): a message is its length, a colon, and JSON."""

    asks_https = False

    def __init__(self, lab, preferences="", authority=None):
        """`authority`: a certificate that the browser trusts."""
        self.lab, self.path, self.number = lab, "/usr/lib/firefox-esr/firefox-esr", 0
        profile = lab.directory / "firefox"
        profile.mkdir()
        if authority:
            run("certutil", "-N", "--empty-password", "-d", f"sql:{profile}")
            run("certutil", "-A", "-n", "lab", "-t", "C,,", "-i", authority, "-d", f"sql:{profile}")
        (profile / "user.js").write_text('user_pref("dom.security.https_first", false);\n'
                                         'user_pref("browser.shell.checkDefaultBrowser", false);\n' + preferences)
        environment = dict(os.environ, HOME=str(lab.directory), MOZ_HEADLESS="1")
        self.process = lab.host.start("firefox-esr", "--headless", "--marionette", "--no-remote", "--profile", profile,
                                      ready=lab.host.listens(2828), env=environment)
        with lab.host.inside():
            self.stream = socket.create_connection(("127.0.0.1", 2828), timeout=180)
        self.buffer = b""
        self._hear()  # it says who it is
        self._say("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {"acceptInsecureCerts": True}}})

    def _hear(self):
        while b":" not in self.buffer:
            self.buffer += self.stream.recv(65536)
        length, self.buffer = self.buffer.split(b":", 1)
        while len(self.buffer) < int(length):
            self.buffer += self.stream.recv(65536)
        message, self.buffer = self.buffer[:int(length)], self.buffer[int(length):]
        return json.loads(message)

    def _say(self, command, parameters):
        """What it answers: (error, result)."""
        self.number += 1
        text = json.dumps([0, self.number, command, parameters]).encode()
        self.stream.sendall(b"%d:%b" % (len(text), text))
        _, number, error, result = self._hear()
        assert number == self.number
        return error, result

    def loads(self, name):
        return self.load(f"http://{name}/")

    def load(self, url):
        error, _ = self._say("WebDriver:Navigate", {"url": url})
        if error:
            assert "dnsNotFound" in error["message"] or "neterror" in error["message"], error
            return False
        return WELCOME in self._say("WebDriver:GetPageSource", {})[1]["value"]

    def close(self):
        self._say("Marionette:Quit", {"flags": ["eForceQuit"]})
        self.stream.close()
        self.process.wait(60)


class Contained:
    """A program in a container made of what the kernel has for it: namespaces of its own (the lab's `container` for the
    network), and a control group with the name that runtimes give it."""

    asks_https = False

    def __init__(self, lab, cgroup_root):
        self.identifier = "c0ffee" * 10 + "0123"
        self.cgroup = cgroup_root / f"docker-{self.identifier}.scope"
        self.cgroup.mkdir()
        self.client = static_musl(lab)
        self.namespace, self.path = lab.container, self.client.path

    def loads(self, name):
        join = f'echo $$ >{self.cgroup}/cgroup.procs; exec "$@"'
        done = run("sh", "-ec", join, "sh", *self.namespace.command("unshare", "-mpf", "--mount-proc", "--", self.path, name, 80),
                   check=False)
        return WELCOME in done.stdout

    def close(self):
        wait_for("the container to end", lambda: not (self.cgroup / "cgroup.procs").read_text())
        self.cgroup.rmdir()
