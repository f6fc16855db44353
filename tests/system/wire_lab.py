# SPDX-License-Identifier: GPL-3.0-or-later
"""Nameservers of the lab's Internet whose answers are known to the last byte, and a client that reads every bit of a
reply. knot is the authority, unbound (which may validate) the upstream; dnspython is the judge."""
import contextlib
import socket
import struct
import subprocess
import threading
import traceback

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from portreeve_lab import DNS4, DNS6, SSH4

AUTHORITY = SSH4  # an address of the lab's Internet that has port 53 to give
TIMEOUT = 20.0


# The client -----------------------------------------------------------------------------------------------------

def query(name, kind="A", *, edns=True, payload=1232, do=False, ad=False, cd=False, rd=True, options=(), ident=None,
          klass="IN"):
    message = dns.message.make_query(name, kind, klass)
    message.use_edns(0 if edns else -1, dns.flags.DO if do else 0, payload, options=list(options))
    message.flags = (dns.flags.RD if rd else 0) | (dns.flags.AD if ad else 0) | (dns.flags.CD if cd else 0)
    if ident is not None:
        message.id = ident
    return message


def read(wire):
    return dns.message.from_wire(wire, ignore_trailing=False)


def framed(wire):
    return struct.pack(">H", len(wire)) + wire


def receive_exactly(stream, size):
    data = b""
    while len(data) < size:
        part = stream.recv(size - len(data))
        if not part:
            raise ConnectionError(f"closed after {len(data)} of {size} bytes")
        data += part
    return data


def receive_framed(stream):
    return receive_exactly(stream, struct.unpack(">H", receive_exactly(stream, 2))[0])


def datagram_socket(server):
    made = socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM)
    made.connect((server, 53))
    made.settimeout(TIMEOUT)
    return made


def exchange(namespace, wire, server=DNS4, tcp=False):
    """Sends bytes as a program of the namespace; the reply's bytes."""
    with namespace.inside():
        if tcp:
            with socket.create_connection((server, 53), timeout=TIMEOUT) as stream:
                stream.sendall(framed(wire))
                return receive_framed(stream)
        with datagram_socket(server) as probe:
            probe.send(wire)
            return probe.recv(65535)


def ask(namespace, name, kind="A", server=DNS4, tcp=False, **options):
    """One question, one reply, both as messages; nothing is repeated."""
    question = query(name, kind, **options)
    reply = read(exchange(namespace, question.to_wire(), server, tcp))
    assert reply.id == question.id
    return reply


def records(section):
    """A section as a set of records, in the case that the wire had: {(owner, class, type, data): ttl}."""
    return {(str(rrset.name), int(rrset.rdclass), int(rrset.rdtype), rdata.to_wire()): rrset.ttl
            for rrset in section for rdata in rrset}


def edes(reply):
    return [(int(option.code), option.text or "") for option in reply.options if isinstance(option, dns.edns.EDEOption)]


# Servers --------------------------------------------------------------------------------------------------------

def start_knot(lab, zones, signed=(), nsec3=(), address=AUTHORITY, name="authority"):
    """knot with zones {name: text}; those of `signed` it signs itself, those of `nsec3` so that names can't be listed."""
    directory = lab.directory / name
    directory.mkdir()
    lines = [f"server:\n  rundir: {directory}\n  user: root\n  listen: {address}@53\n  udp-max-payload: 4096\n"
             f"log:\n  - target: stderr\n    any: info\ndatabase:\n  storage: {directory}\n"
             "policy:\n" + "".join(f"  - id: {policy}\n    algorithm: ecdsap256sha256\n    single-type-signing: on\n"
                                    f"    nsec3: {'on' if policy == 'nsec3' else 'off'}\n" for policy in ("nsec", "nsec3"))
             + "zone:\n"]
    for zone, text in zones.items():
        (directory / f"{zone}.zone").write_text(text)
        lines.append(f"  - domain: {zone}\n    storage: {directory}\n    file: {zone}.zone\n    semantic-checks: off\n"
                     "    zonefile-load: difference\n    zonefile-sync: -1\n    journal-content: all\n"
                     + (f"    dnssec-signing: on\n    dnssec-policy: {'nsec3' if zone in nsec3 else 'nsec'}\n"
                        if zone in {*signed, *nsec3} else ""))
    (directory / "knot.conf").write_text("".join(lines))

    def anchor(zone):
        """The DS of a zone's key."""
        done = subprocess.run(["keymgr", "-c", directory / "knot.conf", zone, "ds"], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()[0].replace(" DS ", " IN DS ")

    def serves():
        with contextlib.suppress(OSError):
            return all(ask(lab.internet, zone, "SOA", address).answer for zone in zones)
        return False
    process = lab.internet.start("knotd", "-c", directory / "knot.conf", ready=serves)
    process.anchor = anchor
    return process


def start_unbound(lab, zones, anchors=(), options="", address=AUTHORITY, listens=(DNS4, DNS6)):
    """unbound that asks the authority for the zones; with anchors it validates."""
    config = lab.directory / "recursor.conf"
    config.write_text(
        "server:\n" + "".join(f" interface: {own}\n" for own in listens) +
        ' access-control: 0.0.0.0/0 allow\n access-control: ::/0 allow\n chroot: ""\n username: ""\n pidfile: ""\n'
        " use-syslog: no\n do-daemonize: no\n verbosity: 1\n log-queries: yes\n do-not-query-localhost: no\n"
        " minimal-responses: no\n ede: yes\n"
        f' module-config: "{"validator " if anchors else ""}iterator"\n' +
        "".join(f' trust-anchor: "{anchor}"\n' for anchor in anchors) + options + "\n" +
        "".join(f"stub-zone:\n name: {zone}\n stub-addr: {address}\n" for zone in zones))
    lab.resolv_conf(lab.host, "".join(f"nameserver {own}\n" for own in listens))
    return lab.internet.start("unbound", "-d", "-c", config, ready=lab.internet.listens(53, "udp"))


class Scripted:
    """A nameserver of the lab's Internet that says what a test tells it to. `answer(query, tcp)` returns the bytes of the
    replies, in order; what came is in `seen`."""

    def __init__(self, lab, answer, address=DNS4):
        self.answer, self.seen, self.address = answer, [], address
        self._ended = threading.Event()
        with lab.internet.inside():
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            self.udp.bind((address, 53))
            self.tcp = socket.create_server((address, 53), backlog=64)
        self.udp.settimeout(0.1)
        self.tcp.settimeout(0.1)
        self.threads = [threading.Thread(target=run, daemon=True) for run in (self._serve_udp, self._serve_tcp)]
        for thread in self.threads:
            thread.start()

    def _replies(self, wire, peer, tcp):
        self.seen.append((wire, peer, tcp))
        try:
            return self.answer(wire, tcp)
        except Exception:  # the test's: it is seen there, and the server goes on
            traceback.print_exc()
            return []

    def _serve_udp(self):
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                wire, peer = self.udp.recvfrom(65535)
                for reply in self._replies(wire, peer, False):
                    self.udp.sendto(reply, peer)

    def _serve_tcp(self):
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                stream, peer = self.tcp.accept()
                threading.Thread(target=self._serve_stream, args=(stream, peer), daemon=True).start()

    def _serve_stream(self, stream, peer):
        with stream, contextlib.suppress(OSError):
            stream.settimeout(TIMEOUT)
            while not self._ended.is_set():
                for reply in self._replies(receive_framed(stream), peer, True):
                    stream.sendall(framed(reply))

    def asked(self, name):
        """The questions that came for a name: [(message, over TCP?)]."""
        wanted = dns.name.from_text(name).to_wire()
        return [(dns.message.from_wire(wire), tcp) for wire, _, tcp in list(self.seen)
                if wire[12:12 + len(wanted)].lower() == wanted.lower()]

    def close(self):
        self._ended.set()
        for thread in self.threads:
            thread.join()
        self.udp.close()
        self.tcp.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def respond(wire, *sections, rcode=0, flags=0, options=(), edns=True):
    """A reply to a question: lists of text records for answer, authority and additional."""
    question = dns.message.from_wire(wire)
    reply = dns.message.make_response(question, recursion_available=True)
    reply.set_rcode(rcode)
    reply.flags |= flags
    for section, texts in zip((reply.answer, reply.authority, reply.additional), sections):
        for text in texts:
            owner, ttl, kind, data = text.split(None, 3)
            section.append(dns.rrset.from_text_list(dns.name.from_text(owner), int(ttl), "IN", kind, [data], origin=dns.name.root,
                                                      relativize=False))
    if edns:
        reply.use_edns(0, payload=1232, options=list(options))
    else:
        reply.use_edns(-1)
    return reply.to_wire(max_size=65535)
