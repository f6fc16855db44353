# SPDX-License-Identifier: GPL-3.0-or-later
"""What a capture shows, read from the file itself: tests ask for packets by their fields, not by the words that
some version of tcpdump prints. Ethernet captures only."""
import ipaddress
import struct
from dataclasses import dataclass

NAMES = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp", 132: "sctp"}
ECHO = {(4, 8), (4, 0), (6, 128), (6, 129)}


@dataclass
class Packet:
    family: int
    proto: str
    src: str
    dst: str
    sport: int = 0  # of an echo: its identifier, twice
    dport: int = 0
    flags: int = 0
    kind: tuple = None  # type and code of ICMP and ICMPv6
    about: "Packet" = None  # the packet that an error is about
    fragment: bool = False  # a later one

    def concerns(self, proto, port):
        """Of the exchange with this server port (or this identifier), or an error about it."""
        inner = self.about or self
        return inner.proto == proto and port in (inner.sport, inner.dport)

    @property
    def is_reset(self):
        return self.proto == "tcp" and bool(self.flags & 4)

    @property
    def is_prohibited(self):
        return self.about is not None and self.kind == ((3, 10) if self.family == 4 else (1, 1))


def frames(path):
    data = path.read_bytes()
    assert data[:4] == b"\xd4\xc3\xb2\xa1" and struct.unpack_from("<I", data, 20)[0] == 1, "not an Ethernet capture"
    at = 24
    while at + 16 <= len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        yield data[at + 16:at + 16 + length]
        at += 16 + length


def ip_packet(data):
    if len(data) >= 20 and data[0] >> 4 == 4:
        src, dst = (str(ipaddress.ip_address(data[at:at + 4])) for at in (12, 16))
        offset = struct.unpack_from("!H", data, 6)[0] & 0x1fff
        return transport(4, data[9], src, dst, data[(data[0] & 15) * 4:], offset)
    if len(data) >= 40 and data[0] >> 4 == 6:
        src, dst = (str(ipaddress.ip_address(data[at:at + 16])) for at in (8, 24))
        if data[6] == 44 and len(data) >= 48:
            return transport(6, data[40], src, dst, data[48:], struct.unpack_from("!H", data, 42)[0] >> 3)
        return transport(6, data[6], src, dst, data[40:], 0)
    return None


def transport(family, number, src, dst, data, offset):
    packet = Packet(family, NAMES.get(number, str(number)), src, dst, fragment=offset > 0)
    if packet.fragment or len(data) < 8:
        return packet
    if packet.proto == "icmp":
        packet.kind = (data[0], data[1])
        if (family, data[0]) in ECHO:
            packet.sport = packet.dport = struct.unpack_from("!H", data, 4)[0]
        elif data[0] in (3, 11, 12) if family == 4 else data[0] < 128:
            packet.about = ip_packet(data[8:])
        return packet
    packet.sport, packet.dport = struct.unpack_from("!HH", data)
    if packet.proto == "tcp" and len(data) >= 14:
        packet.flags = data[13]
    return packet


def packets(capture):
    """Ends a capture and reads it."""
    capture.stop()
    found = []
    for frame in frames(capture.file):
        if frame[12:14] in (b"\x08\x00", b"\x86\xdd"):
            packet = ip_packet(frame[14:])
            if packet:
                found.append(packet)
    return found
