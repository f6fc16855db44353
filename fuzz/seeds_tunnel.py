# SPDX-License-Identifier: GPL-3.0-or-later
"""Seeds of the targets tunnel_socks5, tunnel_connect, tunnel_http2 and tunnel_tls: what proxies answer."""
import struct

import seeds_tls

# The first byte: 1 = with an account, 2 = an association; the rest: the length of a piece, less one.
SOCKS5 = {
    'open': b'\xfc\5\0' + b'\5\0\0\1\0\0\0\0\0\0SSH-2.0',
    'account': b'\xfd\5\2\1\0' + b'\5\0\0\4' + bytes(16) + b'\1\2',
    'wrong_account': b'\xfd\5\2\1\1',
    'refused': b'\xfc\5\0\5\5\0\1\0\0\0\0\0\0',
    'onion': b'\xfc\5\0\5\xf3',
    'relay': b'\xfe\5\0\5\0\0\1\xc0\0\2\1\4\1',
    'named_relay': b'\2\5\0\5\0\0\3\5relay\4\1',
    'no_method': b'\xfc\5\xff',
    'datagram': b'\xfe\0\0\0\1\xc0\0\2\1\0\65answer',
    'datagram_name': b'\xfe\0\0\0\3\3far\0\65answer',
    'fragment': b'\xfe\0\0\1\1\xc0\0\2\1\0\65answer',
}
CONNECT = {
    'open': b'HTTP/1.1 200 Connection established\r\n\r\nSSH-2.0',
    'fields': b'HTTP/1.0 200 OK\r\nVia: 1.1 squid\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n',
    'interim': b'HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
    'credentials': b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n',
    'squid': b'HTTP/1.1 503 Service Unavailable\r\nX-Squid-Error: ERR_CONNECT_FAIL 111\r\n\r\n',
    'status': b'HTTP/1.1 502 Bad Gateway\nProxy-Status: p; error=connection_timeout\n\n',
    'no_http': b'SSH-2.0-OpenSSH_9.2\r\n',
    'switch': b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n',
    'long': b'HTTP/1.1 200 ' + b'x' * 20000,
}


def frame(kind, flags, stream, body=b''):
    return len(body).to_bytes(3, 'big') + bytes([kind, flags]) + stream.to_bytes(4, 'big') + body


def status(code):
    """:status of the static table, or in so many letters (RFC 7541, 6.1, 6.2.2)."""
    table = {200: 8, 404: 13, 500: 14}
    return bytes([0x80 | table[code]]) if code in table else b'\x08\x03' + str(code).encode()


SETTINGS, ACK = frame(4, 0, 0, struct.pack('>HI', 3, 100)), frame(4, 1, 0)
START = SETTINGS + ACK
OPEN = START + b''.join(frame(1, 4, stream, status(200)) for stream in (1, 3, 5))
PROXY_STATUS = b'\x00\x0cproxy-status\x1ap; error=connection_refused'
HTTP2 = {
    'open': OPEN + frame(0, 0, 1, b'hello') + frame(8, 0, 1, struct.pack('>I', 4000)) + frame(0, 1, 5, b'end'),
    'padded': OPEN + frame(0, 9, 1, b'\3hello\0\0\0') + frame(0, 0, 3, b'x' * 16384),
    'reset': OPEN + frame(3, 0, 1, struct.pack('>I', 10)) + frame(3, 0, 3, struct.pack('>I', 0)),
    'refused_stream': START + frame(3, 0, 1, struct.pack('>I', 7)) + frame(3, 0, 3, struct.pack('>I', 13)),
    'away': START + frame(7, 0, 0, struct.pack('>II', 1, 0)) + frame(1, 4, 1, status(200)),
    'answers': START + frame(1, 5, 1, status(407)) + frame(1, 4, 3, status(502) + PROXY_STATUS) + frame(1, 4, 5, status(103)) +
               frame(1, 4, 5, status(200)),
    'in_pieces': START + frame(1, 0, 1, status(200)[:0]) + frame(9, 4, 1, status(200)),
    'pings': OPEN + frame(6, 0, 0, bytes(8)) * 20 + frame(6, 1, 0, bytes(8)),
    'windows': SETTINGS + frame(4, 0, 0, struct.pack('>HI', 4, 0)) + frame(8, 0, 0, struct.pack('>I', 1)) + OPEN[len(SETTINGS):],
    'few': frame(4, 0, 0, struct.pack('>HI', 3, 0)) + ACK,
    'pushed': START + frame(5, 4, 1, struct.pack('>I', 2) + b'\x82\x84\x86'),
    'long_frame': START + b'\xff\xff\xff\0\0\0\0\0\1',
    'data_first': START + frame(0, 0, 1, b'early'),
    'unknown': START + frame(0x21, 0xff, 9, b'grease') + OPEN[len(START):],
    'no_http2': b'HTTP/1.1 400 Bad Request\r\n\r\n',
}


def tls():
    server = seeds_tls.server_hello(0xc02f)
    yield 'hello', seeds_tls.record(22, server)
    yield 'hello13', seeds_tls.record(22, seeds_tls.server_hello(0x1301, 0x0304)) + seeds_tls.record(20, b'\1')
    yield 'retry', seeds_tls.record(22, seeds_tls.server_hello(0x1301, 0x0304, random=seeds_tls.RETRY))
    yield 'alert', seeds_tls.record(21, b'\2\x28')
    yield 'pieces', b''.join(seeds_tls.record(22, bytes([byte])) for byte in server)
    yield 'old', seeds_tls.record(22, seeds_tls.server_hello(0x002f, version=0x0301), version=0x0301)
    yield 'no_tls', b'HTTP/1.1 400 Bad Request\r\n\r\n'
    yield 'empty', b''.join(seeds_tls.record(kind, b'') for kind in (20, 21, 22, 23))
    yield 'long', b'\x16\3\3\xff\xff' + bytes(1000)


def seeds():
    for name, data in SOCKS5.items():
        yield 'tunnel_socks5', name, data
    for name, data in CONNECT.items():
        yield 'tunnel_connect', name, b'\xff' + data
        yield 'tunnel_connect', name + '_slowly', b'\0' + data
    for name, data in HTTP2.items():
        yield 'tunnel_http2', name, data
    for name, data in tls():
        yield 'tunnel_tls', name, data
