# SPDX-License-Identifier: GPL-3.0-or-later
"""A poisoned answer never gets in: forgers that see nothing, that know the port, that are on the host or in a container;
answers to something else, and messages made to be expensive."""
import os
import pathlib
import socket
import struct
import time

import dns.flags
import dns.message
import dns.rcode
import pytest
from guard import Guard
from portreeve_lab import DNS4, HOST4, WEB4, Lab, Stopwatch, wait_for
from wire_lab import Scripted, ask, datagram_socket, query, read, records, respond

TRUE, FORGED = WEB4, "93.184.215.66"
SLOW_S = 1.0  # how long the upstream takes, and a forger has


class Upstream:
    """What it says is told by the name's first label; `slow` answers come late."""

    def __init__(self):
        self.made = {}  # first label → function of the question's bytes, and whether they came over TCP

    def __call__(self, wire, tcp):
        question = dns.message.from_wire(wire).question[0]
        first = str(question.name).split(".")[0].lower()
        if first.startswith("slow") and not tcp:
            time.sleep(SLOW_S)
        if first in self.made:
            return self.made[first](wire, tcp)
        return [respond(wire, [f"{question.name} 60 A {TRUE}"])]


@pytest.fixture(scope="module")
def lab(build):
    upstream = Upstream()
    with Lab(prefix="prpoi") as made, Scripted(made, upstream) as server:
        made.upstream, made.server = upstream, server
        made.guard = Guard(made, build, f'upstreams = [ "{DNS4}" ];\n')
        yield made


def forged(name):
    """An answer as the forger would have it, the name in the case that it guesses."""
    question = query(name)
    return respond(question.to_wire(), [f"{name} 600 A {FORGED}"])


def address(reply):
    return [str(rdata) for rrset in reply.answer for rdata in rrset]


class Forger:
    def __init__(self, lab, build, namespace, name, *arguments, prefix=()):
        message = lab.directory / f"forged-{name}"
        message.write_bytes(forged(name))
        words = [build / "tests/tools/forger", DNS4, HOST4, "2", *arguments]
        self.process = namespace.start("sh", "-c", 'exec "$@" <"$0"', message, *prefix, *words)
        wait_for("the forger", lambda: "forging" in self.process.log.read_text())

    def end(self):
        """How many it sent, to how many ports."""
        self.process.wait(60)
        return [int(word.split("=")[1]) for word in self.process.log.read_text().split()[-2:]]


def forge(namespace, port, message):
    """To the host's port, in the nameserver's name."""
    datagram = struct.pack("!HHHH", 53, port, 8 + len(message), 0) + message
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), 1, 0, 64, 17, 0, socket.inet_aton(DNS4),
                         socket.inet_aton(HOST4))
    with namespace.inside(), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as forger:
        forger.sendto(header + datagram, (HOST4, 0))


def sockets_of(lab):
    """The resolver's: the table is its namespace's, and has those of whoever asks as well."""
    resolver = pathlib.Path(f"/proc/{lab.guard.children()['resolver']}")
    return resolver / "net/udp", resolver.stat().st_uid


def resolver(lab):
    """Its counters, as the engine had them a second ago."""
    return lab.guard.status()["resolver"]


def test_forgers_that_see_nothing(lab, build):
    """From the LAN and from the Internet, with the upstream's address as the source."""
    forgers = [Forger(lab, build, namespace, "slow.blind.example", "raw") for namespace in (lab.lan, lab.internet)]
    assert address(ask(lab.host, "slow.blind.example")) == [TRUE]
    assert all(forger.end()[0] > 10000 for forger in forgers)


@pytest.mark.parametrize("where", ["lan", "container"])
def test_a_forger_that_knows_the_port(lab, build, where):
    """It can make the upstream's address the source and reads the ports of our sockets: three guesses of 65,536, and
    where the name has letters, of two to the power of so many more."""
    digits = "1.2.3" if where == "lan" else "1.2.4"  # no letters: no case to guess

    def slow(wire, tcp):
        if not tcp:
            time.sleep(SLOW_S)
        return [respond(wire, [f"{digits} 60 A {TRUE}"])]
    names = [f"slow{i}.{where}.example" for i in range(2)] + [digits]
    lab.upstream.made["1"] = slow
    before = resolver(lab)
    for name in names:
        forger = Forger(lab, build, getattr(lab, where), name, "raw", *sockets_of(lab))
        assert address(ask(lab.host, name)) == [TRUE]
        sent, ports = forger.end()
        assert sent > 1000 and ports, "it had no port to forge for"
        assert any(tcp for _, tcp in lab.server.asked(name)), "it was not noticed"
    wait_for("the counters", lambda: resolver(lab)["over_tcp"] >= before["over_tcp"] + len(names))
    assert resolver(lab)["forged"] >= before["forged"] + len(names)
    assert f'{resolver(lab)["forged"]} forged answers' in lab.guard.portreeve("status").stdout


def test_a_forger_on_the_host(lab, build):
    """Nobody special: it knows the port, and sends from a socket of its own. The kernel gives us nothing of it."""
    nobody = ("setpriv", "--reuid", "nobody", "--clear-groups", "--")
    forger = Forger(lab, build, lab.host, "slow.own.example", "plain", "/proc/self/net/udp", prefix=nobody)
    assert address(ask(lab.host, "slow.own.example")) == [TRUE]
    assert forger.end()[1]
    assert not any(tcp for _, tcp in lab.server.asked("slow.own.example"))


@pytest.mark.parametrize("where", ["lan", "internet", "container"])
def test_a_forger_that_speaks_to_the_application(lab, where):
    """It knows all of a question that an application sent to the upstream's address, and answers before we do."""
    name = f"slow.{where}.client.example"
    question = query(name, ident=77).to_wire()
    with lab.host.inside(), datagram_socket(DNS4) as asker:
        asker.send(question)
        port = asker.getsockname()[1]
        forge(getattr(lab, where), port, respond(question, [f"{name} 60 A {FORGED}"]))
        assert address(read(asker.recv(4096))) == [TRUE]


def test_an_answer_before_the_question(lab):
    """As a link that somebody else opened it would have the question go straight to the nameserver."""
    name = "before.client.example"
    question = query(name, ident=77).to_wire()
    capture = lab.internet.capture("udp port 53", "br0")
    with lab.host.inside(), datagram_socket(DNS4) as asker:
        port = asker.getsockname()[1]
        forge(lab.lan, port, respond(question, [f"{name} 60 A {FORGED}"]))
        wait_for("it to be dropped", lambda: lab.guard.status()["engine"]["dropped_unasked_answer"])
        asker.send(question)
        assert address(read(asker.recv(4096))) == [TRUE]
    lines = capture.stop()
    assert lines and not [line for line in lines if f"{HOST4}.{port} >" in line], lines


def test_who_takes_our_port_gets_nowhere(lab):
    """Conntrack remembers a question of ours; its port is free."""
    ask(lab.host, "taken.example")
    (_, peer, _), = [seen for seen in lab.server.seen if b"\5TAKEN" in seen[0].upper()]
    with lab.host.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
        thief.bind(("0.0.0.0", peer[1]))
        thief.connect((DNS4, 53))
        thief.settimeout(0.5)
        with pytest.raises(OSError):
            thief.send(query("stolen.example").to_wire())
            thief.recv(512)
    assert not lab.server.asked("stolen.example")


# Answers to something else --------------------------------------------------------------------------------------

@pytest.mark.parametrize("first", ["otherid", "othername", "othertype", "othercase", "noquestion", "query"])
def test_answers_to_another_question(lab, first):
    """They come before the true one, from the right address to the right port."""
    def both(wire, tcp):
        right = respond(wire, [f"{dns.message.from_wire(wire).question[0].name} 60 A {TRUE}"])
        wrong = bytearray(respond(wire, [f"{dns.message.from_wire(wire).question[0].name} 60 A {FORGED}"]))
        name_end = wire.index(b"\0", 12)
        if first == "otherid":
            wrong[0] ^= 1
        elif first == "othername":
            wrong[13] = ord("x")
        elif first == "othertype":
            wrong[name_end + 2] = 28
        elif first == "othercase":
            wrong[12:name_end] = wrong[12:name_end].swapcase()
        elif first == "noquestion":
            wrong[4:6] = b"\0\0"
        else:
            wrong[2] &= 0x7f
        return [right] if tcp else [bytes(wrong), right]
    lab.upstream.made[first] = both
    assert address(ask(lab.host, f"{first}.example")) == [TRUE]


def test_what_is_said_of_other_names(lab):
    """In the answer, the authority and the additional section: no application gets it, no name is learnt from it."""
    def answer(wire, _):
        name = dns.message.from_wire(wire).question[0].name
        return [respond(wire, [f"{name} 60 A {TRUE}", f"bank.example 60 A {FORGED}", "bank.example 60 TXT \"mine\"",
                               f"other.example 60 CNAME {name}"],
                        ["example 60 NS ns.example", "bank.example 60 NS ns.example"],
                        [f"ns.example 60 A {FORGED}", f"bank.example 60 A {FORGED}", f"bank.example 60 AAAA ::1",
                         f"bank.example 60 HTTPS 1 . ipv4hint={FORGED}"])]
    lab.upstream.made["mixed"] = answer
    reply = ask(lab.host, "mixed.example", tcp=True)
    assert {owner.lower() for owner, *_ in records(reply.answer)} == {"mixed.example."}
    assert FORGED not in reply.to_text()
    known = lab.guard.rows("dns", "cache")
    assert not [row for row in known if row["entity"]["ip"] == FORGED or row["entity"]["domain"] == "bank.example"]
    # asked by itself, it is asked for
    assert address(ask(lab.host, "bank.example")) == [TRUE]


def test_an_alias_to_what_is_not_said(lab):
    """The addresses of the chain are given, whatever other chains stand beside it."""
    def answer(wire, _):
        name = dns.message.from_wire(wire).question[0].name
        return [respond(wire, [f"{name} 60 CNAME b.example", f"b.example 60 A {TRUE}", "x.example 60 CNAME y.example",
                               f"y.example 60 A {FORGED}"])]
    lab.upstream.made["chain"] = answer
    reply = ask(lab.host, "chain.example")
    assert set(address(reply)) == {"b.example.", TRUE}


# Messages made to be expensive ----------------------------------------------------------------------------------

def head(wire, answers, flags=0x8180):
    """The question as it came, and so many answers announced."""
    end = wire.index(b"\0", 12) + 5
    return wire[:2] + struct.pack(">HHHHH", flags, 1, answers, 0, 0) + wire[12:end]


def expensive(kind, wire):
    begin = head(wire, 5000)
    if kind == "pointer-to-itself":
        return begin + struct.pack(">H", 0xc000 | len(begin)) + b"\0\1\0\1\0\0\0\1\0\4abcd"
    if kind == "pointer-forward":
        return begin + struct.pack(">H", 0xc000 | len(begin) + 2) + b"\0\1\0\1\0\0\0\1\0\4abcd"
    if kind == "pointers-to-pointers":  # a chain as long as pointers reach, and records that begin at its end
        chain = b"".join(struct.pack(">H", 0xc000 | (12 if i == 0 else len(begin) + 12 + 2 * (i - 1))) for i in range(8000))
        first = b"\xc0\x0c\0\x10\0\1\0\0\0\1" + struct.pack(">H", len(chain)) + chain
        last = len(begin) + len(first) - 2
        record = struct.pack(">H", 0xc000 | last) + b"\0\x10\0\1\0\0\0\1\0\0"
        return begin + first + record * ((65000 - len(begin) - len(first)) // len(record))
    if kind == "many-records":
        record = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4"
        return head(wire, 4000) + b"".join(record + bytes([93, 184, i >> 8, i & 255]) for i in range(4000))
    if kind == "many-announced":
        return head(wire, 65535) + b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4abcd"
    if kind == "many-aliases":  # each to the next
        return head(wire, 3000) + b"\xc0\x0c\0\5\0\1\0\0\0\1\0\4\1a\xc0\x0c" + b"".join(
            struct.pack(">H", 0xc000 | len(head(wire, 0)) + 12) + b"\0\5\0\1\0\0\0\1\0\2\xc0\x0c" for _ in range(2999))
    if kind == "label-bomb":  # names of 255 octets, each of 127 labels
        name = b"\1a" * 100 + b"\xc0\x0c"
        record = name + b"\0\1\0\1\0\0\0\1\0\4abcd"
        return head(wire, 280) + record * 280
    return begin + os.urandom(60000)


@pytest.mark.parametrize("kind", ["pointer-to-itself", "pointer-forward", "pointers-to-pointers", "many-records", "many-announced",
                                  "many-aliases", "label-bomb", "random"])
def test_messages_made_to_be_expensive(lab, kind):
    """Bounded time, and others are answered meanwhile."""
    lab.upstream.made["costly"] = lambda wire, tcp: [expensive(kind, wire) if tcp else respond(wire, flags=dns.flags.TC)]
    watch = Stopwatch()
    reply = ask(lab.host, f"costly.{kind}.example", "A", tcp=True)
    took = watch.seconds()
    assert address(ask(lab.host, f"meanwhile.{kind}.example")) == [TRUE]
    assert took < 2, f"{took} s"
    assert reply.rcode() in (dns.rcode.SERVFAIL, dns.rcode.NOERROR)
    assert (reply.rcode() == dns.rcode.NOERROR) == (kind == "many-records")
