#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the seeds of what puts streams together and of the inspectors of HTTP and SSH: talks, whole and cut, mixed and
repeated, as fuzz/transcript.h and the target describe them."""
import random
import struct

from seeds import dns_message, write

CLIENT, SERVER, OPENS, ACKNOWLEDGES, FIN, TIME, WANT, GIVE_UP, ANOTHER, ODD = range(10)


def frame(kind, flags, stream, payload):
    return struct.pack('>I', len(payload))[1:] + struct.pack('>BBI', kind, flags, stream) + payload


PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
SETTINGS = frame(4, 0, 0, struct.pack('>HIHI', 3, 100, 4, 65535))
HUFFMAN = bytes.fromhex('828684418cf1e3c2e5f23a6ba0ab90f4ff')

REQUESTS = {
    'get': b'GET /index.html HTTP/1.1\r\nHost: www.example.com\r\nAccept: */*\r\n\r\n',
    'post': b'POST / HTTP/1.0\r\nhost: a.example:8080\r\nContent-Length: 3\r\n\r\nabc',
    'absolute': b'GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n',
    'connect': b'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n',
    'upgrade': b'GET / HTTP/1.1\r\nHost: a.example\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n',
    'two-hosts': b'GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n',
    'folded': b'GET / HTTP/1.1\r\nX: y\r\n Host: b.example\r\nHost : a.example\r\n\r\n',
    'bare-lf': b'GET / HTTP/1.1\nHost: a.example\n\n',
    'mixed': b'\r\nGET / HTTP/1.1\r\nX: \0\nHost: b.example\rHost: c.example\r\n\n',
    'idn': 'GET / HTTP/1.1\r\nHost: b\u00fccher.example\r\n\r\n'.encode(),
    'address': b'GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n',
    'h2': PREFACE + SETTINGS + frame(8, 0, 0, b'\0\0\xff\xff') + frame(1, 5, 1, HUFFMAN),
    'h2-padded': PREFACE + SETTINGS + frame(1, 0x2d, 1, b'\2\0\0\0\0\xff\x10\x0a:authority\x09a.example\0\0'),
    'h2-continued': PREFACE + SETTINGS + frame(1, 1, 1, b'\x82\x86\x84\x41\x09') + frame(9, 4, 1, b'a.example'),
    'h2-added': PREFACE + SETTINGS + frame(1, 5, 1, b'\x3f\xe1\x1f\x41\x09a.example\x7e\x09b.example\xbe'),
}


def ssh_packet(payload):
    padding = 4 + (8 - (5 + len(payload) + 4) % 8) % 8
    return struct.pack('>IB', 1 + len(payload) + padding, padding) + payload + bytes(padding)


def kexinit(ciphers):
    lists = [b'curve25519-sha256', b'ssh-ed25519', ciphers, ciphers, b'hmac-sha2-256', b'hmac-sha2-256', b'none', b'none', b'', b'']
    return ssh_packet(b'\x14' + bytes(16) + b''.join(struct.pack('>I', len(text)) + text for text in lists) + bytes(5))


SSH = {
    'ssh': (b'SSH-2.0-OpenSSH_9.2\r\n' + kexinit(b'aes128-ctr,aes256-ctr') + ssh_packet(b'\x1e' + bytes(36)),
            b'SSH-2.0-OpenSSH_9.2\r\n' + kexinit(b'aes256-ctr')),
    'ssh-none': (b'SSH-2.0-a\n' + kexinit(b'none'), b'hello\r\nSSH-1.99-b\r\n' + kexinit(b'none')),
    'ssh-1': (b'SSH-1.5-a\n', b'SSH-1.5-b\n'),
    'ssh-refused': (b'SSH-2.0-a\r\n', b'HTTP/1.1 400 Bad Request\r\n\r\n'),
}


def transcript(ended, client, server=b''):
    return bytes([ended]) + struct.pack('>H', len(client)) + client + server


def steps(chosen, client, server):
    """Both texts in pieces of a few to many bytes, near one another in disorder, some twice, with what else there is."""
    pieces = []
    for step, text in ((CLIENT, client), (SERVER, server)):
        at = 0
        while at < len(text):
            size = chosen.choice((1, 3, 8, 40, 200, 1400))
            pieces += [(step, at, size, 0)] * chosen.choice((1, 1, 1, 2))
            at += size
    for i in range(len(pieces)):
        j = min(len(pieces) - 1, i + chosen.randrange(3))
        pieces[i], pieces[j] = pieces[j], pieces[i]
    for _ in range(chosen.randrange(4)):
        extra = chosen.choice(((ACKNOWLEDGES, 0, 0, 1), (TIME, 0, 300, 0), (WANT, 0, 0, 1), (ANOTHER, 0, 0, 99), (ODD, 3, 9, 4),
                               (ODD, 2, 5, 2), (ODD, 0, 20, 8), (ODD, 1, 1, 64), (FIN, len(client), 0, 0)))
        pieces.insert(chosen.randrange(len(pieces) + 1), extra)
    return b''.join(struct.pack('>BHHB', *piece) for piece in [(OPENS, 0, 0, 0), *pieces])


def main():
    chosen = random.Random(4)
    talks = {name: (request, b'HTTP/1.1 200 OK\r\n\r\n') for name, request in REQUESTS.items()}
    talks.update(SSH)
    talks['nobody'] = (b'\x01\x02what is it', b'\x03')
    for name, (client, server) in talks.items():
        target = 'ssh' if name.startswith('ssh') else 'http'
        write(target, name, transcript(0, client, server))
        write(target, name + '-cut', transcript(5, client[:len(client) * 2 // 3], server))
        for how in (6, 4, 14):
            write('inspection_stream', '%s-%d' % (name, how), bytes([how]) + struct.pack('>H', len(client)) + client +
                  struct.pack('>H', len(server)) + server + steps(chosen, client, server))
    question = dns_message(0x0100, 'www.example.com', 1)
    write('inspection_stream', 'udp', b'\7' + struct.pack('>H', len(question)) + question + b'\0\0' +
          struct.pack('>BHHB', CLIENT, 0, 9, 0) + struct.pack('>BHHB', CLIENT, 0, 200, 0))


if __name__ == '__main__':
    main()
