# SPDX-License-Identifier: GPL-3.0-or-later
"""A live TCP link and segments made by hand that belong to it: what a program with CAP_NET_RAW can do."""
import contextlib
import socket
import struct

TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ = 19, 20, 21
RECEIVED, SENT = 1, 2
FIN, SYN, RST, ACK, URG = 1, 2, 4, 16, 32


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Link:
    """A connection from within `namespace`, made by the kernel."""

    def __init__(self, namespace, address, port=7000, source_port=0):
        self.v6 = ":" in address
        family = socket.AF_INET6 if self.v6 else socket.AF_INET
        with namespace.inside():
            self.socket = socket.socket(family, socket.SOCK_STREAM)
            self.raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.socket.settimeout(20)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source_port:
            self.socket.bind(("", source_port))
        self.socket.connect((address, port))
        self.near, self.far = self.socket.getsockname(), self.socket.getpeername()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.raw.close()

    def exchange(self, data=b"x"):
        self.socket.sendall(data)
        answer = b""
        while len(answer) < len(data):
            more = self.socket.recv(65536)
            if not more:
                break
            answer += more
        return answer == data

    def reset(self):
        """Ends it at once, by a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def numbers(self):
        """The next sequence number of either end."""
        def number(queue):
            self.socket.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, queue)
            return struct.unpack("I", self.socket.getsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ, 4))[0]
        self.socket.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        found = number(SENT), number(RECEIVED)
        self.socket.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, -1)  # off, without a window probe
        return found

    def segment(self, flags=ACK, options=b"", payload=b"", offset=None, new=False):
        """Payload is old, so that the receiver throws it away, unless it is to be `new`."""
        ours, theirs = self.numbers()
        ours = (ours - (0 if new else len(payload))) & 0xffffffff
        offset = 5 + len(options) // 4 if offset is None else offset
        head = struct.pack("!HHIIBBHHH", self.near[1], self.far[1], ours, theirs, offset << 4, flags, 502, 0, 0)
        near, far = (socket.inet_pton(self.socket.family, end[0]) for end in (self.near, self.far))
        whole = head + options + payload
        pseudo = near + far + struct.pack("!II" if self.v6 else "!HH", *((len(whole), 6) if self.v6 else (6, len(whole))))
        return whole[:16] + struct.pack("!H", checksum(pseudo + whole)) + whole[18:]

    def send(self, segment, ip_options=b"", length=None, fragment=0, extension=b"", nodefrag=False):
        """`length` is what the IP header claims; IPv4's is the kernel's doing, whatever stands there."""
        near, far = (socket.inet_pton(self.socket.family, end[0]) for end in (self.near, self.far))
        if self.v6:
            body = extension + segment
            packet = struct.pack("!IHBB", 6 << 28, len(body) if length is None else length,
                                 60 if extension else 6, 64) + near + far + body
        else:
            words = 5 + len(ip_options) // 4
            packet = struct.pack("!BBHHHBBH", 0x40 | words, 0, 0, 7, fragment, 64, 6, 0) + near + far
            packet += ip_options + segment
        if nodefrag:
            self.raw.setsockopt(socket.IPPROTO_IP, 22, 1)  # IP_NODEFRAG
        with contextlib.suppress(PermissionError):  # what netfilter drops at once
            self.raw.sendto(packet, (self.far[0], 0) if not self.v6 else (self.far[0], 0, 0, 0))
