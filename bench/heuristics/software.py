# SPDX-License-Identifier: GPL-3.0-or-later
"""What real software asks for, as questions in time. The names of browsers, crawlers and mail servers are real
(real_names.py, the evaluation half); what has numbers, hashes or keys in it is made up in the form that such software
and services use. Each function is one kind of application and yields `Question`s from time 0 on.
"""
import base64
import dataclasses
import random
import string
import uuid

A, PTR, MX, TXT, AAAA, SRV, CNAME, HTTPS = 1, 12, 15, 16, 28, 33, 5, 65
LOWER, ALNUM, HEX = string.ascii_lowercase, string.ascii_lowercase + string.digits, "0123456789abcdef"


@dataclasses.dataclass
class Question:
    s: float
    type: int
    name: str
    missing: bool = False
    bytes: int = 120


def word(draw, letters, least, most=None):
    return "".join(draw.choice(letters) for _ in range(draw.randint(least, most or least)))


def looked_up(s, name, missing=False, types=(A, AAAA)):
    for kind in types:
        yield Question(s, kind, name, missing)


def browser(draw, sites, third_parties):
    """A page every twenty seconds, with what it fetches; at each start the probes for a lying nameserver, which
    Chromium makes of 7 to 15 letters. One site in a hundred is gone, and one third party in twenty."""
    s, fetched = 0.0, iter(third_parties)
    each = len(third_parties) // max(1, len(sites)) + 1
    for start in range(3):
        probe = word(draw, LOWER, 7, 15)
        for suffix in ("", ".lan", ".corp.example.com"):
            yield from looked_up(s, probe + suffix, True)
    for site in sites:
        s += draw.expovariate(1 / 20)
        yield from looked_up(s, site, draw.random() < 0.01, (A, AAAA, HTTPS))
        for _ in range(each):
            if (name := next(fetched, None)) is not None:
                s += 0.05
                yield from looked_up(s, name, draw.random() < 0.05, (A, AAAA, HTTPS))


def crawler(draw, sites):
    """One application that asks for everything, ten names a second; one in ten is gone."""
    for i, site in enumerate(sites):
        yield from looked_up(i / 10, site, draw.random() < 0.1)


def mail_server(draw, sites):
    """Ten mails a minute: blocklists of addresses and of domains, keys, policies, the sender's own name. A third is
    spam; every tenth of that from a domain of random letters, every fifth from one that does not exist."""
    key = word(draw, ALNUM, 26)
    for i, site in enumerate(sites):
        s = i * 6 + draw.random()
        address = ".".join(str(draw.randint(1, 254)) for _ in range(4))
        spam = draw.random() < 0.33
        sender = word(draw, LOWER, 8, 12) + ".com" if spam and draw.random() < 0.1 else site
        gone = spam and draw.random() < 0.2
        yield Question(s, PTR, f"{address}.in-addr.arpa", draw.random() < 0.3)
        yield from looked_up(s, draw.choice([f"host-{address.replace('.', '-')}.telecom.example.net",
                                             f"p{word(draw, HEX, 8)}.dip0.t-ipconnect.de"]), draw.random() < 0.2)
        for zone in ("zen.spamhaus.org", f"{key}.zen.dq.spamhaus.net", "bl.spamcop.net", "dnsbl.sorbs.net"):
            yield Question(s, A, f"{address}.{zone}", not spam)
            if spam:
                yield Question(s, TXT, f"{address}.{zone}")
        for kind, name in ((MX, sender), (A, sender), (TXT, sender), (TXT, f"_dmarc.{sender}"),
                           (TXT, f"s{draw.randint(1, 4)}._domainkey.{sender}")):
            yield Question(s, kind, name, gone)
        for zone in ("multi.surbl.org", "dbl.spamhaus.org", "multi.uribl.com"):
            yield Question(s, A, f"{sender}.{zone}", not spam)
        if draw.random() < 0.05:
            yield Question(s, TXT, f"{word(draw, LOWER + '234567', 32)}.dkim.amazonses.com")


def virus_scanner(draw):
    """Hashes of files, some hundred at a time; most are unknown."""
    for burst in range(3):
        for i in range(300):
            yield Question(burst * 1800 + i / 20, TXT, f"{word(draw, HEX, 32)}.malware.hash.cymru.com", draw.random() < 0.9)
    yield Question(0, TXT, "current.cvd.clamav.net")


def telemetry(draw):
    """A device's own number in a name, and a number for each session."""
    device = uuid.UUID(int=draw.getrandbits(128))
    for i in range(200):
        yield from looked_up(i * 60, f"{device}.telemetry.vendor.example.com")
        if i % 6 == 0:
            yield from looked_up(i * 60, f"{uuid.UUID(int=draw.getrandbits(128))}.events.data.example.org")


def video(draw):
    """Caches that have their place and number in the name."""
    for i in range(120):
        yield from looked_up(i * 30, f"rr{draw.randint(1, 20)}---sn-{word(draw, ALNUM, 8)}.googlevideo.com", types=(A, AAAA, HTTPS))
        if i % 4 == 0:
            yield from looked_up(i * 30, f"ipv4-c{draw.randint(1, 200):03d}-{word(draw, LOWER, 3)}001-ix.1.oca.nflxvideo.net")
            yield from looked_up(i * 30, f"video-edge-{word(draw, HEX, 6)}.fra0{draw.randint(1, 6)}.abs.hls.ttvnw.net")


def cloud(draw):
    """A tool that looks at rented things: each has a random name below a public suffix of its provider. One in ten is
    deleted already."""
    for i in range(300):
        random_ones = [f"d{word(draw, ALNUM, 13)}.cloudfront.net", f"{word(draw, ALNUM, 10)}.execute-api.us-east-1.amazonaws.com",
                       f"{word(draw, ALNUM, 12)}-bucket.s3.amazonaws.com", f"{word(draw, ALNUM, 20)}.blob.core.windows.net",
                       f"k8s-default-{word(draw, HEX, 10)}-{draw.randint(10**8, 10**9)}.us-east-1.elb.amazonaws.com",
                       f"{word(draw, ALNUM, 12)}.azurewebsites.net", f"project-{word(draw, ALNUM, 9)}-team.vercel.app",
                       f"e{draw.randint(1000, 99999)}.dscb.akamaiedge.net", f"{word(draw, HEX, 12)}.ngrok.io"]
        yield from looked_up(i * 3, draw.choice(random_ones), draw.random() < 0.1)


def log_reader(draw):
    """Names of many addresses, both families."""
    for i in range(1500):
        if draw.random() < 0.7:
            name = ".".join(str(draw.randint(1, 254)) for _ in range(4)) + ".in-addr.arpa"
        else:
            name = ".".join(word(draw, HEX, 1) for _ in range(32)) + ".ip6.arpa"
        yield Question(i / 3, PTR, name, draw.random() < 0.5)


def ssh_server(draw):
    """Names of clients, and back: addresses in names, of both families."""
    for i in range(200):
        isp = draw.choice(["dyn.isp-one.net", "dip0.t-ipconnect.de", "customers.isp-two.com"])
        name = draw.choice([f"p{word(draw, HEX, 32)}.{isp}", f"{'-'.join(str(draw.randint(1, 254)) for _ in range(4))}.{isp}",
                            f"2001-db8-{word(draw, HEX, 4)}-{word(draw, HEX, 4)}--1.{isp}"])
        yield from looked_up(i * 20, name, draw.random() < 0.3)


def directory_client(draw):
    """Active Directory: a GUID and sites in names, below a domain of the organisation."""
    guid = uuid.UUID(int=draw.getrandbits(128))
    for i in range(100):
        for name in (f"_ldap._tcp.site{draw.randint(1, 9)}._sites.dc._msdcs.corp.example.com", "_kerberos._tcp.corp.example.com",
                     f"_ldap._tcp.{guid}.domains._msdcs.corp.example.com"):
            yield Question(i * 60, SRV, name)
        yield Question(i * 60, CNAME, f"{uuid.UUID(int=draw.getrandbits(128)) if i % 10 == 0 else guid}._msdcs.corp.example.com")
        yield from looked_up(i * 60, f"printer-{word(draw, HEX, 12)}.lan", True)


def games(draw):
    for i in range(120):
        for name in (f"stun{draw.randint(1, 4)}.l.google.com", f"cm{draw.randint(1, 40):02d}-fra1.cm.steampowered.com",
                     f"ext{draw.randint(1, 9)}-fra{draw.randint(1, 3)}.steamserver.net", f"gs-{word(draw, HEX, 8)}.match.game.example.net"):
            yield from looked_up(i * 15, name, draw.random() < 0.02)


def network_manager(draw):
    for i in range(60):
        for name in ("connectivity-check.ubuntu.com", "detectportal.firefox.com", "captive.apple.com",
                     "nmcheck.gnome.org", "www.msftconnecttest.com"):
            yield from looked_up(i * 60, name, draw.random() < 0.02)


def package_manager(draw):
    for i in range(40):
        for name in ("_http._tcp.deb.debian.org", "_http._tcp.security.debian.org", "_https._tcp.deb.debian.org"):
            yield Question(i * 900, SRV, name, draw.random() < 0.3)
        for name in ("deb.debian.org", "debian.map.fastlydns.net", "security.debian.org"):
            yield from looked_up(i * 900, name)


def leak_test(draw):
    """Names that no cache has, to see which nameserver asks."""
    for i in range(15):
        yield from looked_up(i, f"{word(draw, ALNUM, 12)}.bash.ws")
        yield from looked_up(i, f"{uuid.UUID(int=draw.getrandbits(128))}.test-ipv6.com")


def key_server_client(draw):
    """OPENPGPKEY and SMIMEA: a hash of the address below the mail's domain (RFC 7929, RFC 8162)."""
    for i in range(60):
        digest = base64.b16encode(draw.randbytes(28)).decode().lower()
        yield Question(i * 30, 61, f"{digest}._openpgpkey.{draw.choice(['debian.org', 'kernel.org', 'example.com'])}", draw.random() < 0.6)


ALONE = [virus_scanner, telemetry, video, cloud, log_reader, ssh_server, directory_client, games, network_manager,
         package_manager, leak_test, key_server_client]


def applications(sites, third_parties, seed):
    """All of them: (name, questions). Every site and every third party is asked for by one browser."""
    draw = random.Random(f"software {seed}")
    sites, third_parties = draw.sample(sites, len(sites)), draw.sample(third_parties, len(third_parties))
    pages, per_page = 100, len(third_parties) // len(sites) + 1
    for i in range(0, len(sites), pages):
        first = i * per_page
        yield f"browser {i // pages}", browser(draw, sites[i:i + pages], third_parties[first:first + pages * per_page])
    yield "crawler", crawler(draw, sites)
    for i in range(3):
        yield f"mail server {i}", mail_server(draw, sites[i * 4000:(i + 1) * 4000])
    for kind in ALONE:
        for i in range(20):
            yield f"{kind.__name__.replace('_', ' ')} {i}", kind(draw)
