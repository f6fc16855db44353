# SPDX-License-Identifier: GPL-3.0-or-later
"""DNSSEC goes through: what a client asks for (DO, CD, AD) reaches the upstream, and the upstream's word on the answer
reaches the client, as far as the answer is whole. knot signs, unbound validates."""
import os
import sys

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest
from guard import Guard
from portreeve_lab import ADS4, DNS4, WEB4, Lab
from wire_lab import ask, edes, records, start_knot, start_unbound

SIGNED, HASHED, BOGUS, PLAIN = "signed.example", "hashed.example", "bogus.example", "plain.example"
ZONE = ("$ORIGIN {zone}.\n$TTL 300\n@ SOA ns admin 1 3600 600 86400 60\n@ NS ns\nns A 93.184.215.22\n"
        f"www A {WEB4}\ntwo A {WEB4}\ntwo A {ADS4}\nalias CNAME two\nsvc HTTPS 1 . alpn=h2 ipv4hint={WEB4},{ADS4}\n"
        "txt TXT \"text\"\n*.wild A " + WEB4 + "\n")
WRONG = "60485 13 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A"
SIGNATURES = {dns.rdatatype.RRSIG, dns.rdatatype.NSEC, dns.rdatatype.NSEC3}


@pytest.fixture(scope="module")
def lab(build):
    with Lab(prefix="prsec", container=False, lan=False) as made:
        zones = {zone: ZONE.format(zone=zone) for zone in (SIGNED, HASHED, BOGUS, PLAIN)}
        knot = start_knot(made, zones, signed=(SIGNED, BOGUS), nsec3=(HASHED,))
        start_unbound(made, zones, [knot.anchor(SIGNED), knot.anchor(HASHED), f"{BOGUS}. IN DS {WRONG}"])
        made.guard = Guard(made, build, f'upstreams = [ "{DNS4}" ];\noutgoing = [ "- {ADS4}" ];\n')
        yield made


def kinds(reply):
    return {kind for section in (reply.answer, reply.authority, reply.additional) for _, _, kind, _ in records(section)}


def is_authentic(reply):
    return bool(reply.flags & dns.flags.AD)


@pytest.mark.parametrize("order", ["once", "again"])  # the second time out of the cache
@pytest.mark.parametrize("flags, authentic, signed", [
    ({}, False, False), ({"ad": True}, True, False), ({"do": True}, True, True), ({"do": True, "cd": True}, None, True),
    ({"ad": True, "edns": False}, True, False)])
def test_what_is_asked_for_is_got(lab, order, flags, authentic, signed):
    for name, kind in ((f"www.{SIGNED}", "A"), (f"x.wild.{SIGNED}", "A"), (f"none.{SIGNED}", "A"), (f"www.{SIGNED}", "TXT"),
                       (f"x.wild.{HASHED}", "A"), (f"none.{HASHED}", "A"), (f"www.{HASHED}", "TXT")):
        through, direct = ask(lab.host, name, kind, tcp=True, **flags), ask(lab.internet, name, kind, tcp=True, **flags)
        assert through.rcode() == direct.rcode()
        assert is_authentic(through) == is_authentic(direct)
        assert is_authentic(through) == authentic or authentic is None
        assert bool(kinds(through) & SIGNATURES) == signed
        assert records(through.answer).keys() == records(direct.answer).keys()
        assert records(through.authority).keys() == records(direct.authority).keys()
        assert bool(through.flags & dns.flags.CD) == bool(flags.get("cd"))
        assert bool(through.ednsflags & dns.flags.DO) == bool(flags.get("do"))


@pytest.mark.parametrize("zone, kind", [(SIGNED, dns.rdatatype.NSEC), (HASHED, dns.rdatatype.NSEC3)])
def test_that_there_is_nothing_is_proven(lab, zone, kind):
    for name, asked in ((f"none.{zone}", "A"), (f"www.{zone}", "TXT"), (f"x.wild.{zone}", "A")):
        reply = ask(lab.host, name, asked, do=True, tcp=True)
        assert is_authentic(reply) and {kind, dns.rdatatype.RRSIG} <= kinds(reply)


def test_nothing_is_authentic_that_the_upstream_does_not_vouch_for(lab):
    for flags in ({"ad": True}, {"do": True}):
        reply = ask(lab.host, f"www.{PLAIN}", "A", **flags)
        assert reply.answer and not is_authentic(reply)


@pytest.mark.parametrize("kind", ["DNSKEY", "RRSIG", "NSEC"])
def test_what_is_asked_for_by_name_comes_without_do(lab, kind):
    name = SIGNED if kind == "DNSKEY" else f"www.{SIGNED}"
    assert kinds(ask(lab.host, name, kind, tcp=True)) >= {dns.rdatatype.from_text(kind)}


def test_bogus(lab):
    """SERVFAIL, and why; with CD the data."""
    ask(lab.internet, f"www.{BOGUS}", "A")  # unbound has another reason the first time than out of its cache
    for flags in ({}, {"do": True}):
        through, direct = ask(lab.host, f"www.{BOGUS}", "A", **flags), ask(lab.internet, f"www.{BOGUS}", "A", **flags)
        assert through.rcode() == direct.rcode() == dns.rcode.SERVFAIL
        assert edes(direct) and edes(through) == edes(direct)
    reply = ask(lab.host, f"www.{BOGUS}", "A", cd=True)
    assert reply.rcode() == dns.rcode.NOERROR and WEB4 in str(reply.answer[0][0])
    assert not is_authentic(reply)
    # having it with CD does not make it good for who asks without
    assert ask(lab.host, f"www.{BOGUS}", "A").rcode() == dns.rcode.SERVFAIL


@pytest.mark.parametrize("name, kind", [("two", "A"), ("alias", "A"), ("svc", "HTTPS")])
def test_what_is_not_whole_is_not_authentic(lab, name, kind):
    """An address is denied: the rest is given, without AD, without the signature of the set that was changed."""
    direct = ask(lab.internet, f"{name}.{SIGNED}", kind, do=True)
    assert is_authentic(direct) and ADS4 in direct.to_text()
    through = ask(lab.host, f"{name}.{SIGNED}", kind, do=True)
    assert WEB4 in through.to_text() and ADS4 not in through.to_text()
    assert not is_authentic(through)
    signed = {dns.rdatatype.to_text(rrset.covers) for rrset in through.answer if rrset.rdtype == dns.rdatatype.RRSIG}
    assert kind not in signed
    assert (signed == {"CNAME"}) == (name == "alias")  # what was left alone keeps its own


def test_a_denied_answer_has_no_signature(lab):
    reply = ask(lab.host, f"www.{SIGNED}", "A", do=True)
    assert is_authentic(reply)
    program = os.path.realpath(sys.executable)
    lab.guard.portreeve("rule", "add", f"- www.{SIGNED}", "--app", program)
    try:
        reply = ask(lab.host, f"www.{SIGNED}", "A", do=True)
    finally:
        lab.guard.portreeve("rule", "remove", f"- www.{SIGNED}", "--app", program)
    assert reply.rcode() == dns.rcode.NXDOMAIN and not is_authentic(reply)
    assert not kinds(reply) & SIGNATURES
