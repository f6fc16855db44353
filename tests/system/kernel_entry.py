# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the tunnel's entry point: tells whoever arrives there what it saw of them. And its clients, whose
sockets are bound as the caller likes. Run inside a namespace."""
import json
import socket
import struct
import sys
import threading

IPV6_RECVPKTINFO, IPV6_PKTINFO, IPV6_FREEBIND = 49, 50, 78
IP_PKTINFO, SO_ORIGINAL_DST = 8, 80


def v6(address):
    return ":" in address


def original(connection, family):
    if family == socket.AF_INET:
        raw = connection.getsockopt(socket.IPPROTO_IP, SO_ORIGINAL_DST, 16)
        return socket.inet_ntop(family, raw[4:8]), struct.unpack("!H", raw[2:4])[0]
    raw = connection.getsockopt(socket.IPPROTO_IPV6, SO_ORIGINAL_DST, 28)
    return socket.inet_ntop(family, raw[8:24]), struct.unpack("!H", raw[2:4])[0]


def connections(family, port):
    kept = []

    def talk(connection, peer):
        seen = {"peer": peer[:2], "local": connection.getsockname()[:2], "original": original(connection, family)}
        try:
            while connection.recv(4096):
                connection.sendall(json.dumps(seen).encode())
        except OSError:
            pass

    server = socket.socket(family, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    server.bind(("", port))
    server.listen(128)
    while True:
        connection, peer = server.accept()
        kept.append(connection)
        threading.Thread(target=talk, args=(connection, peer), daemon=True).start()


def datagrams(family, port):
    server = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        server.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
    else:
        server.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    server.bind(("", port))
    while True:
        _, ancillary, _, peer = server.recvmsg(2048, 256)
        if family == socket.AF_INET6:
            info = next(value for _, kind, value in ancillary if kind == IPV6_PKTINFO)
            local, kind = info[:16], (socket.IPPROTO_IPV6, IPV6_PKTINFO, info[:16] + struct.pack("I", 0))
        else:
            info = next(value for _, kind, value in ancillary if kind == IP_PKTINFO)
            local = info[8:12]
            kind = (socket.IPPROTO_IP, IP_PKTINFO, struct.pack("I", 0) + info[8:12] + bytes(4))
        seen = {"peer": peer[:2], "local": (socket.inet_ntop(family, local), port)}
        server.sendmsg([json.dumps(seen).encode()], [kind], 0, peer)


def serve(port):
    threads = [threading.Thread(target=what, args=(family, port)) for what in (datagrams, connections)
               for family in (socket.AF_INET, socket.AF_INET6)]
    for thread in threads:
        thread.start()
    threads[0].join()


def open_client(proto, to, port, source="", source_port=0, device="", free=False, wait=10):
    family = socket.AF_INET6 if v6(to) else socket.AF_INET
    client = socket.socket(family, socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM)
    client.settimeout(wait)
    if device:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    if free:
        client.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if source or source_port:
        client.bind((source, source_port))
    client.connect((to, port))
    return client


def exchange(client):
    client.send(b"x")
    return json.loads(client.recv(4096))


def refusals(error):
    return "silence" if isinstance(error, TimeoutError) else "refused"


def ask(wanted):
    """Each of `wanted` (the arguments of open_client()), all of them open together, in each of the rounds, which are begun by
    a line of standard input; what stands there is how long to wait from then on. One line of answers a round."""
    clients = []
    for one in wanted:
        try:
            clients.append(open_client(**one))
        except OSError as error:
            clients.append(refusals(error))
    while True:
        answers = []
        for client in clients:
            try:
                answers.append(client if isinstance(client, str) else exchange(client))
            except OSError as error:
                answers.append(refusals(error))
            except ValueError:
                answers.append("closed")
        print(json.dumps(answers), flush=True)
        line = sys.stdin.readline()
        if not line:
            return
        for client in clients if line.strip() else []:
            if not isinstance(client, str):
                client.settimeout(float(line))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    else:
        ask(json.loads(sys.argv[2]))
