# SPDX-License-Identifier: GPL-3.0-or-later
"""`dns flush`: what upstream nameservers said is forgotten. `dns cache`: what is known by name."""
import pathlib
import shutil

from portreeve_lab import WEB4


def test_flushed_is_asked_anew_and_names_are_listed(lab, guard):
    upstream = lab.start_dns()
    guarded = guard()

    def look_up():
        """How often the upstream nameserver was asked for it."""
        before = upstream.log.read_text().count(" four.example. A ")
        assert lab.host.run("getent", "ahostsv4", "four.example").stdout.split()[0] == WEB4
        return upstream.log.read_text().count(" four.example. A ") - before
    assert look_up() == 1
    assert look_up() == 0
    guarded.portreeve("dns", "flush")
    assert look_up() == 1
    assert look_up() == 0
    known = guarded.rows("dns", "cache", "--domain", "four.example")
    assert [row["entity"]["ip"] for row in known] == [WEB4]
    assert known[0]["app"]["path"] == str(pathlib.Path(shutil.which("getent")).resolve())
    assert known[0]["expires"]
    assert guarded.rows("dns", "cache", "--domain", "example.org") == []
    line = guarded.portreeve("dns", "cache").stdout
    assert WEB4 in line and "four.example" in line
    # Flushing concerns answers, not names: what applications were told stays known.
    guarded.portreeve("dns", "flush")
    assert guarded.rows("dns", "cache", "--domain", "four.example")
