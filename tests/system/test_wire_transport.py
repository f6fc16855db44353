# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions and answers as transports have them: large ones, EDNS, many on a connection, slow and hostile clients; and
messages that are no question."""
import contextlib
import selectors
import socket
import struct

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest
from guard import Guard
from portreeve_lab import DNS4, DNS6, Lab, Stopwatch
from wire_lab import (TIMEOUT, Scripted, ask, datagram_socket, edes, exchange, framed, query, read, receive_exactly,
                      receive_framed, records, respond)

SIZES = (4096, 16384, 60000)
CLIENTS = 10000  # of the slow-loris
ADDRESSES = 40   # that they come from


def texts(size):
    """TXT records that make an answer of about so many octets."""
    return [f'{{name}} 60 TXT "{i:05}" "{"x" * 240}" "{"y" * 240}"' for i in range(size // 500)]


def answer(wire, tcp):
    """What the upstream knows: nN. has the address of that number, sizeN. as much, opt. says what it heard."""
    question = dns.message.from_wire(wire)
    name = str(question.question[0].name)
    first = name.split(".")[0].lower()
    if first.startswith("size"):
        reply = respond(wire, [line.format(name=name) for line in texts(int(first[4:]))])
        return [reply if tcp or len(reply) <= 1232 else respond(wire, flags=dns.flags.TC)]
    if first == "silent":
        return []
    if first.startswith("n") and first[1:].isdigit():
        number = int(first[1:])
        return [respond(wire, [f"{name} 60 A 93.184.{100 + number // 250}.{1 + number % 250}"])]
    return [respond(wire, [f"{name} 60 TXT \"any\""])]


@pytest.fixture(scope="module")
def lab(build):
    with Lab(prefix="prtra", container=False, lan=False) as made, Scripted(made, answer) as upstream:
        made.upstream = upstream
        made.guard = Guard(made, build, f'upstreams = [ "{DNS4}" ];\n')
        yield made


def number_of(reply):
    address = str(reply.answer[0][0])
    parts = [int(part) for part in address.split(".")]
    return (parts[2] - 100) * 250 + parts[3] - 1


# Sizes ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("size", SIZES)
def test_large_answers_come_over_tcp_after_tc(lab, size):
    cut = ask(lab.host, f"size{size}.example", "TXT")
    assert cut.flags & dns.flags.TC and not cut.answer
    whole = ask(lab.host, f"size{size}.example", "TXT", tcp=True)
    assert not whole.flags & dns.flags.TC
    assert len(records(whole.answer)) == size // 500


@pytest.mark.parametrize("edns, payload, fits", [(False, 512, False), (True, 0, False), (True, 512, False), (True, 1232, True),
                                                 (True, 4096, True), (True, 65535, True)])
def test_what_a_client_takes_over_udp(lab, edns, payload, fits):
    """Two records of 500 octets: never more than the client said, 512 at least, 1,232 at most."""
    wire = exchange(lab.host, query("size1000.example", "TXT", edns=edns, payload=payload).to_wire())
    reply = read(wire)
    assert len(wire) <= max(512, min(payload, 1232))
    assert bool(reply.flags & dns.flags.TC) != fits
    assert len(records(reply.answer)) == (2 if fits else 0)
    assert (reply.edns == 0) == edns
    assert len(exchange(lab.host, query("size4000.example", "TXT", edns=edns, payload=payload).to_wire())) <= 512


# EDNS -----------------------------------------------------------------------------------------------------------

def test_options_stay_here(lab):
    """Cookies (RFC 7873), padding, the client's network, keepalive and unknown ones are between two hops."""
    options = [dns.edns.GenericOption(10, b"12345678"), dns.edns.GenericOption(12, b"\0" * 64),
               dns.edns.ECSOption("203.0.113.0", 24), dns.edns.GenericOption(11, b""), dns.edns.GenericOption(65001, b"secret")]
    reply = ask(lab.host, "options.example", "TXT", options=options)
    assert reply.rcode() == dns.rcode.NOERROR and reply.answer and not reply.options
    (heard, _), = lab.upstream.asked("options.example")
    assert heard.edns == 0 and not heard.options
    assert heard.flags == dns.flags.RD and not heard.ednsflags & dns.flags.DO


def test_the_flags_of_the_client_go_upstream_and_no_others(lab):
    message = query("flags.example", "TXT", do=True, cd=True, ad=True)
    message.flags |= 0x0040 | dns.flags.AA | dns.flags.RA  # Z, and what is for replies
    message.ednsflags |= 0x1234
    assert read(exchange(lab.host, message.to_wire())).answer
    (heard, _), = lab.upstream.asked("flags.example")
    assert heard.flags == dns.flags.RD | dns.flags.CD | dns.flags.AD
    assert heard.ednsflags & 0xffff == dns.flags.DO


def test_a_version_that_does_not_exist(lab):
    message = query("version.example", "TXT")
    message.use_edns(3, payload=1232)
    reply = read(exchange(lab.host, message.to_wire()))
    assert reply.rcode() == dns.rcode.BADVERS and reply.edns == 0
    assert not lab.upstream.asked("version.example")


@pytest.mark.parametrize("additional", [
    b"\0\0\x29\x04\xd0\0\0\0\0\0\4\0\x0a\0\x08",  # an option that is longer than the record
    b"\0\0\x29\x04\xd0\0\0\0\0\0\0" * 2,  # twice
    b"\1x\0\0\x29\x04\xd0\0\0\0\0\0\0",  # not of the root
])
def test_broken_edns(lab, additional):
    wire = bytearray(query("broken.example", "TXT", edns=False).to_wire() + additional)
    wire[11] = 2 if additional.count(b"\x29") == 2 else 1
    assert read(exchange(lab.host, bytes(wire))).rcode() == dns.rcode.FORMERR


# Many questions on a connection ---------------------------------------------------------------------------------

def test_a_thousand_questions_on_a_connection(lab):
    n = 1000
    with lab.host.inside(), socket.create_connection((DNS4, 53), timeout=TIMEOUT) as stream:
        stream.sendall(b"".join(framed(query(f"n{i}.thousand.example", ident=i).to_wire()) for i in range(n)))
        stream.shutdown(socket.SHUT_WR)  # all of them are answered nevertheless
        replies = [read(receive_framed(stream)) for _ in range(n)]
        assert stream.recv(1) == b""
    assert {reply.id for reply in replies} == set(range(n))
    assert all(number_of(reply) == reply.id for reply in replies)


def test_a_slow_answer_holds_up_no_other(lab):
    with lab.host.inside(), socket.create_connection((DNS4, 53), timeout=TIMEOUT) as stream:
        stream.sendall(framed(query("silent.example", ident=1).to_wire()) + framed(query("n2.order.example", ident=2).to_wire()))
        assert read(receive_framed(stream)).id == 2


def test_split_at_every_byte(lab):
    wire = framed(query("n7.split.example", ident=7).to_wire())
    with lab.host.inside(), socket.create_connection((DNS4, 53), timeout=TIMEOUT) as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(1, len(wire)):
            stream.sendall(wire[:i])
            stream.sendall(wire[i:])
            assert number_of(read(receive_framed(stream))) == 7
        for byte in wire:
            stream.sendall(bytes([byte]))
        assert number_of(read(receive_framed(stream))) == 7


@pytest.mark.parametrize("wire", [b"\0\0", b"\0\5abcde", b"\xff\xff" + b"x" * 4000])
def test_what_is_no_message_ends_the_connection(lab, wire):
    with lab.host.inside(), socket.create_connection((DNS4, 53), timeout=TIMEOUT) as stream:
        stream.sendall(wire)
        with contextlib.suppress(ConnectionResetError):
            assert stream.recv(1) == b""


def test_ten_thousand_slow_clients(lab):
    """Each says half a question and then nothing, from many addresses. Others are answered all the time, and the program
    that does it has no more connections than are allowed to one address."""
    for i in range(ADDRESSES):
        lab.host.ip("addr", "replace", f"10.77.2.{i + 1}/32", "dev", "lo")
    half = framed(query("half.example").to_wire())[:20]
    open_ones, slowest = [], 0.0
    with lab.host.inside():
        for i in range(CLIENTS):
            made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            made.setblocking(False)
            made.bind((f"10.77.2.{i % ADDRESSES + 1}", 0))
            made.connect_ex((DNS4, 53))
            open_ones.append(made)
            if len(open_ones) > 400:  # the clients' own descriptors are few
                first = open_ones.pop(0)
                with contextlib.suppress(OSError):
                    first.send(half)
                first.close() if i % 2 else open_ones.append(first)
                if len(open_ones) > 800:
                    open_ones.pop(0).close()
            if i % 500 == 499:
                for tcp in (False, True):
                    watch = Stopwatch()
                    assert number_of(ask(lab.host, f"n{i}.others.example", tcp=tcp)) == i
                    slowest = max(slowest, watch.seconds())
    for each in open_ones:
        each.close()
    assert slowest < 3, slowest
    assert lab.guard.counter("verdict_reroute_nameserver") >= CLIENTS


def test_connections_that_stay_busy_shut_nobody_out(lab):
    """Each waits for an answer that doesn't come: none is idle, and a new one gets in nevertheless."""
    for i in range(4):
        lab.host.ip("addr", "replace", f"10.77.2.{i + 1}/32", "dev", "lo")
    with lab.host.inside(), contextlib.ExitStack() as stack:
        for i in range(400):
            stream = socket.create_connection((DNS4, 53), timeout=TIMEOUT, source_address=(f"10.77.2.{i % 4 + 1}", 0))
            stack.enter_context(stream)
            stream.sendall(framed(query(f"silent.busy{i}.example").to_wire()))
        assert number_of(ask(lab.host, "n5.newcomer.example", tcp=True)) == 5


def test_questions_without_an_answer_hold_up_no_other(lab):
    """An upstream that is slow with some names (their servers are away) is not slow with others."""
    with lab.host.inside(), datagram_socket(DNS4) as flood:
        for i in range(3000):
            flood.send(query(f"silent.flood{i}.example", ident=i).to_wire())
    reply = lab.host.run("dig", "+tries=1", "+time=20", f"@{DNS4}", "+short", "n6.flooded.example").stdout.strip()
    assert reply == "93.184.100.7"


# What is no question --------------------------------------------------------------------------------------------

def raw(wire, **changes):
    """The header's words replaced: flags, and the counts."""
    words = list(struct.unpack(">HHHHHH", wire[:12]))
    for key, value in changes.items():
        words[("ident", "flags", "questions", "answers", "authority", "additional").index(key)] = value
    return struct.pack(">HHHHHH", *words) + wire[12:]


@pytest.mark.parametrize("kind, rcode", [
    ("AXFR", dns.rcode.REFUSED), ("IXFR", dns.rcode.REFUSED), ("MAILB", dns.rcode.REFUSED), ("MAILA", dns.rcode.REFUSED),
    ("TKEY", dns.rcode.REFUSED), ("TSIG", dns.rcode.REFUSED), ("OPT", dns.rcode.REFUSED), ("TYPE0", dns.rcode.REFUSED),
    ("TYPE128", dns.rcode.REFUSED), ("ANY", dns.rcode.NOERROR), ("TYPE65535", dns.rcode.NOERROR)])
@pytest.mark.parametrize("tcp", [False, True])
def test_types_that_are_none(lab, kind, rcode, tcp):
    reply = ask(lab.host, f"{kind.lower()}.meta.example", kind, tcp=tcp)
    assert reply.rcode() == rcode
    assert bool(lab.upstream.asked(f"{kind.lower()}.meta.example")) == (rcode == dns.rcode.NOERROR)
    if rcode == dns.rcode.REFUSED:
        assert edes(reply)[0][0] == 21  # not supported; what to do instead


@pytest.mark.parametrize("klass", ["CH", "HS", "NONE", "ANY"])
def test_classes_but_the_internets(lab, klass):
    assert ask(lab.host, "version.bind", "TXT", klass=klass).rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize("opcode", [1, 2, 3, 4, 5, 6, 7, 15])
def test_opcodes_over_tcp(lab, opcode):
    """IQUERY, STATUS, NOTIFY, UPDATE, DSO (RFC 8490) and what nobody has given a name."""
    wire = raw(query("opcode.example").to_wire(), flags=opcode << 11)
    with lab.host.inside(), socket.create_connection((DNS4, 53), timeout=TIMEOUT) as stream:
        stream.sendall(framed(wire) + framed(query("n1.behind.example").to_wire()))
        reply = receive_framed(stream)
        assert reply[3] & 15 == dns.rcode.NOTIMP and reply[2] >> 3 & 15 == opcode
        assert number_of(read(receive_framed(stream))) == 1  # the connection goes on


@pytest.mark.parametrize("changes", [{"questions": 0}, {"questions": 2}, {"answers": 1}, {"authority": 1}, {"additional": 3}])
def test_counts_that_lie(lab, changes):
    wire = raw(query("lies.example", edns=False).to_wire(), **changes)
    assert exchange(lab.host, wire)[3] & 15 == dns.rcode.FORMERR


def test_two_questions_in_one_message(lab):
    wire = query("one.example", edns=False).to_wire()
    assert exchange(lab.host, raw(wire + wire[12:], questions=2))[3] & 15 == dns.rcode.FORMERR
    assert not lab.upstream.asked("one.example")


def test_no_reply_to_a_reply(lab):
    """Nor to less than a header: no loop, nothing to amplify."""
    with lab.host.inside(), datagram_socket(DNS4) as probe:
        probe.send(raw(query("reply.example").to_wire(), flags=0x8180))
        probe.send(b"\0\1\1\0\0\1\0\0\0\0")
        probe.send(query("n3.after.example", ident=3).to_wire())
        assert read(probe.recv(4096)).id == 3
    assert not lab.upstream.asked("reply.example")
