# SPDX-License-Identifier: GPL-3.0-or-later
"""A capture replayed under a policy is decided as the daemon decided the same traffic under it."""
import contextlib
import json
import pathlib
import shutil
import signal
import subprocess

import pytest

from portreeve_lab import Failed, wait_for, wait_until_written

ROOT = pathlib.Path(__file__).resolve().parents[2]
POLICY = ('outgoing = [ "- ads.example", "+ example.com TCP/443", "- Internet http/8080", "- Internet TCP/8081" ];\n'
          'incoming = [ "- * UDP/9999" ];\n')
PAGES = ("https://example.com/", "http://example.com:8080/", "http://example.com:8081/", "http://example.com/",
         "https://ads.example/")
CURL = str(pathlib.Path(shutil.which("curl")).resolve())


def surf(lab):
    """Each page by its name; what is denied answers with an error."""
    for page in PAGES:
        lab.host.run("curl", "-4", "-sk", "--max-time", "20", "-o", "/dev/null", page, check=False)


def replay(build, file, directory, *words):
    done = subprocess.run([build / "portreeve", "--json", "replay", file, "--config", directory, "--share", ROOT / "data",
                           *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=180, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def questions(events):
    """(name, type) → the last verdict."""
    return {(event["entity"]["domain"], event["text"]): event["verdict"] for event in events if event["event"] == "dns"}


def links(events):
    """(name, port) → verdict, stage and reason of the last event of a link. What is older than the daemon is what was recorded."""
    found = {}
    for event in events:
        entity = event.get("entity", {})
        if event.get("older_than_daemon"):
            continue
        if event["event"] in ("link", "verdict", "summary") and entity.get("port") not in (None, 53):
            found[entity.get("domain"), entity["port"]] = event["verdict"], event["stage"], event.get("reason")
    return found


@contextlib.contextmanager
def recording(lab, file):
    tcpdump = lab.host.start("tcpdump", "-i", "eth0", "-Z", "root", "--immediate-mode", "-U", "-n", "-s", "0", "-w", file)
    wait_for("tcpdump", lambda: "listening on" in tcpdump.log.read_text())
    yield
    wait_until_written(tcpdump, file)
    tcpdump.send_signal(signal.SIGINT)
    tcpdump.wait(60)


@pytest.fixture
def recorded(lab):
    """What the pages look like without any firewall."""
    lab.start_dns()
    lab.start_web(ports=(80, 8080, 8081))
    file = lab.directory / "surf.pcap"
    with recording(lab, file):
        surf(lab)
    return file


def test_decided_as_by_the_daemon(lab, guard, build, recorded):
    live = guard(config=POLICY)
    with live.monitor() as monitor:
        surf(lab)
        rows = replay(build, recorded, live.config, "--app", CURL, "--host", "10.77.0.2/24,fd77::2/64")
        replayed = [row for row in rows if "event" in row]
        decided = links(replayed)
        # The name was refused, so that the daemon saw no connection; the capture has one.
        assert decided.pop((None, 443), decided.pop(("ads.example", 443), None))
        with contextlib.suppress(Failed):  # what differs is told below
            wait_for("the last events", lambda: links(monitor.events()) == decided and
                     questions(monitor.events()) == questions(replayed))
        events = monitor.events()
    lived = links(events)
    assert questions(replayed) == questions(events)
    assert questions(events)["ads.example", "A"] == "block"
    assert lived, "the daemon saw no link"
    assert decided == lived
    assert lived["example.com", 443][0] == "accept" and lived["example.com", 80][0] == "accept"
    assert lived["example.com", 8080][:2] == ("block", "inspection")
    assert lived["example.com", 8081][0] == "block"


def test_packet_by_packet(lab, build, recorded, tmp_path):
    (tmp_path / "portreeve.conf").write_text(POLICY)
    rows = [row for row in replay(build, recorded, tmp_path, "--app", CURL) if "packet" in row]
    assert [row["packet"] for row in rows] == sorted(row["packet"] for row in rows)
    assert all(row["verdict"] in ("accept", "block", "drop", "reroute-nameserver") for row in rows)
    # The request is denied when it is seen, the handshake before it is not.
    plain = [row for row in rows if 8080 in (row["flow"]["src_port"], row["flow"]["dst_port"])]
    assert [row["verdict"] for row in plain[:3]] == ["accept"] * 3
    assert plain[3]["verdict"] in ("block", "drop") and "http" in plain[3]["reason"].lower()
    assert {row["verdict"] for row in plain[3:]} <= {"block", "drop"}
    # What was held is told why, too, and counted.
    assert all(row.get("reason") for row in plain if row["by"] == "engine"), plain
    # From a permanent verdict on, the kernel carries the link alone.
    carried = [row for row in rows if row["flow"]["dst_port"] == 443 and row["by"] == "kernel"]
    assert carried and all(row["permanent"] for row in carried)


def test_without_an_application(build, recorded, tmp_path):
    (tmp_path / "portreeve.conf").write_text('default_action = "block";\n')
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "curl.conf").write_text(f'name = "curl"; match = ( {{ path = "{CURL}"; }} );\ndefault_action = "permit";\n')
    nobody, curl = (replay(build, recorded, tmp_path, *words) for words in ((), ("--app", CURL)))
    assert {row["verdict"] for row in nobody if row.get("flow", {}).get("dst_port") == 443 and "packet" in row} == {"block"}
    assert {row["verdict"] for row in curl if row.get("flow", {}).get("dst_port") == 443 and "packet" in row} == {"accept"}


SCAN = """
import socket
for port in range(1, 300):
    with socket.socket() as end:
        end.settimeout(1)
        end.connect_ex(("10.77.0.2", port))
"""


def test_what_goes_through_the_tunnel(build, recorded, tmp_path):
    """As if each of its ways could be opened; what the kernel carries on is told as such."""
    (tmp_path / "portreeve.conf").write_text('tunnel_upstream = ( { name = "tor"; url = "socks5://127.0.0.1:9050"; } );\n'
                                             'tunnel = "tor"; outgoing = [ "> Internet TCP/443" ];\n')
    rows = replay(build, recorded, tmp_path, "--app", CURL)
    packets = [row for row in rows if "packet" in row and row["flow"]["dst_port"] == 443]
    assert packets and {row["verdict"] for row in packets} == {"reroute-tunnel"}
    assert {row["by"] for row in packets} == {"engine", "kernel"}
    ends = [row for row in rows if row.get("event") == "summary" and row.get("entity", {}).get("port") == 443]
    assert ends and all(row["verdict"] == "reroute-tunnel" and row["tunnel"] == "tor" for row in ends)
    assert {row["verdict"] for row in rows if row.get("event") == "summary" and row.get("entity", {}).get("port") == 8080} == {"accept"}


def test_an_attack_is_told(lab, build, tmp_path):
    file = lab.directory / "scan.pcap"
    with recording(lab, file):
        lab.lan.python(SCAN)
    (tmp_path / "portreeve.conf").write_text("")
    told = [row["text"] for row in replay(build, file, tmp_path, "--host", "10.77.0.2/24") if row.get("event") == "system"]
    assert len(told) == 1 and "10.77.0.3" in told[0] and "scan" in told[0]


def test_what_is_wrong_is_said(build, tmp_path):
    def run(*words):
        return subprocess.run([build / "portreeve", "replay", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    empty = tmp_path / "empty.pcap"
    empty.write_bytes(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000065000000"))
    (tmp_path / "portreeve.conf").write_text('outgoing = [ "wrong" ];\n')
    done = run(empty, "--config", tmp_path)
    assert done.returncode == 2 and "portreeve.conf:1" in done.stderr
    (tmp_path / "portreeve.conf").write_text("")
    assert run(empty, "--config", tmp_path).returncode == 0
    assert run(empty, "--config", tmp_path / "nowhere").returncode == 2
    assert run(empty, "--config", tmp_path, "--host", "nonsense").returncode == 2
    assert run(empty, "--config", tmp_path, "--app", "curl").returncode == 2
    assert run(tmp_path / "nowhere.pcap", "--config", tmp_path).returncode == 1
