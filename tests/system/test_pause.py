# SPDX-License-Identifier: GPL-3.0-or-later
"""`pause` permits everything for a while, and resumes by itself."""
import socket
import time

import pytest
from faults import connect_ms
from portreeve_lab import WEB4, Stopwatch, wait_for
from test_daemon_faults import is_cut

DENY = f'enforced = [ "- {WEB4}" ];\noutgoing = [ "- *" ];\n'


def test_a_pause_ends_by_itself(lab, guard):
    lab.start_web()
    lab.start_echo(lab.internet, 7)
    guarded = guard(config=DENY)
    assert connect_ms(lab.host, WEB4, 80, 1) is None
    said = guarded.portreeve("pause", "10s").stdout
    assert "10 seconds" in said
    began, took = time.monotonic(), Stopwatch()
    assert connect_ms(lab.host, WEB4, 80) is not None
    assert guarded.status()["paused_for_s"] <= 10
    assert "paused: everything is permitted for " in guarded.portreeve("status").stdout
    with lab.host.inside():
        link = socket.create_connection((WEB4, 7), 20)
    link.settimeout(20)
    # Other changes don't end it.
    guarded.portreeve("rule", "add", "- 192.0.2.1")
    assert connect_ms(lab.host, WEB4, 80) is not None
    # What would be denied without it is cut when it is over.
    wait_for("its end", lambda: is_cut(link))
    assert 9 < time.monotonic() - began and took.seconds() < 13
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
    wait_for("the denial", lambda: connect_ms(lab.host, WEB4, 80, 1) is None)


@pytest.mark.parametrize("by_hand", [False, True], ids=["by itself", "resume"])
def test_it_ends_although_the_files_are_refused(lab, guard, by_hand):
    lab.start_web()
    guarded = guard(config=DENY)
    guarded.portreeve("pause", "1h" if by_hand else "3s")
    guarded.portreeve("rule", "add", "- 192.0.2.1")
    assert connect_ms(lab.host, WEB4, 80) is not None
    config = guarded.config / "portreeve.conf"
    config.write_text(DENY + "outgoin = [ ];\n")
    if by_hand:
        said = guarded.portreeve("resume").stdout
        assert "what was in force before it is again" in said and "portreeve.conf:3" in said, said
    wait_for("the denial", lambda: connect_ms(lab.host, WEB4, 80, 1) is None)
    status = guarded.status()
    assert "portreeve.conf:3" in status["policy"]["refused"] and "paused_for_s" not in status
    assert guarded.portreeve("rule", "add", "- 192.0.2.2", check=False).returncode == 1
    config.write_text(DENY)
    guarded.portreeve("reload")
    assert "refused" not in guarded.status()["policy"] and connect_ms(lab.host, WEB4, 80, 1) is None
    # And another one is a pause again.
    guarded.portreeve("pause")
    assert connect_ms(lab.host, WEB4, 80) is not None
    guarded.portreeve("resume")
    wait_for("the denial", lambda: connect_ms(lab.host, WEB4, 80, 1) is None)
