# SPDX-License-Identifier: GPL-3.0-or-later
"""Captures of real clients and servers (tests/captures/): what `portreeve inspect` says of each flow is true, and of
every variant of it true or less. And what the command says of files that are no good captures."""
import json
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "captures"))

import judge  # noqa: E402  (the path is set just above)
import run  # noqa: E402


@pytest.fixture(scope="module")
def recorded(build):
    """The directory of the captures, made once, and what is not in it for want of a program."""
    failed, left_out = run.record(build / "captures", said=lambda line: None)
    assert not failed, "\n".join(failed)
    return build / "captures", left_out


def test_real_clients_and_servers(build, recorded):
    directory, left_out = recorded
    judgement = judge.judge(build, sorted(directory.glob("*.json")))
    print(judge.table(judgement))
    assert not judgement.faults, "\n".join(judgement.faults)
    assert not judge.missed(judgement)
    assert sum(judge.totals(judgement).flows.values()) > 200
    if left_out:
        pytest.skip("; ".join(left_out))


def test_none_of_it_is_taken_for_an_attack(build, recorded, tmp_path):
    """All of it through the engine: every packet gets a verdict, and nothing is reported."""
    (tmp_path / "portreeve.conf").write_text("")
    for file in sorted(recorded[0].glob("*.pcap")):
        done = subprocess.run([build / "portreeve", "--json", "replay", file, "--config", tmp_path, "--share", tmp_path,
                               "--host", "10.77.0.2/24,fd77::2/64"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=180)
        assert done.returncode == 0 and not done.stderr, (file, done.stderr)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert [row for row in rows if row.get("event") == "system"] == [], file
        assert all(row["verdict"] in ("accept", "reroute-nameserver", "drop") for row in rows if "packet" in row), file


def inspect(build, *words, data=None):
    return subprocess.run([build / "portreeve", *words], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=180)


def test_what_is_shown(build, recorded):
    shown = inspect(build, "inspect", recorded[0] / "curl_openssl_tls12.pcap").stdout.decode().splitlines()
    assert shown[0].split() == ["flow", "protocol", "version", "encrypted", "names", "ALPN", "JA4", "packets", "bytes"]
    assert "tls" in shown[1].split() and "example.com" in shown[1] and "h2,http/1.1 > h2" in shown[1]
    row = json.loads(inspect(build, "--json", "inspect", "-", data=(recorded[0] / "curl_openssl_tls12.pcap").read_bytes()).stdout)
    assert row["flow"]["dst_port"] == 443 and row["flow"]["proto"] == "tcp"
    assert row["certificate"]["name"] == "example.com" and row["certificate"]["expired"] is False
    assert row["encrypted"] == "yes" and row["encrypted_why"] and row["packets"] > 5


def test_captures_that_are_no_good(build, recorded, tmp_path):
    whole = (recorded[0] / "curl_openssl_tls12.pcap").read_bytes()
    for data, said, shows in ((b"", "neither pcap nor pcapng", False), (b"GET / HTTP/1.1\r\n\r\n", "neither pcap nor pcapng", False),
                              (whole[:-3], "damaged or cut behind record", True),
                              (whole[:20] + b"\x93\0\0\0" + whole[24:], "link type", False)):
        file = tmp_path / "no-good"
        file.write_bytes(data)
        done = inspect(build, "inspect", file)
        assert done.returncode == 1 and said in done.stderr.decode(), done
        assert (b"tls" in done.stdout) == shows
    assert b"No such file" in inspect(build, "inspect", tmp_path / "nowhere").stderr
    assert inspect(build, "inspect").returncode == 2


def records(pcap):
    """Of a capture that tcpdump wrote: (its header, its records)."""
    found, at = [], 24
    while at < len(pcap):
        end = at + 16 + int.from_bytes(pcap[at + 8:at + 12], "little")
        found.append(pcap[at:end])
        at = end
    return pcap[:24], found


def test_the_middle_of_a_flow(build, recorded, tmp_path):
    """It is marked; where its beginning is gone, nothing is made up of what follows."""
    header, packets = records((recorded[0] / "curl_openssl_tls12.pcap").read_bytes())
    file = tmp_path / "late.pcap"
    for n_missing in range(1, 10):
        file.write_bytes(header + b"".join(packets[n_missing:]))
        row = json.loads(inspect(build, "--json", "inspect", file).stdout)
        assert row["late"] is True
        # The handshake of TCP takes three packets, the hello stands in the fourth.
        if n_missing > 3:
            assert row["protocol"] == "unknown" and row["encrypted"] == "unknown" and "names" not in row
    assert "began before" in inspect(build, "inspect", file).stdout.decode()
