# SPDX-License-Identifier: GPL-3.0-or-later
"""`pause` permits everything for a while, and resumes by itself."""
import socket
import time

import pytest
from faults import connect_ms
from portreeve_lab import WEB4, wait_for

DENY = f'enforced = [ "- {WEB4}" ];\noutgoing = [ "- *" ];\n'


def test_a_pause_ends_by_itself(lab, guard):
    lab.start_web()
    lab.start_echo(lab.internet, 7)
    guarded = guard(config=DENY)
    assert connect_ms(lab.host, WEB4, 80, 1) is None
    said = guarded.portreeve("pause", "4s").stdout
    assert "4 seconds" in said
    began = time.monotonic()
    assert connect_ms(lab.host, WEB4, 80) is not None
    assert guarded.status()["paused_for_s"] <= 4
    with lab.host.inside():
        link = socket.create_connection((WEB4, 7), 3)
    link.settimeout(8)
    # Other changes don't end it.
    guarded.portreeve("rule", "add", "- 192.0.2.1")
    assert connect_ms(lab.host, WEB4, 80) is not None
    # What would be denied without it is cut when it is over.
    with pytest.raises(OSError):
        for _ in range(80):
            link.sendall(b"x")
            if not link.recv(10):
                raise ConnectionResetError
            time.sleep(0.1)
    assert 3 < time.monotonic() - began < 7
    assert connect_ms(lab.host, WEB4, 80, 1) is None
    assert "paused_for_s" not in guarded.status()


def test_resume_ends_it_and_only_root_may_pause(lab, guard, build):
    lab.start_web()
    guarded = guard(config=DENY)
    refused = lab.host.run("setpriv", "--reuid=65534", "--clear-groups", build / "portreeve", "--run", guarded.run_dir,
                           "pause", check=False)
    assert refused.returncode == 1
    assert connect_ms(lab.host, WEB4, 80, 1) is None
    guarded.portreeve("pause")
    assert connect_ms(lab.host, WEB4, 80) is not None
    guarded.portreeve("resume")
    wait_for("the denial", lambda: connect_ms(lab.host, WEB4, 80, 1) is None, 3)
