# SPDX-License-Identifier: GPL-3.0-or-later
"""packaging/run, which `make run` ends with: however it is ended, nothing of it stays."""
import os
import pathlib
import pty
import signal
import time

import pytest

from portreeve_lab import wait_for

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


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM", "SIGTERM to the group", "the terminal is closed"])
def test_run_leaves_nothing_behind(lab, build, how, monkeypatch):
    # As make does it: from the source tree, by a path that is relative.
    monkeypatch.chdir(ROOT)
    command = lab.host.command("packaging/run", os.path.relpath(build))
    before = set(pathlib.Path("/run").glob("portreeve-try.*"))
    process, terminal = pty.fork()
    if process == 0:
        os.execvp(command[0], command)
    said = b""
    while b"is guarded" not in said:
        said += os.read(terminal, 4096)
    ours = set(pathlib.Path("/run").glob("portreeve-try.*")) - before
    assert ours and "portreeve" in lab.host.run("nft", "list", "tables").stdout
    time.sleep(0.5)
    leave(process, terminal, how)
    wait_for("its end", lambda: os.waitpid(process, os.WNOHANG)[0], seconds=3)
    assert "portreeve" not in lab.host.run("nft", "list", "tables").stdout
    assert not any(directory.exists() for directory in ours)
