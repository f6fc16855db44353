# SPDX-License-Identifier: GPL-3.0-or-later
"""packaging/run, which `make run` ends with: however it is ended, nothing of it stays."""
import contextlib
import os
import pathlib
import pty
import signal

import pytest

from portreeve_lab import run, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]


def leave(process, terminal, how):
    if how == "Ctrl-C":
        os.write(terminal, b"\x03")
    elif how == "SIGTERM":
        os.kill(process, signal.SIGTERM)
    elif how == "SIGTERM to the group":
        os.killpg(process, signal.SIGTERM)
    else:
        os.close(terminal)


def commands(namespace):
    """The words of each process that runs there."""
    found = []
    for pid in run("ip", "netns", "pids", namespace.name).stdout.split():
        with contextlib.suppress(OSError):
            found.append(pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1])
    return [words for words in found if words]


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM", "SIGTERM to the group", "the terminal is closed"])
def test_run_leaves_nothing_behind(lab, build, how, monkeypatch):
    # As make does it: from the source tree, by a path that is relative.
    monkeypatch.chdir(ROOT)
    command = lab.host.command("packaging/run", os.path.relpath(build))
    process, terminal = pty.fork()
    if process == 0:
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):  # what a shell finds ignored it can't trap (nohup, &)
            signal.signal(number, signal.SIG_DFL)
        os.execvp(command[0], command)
    said = b""
    while b"is guarded" not in said:
        said += os.read(terminal, 4096)
    assert "portreeve" in lab.host.run("nft", "list", "tables").stdout
    # Both of what it started; the monitor comes last.
    words = wait_for("the live view", lambda: [words for words in commands(lab.host) if words[-1] == "monitor"])[0]
    directory = pathlib.Path(words[words.index("--run") + 1])
    assert directory.exists()
    leave(process, terminal, how)
    wait_for("its end", lambda: os.waitpid(process, os.WNOHANG)[0])
    assert "portreeve" not in lab.host.run("nft", "list", "tables").stdout
    assert not directory.exists()
