# SPDX-License-Identifier: GPL-3.0-or-later
"""`dns query` says what an application would be told; it is no way out for whoever asks."""
import json
import subprocess

from portreeve_lab import WEB4

GROUP = 64242  # that of the administrators, in the lab's own /etc/group
CURL = "/usr/bin/curl"


def member(lab, guarded, build, *words):
    """The command line, or another, as an ordinary user of the group."""
    command = words if words[0] == "curl" else (build / "portreeve", "--run", guarded.run_dir, "--json", *words)
    done = subprocess.run(lab.host.command("setpriv", "--reuid=65534", "--regid=65534", f"--groups={GROUP}", *map(str, command)),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180)
    assert done.returncode == 0, (words, done.stdout)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_only_roots_question_goes_upstream(lab, guard, build):
    upstream = lab.start_dns(extra_data=(f"data.attacker.example. 60 IN A {WEB4}", f"kept.attacker.example. 60 IN A {WEB4}"))
    lab.etc_file(lab.host, "group", f"portreeve:x:{GROUP}:\n")
    guarded = guard(config='outgoing = [ "- denied.example" ];\n')
    refused = {"rcode": "REFUSED", "why": "not in the cache; asking upstream needs root"}
    with_root = "http://localhost/v1/dns/query?root=1&name=data.attacker.example&app=" + CURL
    capture = lab.internet.capture("port 53")
    for words in (("dns", "query", "data.attacker.example", "--app", CURL), ("dns", "query", "data.attacker.example", "CNAME"),
                  ("curl", "-sS", "--fail-with-body", "--unix-socket", guarded.run_dir / "api.sock", with_root)):
        assert member(lab, guarded, build, *words) == [refused], words
    denied = member(lab, guarded, build, "dns", "query", "denied.example", "--app", CURL)
    assert denied[0]["rcode"] == "NXDOMAIN" and "denied.example" in denied[0]["why"]
    # Root's goes there, which shows that the capture sees such questions; and then it is in the cache.
    assert guarded.rows("dns", "query", "kept.attacker.example", "--app", CURL)[1]["data"] == WEB4
    assert member(lab, guarded, build, "dns", "query", "kept.attacker.example", "--app", CURL)[1]["data"] == WEB4
    packets = "\n".join(capture.stop())
    assert "kept.attacker.example" in packets
    assert "data.attacker" not in packets and "denied.example" not in packets
    assert "data.attacker" not in upstream.log.read_text().lower()
