# SPDX-License-Identifier: GPL-3.0-or-later
"""Seeds of the targets tls_client, tls_server, dtls and starttls: hellos, answers, certificates and conversations."""
import struct

RANDOM = bytes(range(32))
RETRY = bytes.fromhex('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c')
CIPHERS = (0x0a0a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0x009c, 0x002f)


def vector(width, data):
    return len(data).to_bytes(width, 'big') + data


def codes(values):
    return b''.join(struct.pack('>H', value) for value in values)


def extension(kind, data):
    return struct.pack('>H', kind) + vector(2, data)


def names(*entries):
    return extension(0, vector(2, b''.join(bytes([kind]) + vector(2, name) for kind, name in entries)))


def alpn(*protocols):
    return extension(16, vector(2, b''.join(vector(1, protocol) for protocol in protocols)))


def versions(*values):
    return extension(43, vector(1, codes(values)))


def hello_body(*extensions, version=0x0303, session=b'S' * 32, cookie=None, ciphers=CIPHERS):
    body = struct.pack('>H', version) + RANDOM + vector(1, session)
    body += vector(1, cookie) if cookie is not None else b''
    body += vector(2, codes(ciphers)) + b'\1\0'
    return body + (vector(2, b''.join(extensions)) if extensions else b'')


def message(kind, body):
    return bytes([kind]) + vector(3, body)


def record(kind, data, version=0x0303):
    return struct.pack('>BH', kind, version) + vector(2, data)


def server_hello(cipher, chosen=None, random=RANDOM, session=b'', version=0x0303):
    extensions = extension(43, struct.pack('>H', chosen)) if chosen else b''
    return message(2, struct.pack('>H', version) + random + vector(1, session) + struct.pack('>HB', cipher, 0) +
                   vector(2, extensions))


BROWSER = hello_body(extension(0x1a1a, b''), names((0, b'seed.example')), extension(23, b''), extension(0xff01, b'\0'),
                     extension(10, vector(2, codes((0x0a0a, 0x11ec, 29, 23)))), extension(11, b'\1\0'),
                     extension(35, b''), alpn(b'h2', b'http/1.1'),
                     extension(13, vector(2, codes((0x0403, 0x0804, 0x0401)))),
                     extension(51, vector(2, struct.pack('>H', 29) + vector(2, b'K' * 32))),
                     extension(45, b'\1\1'), versions(0x2a2a, 0x0304, 0x0303),
                     extension(0xfe0d, b'\0' + struct.pack('>HHB', 1, 1, 7) + vector(2, b'E' * 32) + vector(2, b'P' * 64)),
                     extension(21, bytes(60)))


def client_hellos():
    yield 'browser', BROWSER
    yield 'old', hello_body(version=0x0301, session=b'')
    yield 'early-data', hello_body(names((0, b'a.example')), versions(0x0304), extension(42, b''), extension(41, b'PSK'))
    yield 'several-names', hello_body(names((0, b'One.Example.'), (7, b'none'), (0, b'192.0.2.1'), (0, b'two.example')),
                                      names((0, b'three.example')))
    yield 'broken-name', hello_body(extension(0, b'\0\x0f\0\0\x0bone.example'))
    yield 'broken-alpn', hello_body(extension(16, b'\0\4\3h2'), alpn(b'\xab\xcd', b'a,b', b''))
    yield 'many-ciphers', hello_body(ciphers=range(0x1000, 0x1000 + 600))


def client_streams():
    hello = message(1, BROWSER)
    yield 'one-record', record(22, hello, 0x0301)
    yield 'tiny-records', b''.join(record(22, hello[at:at + 7], 0x0301) for at in range(0, len(hello), 7))
    yield 'things-between', record(22, b'') + record(22, hello[:9]) + record(21, b'\1\x5a') + record(22, hello[9:])
    yield 'goes-on', record(22, hello) + record(20, b'\1') + record(21, b'\2\x28')
    yield 'plaintext-behind', record(22, hello) + b'GET / HTTP/1.1\r\n'
    yield 'ssl2', struct.pack('>HBHHHH', 0x8000 | 9 + 6 + 16, 1, 0x0301, 6, 0, 16) + b'\1\0\x80\7\0\xc0' + b'C' * 16
    yield 'http', b'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'


def der(tag, *parts):
    data = b''.join(parts)
    if len(data) < 128:
        return bytes([tag, len(data)]) + data
    length = len(data).to_bytes((len(data).bit_length() + 7) // 8, 'big')
    return bytes([tag, 0x80 | len(length)]) + length + data


def name(*attributes):
    return der(0x30, *(der(0x31, der(0x30, der(6, b'\x55\4' + bytes([kind])), der(tag, text)))
                       for kind, tag, text in attributes))


def certificate(subject, issuer, times, alternatives=(), version=True):
    algorithm = der(0x30, der(6, bytes.fromhex('2a8648ce3d040302')))
    key = der(0x30, der(0x30, der(6, bytes.fromhex('2a8648ce3d0201'))), der(3, b'\0' + b'K' * 32))
    extensions = der(0xa3, der(0x30, der(0x30, der(6, b'\x55\x1d\x0f'), der(1, b'\xff'), der(4, der(3, b'\7\x80'))),
                               der(0x30, der(6, b'\x55\x1d\x11'), der(4, der(0x30, *alternatives)))))
    body = der(0x30, der(0xa0, der(2, b'\2')) if version else b'', der(2, b'\7'), algorithm, issuer, der(0x30, *times),
               subject, key, extensions if alternatives else b'')
    return der(0x30, body, algorithm, der(3, b'\0' + b'S' * 32))


def certificates():
    this = name((10, 12, 'Häuser'.encode()), (3, 12, b'cn.example'))
    other = name((10, 19, b'Some CA'), (3, 30, 'CÄ'.encode('utf-16-be')))
    utc = der(0x17, b'240229000000Z'), der(0x17, b'490101235959Z')
    general = der(0x18, b'19700101000000Z'), der(0x18, b'99991231235959Z')
    yield 'self-issued', certificate(this, this, utc, [der(0x82, b'San.Example')])
    yield 'star', certificate(this, other, general, [der(0x81, b'a@b.example'), der(0x82, b'*.star.example')])
    yield 'no-names', certificate(this, other, utc)
    yield 'version-1', certificate(this, other, utc, version=False)
    yield 'empty-names', certificate(name(), name(), utc)
    yield 'no-such-day', certificate(this, other, (der(0x17, b'230229000000Z'), utc[1]))
    yield 'offset', certificate(this, other, (der(0x17, b'2302280000+0100'), utc[1]))
    yield 'long', certificate(name((3, 12, b'x' * 300)), other, utc, [der(0x82, b'a.' * 200)])


def piece(server, data):
    return struct.pack('>H', len(data) | (0x8000 if server else 0)) + data


def talk(*turns, first=True):
    """Pieces by turns, the server first."""
    return b''.join(piece((i % 2 == 0) == first, data) for i, data in enumerate(turns))


def server_talks():
    handshake = record(22, server_hello(0xc02f))
    first = certificate(name((3, 12, b'cn.example')), name((3, 12, b'ca')), (der(0x17, b'240229000000Z'),) * 2)
    yield '1.3', piece(True, record(22, server_hello(0x1301, 0x0304)) + record(20, b'\1') + record(23, b'E' * 40))
    yield '1.2', piece(True, handshake + record(22, message(11, vector(3, vector(3, first)))))
    yield 'resumed', piece(True, handshake + record(20, b'\1') + record(22, b'F' * 40))
    yield 'null-cipher', piece(True, record(22, server_hello(2)))
    yield 'retry', piece(True, record(22, server_hello(0x1301, 0x0304, RETRY)) + record(20, b'\1')) + \
        piece(False, record(20, b'\1') + record(22, message(1, hello_body(versions(0x0304), session=b'')))) + \
        piece(True, record(22, server_hello(0x1301, 0x0304)))
    yield 'refused', piece(True, record(21, b'\2\x28')) + piece(False, b'HELO')
    yield 'plaintext', piece(True, b'HTTP/1.1 400 Bad Request\r\n')
    yield 'does-not-fit', piece(True, record(22, server_hello(0x1305, 0x0304)))


def fragment(data, number=0, at=0, length=None):
    body = data[4:]
    length = len(body) - at if length is None else length
    return data[:4] + struct.pack('>H', number) + at.to_bytes(3, 'big') + length.to_bytes(3, 'big') + body[at:at + length]


def datagram(head, data):
    return bytes([head]) + vector(2, data)


def dtls_talks():
    hello = [message(1, hello_body(names((0, b'seed.example')), versions(0xfefc, 0xfefd), version=0xfefd, session=b'',
                                   cookie=cookie)) for cookie in (b'', b'cookie')]
    verify = message(3, b'\xfe\xff' + vector(1, b'cookie'))
    answer = server_hello(0xc02f, version=0xfefd)
    answer13 = server_hello(0x1301, 0xfefc, version=0xfefd)
    retry = server_hello(0x1301, 0xfefc, RETRY, version=0xfefd)
    first = certificate(name((3, 12, b'cn.example')), name((3, 12, b'ca')), (der(0x17, b'240229000000Z'),) * 2)
    certificates_ = message(11, vector(3, vector(3, first)))
    yield '1.2', datagram(4, fragment(hello[0])) + datagram(5, fragment(verify)) + datagram(4, fragment(hello[1], 1)) + \
        datagram(5, fragment(answer, 1)) + datagram(5, fragment(certificates_, 2, 100)) + \
        datagram(5, fragment(certificates_, 2, 0, 120))
    yield '1.3', datagram(4, fragment(hello[0])) + datagram(5, fragment(answer13)) + datagram(1, b'\x2e' + b'E' * 30)
    yield 'retry', datagram(4, fragment(hello[0])) + datagram(5, fragment(retry)) + \
        datagram(4, fragment(hello[1], 1)) + datagram(5, fragment(answer13, 1))
    yield 'fragments', datagram(4, fragment(hello[0], 0, 50) + fragment(hello[0], 0, 0, 20)) + \
        datagram(4, fragment(hello[0], 0, 10, 60))
    yield 'stun-beside', datagram(4, fragment(hello[0])) + \
        datagram(0, b'\0\1\0\0\x21\x12\xa4\x42' + b'T' * 12) + datagram(5, fragment(answer13))
    yield 'plaintext', datagram(4, fragment(hello[0])) + datagram(1, b'what?')


def starttls_talks():
    hello, answer = record(22, message(1, BROWSER)), record(22, server_hello(0x1301, 0x0304, session=b'S' * 32))
    ssl, gss = struct.pack('>II', 8, 80877103), struct.pack('>II', 8, 80877104)
    startup = b'\0\3\0\0user\0alice\0database\0shop\0\0'
    startup = struct.pack('>I', 4 + len(startup)) + startup
    yield 'smtp', 0, talk(b'220-mail\r\n220 mail\r\n', b'EHLO c.example\r\n', b'250-mail\r\n250 STARTTLS\r\n', b'STARTTLS\r\n',
                          b'220 go\r\n', hello, answer)
    yield 'smtp-refused', 0, talk(b'220 mail\r\n', b'EHLO c\r\n', b'250 mail\r\n', b'STARTTLS\r\n', b'454 no\r\n', b'MAIL FROM:<>\r\n')
    yield 'smtp-injected', 0, talk(b'220 mail\r\n', b'EHLO c\r\n', b'250 mail\r\n', b'STARTTLS\r\nMAIL FROM:<>\r\n', b'220 go\r\n')
    yield 'imap', 1, talk(b'* OK hi\r\n', b'a CAPABILITY\r\n', b'* CAPABILITY STARTTLS\r\na OK\r\n', b'b STARTTLS\r\n', b'b OK\r\n',
                          hello, answer)
    yield 'imap-login', 1, talk(b'* OK hi\r\n', b'a LOGIN u p\r\n')
    yield 'pop3', 2, talk(b'+OK hi\r\n', b'CAPA\r\n', b'+OK\r\nSTLS\r\n.\r\n', b'STLS\r\n', b'+OK\r\n', hello, answer)
    yield 'ftp', 3, talk(b'220 ftp\r\n', b'FEAT\r\n', b'211-F\r\n AUTH TLS\r\n211 End\r\n', b'AUTH TLS\r\n', b'234 go\r\n', hello,
                         answer)
    yield 'ftp-or-smtp', 5, talk(b'220 host\r\n', b'NOOP\r\n', b'200 ok\r\n', b'USER a\r\n')
    yield 'postgresql', 4, talk(gss, b'N', ssl, b'S', hello, answer, first=False)
    yield 'postgresql-plain', 4, talk(ssl, b'N', startup, first=False)
    yield 'direct', 5, talk(hello, answer, first=False)


def seeds():
    """Target, name, bytes."""
    for which, body in client_hellos():
        yield 'tls_client', which, b'\x35' + body
    for which, stream in client_streams():
        yield 'tls_client', 'stream-' + which, b'\0' + stream
    for which, data in certificates():
        yield 'tls_server', 'certificate-' + which, b'\0' + data
        yield 'tls_server', 'within-' + which, b'\1' + data
    for which, data in server_talks():
        yield 'tls_server', which, b'\2' + data
    for which, data in dtls_talks():
        yield 'dtls', which, data
    for which, protocol, data in starttls_talks():
        yield 'starttls', which, bytes([protocol]) + data
