#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that behave as a test wants: a nameserver that takes its time, and a provider over HTTP.

    provider_servers.py dns ADDRESS FILE    answers what FILE says
    provider_servers.py http ADDRESS FILE CERTIFICATE KEY

FILE is JSON and read anew for every request, so that a test changes a server's behaviour while it runs: delay_ms, mode
(below), and of the nameserver `names`, {name: address}; what isn't there does not exist, or is at `otherwise`.
"""
import heapq
import http.server
import itertools
import json
import os
import pathlib
import socket
import ssl
import struct
import sys
import time

SOA = bytes.fromhex("c00c0006000100000e10001600000000000100000e1000000e1000000e1000000e10")


def behaviour(file):
    return json.loads(pathlib.Path(file).read_text())  # it is replaced, never written in place


def read_name(message):
    at, labels = 12, []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode())
        at += 1 + message[at]
    return ".".join(labels).lower(), at + 5


def dns_reply(message, says):
    """The answer's bytes; None: none."""
    name, end = read_name(message)
    kind, = struct.unpack_from("!H", message, end - 4)
    address = says.get("names", {}).get(name, says.get("otherwise"))
    if says.get("mode") == "lie":
        address = "93.184.215.99"
    addresses = [socket.inet_aton(one) for one in (address or "").split()] if kind == 1 else []
    flags = 0x8580 if address else 0x8583
    head = message[:2] + struct.pack("!HHHHH", flags, 1, len(addresses), 0 if addresses else 1, 0) + message[12:end]
    if says.get("mode") == "garbage":
        return head[:4] + os.urandom(60)
    records = b"".join(b"\xc0\x0c\x00\x01\x00\x01" + struct.pack("!IH", says.get("ttl", 60), 4) + one
                       for one in addresses)
    return head + (records or SOA)


def serve_dns(address, file):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, 53))
        due, number = [], itertools.count()
        while True:
            wait = max(0, due[0][0] - time.monotonic()) if due else None
            server.settimeout(wait if wait is None or wait > 0 else 0.000001)
            try:
                message, client = server.recvfrom(4096)
                arrived, says = time.monotonic(), behaviour(file)
                reply = dns_reply(message, says)
                copies = 200 if says.get("mode") == "flood" else 1
                if says.get("mode") != "hang":
                    for _ in range(copies):
                        heapq.heappush(due, (arrived + says.get("delay_ms", 0) / 1000, next(number), reply, client))
            except (TimeoutError, BlockingIOError):
                pass
            while due and due[0][0] <= time.monotonic():
                _, _, reply, client = heapq.heappop(due)
                server.sendto(reply, client)


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    file = None

    def do_GET(self):
        says = behaviour(self.file)
        mode, entity = says.get("mode"), self.path.rsplit("/", 1)[1]
        if mode == "hang":
            time.sleep(60)
            return
        if mode == "die":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        time.sleep(says.get("delay_ms", 0) / 1000)
        if mode in ("flood", "headers"):
            return self.flood(b"x" * 65536 if mode == "flood" else b"X-Y: " + b"z" * 60000 + b"\r\n", mode == "flood")
        body = {"huge": b'{"lists": [], "x": "' + b"y" * 100000 + b'"}', "garbage": b"<html>404</html>",
                "lie": b'{"lists": "everything"}'}.get(mode)
        if body is None:
            body = json.dumps({"lists": says.get("names", {}).get(entity, "").split(), "ttl": says.get("ttl", 60)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def flood(self, piece, in_body):
        self.send_response(200)
        if in_body:
            self.end_headers()
        else:
            self.flush_headers()
        try:
            for _ in range(2000):
                self.wfile.write(piece)
        except OSError:
            pass

    def log_message(self, *_):
        print(self.path, json.dumps(dict(self.headers)), flush=True)


def serve_http(address, file, certificate, key):
    Provider.file = file
    server = http.server.ThreadingHTTPServer((address, 443), Provider)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["http/1.1"])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    {"dns": serve_dns, "http": serve_http}[sys.argv[1]](*sys.argv[2:])
