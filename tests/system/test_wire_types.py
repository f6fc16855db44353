# SPDX-License-Identifier: GPL-3.0-or-later
"""Every type of record passes unharmed: what an application gets through Portreeve is, record by record, what
the upstream gives to whoever asks it directly."""
import dns.flags
import dns.rcode
import dns.rdatatype
import pytest
from guard import Guard
from portreeve_lab import DNS4, Lab
from wire_lab import Scripted, ask, records, respond, start_knot, start_unbound

ZONE = "wire.example"
DIGEST = "0c72ac70b745ac19998811b131d662c9ac69dbdbe7cb23e5b514b56664c5d3d6"
KEY = "oJMRESz5E4gYzS/q6XDrvU1qMPYIjCWzJaOau8XNEZeqCYKD5ar0IRd8KqXXFJkqmVfRvMGPmM1x8fGAa2XhSA=="
LONG = ".".join(("x" * 63, "y" * 63, "z" * 63, "w" * (255 - 2 - len(ZONE) - 3 * 64 - 1 - 1)))  # 255 octets with the zone

# One owner a line, its data by type; names in the data are of this zone and of others.
RECORDS = [
    ("a", "A", "93.184.215.14"), ("aaaa", "AAAA", "2606:2800:21f::14"), ("cname", "CNAME", "a"),
    ("mx", "MX", "10 mail"), ("mx", "MX", "20 mail.elsewhere.example."), ("ptr", "PTR", "pointed"),
    ("srv", "SRV", "1 2 443 a"), ("txt", "TXT", r'"one" "two" "" "thr\"ee" "\000\255"'),
    ("naptr", "NAPTR", '100 50 "s" "http+E2U" "!^.*$!sip:info@example.com!i" _sip._udp'),
    ("caa", "CAA", '128 issue "ca.example; policy=ev"'), ("tlsa", "TLSA", f"3 1 1 {DIGEST}"),
    ("sshfp", "SSHFP", f"4 2 {DIGEST}"), ("loc", "LOC", "42 21 54.5 N 71 06 18 W -24m 30m 10m 2m"),
    ("hinfo", "HINFO", '"PDP-11/70" "UNIX"'), ("rp", "RP", "mbox txt"), ("minfo", "MINFO", "admin errors"),
    ("svcb", "SVCB", "1 svc mandatory=alpn alpn=h2,h3 no-default-alpn port=8443 ipv4hint=93.184.215.14 ech=\"AEj+DQBE\" "
                     "ipv6hint=2606:2800:21f::14 key65333=ex1"),
    ("svcb", "SVCB", "0 alias"), ("https", "HTTPS", "1 . alpn=h3"), ("uri", "URI", '10 1 "https://www.example.com/path"'),
    ("openpgpkey", "OPENPGPKEY", "AQIDBAUGBwg="), ("smimea", "SMIMEA", "3 0 0 308201"),
    ("cert", "CERT", "1 12345 8 AQIDBAUGBwg="), ("ds", "NS", "ns.elsewhere.example."), ("ds", "DS", f"12345 13 2 {DIGEST}"),
    ("dnskey", "DNSKEY", f"256 3 13 {KEY}"), ("cdnskey", "CDNSKEY", f"256 3 13 {KEY}"), ("cds", "CDS", f"12345 13 2 {DIGEST}"),
    ("rrsig", "RRSIG", f"A 13 3 300 20300101000000 20200101000000 12345 {ZONE}. {KEY}"),
    ("nsec", "NSEC", "next A TXT TYPE65280"), ("nsec3param", "NSEC3PARAM", "1 0 5 aabb"), ("csync", "CSYNC", "66 3 A NS AAAA"),
    ("zonemd", "ZONEMD", "7 1 1 " + "38F0A93A" * 12), ("eui48", "EUI48", "00-00-5e-00-53-2a"),
    ("eui64", "EUI64", "00-00-5e-ef-10-00-00-2a"), ("spf", "SPF", '"v=spf1 -all"'),
    ("apl", "APL", "1:192.168.32.0/21 !1:192.168.38.0/28 2:FF00:0:0:0:0:0:0:0/8"),
    ("dhcid", "DHCID", "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA="),
    ("ipseckey", "IPSECKEY", "10 3 2 gate AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ=="),
    ("l32", "L32", "10 10.1.2.0"), ("l64", "L64", "10 2001:0DB8:1140:1000"), ("nid", "NID", "10 0014:4fff:ff20:ee64"),
    ("lp", "LP", "10 l32"), ("kx", "KX", "10 kx"), ("afsdb", "AFSDB", "1 afs"), ("rt", "RT", "10 rt"),
    # of no type that anybody knows (RFC 3597): data that looks like a pointer, none at all, much
    ("private", "TYPE65280", r"\# 6 c00c0a000001"), ("private", "TYPE65281", r"\# 0"),
    ("private", "TYPE65534", r"\# 3000 " + "c00c" * 1500), ("type1234", "TYPE1234", r"\# 1 00"),
    # names: every length and byte
    (LONG, "A", "93.184.215.14"), (r"esc\.aped\032\000\255\"\\", "TXT", '"odd"'), ("*.wild", "TXT", '"any"'),
    ("below.empty", "A", "93.184.215.14"), ("under_score", "A", "93.184.215.14"), ("many", "A", "93.184.215.1"),
    *(("many", "A", f"93.184.215.{i}") for i in range(2, 61)),
]
TEXT = (f"$ORIGIN {ZONE}.\n$TTL 300\n@ SOA ns admin 7 3600 600 86400 60\n@ NS ns\nns A 93.184.215.22\n"
        "mail A 93.184.215.14\nchild NS ns.elsewhere.example.\n"
        + "".join(f"{owner} {kind} {data}\n" for owner, kind, data in RECORDS)
        + "tree DNAME target\nx.target TXT \"by DNAME\"\n"
        + "".join(f"c{i} CNAME c{i - 1}\n" for i in range(1, 21)) + "c0 A 93.184.215.14\n"
        + "loop1 CNAME loop2\nloop2 CNAME loop1\nself CNAME self\n"
        + "big TXT " + " ".join(f'"{"b" * 255}"' for _ in range(250)) + "\n")
ASKED = sorted({(owner.replace("*", "star"), kind) for owner, kind, _ in RECORDS if (owner, kind) != ("ds", "NS")})


@pytest.fixture(scope="module")
def lab(build):
    with Lab(prefix="prtype", container=False, lan=False) as made:
        start_knot(made, {ZONE: TEXT})
        start_unbound(made, [ZONE])
        made.guard = Guard(made, build, f'upstreams = [ "{DNS4}" ];\n')
        yield made


def both(lab, name, kind, **options):
    """The reply through Portreeve and the upstream's own."""
    direct = ask(lab.internet, name, kind, **options)
    through = ask(lab.host, name, kind, **options)
    return through, direct


def additional(reply):
    """Without addresses and services: who wants those asks, and is decided upon."""
    kinds = {dns.rdatatype.A, dns.rdatatype.AAAA, dns.rdatatype.SVCB, dns.rdatatype.HTTPS}
    return {key: ttl for key, ttl in records(reply.additional).items() if key[2] not in kinds}


def assert_same(through, direct):
    assert through.rcode() == direct.rcode()
    assert not through.flags & dns.flags.TC
    for section in (lambda reply: records(reply.answer), lambda reply: records(reply.authority), additional):
        ours, theirs = section(through), section(direct)
        assert ours.keys() == theirs.keys()
        assert all(ttl <= 300 for ttl in ours.values())


@pytest.mark.parametrize("owner, kind", ASKED)
def test_a_record_of_each_type(lab, owner, kind):
    through, direct = both(lab, f"{owner}.{ZONE}", kind, tcp=True)
    assert direct.answer, "the authority has no such record"
    assert_same(through, direct)


@pytest.mark.parametrize("name, kind", [
    ("absent." + ZONE, "A"),  # NXDOMAIN, with an SOA
    ("a." + ZONE, "TXT"),  # no data
    ("empty." + ZONE, "A"), ("empty." + ZONE, "TXT"),  # an empty non-terminal
    ("below.absent.wild." + ZONE, "TXT"), ("child." + ZONE, "DS"), (ZONE, "SOA"), (ZONE, "NS"),
    ("x.tree." + ZONE, "TXT"), ("tree." + ZONE, "DNAME"), ("y.tree." + ZONE, "TXT"),  # by DNAME; to nothing
    ("c1." + ZONE, "CNAME"), ("c1." + ZONE, "TXT"), ("c8." + ZONE, "A"), ("many." + ZONE, "A"),
])
@pytest.mark.parametrize("tcp", [False, True])
def test_answers_of_other_shapes(lab, name, kind, tcp):
    through, direct = both(lab, name, kind, tcp=tcp)
    assert direct.answer or direct.authority
    assert_same(through, direct)


def test_the_case_of_letters_is_kept(lab):
    reply = ask(lab.host, f"C1.{ZONE}", "A")
    assert str(reply.question[0].name) == f"C1.{ZONE}."
    assert {owner for owner, *_ in records(reply.answer)} == {f"C1.{ZONE}.", f"c0.{ZONE}."}


@pytest.mark.parametrize("length", range(1, 21))
def test_chains(lab, length):
    """What the upstream follows passes; where it gives up (unbound after 11) its failure does."""
    through, direct = both(lab, f"c{length}.{ZONE}", "A")
    assert_same(through, direct)


@pytest.mark.parametrize("name", ["loop1", "self"])
def test_loops_end(lab, name):
    through, direct = both(lab, f"{name}.{ZONE}", "A")
    assert through.rcode() == direct.rcode()


def test_the_root(lab):
    through, direct = both(lab, ".", "NS")
    assert through.rcode() == direct.rcode()


def test_sixty_four_kibibytes(lab):
    cut = ask(lab.host, f"big.{ZONE}", "TXT")
    assert cut.flags & dns.flags.TC and not cut.answer
    assert_same(*both(lab, f"big.{ZONE}", "TXT", tcp=True))


@pytest.mark.parametrize("tcp", [False, True])
def test_any(lab, tcp):
    """RFC 8482: what the upstream makes of it."""
    through, direct = both(lab, f"mx.{ZONE}", "ANY", tcp=tcp)
    assert_same(through, direct)


# What no nameserver of today says, but some did --------------------------------------------------------------

@pytest.fixture
def scripted(build):
    """An upstream that says what a test tells it to: scripted(name → sections of respond())."""
    with Lab(prefix="prold", container=False, lan=False) as made:
        sections = []
        with Scripted(made, lambda wire, tcp: [respond(wire, *sections)]):
            Guard(made, build, f'upstreams = [ "{DNS4}" ];\n')
            yield made, sections


def test_case_within_data_is_kept(scripted):
    lab, sections = scripted
    sections += [["old.sample 60 CNAME TarGet.Of.eXample", "TarGet.Of.eXample 60 SRV 1 2 3 HoSt.eXample",
                  "TarGet.Of.eXample 60 RP MBox.eXample tXt.eXample"], ["eXample 60 SOA Ns.eXample Root.eXample 1 2 3 4 5"]]
    reply = ask(lab.host, "old.sample", "ANY")
    text = reply.to_text()
    for name in ("TarGet.Of.eXample.", "HoSt.eXample.", "MBox.eXample. tXt.eXample.", "Ns.eXample. Root.eXample."):
        assert name in text, text


def test_a_referral(scripted):
    """An authority that does not resolve for others: where it points passes, the addresses there don't."""
    lab, sections = scripted
    sections += [[], ["child.example 60 NS ns1.child.example", "child.example 60 NS ns2.child.example"],
                 ["ns1.child.example 60 A 93.184.215.14", "ns1.child.example 60 TXT \"glue\""]]
    reply = ask(lab.host, "www.child.example", "A")
    assert reply.rcode() == dns.rcode.NOERROR and not reply.answer
    assert {str(rdata) for rrset in reply.authority for rdata in rrset} == {"ns1.child.example.", "ns2.child.example."}
    assert [int(rrset.rdtype) for rrset in reply.additional] == [int(dns.rdatatype.TXT)]
