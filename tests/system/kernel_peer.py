# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients and servers for the tests of the kernel edge; run inside a namespace."""
import errno
import json
import os
import select
import socket
import struct
import sys
import time

IPV6_RECVPKTINFO, IPV6_PKTINFO = 49, 50
REFUSED = {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM}
CLOSED = {errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE}


def serve(port):
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
    udp.bind(("::", port))
    tcp = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128)
    clients = []
    while True:
        for ready in select.select([udp, tcp, *clients], [], [])[0]:
            if ready is tcp:
                clients.append(tcp.accept()[0])
            elif ready is udp:
                data, ancillary, _, sender = udp.recvmsg(2048, 256)
                info = [(level, kind, value) for level, kind, value in ancillary if kind == IPV6_PKTINFO]
                # The interface is left open: an answer to a rerouted question leaves by loopback.
                info = [(level, kind, value[:16] + struct.pack("I", 0)) for level, kind, value in info]
                udp.sendmsg([data], info, 0, sender)
            else:
                try:
                    data = ready.recv(65536)
                    ready.sendall(data)
                except OSError:
                    data = b""
                if not data:
                    clients.remove(ready)
                    ready.close()


def word(error):
    if isinstance(error, (TimeoutError, BlockingIOError)):
        return "silence"
    return "refused" if error.errno in REFUSED else "closed" if error.errno in CLOSED else str(error)


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def exchange(connection, number):
    connection.send(b"%d" % number)
    return "answer" if connection.recv(64) else "closed"


def tcp(address, port, times, source_port, wait):
    seen, connection = [], None
    for number in range(times):
        try:
            if connection is None:
                connection = socket.socket(family(address), socket.SOCK_STREAM)
                connection.settimeout(wait)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if source_port:
                    connection.bind(("", source_port))
                connection.connect((address, port))
            seen.append(exchange(connection, number))
        except OSError as error:
            seen.append(word(error))
            connection = None
    return seen


def udp(address, port, times, source_port, wait):
    seen = []
    connection = socket.socket(family(address), socket.SOCK_DGRAM)
    connection.settimeout(wait)
    connection.bind(("", source_port))
    connection.connect((address, port))
    for number in range(times):
        try:
            seen.append(exchange(connection, number))
        except OSError as error:
            seen.append(word(error))
    return seen


def icmp(address, _port, times, _source_port, wait):
    """Echo by a ping socket: one link, whatever the number."""
    v6 = ":" in address
    proto = socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP
    connection = socket.socket(family(address), socket.SOCK_DGRAM, proto)
    connection.settimeout(wait)
    connection.setsockopt(socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP, 25 if v6 else 11, 1)  # *_RECVERR
    connection.connect((address, 0))
    seen = []
    for number in range(times):
        try:
            connection.send(struct.pack("!BBHHH", 128 if v6 else 8, 0, 0, 0, number) + b"portreeve")
            connection.recv(512)
            seen.append("answer")
        except OSError as error:
            seen.append(word(error))
    return seen


def hammer(address, port, seconds):
    """Tries to get UDP and TCP through as often as it can, and more than a hundred times; how many were sent."""
    end, sent = time.monotonic() + seconds, 0
    datagrams = socket.socket(family(address), socket.SOCK_DGRAM)
    datagrams.setblocking(False)
    while time.monotonic() < end or sent <= 100:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            client = socket.socket(family(address), kind)
            client.setblocking(False)
            try:
                client.connect_ex((address, port))
                if kind == socket.SOCK_DGRAM:
                    client.send(b"x")
                datagrams.sendto(b"y", (address, port))
                sent += 1
            except OSError:
                pass
            client.close()
        if sent == 100:
            print("begun", flush=True)
        time.sleep(0.0005)  # the load's pace
    return sent


def main(arguments):
    if arguments[0] == "serve":
        os.sched_yield()
        serve(int(arguments[1]))
    elif arguments[0] == "talk":
        what = {"tcp": tcp, "udp": udp, "icmp": icmp}[arguments[1]]
        print(json.dumps(what(arguments[2], int(arguments[3]), int(arguments[4]), int(arguments[5]),
                              float(arguments[6]))))
    elif arguments[0] == "hammer":
        print(hammer(arguments[1], int(arguments[2]), float(arguments[3])))


if __name__ == "__main__":
    main(sys.argv[1:])
