# SPDX-License-Identifier: GPL-3.0-or-later
"""What `explain` says first, and that the rest fits a screen."""
import json

BLOCK = 'default_action = "block";\noutgoing = [ "- .ads.example", "+ example.com" ];\n'


def test_the_summary_comes_first(guard):
    guarded = guard(config=BLOCK)
    for words, first in ((["x.ads.example"], "block at before-intel: "), (["example.com"], "open at link: "),
                         (["192.0.2.9", "TCP/443"], "block at communication: ")):
        lines = guarded.portreeve("explain", "--app", "/usr/bin/curl", *words).stdout.splitlines()
        assert lines[0].startswith(first), lines
        assert len(lines) < 40, lines
        # Only what waits for addresses is told how to find them out.
        assert (lines[1] == "(portreeve dns query example.com --app /usr/bin/curl: asks for its addresses and decides "
                "on them)") == (words == ["example.com"]), lines
    rows = guarded.rows("explain", "--app", "/usr/bin/curl", "x.ads.example")
    assert rows[0]["summary"] is True and "summary" not in rows[1]
    assert (rows[0]["stage"], rows[0]["check"], rows[0]["said"]) == ("before-intel", "explicit rules", "block")
    assert "- .ads.example" in rows[0]["text"]
    assert [row["stage"] for row in rows if row["said"] == "not-reached" and "check" not in row] == \
        ["after-intel", "communication", "link", "inspection"], json.dumps(rows)
