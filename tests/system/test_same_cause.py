# SPDX-License-Identifier: GPL-3.0-or-later
"""Why an application may not have a name: its answer's extended error, `dns query` for it, and `explain` say the same."""

import dns.edns
import pytest
from portreeve_lab import ADS4, DNS4, WEB4, wait_for
from wire_lab import ask

PYTHON = "/usr/bin/python3"  # who asks stands for any program: what denies is global
CONFIG = f"""
upstreams = [ "{DNS4}" ];
list = ( {{ id = "names"; file = "%(directory)s/names.txt"; category = "advertising"; }},
         {{ id = "addresses"; file = "%(directory)s/addresses.txt"; }} );
geo = ( {{ id = "countries"; file = "%(directory)s/countries.csv"; format = "csv-country"; }} );
lists = [ "names", "addresses" ];
outgoing = [ "- .by-rule.example", "- KP", "- C:AF" ];
"""
# The name, the address that it leads to, what is denied (`explain` decides on what one knows), and a part of the reason.
CAUSES = {
    "rule": ("www.by-rule.example", WEB4, "www.by-rule.example", '"- .by-rule.example"'),
    "list": ("listed.example", WEB4, "listed.example", 'listed.example is on the list "names" (advertising), line 1'),
    "canary": ("use-application-dns.net", WEB4, "use-application-dns.net", "bypass_prevention: canary"),
    "alias": ("alias.example", WEB4, "cdn.tracker.example", 'is on the list "names" (advertising), line 2'),
    "address": ("address.example", ADS4, ADS4, 'is on the list "addresses", line 1'),
    "country": ("country.example", "175.45.176.4", "175.45.176.4", '"- KP" (portreeve.conf:7): 175.45.176.4 is in KP'),
    "continent": ("continent.example", "41.0.0.4", "41.0.0.4", '"- C:AF" (portreeve.conf:7): 41.0.0.4 is in ZA'),
}


def records():
    for cause, (name, address, _, _) in CAUSES.items():
        owner = "cdn.tracker.example" if cause == "alias" else name
        if owner != name:
            yield f"{name}. 60 IN CNAME {owner}."
        yield f"{owner}. 60 IN A {address}"
    yield "home.example. 60 IN A 192.168.7.7"


@pytest.fixture
def guarded(lab, guard):
    lab.start_dns(list(records()))
    (lab.directory / "names.txt").write_text("listed.example\n.tracker.example\n")
    (lab.directory / "addresses.txt").write_text(f"{ADS4}\n")
    (lab.directory / "countries.csv").write_text("175.45.176.0,175.45.179.255,KP\n41.0.0.0,41.0.0.255,ZA\n"
                                                 f"{WEB4},{WEB4},US\n")
    made = guard(config=CONFIG % {"directory": lab.directory})
    wait_for("the lists", lambda: all(row["state"] == "fine" for row in made.rows("intel", "lists")))
    return made


def error_of(reply):
    """The text of the reply's extended error (RFC 8914)."""
    return next(option.text for option in reply.options if option.otype == dns.edns.EDE)


def test_the_same_cause_everywhere(lab, guarded):
    for name, _, denied, why in CAUSES.values():
        said = error_of(ask(lab.host, name))
        assert why in said, (name, said)
        query = guarded.rows("dns", "query", name, "A", "--app", PYTHON)[0]
        assert (query["rcode"], query["why"]) == ("NXDOMAIN", said), (name, query)
        summary = guarded.rows("explain", "--app", PYTHON, denied)[0]
        assert summary["said"] == "block" and why in summary["text"], (name, summary)


def test_what_only_an_answer_can_be(lab, guarded):
    """An address of the network is refused for who gave it, which `explain` can't know of."""
    said = error_of(ask(lab.host, "home.example"))
    assert "192.168.7.7" in said and "rebinding_protection" in said, said
    query = guarded.rows("dns", "query", "home.example", "A", "--app", PYTHON)[0]
    assert (query["rcode"], query["why"]) == ("NXDOMAIN", said), query
