# SPDX-License-Identifier: GPL-3.0-or-later
"""Where encryption is required and a real server has none to give: its clients ask for it, are refused, and go on in plaintext. Of that
nothing reaches the server; the judge is a capture where it is."""
import pathlib
import shutil
import sys

import pytest
from portreeve_lab import ADS4
from test_inspection_required import payload_to

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "captures"))

import servers  # noqa: E402  (the path is set just above)

# The server, its port, a client that takes what it gets, what that says when it works, and what it may say to ask for TLS.
REFUSALS = {
    "ftp": (lambda lab: servers.vsftpd(lab, ssl="NO"), 21, ["curl", "-sSk", "--max-time", "8", "--ssl", f"ftp://{ADS4}/hello.txt"],
            "It works.", [b"AUTH SSL\r\n", b"AUTH TLS\r\n"]),
    "postgresql": (lambda lab: servers.postgresql(lab, ssl="off"), 5432,
                   ["psql", f"host={ADS4} user=postgres dbname=postgres sslmode=prefer gssencmode=disable connect_timeout=8", "-Atc",
                    "select 'It works.'"], "It works.", [bytes.fromhex("0000000804d2162f")]),
    "smtp": (servers.postfix, 2525, ["curl", "-sSkv", "--max-time", "8", "--ssl", f"smtp://{ADS4}:2525/me.example", "--mail-from",
                                     "me@me.example", "--mail-rcpt", "you@mail.example", "--upload-file", "/etc/hostname"],
             "queued as", [b"EHLO me.example\r\n"]),
}


@pytest.mark.parametrize("protocol", REFUSALS)
def test_who_is_refused_says_no_more(lab, guard, protocol):
    start, port, words, works, asked = REFUSALS[protocol]
    if not shutil.which({"postgresql": "psql", "ftp": "vsftpd", "smtp": "postfix"}[protocol]):
        pytest.skip("not installed")
    servers.certificates(lab)
    start(lab)
    done = lab.host.run(*words, check=False)
    assert works in done.stdout, done.stdout
    guarded = guard("require_encryption = true;\n")
    capture = lab.internet.capture(f"tcp port {port}", "br0")
    done = lab.host.run(*words, check=False)
    assert done.returncode != 0 and works not in done.stdout, done.stdout
    assert payload_to(capture, port) == len(b"".join(asked))
    row = [row for row in guarded.rows("links") if row["link"]["dst_port"] == port][-1]
    assert row["verdict"] == "block" and row["stage"] == "inspection" and "require_encryption" in row["reason"], row
    assert row["seen"]["protocol"] == protocol and row["seen"]["encrypted"] == "no", row
