# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that is denied everything, where everything else is permitted: it must not pass as anybody else."""
import pytest

from portreeve_lab import ADS4, wait_for

TRICKS = ["disconnect", "lite", "connect", "child", "ping", "gone", "fast", "pieces"]


def denied(program):
    return {"attacker.conf": f'name = "Attacker"; match = ( {{ path = "{program}"; }} );\n'
                             'default_action = "block"; outgoing = ( "- *" );'}


def tried(lab, program, trick, guarded=None):
    """What gets to the far side."""
    capture = lab.internet.capture(f"src host 10.77.0.2 and dst host {ADS4}", "br0")
    lab.host.run(program, ADS4, trick)
    if guarded:
        wait_for("the last verdict", lambda: guarded.waiting() == 0)
    return capture.stop()


@pytest.mark.parametrize("trick", TRICKS)
def test_a_denied_program_passes_as_nobody_else(lab, guard, build, trick):
    program = build / "tests" / "tools" / "attacker"
    lab.host.sysctl("net.ipv4.ping_group_range", "0 65535")
    lab.host.sysctl("net.ipv4.tcp_fastopen", "1023")
    assert tried(lab, program, trick), "without a guard it gets through"
    guarded = guard("", denied(program))
    if not guarded.status().get("who", {}).get("bpf", True):
        pytest.skip("without BPF a sender that is gone is unknown (docs/limits.md)")
    assert tried(lab, program, trick, guarded) == []
    assert guarded.counter("packets") > 0
