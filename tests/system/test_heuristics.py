# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated domains and DNS tunnels, by the daemon: malware's names, the real tunnel tools, and ordinary software."""
import pathlib
import re
import sys

import pytest

from portreeve_lab import DNS4, wait_for
from test_story import CHROMIUM, curl

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "heuristics"))

import families  # noqa: E402  (the path is set just above)
import tunnels  # noqa: E402

DENY = 'generated_domains = "deny";\ndns_tunnels = "deny";\n'


def asked_upstream(upstream, domain):
    """Different names below the domain that the lab's nameserver was asked for."""
    return set(re.findall(rf" (\S*{re.escape(domain)})\. ", upstream.log.read_text().lower()))


def suspected(monitor, what, verdict):
    return [event for event in monitor.events(event="dns", verdict=verdict)
            if what in event["entity"].get("suspicions", [])]


def start_iodine(lab, kind):
    """A client, and traffic through its tunnel as soon as there is one."""
    lab.host.start("iodine", "-f", "-r", "-P", "secret", "-d", "dns0", "-T", kind, DNS4, tunnels.IODINE)
    ping = "ping -q -I dns0 10.99.0.1"
    lab.host.start("sh", "-c", f"until {ping} -c 1 -W 1; do sleep .2; done; exec {ping} -i .1")


# With A the answer is a CNAME that leads nowhere; our resolver follows it, so that tunnel comes to no life at all.
@pytest.mark.parametrize("kind", ["NULL", "PRIVATE", "TXT", "SRV", "MX", "CNAME"])
def test_iodine_is_cut_off(lab, guard, kind):
    upstream = tunnels.start_servers(lab)
    tunnels.start_iodined(lab)
    guarded = guard(config=DENY)
    with guarded.monitor() as monitor:
        start_iodine(lab, kind)
        wait_for("denials", lambda: len(suspected(monitor, "tunnel", "block")) > 5)
        event = suspected(monitor, "tunnel", "block")[0]
    names = asked_upstream(upstream, tunnels.IODINE)
    assert 5 < len(names) < 50, sorted(names)
    assert event["app"]["path"].endswith("/iodine"), event
    assert re.search(r"data carried out in names \(dns_tunnels\): in \d+ s the application asked for \d+ new names",
                     event["reason"]), event
    said = guarded.portreeve("explain", "--app", event["app"]["path"], tunnels.IODINE).stdout
    assert "DNS tunnel" in said and "1600 suffice" in said, said
    # Of another application the same domain is not suspected.
    said = guarded.portreeve("explain", "--app", "/usr/bin/curl", tunnels.IODINE).stdout
    assert "1600 suffice" not in said, said


@pytest.mark.parametrize("kind", ["TXT", "KEY"])
def test_dns2tcp_comes_to_no_life(lab, guard, kind):
    """Its names depend on upper and lower case, which our questions don't keep: it can't even log in. That it would be
    found is measured by its questions without us (bench/heuristics)."""
    upstream = tunnels.start_servers(lab)
    guarded = guard(config=DENY)
    with guarded.monitor() as monitor:
        client = tunnels.start_dns2tcp(lab, kind, DNS4, 7101)
        wait_for("the client to give up", lambda: "No response from DNS" in client.log.read_text())
        assert {event["app"]["path"].rsplit("/", 1)[-1] for event in monitor.events(event="dns")} == {"dns2tcpc"}
    names = asked_upstream(upstream, tunnels.DNS2TCP)
    assert names and not [name for name in names if "auth." not in name], names


def test_a_reported_tunnel_goes_on(lab, guard):
    tunnels.start_servers(lab)
    tunnels.start_iodined(lab)
    guarded = guard()
    with guarded.monitor() as monitor:
        start_iodine(lab, "TXT")
        wait_for("reports", lambda: len(suspected(monitor, "tunnel", "accept")) > 50)
        assert "it looks like a tunnel: in" in suspected(monitor, "tunnel", "accept")[0]["reason"]
        assert not suspected(monitor, "tunnel", "block")
    lab.host.run("ping", "-c", "1", "-W", "5", "-I", "dns0", "10.99.0.1")


def test_generated_domains_are_denied(lab, guard):
    upstream = lab.start_dns()
    guarded = guard(config=DENY)
    names = list(families.ramnit(60))
    batch = lab.directory / "names"
    batch.write_text("".join(f"{name} A\n" for name in names))
    with guarded.monitor() as monitor:
        answers = lab.host.run("dig", "+time=20", "+tries=1", "-f", batch).stdout
        wait_for("denials", lambda: len(suspected(monitor, "generated", "block")) > 40)
        event = suspected(monitor, "generated", "block")[-1]
    assert answers.count("EDE: 15") > 40, answers
    assert len(asked_upstream(upstream, ".com") & set(names)) < 15
    assert "bits of evidence, 24 suffice" in event["reason"], event
    # Another application, and a name that somebody chose.
    assert "NXDOMAIN" in lab.host.run("host", names[-1], check=False).stdout
    assert names[-1] in asked_upstream(upstream, ".com")
    assert "EDE: 15" not in lab.host.run("dig", "+time=20", "+tries=1", "example.com").stdout


def test_ordinary_software_is_not_suspected(lab, guard):
    lab.start_dns()
    lab.start_web()
    guarded = guard(config=DENY)
    sources = lab.directory / "sources.list"
    sources.write_text("".join(f"deb [trusted=yes] http://{name} stable main\n"
                               for name in ("example.com", "www.example.com", "deb.example.com", "security.example.com")))
    with guarded.monitor() as monitor:
        page = lab.host.run(*CHROMIUM, f"--user-data-dir={lab.directory}/chromium", "--dump-dom", "https://example.com/",
                            timeout=180)
        assert "It works." in page.stdout
        for i in range(30):
            curl(lab, f"http://host{i}.example.com/", check=False)
            curl(lab, f"http://{'www.' if i % 2 else ''}example.com/")
        lab.host.run("apt-get", "-o", f"Dir::Etc::SourceList={sources}", "-o", "Dir::Etc::SourceParts=/nonexistent",
                     "-o", f"Dir::State={lab.directory}", "-o", f"Dir::Cache={lab.directory}", "-o", "Debug::NoLocking=1",
                     "-o", "Acquire::Retries=0", "-o", "APT::Sandbox::User=root", "update", check=False, timeout=120)
        asked = wait_for("apt's question", lambda: [event for event in monitor.events(event="dns")
                                                    if event["app"].get("path", "").startswith("/usr/lib/apt/")])
        assert any("deb.example.com" in event["entity"]["domain"] for event in asked)
        assert not [event for event in monitor.events(event="dns") if event["entity"].get("suspicions")]
