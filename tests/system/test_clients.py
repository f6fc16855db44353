# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of client resolves through Portreeve, is known by its program, and is denied what lists and rules say: a
domain by its name, by an alias, by its address, by its country and by its AS."""
import json
import pathlib
import socket

import clients
import dns.rcode
import pytest
from guard import Guard
from portreeve_lab import DNS4, WEB4, WEB6, Lab, wait_for
from test_beside_dns import resolved, start_resolved  # noqa: F401  (a fixture)
from who_lab import cgroup2_root
from wire_lab import ask

FINE = "fine.example"
# What is denied, and how: the addresses are this way's alone, so that a capture shows who went there.
WAYS = {
    "name": ("listed.example", "93.184.215.101", "2606:2800:21f::101"),
    "alias": ("alias.example", "93.184.215.102", "2606:2800:21f::102"),
    "address": ("address.example", "93.184.215.103", "2606:2800:21f::103"),
    "country": ("country.example", "175.45.176.4", "2001:218::4"),
    "as": ("as.example", "151.101.1.5", "2a04:4e42::5"),
}
DENIED = [address for _, *addresses in WAYS.values() for address in addresses]
CLIENTS = {"curl": clients.curl, "chromium": clients.chromium, "firefox": clients.Firefox, "go": clients.go,
           "static-musl": clients.static_musl}
CONFIG = """
upstreams = [ "{dns}" ];
list = ( {{ id = "names"; file = "{directory}/names.txt"; }}, {{ id = "addresses"; file = "{directory}/addresses.txt"; }} );
geo = ( {{ id = "countries"; file = "{directory}/countries.csv"; format = "csv-country"; }},
        {{ id = "networks"; file = "{directory}/networks.csv"; format = "csv-asn"; }} );
lists = [ "names", "addresses" ];
outgoing = [ "- KP", "- AS64500" ];
"""


def records():
    yield from (f"{FINE}. 60 IN A {WEB4}", f"{FINE}. 60 IN AAAA {WEB6}", f"{FINE}. 60 IN HTTPS 1 . alpn=http/1.1")
    for way, (name, address4, address6) in WAYS.items():
        owner = name
        if way == "alias":
            owner = "cdn.tracker.example"
            yield f"{name}. 60 IN CNAME {owner}."
        yield f"{owner}. 60 IN A {address4}"
        yield f"{owner}. 60 IN AAAA {address6}"
        yield f"{owner}. 60 IN HTTPS 1 . alpn=http/1.1 ipv4hint={address4} ipv6hint={address6}"


def write_data(directory):
    (directory / "names.txt").write_text("listed.example\n.tracker.example\n")
    (directory / "addresses.txt").write_text("".join(f"{address}\n" for address in WAYS["address"][1:]))
    _, address4, address6 = WAYS["country"]
    (directory / "countries.csv").write_text(f"{address4},{address4},KP\n{address6},{address6},KP\n{WEB4},{WEB4},US\n")
    _, address4, address6 = WAYS["as"]
    (directory / "networks.csv").write_text(f"{address4},{address4},64500,Denied Networks\n{address6},{address6},64500,Denied "
                                            f"Networks\n{WEB4},{WEB4},64501,Fine Networks\n")


def start(lab, build):
    for address in DENIED:
        lab.internet.ip("addr", "add", f"{address}/{128 if ':' in address else 32}", "dev", "lo")
    lab.dns = lab.start_dns(list(records()))
    lab.start_web(names=("example.com",))
    write_data(lab.directory)


def guard_of(lab, build):
    guarded = Guard(lab, build, CONFIG.format(dns=DNS4, directory=lab.directory))
    wait_for("the lists", lambda: all(row["state"] == "fine" for row in guarded.rows("intel", "lists")))
    return guarded


@pytest.fixture(scope="module")
def lab(build):
    with Lab(prefix="prcli", lan=False) as made:
        start(made, build)
        made.resolv_conf(made.container, f"nameserver {DNS4}\n")
        made.guard = guard_of(made, build)
        yield made


@pytest.fixture(scope="module", params=[*CLIENTS, "container"])
def client(lab, request):
    if request.param == "container":
        made = clients.Contained(lab, cgroup2_root())
    else:
        made = CLIENTS[request.param](lab)
    yield made
    made.close()


def questions(monitor, name):
    return [event for event in monitor.events(event="dns") if event["entity"].get("domain") == name]


def assert_is_client(event, client):
    assert event["app"]["path"] == client.path, event
    if isinstance(client, clients.Contained):
        assert event["app"]["container"] == client.identifier, event


def test_a_page_loads_and_the_question_is_its_program_s(lab, client):
    with lab.guard.monitor() as monitor:
        assert client.loads(FINE)
        asked = wait_for("the question", lambda: questions(monitor, FINE))
        links = wait_for("the link", lambda: monitor.events(event="link", entity__domain=FINE))
        if client.asks_https:  # RFC 9460; what it is told there may make it come by HTTPS
            wait_for("the question for HTTPS", lambda: f"{FINE}. https in" in lab.dns.log.read_text().lower())
    for event in [*asked, *links]:
        assert_is_client(event, client)
        assert event["verdict"] == "accept", event


def to_the_denied(lab):
    return lab.internet.capture(" or ".join(f"host {address}" for address in DENIED), "br0")


@pytest.mark.parametrize("way", WAYS)
def test_what_is_denied_does_not_load(lab, client, way):
    """And nothing is sent there: not a SYN."""
    name = WAYS[way][0]
    capture = to_the_denied(lab)
    with lab.guard.monitor() as monitor:
        assert not client.loads(name)
        wait_for("the denial", lambda: monitor.events(event="dns", entity__domain=name, verdict="block"))
    assert capture.stop() == []
    for event in questions(monitor, name):
        assert_is_client(event, client)
        # what of an answer has no address (an HTTPS record without hints) may pass where addresses alone are denied
        assert event["verdict"] == "block" or "ip" not in event["entity"], event


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["A", "AAAA", "HTTPS"])
def test_no_type_of_answer_leads_there(lab, way, kind):
    name, address4, address6 = WAYS[way]
    reply = ask(lab.host, name, kind)
    text = "\n".join(str(rrset) for section in (reply.answer, reply.authority, reply.additional) for rrset in section)
    assert address4 not in text and address6 not in text
    assert reply.rcode() == dns.rcode.NXDOMAIN or kind == "HTTPS"


# systemd-resolved -----------------------------------------------------------------------------------------------

def resolve_by_varlink(path, name):
    """As nss-resolve asks: over a socket, so that the stub itself asks us."""
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(10)
        stream.connect(str(path))
        call = {"method": "io.systemd.Resolve.ResolveHostname", "parameters": {"name": name, "family": socket.AF_INET}}
        stream.sendall(json.dumps(call).encode() + b"\0")
        reply = b""
        while not reply.endswith(b"\0"):
            reply += stream.recv(65536)
    reply = json.loads(reply[:-1])
    return [".".join(map(str, each["address"])) for each in reply.get("parameters", {}).get("addresses", [])]


def test_systemd_resolved(build, resolved):  # noqa: F811
    with Lab(prefix="prres", container=False, lan=False) as lab:
        start(lab, build)
        lab.resolv_conf(lab.host, "nameserver 127.0.0.53\noptions edns0 trust-ad\n")
        start_resolved(lab, resolved)
        guarded = guard_of(lab, build)
        curl, capture = clients.curl(lab), to_the_denied(lab)
        varlink = lab.directory / "run-systemd/resolve/io.systemd.Resolve"
        with guarded.monitor() as monitor:
            # asked over DNS, its clients are known by themselves
            assert curl.loads(FINE)
            # asked over its socket, it asks for them
            assert resolve_by_varlink(varlink, FINE) == [WEB4]
            for name, *_ in WAYS.values():
                assert not curl.loads(name), name
                assert resolve_by_varlink(varlink, name) == [], name
            stub = str(pathlib.Path(resolved).resolve())
            wait_for("the last question", lambda: [event for event in questions(monitor, WAYS["as"][0]) if event["app"]["path"] == stub])
            asked = monitor.events(event="dns")
        assert capture.stop() == []
        by_stub = [event for event in asked if event["app"]["path"] == stub]
        by_curl = [event for event in asked if event["app"]["path"] == curl.path]
        for name in [FINE, *(name for name, *_ in WAYS.values())]:
            assert any(event["entity"]["domain"] == name for event in by_stub), name
            assert any(event["entity"]["domain"] == name for event in by_curl), name
        assert all((event["verdict"] == "accept") == (event["entity"]["domain"] == FINE) for event in by_stub + by_curl
                   if "ip" in event["entity"])
