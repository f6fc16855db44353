# SPDX-License-Identifier: GPL-3.0-or-later
"""A client and server of all protocols: one process in a namespace, that does what it is told over a Unix
socket (one line of JSON, one line back), so that a test of a hundred cells does not start two hundred
programs. Run it with the socket's path."""
import errno
import json
import os
import pathlib
import select
import socket
import struct
import sys
import threading
import time

IP_RECVERR, IPV6_RECVERR, IPV6_RECVPKTINFO, IPV6_PKTINFO, IPPROTO_MPTCP = 11, 25, 49, 50, 262


# The peer --------------------------------------------------------------------------------------------------

def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def word(error):
    if isinstance(error, (TimeoutError, BlockingIOError)):
        return "silence"
    return errno.errorcode.get(error.errno, str(error))


def bound(kind, proto, order):
    """A socket at the order's source, connected or not."""
    made = socket.socket(family(order["address"]), kind, proto)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.settimeout(order.get("wait", 10.0))
    made.bind((order.get("source", ""), order.get("source_port", 0)))
    return made


def exchange(connection, data):
    connection.send(data)
    got = 0
    while got < len(data):
        part = connection.recv(65536)
        if not part:
            return "closed"
        got += len(part)
    return "answer"


def talk_stream(order):
    proto = IPPROTO_MPTCP if order["proto"] == "mptcp" else 0
    data, seen, connection = b"x" * order.get("size", 9), [], None
    for _ in range(order["times"]):
        try:
            if connection is None:
                connection = bound(socket.SOCK_STREAM, proto, order)
                connection.connect((order["address"], order["port"]))
            seen.append(exchange(connection, data))
        except OSError as error:
            seen.append(word(error))
            connection.close()
            connection = None
    if connection:
        connection.close()
    return seen


def talk_datagram(order):
    v6 = ":" in order["address"]
    data = b"x" * order.get("size", 9)
    kind, proto = socket.SOCK_DGRAM, 0
    if order["proto"] == "icmp":
        proto = socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP
        order = dict(order, source_port=order["port"], port=0)  # an echo's identifier is both ports
    connection, seen = bound(kind, proto, order), []
    connection.setsockopt(socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP, IPV6_RECVERR if v6 else IP_RECVERR, 1)
    connection.connect((order["address"], order["port"]))
    for number in range(order["times"]):
        if proto:
            data = struct.pack("!BBHHH", 128 if v6 else 8, 0, 0, 0, number) + b"portreeve"
        try:
            seen.append(exchange(connection, data))
        except OSError as error:
            seen.append(word(error))
            # Refused within send() and by an error on the wire: the next one is not to meet the latter.
            connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    connection.close()
    return seen


def question(order):
    """A and AAAA of a name by turns, all from one socket; what was answered: the number of records, or the error."""
    stream = order["proto"] == "tcp"
    with bound(socket.SOCK_STREAM if stream else socket.SOCK_DGRAM, 0, order) as connection:
        connection.connect((order["address"], 53))
        name = b"".join(bytes([len(label)]) + label.encode() for label in order["name"].split(".")) + b"\0"
        seen = []
        for number in range(order["times"]):
            message = struct.pack("!HHHHHH", number, 0x100, 1, 0, 0, 0) + name + struct.pack(
                "!HH", 28 if number % 2 else 1, 1)
            try:
                connection.send(struct.pack("!H", len(message)) + message if stream else message)
                reply = connection.recv(4096)[2 if stream else 0:]
                seen.append(struct.unpack_from("!H", reply, 6)[0] if reply[:2] == message[:2] else "?")
            except OSError as error:
                seen.append(word(error))
    return seen


def send(order):
    """Unconnected, to whomever: multicast and broadcast too."""
    with bound(socket.SOCK_DGRAM, 0, order) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if order.get("device"):
            index = socket.if_nametoindex(order["device"])
            if ":" in order["address"]:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            else:
                made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", b"", b"", index))
        seen = []
        for _ in range(order["times"]):
            try:
                made.sendto(b"hello", (order["address"], order["port"]))
                seen.append("sent")
            except OSError as error:
                seen.append(word(error))
    return seen


class Servers:
    def __init__(self):
        self.sockets, self.received = {}, {}

    def serve(self, order):
        key = (order["proto"], order["address"], order["port"])
        if order["proto"] == "icmp" or key in self.sockets:
            return "listening"
        stream = order["proto"] != "udp"
        proto = IPPROTO_MPTCP if order["proto"] == "mptcp" else 0
        made = socket.socket(family(order["address"]), socket.SOCK_STREAM if stream else socket.SOCK_DGRAM, proto)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(("", order["port"]) if order.get("group") else (order["address"], order["port"]))
        self.join(made, order)
        if stream:
            made.listen(16)
        self.sockets[key], self.received[order["port"]] = made, 0
        threading.Thread(target=self.accept if stream else self.echo, args=(made, order["port"]), daemon=True).start()
        return "listening"

    @staticmethod
    def join(made, order):
        if order.get("group") and order.get("device"):
            index = socket.if_nametoindex(order["device"])
            if ":" in order["group"]:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                                socket.inet_pton(socket.AF_INET6, order["group"]) + struct.pack("@I", index))
            else:
                made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                                struct.pack("=4s4si", socket.inet_aton(order["group"]), b"", index))

    def echo(self, made, port):
        while True:
            data, sender = made.recvfrom(65536)
            self.received[port] += 1
            try:
                made.sendto(data, sender)
            except OSError:
                pass  # what the firewall did to the answer shows at the client

    def accept(self, made, port):
        while True:
            client = made.accept()[0]
            self.received[port] += 1
            threading.Thread(target=self.echo_stream, args=(client,), daemon=True).start()

    @staticmethod
    def echo_stream(client):
        with client:
            try:
                while data := client.recv(65536):
                    client.sendall(data)
            except OSError:
                pass


def answer(servers, order):
    if order["do"] == "serve":
        return servers.serve(order)
    if order["do"] == "received":
        return servers.received[order["port"]]
    if order["do"] == "send":
        return send(order)
    if order["do"] == "question":
        return question(order)
    return talk_stream(order) if order["proto"] in ("tcp", "mptcp") else talk_datagram(order)


def serve_orders(path):
    listener, servers = socket.socket(socket.AF_UNIX), Servers()
    listener.bind(f"{path}-")
    listener.listen(16)
    os.rename(f"{path}-", path)  # who finds it is let in

    def one(client):
        with client, client.makefile("rw") as file:
            for line in file:
                try:
                    reply = answer(servers, json.loads(line))
                except Exception as error:  # pylint: disable=broad-except  (it is the test that has to hear of it)
                    reply = f"{type(error).__name__}: {error}"
                file.write(json.dumps(reply) + "\n")
                file.flush()

    while True:
        threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()


# The test's side ------------------------------------------------------------------------------------------------

class Peer:
    def __init__(self, namespace):
        self.path = namespace.lab.directory / f"peer-{namespace.role}-{len(namespace.lab.processes)}"
        self.process = namespace.start("/usr/bin/python3", pathlib.Path(__file__).resolve(), self.path,
                                       ready=lambda: self.path.exists())

    def ask(self, **order):
        with socket.socket(socket.AF_UNIX) as channel:
            channel.connect(str(self.path))
            channel.settimeout(60)
            with channel.makefile("rw") as file:
                file.write(json.dumps(order) + "\n")
                file.flush()
                return json.loads(file.readline())

    def serve(self, proto, address, port, **more):
        reply = self.ask(do="serve", proto=proto, address=address, port=port, **more)
        assert reply == "listening", reply

    def talk(self, proto, address, port, times=1, **more):
        """What became of each exchange: "answer", "silence", or the error's name."""
        seen = self.ask(do="talk", proto=proto, address=address, port=port, times=times, **more)
        assert isinstance(seen, list), seen
        return seen

    def question(self, proto, address, name, times=1, **more):
        return self.ask(do="question", proto=proto, address=address, name=name, times=times, **more)

    def send(self, address, port, times=1, **more):
        return self.ask(do="send", address=address, port=port, times=times, **more)

    def received(self, port):
        return self.ask(do="received", port=port)


if __name__ == "__main__":
    serve_orders(sys.argv[1])
