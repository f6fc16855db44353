#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the seeds of the targets whose inputs are easier described than typed: fuzz/corpus/TARGET/."""
import os
import re
import struct

import seeds_tls
import seeds_tunnel

HERE = os.path.dirname(os.path.abspath(__file__))
A4, B4 = bytes([192, 0, 2, 1]), bytes([198, 51, 100, 7])
A6 = bytes.fromhex('20010db8000000000000000000000001')
B6 = bytes.fromhex('20010db8000000000000000000000002')
LL, ALL = bytes.fromhex('fe80' + '00' * 13 + '01'), bytes.fromhex('ff02' + '00' * 13 + '16')


def write(target, name, data):
    directory = os.path.join(HERE, 'corpus', target)
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, name), 'wb') as file:
        file.write(data)


def ip4(proto, body, fragment=0x4000, options=b'', length=None, src=A4, dst=B4, ttl=64):
    header_len = 20 + len(options)
    total = header_len + len(body) if length is None else length
    return struct.pack('>BBHHHBBH', 0x40 | header_len // 4, 0, total, 7, fragment, ttl, proto,
                       0) + src + dst + options + body


def ip6(proto, body, src=A6, dst=B6, hops=64, length=None):
    return struct.pack('>IHBB', 6 << 28, len(body) if length is None else length, proto,
                       hops) + src + dst + body


def tcp(flags=2, payload=b'', options=b''):
    return struct.pack('>HHIIBBHHH', 40000, 443, 1, 2, (20 + len(options)) // 4 << 4, flags, 65535,
                       0, 0) + options + payload


def udp(src=40000, dst=53, payload=b'question', length=None):
    return struct.pack('>HHHH', src, dst, 8 + len(payload) if length is None else length,
                       0) + payload


def icmp(kind, code=0, rest=b'\x12\x34\x00\x01', payload=b'ping'):
    return struct.pack('>BBH', kind, code, 0) + rest + payload


def packets():
    router_alert4, router_alert6 = b'\x94\x04\x00\x00', b'\x3a\x00\x05\x02\x00\x00\x01\x00'
    chain = b'\x3c\x00\x01\x04\x00\x00\x00\x00' + b'\x2b\x00\x01\x04\x00\x00\x00\x00' + \
        b'\x33\x00\x00\x00\x00\x00\x00\x00' + b'\x06\x01' + b'\x00' * 10
    yield 'tcp4-syn', ip4(6, tcp(options=b'\x02\x04\x05\xb4'))
    yield 'tcp4-data', ip4(6, tcp(0x18, b'GET / HTTP/1.1\r\n'))
    yield 'tcp4-offset-lies', ip4(6, tcp()[:12] + b'\xf0' + tcp()[13:])
    yield 'tcp6-extensions', ip6(0, chain + tcp())
    yield 'udp4', ip4(17, udp())
    yield 'udp4-length-lies', ip4(17, udp(length=9000))
    yield 'udp4-options', ip4(17, udp(), options=router_alert4)
    yield 'udp4-padded', ip4(17, udp()) + b'\x00' * 9
    yield 'udp4-total-lies', ip4(17, udp(), length=4000)
    yield 'udp4-first-fragment', ip4(17, udp(length=3000), fragment=0x2000)
    yield 'udp4-later-fragment', ip4(17, b'x' * 16, fragment=0x0010)
    yield 'udp6-first-fragment', ip6(44, b'\x11\x00\x00\x01\x00\x00\x00\x09' + udp(length=3000))
    yield 'udp6-later-fragment', ip6(44, b'\x11\x00\x00\x10\x00\x00\x00\x09' + b'y' * 16)
    yield 'udplite', ip4(136, udp(length=0))
    yield 'sctp', ip6(132, struct.pack('>HHII', 5000, 5001, 9, 0) + b'\x01\x00\x00\x14')
    yield 'dccp', ip4(33, struct.pack('>HH', 1, 2) + b'\x00' * 12)
    yield 'gre', ip4(47, b'\x00\x00\x08\x00')
    yield 'icmp4-echo', ip4(1, icmp(8))
    yield 'icmp4-too-big', ip4(1, icmp(3, 4, b'\x00\x00\x05\x00', ip4(6, tcp()[:8], length=1500)))
    yield 'icmp4-error-of-error', ip4(1, icmp(3, 1, payload=ip4(1, icmp(3, 1, payload=ip4(17, udp())))))
    yield 'icmp6-echo', ip6(58, icmp(128))
    yield 'icmp6-too-big', ip6(58, icmp(2, 0, b'\x00\x00\x05\x00', ip6(17, udp(), length=1452)))
    yield 'icmp6-neighbour', ip6(58, icmp(135, 0, b'\x00' * 4, B6), src=LL, hops=255)
    yield 'mld2', ip6(0, router_alert6 + icmp(143, 0, b'\x00' * 4, b''), src=LL, dst=ALL, hops=1)
    yield 'igmp', ip4(2, b'\x16\x00\x00\x00\xe0\x00\x00\xfb', options=router_alert4,
                      dst=b'\xe0\x00\x00\xfb', ttl=1)
    yield 'dhcp', ip4(17, udp(68, 67), src=b'\x00' * 4, dst=b'\xff' * 4)
    yield 'dhcp6', ip6(17, udp(546, 547), src=LL, dst=bytes.fromhex('ff02' + '00' * 11 + '010002'))
    yield 'mapped', ip6(17, udp(), src=bytes(10) + b'\xff\xff\x7f\x00\x00\x01')
    yield 'many-extensions', ip6(60, b'\x3c\x00\x01\x04\x00\x00\x00\x00' * 40 + tcp())
    yield 'version', b'\x55' + ip4(6, tcp())[1:]


def saved_name(domain, grade, address, expiry=1790003600):
    return struct.pack('>H', len(domain)) + domain + struct.pack(
        '>BBI', grade, 4 if len(address) == 4 else 6, expiry) + address


def section(key, *names):
    return struct.pack('>H', len(key)) + key + struct.pack('>I', len(names)) + b''.join(names)


def saved_pools():
    """Names with their places, as network/pool_saved.c has them."""
    def pool(names, n=None, after=1, base4=(10, 99, 7, 0), len6=64):
        body = b'PRPOOL01' + bytes([4, 24, *base4]) + bytes([6, len6, 0xfd, 0x99]) + bytes(14)
        body += struct.pack('!II', after, len(names) if n is None else n)
        for name, place, used in names:
            body += struct.pack('!H', len(name)) + name + struct.pack('!II', place, used)
        return body
    two = [(b'one.example', 1, 1789990000), (b'two.example', 2, 1789999999)]
    yield 'empty', pool([])
    yield 'two', pool(two, after=3)
    yield 'full', pool([(b'n%d.example' % i, i, 1789000000 + i) for i in range(1, 41)], after=41)
    yield 'same-place', pool([two[0], (b'two.example', 1, 1789999999)])
    yield 'same-name', pool([two[0], (b'one.example', 2, 1789999999)])
    yield 'count-lies', pool(two, n=0xffffffff)
    yield 'beyond', pool([(b'one.example', 255, 0)])
    yield 'next-beyond', pool(two, after=255)
    yield 'other-range', pool(two, base4=(10, 98, 7, 0))
    yield 'no-range', pool(two, len6=97)
    yield 'capitals', pool([(b'One.example', 1, 0)])
    yield 'to-come', pool([(b'one.example', 1, 0xffffffff)])


def saved_names():
    curl = section(b'path:/usr/bin/curl', saved_name(b'example.com', 1, A4),
                   saved_name(b'example.com', 1, A6), saved_name(b'proven.example', 0, B4))
    stub = section(b'*', saved_name(b'stub.example', 2, A4))
    many = [saved_name(b'n%d.example' % i, 1, bytes([10, 0, 0, i])) for i in range(80)]
    one = [saved_name(b'n%d.example' % i, 1, A4) for i in range(20)]
    yield 'empty', b'PRNAMES1' + struct.pack('>I', 0)
    yield 'two', b'PRNAMES1' + struct.pack('>I', 2) + curl + stub
    yield 'past-the-limits', b'PRNAMES1' + struct.pack('>I', 1) + section(b'a', *many, *one)
    yield 'expired', b'PRNAMES1' + struct.pack('>I', 1) + section(
        b'a', saved_name(b'old.example', 1, A4, 5), saved_name(b'far.example', 1, A4, 0xffffffff))
    yield 'number-lies', b'PRNAMES1\xff\xff\xff\xff' + curl


ADDRESSES = ['192.0.2.1', '2001:db8::1', '::ffff:192.0.2.1', '::', '10.0.0.0/8', 'fe80::/10', '::ffff:10.0.0.0/104',
             '0.0.0.0/0', '192.0.2.256', '1.2.3.4/33', '1:2:3:4:5:6:7:8:9', '/24', '::1/129', '1.2.3.4/024']
NAMES = ['example.com', 'WWW.Example.COM.', '.', '', 'a..b', '.a', 'xn--bcher-kva.example', 'a' * 63 + '.b', 'a' * 64,
         '.'.join(['abc'] * 63), '_443._tcp.example.com', 'a\\.b.example', 'a b',
         '7.0.18.198.in-addr.arpa', '007.0.18.198.in-addr.arpa', '7.' + '0.' * 15 + '7.1.0.0.0.0.0.0.2.0.0.0.1.0.0.2.ip6.arpa']


def pcap(order, magic, link, *frames):
    records = [struct.pack(order + 'IIII', 1000 + i, i, len(frame), len(frame)) + frame
               for i, frame in enumerate(frames)]
    return struct.pack(order + 'IHHiIII', magic, 2, 4, 0, 0, 65535, link) + b''.join(records)


def block(order, kind, body):
    body += b'\x00' * (-len(body) % 4)
    return struct.pack(order + 'II', kind, 12 + len(body)) + body + struct.pack(order + 'I', 12 + len(body))


def option(order, code, value):
    return struct.pack(order + 'HH', code, len(value)) + value + b'\x00' * (-len(value) % 4)


def pcapng(order, link, *frames):
    blocks = [block(order, 0x0a0d0d0a, struct.pack(order + 'IHHq', 0x1a2b3c4d, 1, 0, -1)),
              block(order, 1, struct.pack(order + 'HHI', link, 0, 65535) + option(order, 9, b'\x09') +
                    option(order, 14, struct.pack(order + 'q', 3)) + option(order, 0, b''))]
    for frame in frames:
        head = struct.pack(order + 'IIIII', 0, 1, 2, len(frame), len(frame))
        blocks.append(block(order, 6, head + frame + b'\x00' * (-len(frame) % 4) +
                            option(order, 2, struct.pack(order + 'I', 2)) + option(order, 0, b'')))
    blocks.append(block(order, 3, struct.pack(order + 'I', len(frames[0])) + frames[0]))
    return b''.join(blocks)


def captures():
    v4, v6 = ip4(6, tcp()), ip6(17, udp())
    ethernet = [b'ddddddssssss\x08\x00' + v4, b'ddddddssssss\x81\x00\x00\x05\x86\xdd' + v6,
                b'ddddddssssss\x08\x06arp']
    yield 'pcap-little', pcap('<', 0xa1b2c3d4, 1, *ethernet)
    yield 'pcap-big-nano', pcap('>', 0xa1b23c4d, 101, v4, v6)
    yield 'pcap-cooked', pcap('<', 0xa1b2c3d4, 113, b'\x00\x04\x00\x01\x00\x06aaaaaaaa\x08\x00' + v4)
    yield 'pcap-cooked2', pcap('<', 0xa1b2c3d4, 276, b'\x86\xdd' + b'\x00' * 8 + b'\x04\x06aaaaaaaa' + v6)
    yield 'pcap-null', pcap('<', 0xa1b2c3d4, 0, b'\x02\x00\x00\x00' + v4, b'\x00\x00\x00\x1e' + v6)
    yield 'pcap-loopback', pcap('<', 0xa1b2c3d4, 101, ip4(17, udp(), src=b'\x7f\x00\x00\x01', dst=b'\x7f\x00\x00\x01'))
    yield 'pcap-cut', pcap('<', 0xa1b2c3d4, 101, v4, v6)[:-9]
    yield 'pcapng-little', pcapng('<', 1, *ethernet)
    yield 'pcapng-big', pcapng('>', 101, v4, v6)
    yield 'pcapng-two-sections', pcapng('<', 101, v4) + pcapng('>', 113, v4)
    yield 'pcapng-length-lies', pcapng('<', 101, v4) + struct.pack('<III', 6, 0xfffffffc, 0)


def conversation(port, *said, src=A4, dst=B4):
    """TCP to the port: (who, bytes) in turn, with the packets that open and end it."""
    packet = ip4 if len(src) == 4 else ip6
    at = {'client': 100, 'server': 900}

    def segment(who, flags, payload=b''):
        ends = (40000, port) if who == 'client' else (port, 40000)
        other = 'server' if who == 'client' else 'client'
        head = struct.pack('>HHIIBBHHH', *ends, at[who], at[other] if flags != 2 else 0, 5 << 4, flags, 65535, 0, 0)
        way = {'src': src, 'dst': dst} if who == 'client' else {'src': dst, 'dst': src}
        at[who] += len(payload) + (flags & 3 != 0)
        return packet(6, head + payload, **way)

    frames = [segment('client', 2), segment('server', 0x12), segment('client', 0x10)]
    frames += [segment(who, 0x18, text) for who, text in said]
    return frames + [segment('client', 0x11), segment('server', 0x11)]


def inspected_captures():
    question = dns_message(0x0100, 'www.example.com', 1)
    answer = dns_message(0x8180, 'www.example.com', 1, [('www.example.com', 1, B4)])
    back = struct.pack('>HHHH', 53, 40000, 8 + len(answer), 0) + answer
    http = [('client', b'GET / HTTP/1.1\r\nHost: example.com\r\n\r\n'), ('server', b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')]
    smtp = [('server', b'220 mail ESMTP\r\n'), ('client', b'EHLO me\r\n'), ('server', b'250-mail\r\n250 STARTTLS\r\n'),
            ('client', b'STARTTLS\r\n'), ('server', b'220 go\r\n'), ('client', b'\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03')]
    ssh = [('client', b'SSH-2.0-OpenSSH_9.2\r\n'), ('server', b'SSH-2.0-OpenSSH_9.2\r\n')]
    cut = [struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(piece), 7, word, 64, 17, 0) + A4 + B4 + piece
           for word, piece in ((0x2000, udp(payload=question)[:16]), (2, udp(payload=question)[16:]))]
    for name, frames in (('http', conversation(80, *http)), ('http6', conversation(80, *http, src=A6, dst=B6)),
                         ('smtp', conversation(25, *smtp)), ('ssh', conversation(2222, *ssh)), ('late', conversation(22, *ssh)[2:]),
                         ('reordered', conversation(25, *smtp)[::-1]), ('dns-tcp', conversation(53, *(
                             (who, struct.pack('>H', len(text)) + text) for who, text in (('client', question), ('server', answer))))),
                         ('dns', [ip4(17, udp(payload=question)), ip4(17, back, src=B4, dst=A4)]), ('fragments', cut),
                         ('fragments-overlap', [cut[0], cut[0][:7] + b'\1' + cut[0][8:], cut[1]]),
                         ('ntp', [ip4(17, udp(dst=123, payload=b'\x23' + b'\0' * 47))]),
                         ('stun', [ip4(17, udp(dst=3478, payload=b'\0\1\0\0\x21\x12\xa4\x42' + b'i' * 12))])):
        yield name, pcap('<', 0xa1b2c3d4, 101, *frames)


def dns_name(text):
    return b''.join(bytes([len(label)]) + label.encode() for label in text.split('.') if label) + b'\0'


def dns_message(flags, name, kind, *sections, opt=b''):
    """Sections are lists of (owner, type, data); an owner of bytes stands as it is."""
    sections = [list(records) for records in sections] + [[]] * (3 - len(sections))
    body = dns_name(name) + struct.pack('>HH', kind, 1)
    for records in sections:
        for owner, record_kind, data in records:
            body += owner if isinstance(owner, bytes) else dns_name(owner)
            body += struct.pack('>HHIH', record_kind, 1, 300, len(data)) + data
    return struct.pack('>HHHHHH', 0x1234, flags, 1, len(sections[0]), len(sections[1]),
                       len(sections[2]) + bool(opt)) + body + opt


def dns_opt(size=1232, do=0, options=b'', version=0):
    return b'\0' + struct.pack('>HHBBHH', 41, size, 0, version, do << 15, len(options)) + options


def dns_questions():
    yield 'a', dns_message(0x0100, 'www.example.com', 1)
    yield 'edns', dns_message(0x0120, 'www.Example.com', 28, opt=dns_opt(4096, 1, b'\0\x0a\0\x08cookie!!'))
    yield 'root', dns_message(0x0110, '', 2)
    yield 'update', dns_message(0x2800, 'example.com', 6)
    yield 'transfer', dns_message(0, 'example.com', 252)
    yield 'version', dns_message(0x0100, 'example.com', 1, opt=dns_opt(version=1))
    yield 'two-opts', dns_message(0x0100, 'example.com', 1, [], [], [(b'\0', 41, b'')], opt=dns_opt())
    yield 'loop', struct.pack('>HHHHHH', 1, 0x100, 1, 0, 0, 0) + b'\xc0\x0c\0\1\0\1'


def dns_answers():
    here, https = b'\xc0\x0c', b'\0\1\0\0\1\0\3\2h2\0\4\0\x08\xc0\0\2\1\xc0\0\2\2\0\6\0\x10'
    rrsig = b'\0\1\x08\2' + b'\0' * 14 + dns_name('example.com') + b'signature'
    soa = b'\xc0\x10\xc0\x10' + b'\0' * 20
    yield 'a', dns_message(0x8180, 'www.example.com', 1, [(here, 1, A4), (here, 1, B4)], opt=dns_opt())
    yield 'chain', dns_message(0x8180, 'www.example.com', 28, [
        (here, 5, dns_name('a.cdn.example')), ('a.cdn.example', 5, b'\xc0\x10'), ('example.com', 28, A6)])
    yield 'loop', dns_message(0x8180, 'www.example.com', 1, [(here, 5, here)])
    yield 'https', dns_message(0x8180, 'www.example.com', 65, [(here, 65, https + A6), (here, 65, b'\0\0' + dns_name(
        'svc.example'))])
    yield 'mandatory', dns_message(0x8180, 'e.example', 64, [(here, 64, b'\0\1\0\0\0\0\2\0\4\0\4\0\4' + A4)])
    yield 'signed', dns_message(0x81a0, 'www.example.com', 1, [(here, 1, A4), (here, 46, rrsig)], opt=dns_opt(do=1))
    yield 'nxdomain', dns_message(0x8183, 'no.example.com', 1, [], [('example.com', 6, soa)])
    yield 'mx', dns_message(0x8180, 'example.com', 15, [(here, 15, b'\0\x0a\4mail' + here)], [(here, 2, here)],
                            [('mail.example.com', 1, A4), ('mail.example.com', 28, A6)])
    yield 'naptr', dns_message(0x8180, 'example.com', 35, [(here, 35, b'\0\1\0\2\1u\3sip\1!' + here)])
    yield 'srv', dns_message(0x8180, 'example.com', 33, [(here, 33, b'\0\1\0\2\0\3' + here)])
    yield 'unknown', dns_message(0x8180, 'example.com', 65280, [(here, 65280, b'\xc0' * 40)])
    yield 'many', dns_message(0x8180, 'example.com', 1, [(here, 1, bytes([10, 0, 0, i])) for i in range(80)])
    yield 'ede', dns_message(0x8182, 'example.com', 1, opt=dns_opt(options=b'\0\x0f\0\x06\0\x16none'))
    yield 'count-lies', dns_message(0x8180, 'example.com', 1, [(here, 1, A4)])[:-2]


RESOLV_CONFS = [
    'nameserver 192.0.2.1\nnameserver 2001:db8::1\n', 'nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch .\n',
    'nameserver fe80::1%eth0\n# comment\n;another\n\tnameserver\t10.0.0.1\r\n', 'nameserver ::ffff:127.0.0.1',
    '127.0.0.1 localhost\n::1 ip6-localhost # x\n192.0.2.1 Web.Example. other\n', 'nameserver 1.2.3.4@5353\n' * 40,
]


def ipc():
    def text(value):
        return b'\xff\xff' if value is None else struct.pack('>H', len(value)) + value + b'\0'

    def pairs(*items):
        return struct.pack('>H', len(items)) + b''.join(text(k) + text(v) for k, v in items)

    def address(value):
        return bytes([4 if len(value) == 4 else 6]) + value.ljust(16, b'\0')

    def texts(*values):
        return b''.join(map(text, values))

    def event(*domains, seen=b'\0'):
        tuple_ = address(A4) + address(B4) + struct.pack('>HHB', 40000, 443, 6)
        owner = texts(b'curl', b'/usr/bin/curl', b'/usr/bin/curl', None, b'curl x', b'u', None, None, None, None)
        return (struct.pack('>BQQQ', 2, 10**15, 7, 3) + owner + struct.pack('>IIB', 4711, 1000, 1) +
                struct.pack('>I', 1) + text(b'/sbin/init') + b'\0' + text(domains[0] if domains else None) +
                bytes([len(domains)]) + texts(*domains) + b'\1' + tuple_ + address(B4) +
                struct.pack('>HBB', 443, 6, 3) + texts(b'AT', b'Example') + struct.pack('>IB', 64496, 1) +
                text(b'ads') + b'\1' + seen + bytes([5, 3, 0]) + texts(b'because', b'+ *', b'run-time', b'tor') +
                struct.pack('>I', 0) + text(None) + struct.pack('>I', 1) + text(None) +
                struct.pack('>QQQQQ', 1, 2, 3, 4, 5) + struct.pack('>BQIIQ', 0, 0, 0, 1, 9))

    def seen(*names):
        return (struct.pack('>BBBIBB', 1, 1, 2, 0x10, 1, len(names)) + texts(*names) +
                texts(b'a handshake', b'1.2', b'h2', b'h2', b't12d', b'n', b'CA') + struct.pack('>qq', -1, 1 << 40))

    def message(sender, kind, body):
        return bytes([sender]) + struct.pack('>HHQ', kind, 0, 9) + body

    def tunnel_link(name, dst=B4, proto=6):
        return (address(A4) + address(dst) + struct.pack('>HHBI', 40000, 443, proto, 7) +
                texts(b'tor', b'profile:curl', name))

    # steps of a byte and what belongs to it: engine, arrival, seconds, loop, OPEN, LINK, CLOSE, anything
    stream, turn = bytes([4, 0x10, 3, 0, 3, 0, 1, 1, 3, 0, 5, 1, 0, 3, 0]), bytes([3, 0])
    write('tunnel_links', 'one-stream', stream + turn + bytes([2, 1, 6, 0]))
    write('tunnel_links', 'engine-dies', stream + bytes([0, 0]) + turn + bytes([0, 1]) + turn + bytes([5, 1, 0]) + turn)
    write('tunnel_links', 'datagrams-of-nobody', bytes([1, 0, 3, 0, 5, 0, 0, 3, 0, 1, 0, 2, 6, 1, 0]) + turn)
    write('tunnel_links', 'nothing-arrives', bytes([4, 0x10, 3, 0, 3, 0] + [2, 76] * 9) + turn)
    write('tunnel_codec', 'open', b'\0' + tunnel_link(b''))
    write('tunnel_codec', 'named', b'\0' + tunnel_link(b'hidden.example', bytes([198, 18, 0, 7]), 17))
    write('tunnel_codec', 'two-families', b'\0' + tunnel_link(b'', B6))
    write('tunnel_codec', 'opened', b'\1\0\0\0\0\7' + text(b''))
    write('tunnel_codec', 'refused', b'\1\1\0\0\0\7' + text(b'tor: the destination refused'))
    write('tunnel_codec', 'who', b'\2' + address(A4) + address(bytes([127, 0, 0, 1])) + struct.pack('>HHB', 40000, 53154, 6))
    write('event_codec', 'link', event(b'example.com', b'example.net'))
    write('event_codec', 'nameless', event())
    write('event_codec', 'inspected', event(b'example.com', seen=seen(b'example.com', b'b.example')))
    kinds = {'pong': (0, b''), 'failed': (0, b'it failed'), 'who': (0, b'\0' * 125),
             'query': (5, pairs((b'query', b'links'), (b'app', b'/usr/bin/curl'))),
             'row': (3, event(b'example.com')), 'end': (3, pairs((b'next', b'17'))),
             'compiled': (2, pairs((b'mark_mask', b'4278190080'))), 'answer': (4, b'\0' * 12),
             'intel_ask': (7, text(b'bad.example') + address(b'') + b'\2' + text(b'dbl') + text(b'rep')),
             'intel_answer': (4, text(None) + address(B4) + text(b'dbl') + b'\1' + struct.pack('>I', 300) + b'\1' +
                              text(b'spam')),
             'policy_taken': (0, struct.pack('>I', 1)), 'generation': (6, struct.pack('>I', 1))}
    with open(os.path.join(HERE, '..', 'src', 'ipc', 'message.h')) as file:
        header = file.read()
    body = header[header.index('enum pr_message_kind'):header.index('PR_N_MESSAGES')]
    listed = re.findall(r'\bPR_MESSAGE_(\w+)', re.sub(r'/\*.*?\*/', '', body, flags=re.S))
    numbers = {name.lower(): number for number, name in enumerate(listed, 1)}
    for name, (sender, content) in kinds.items():
        write('ipc_message', name, message(sender, numbers[name], content))


def intel_sets():
    """Changes to the set that the target builds: where, what (src/intel/set_layout.h)."""
    def changes(*pairs):
        return b'\0' + b''.join(struct.pack('=II', where, what) for where, what in pairs)

    sections, tables, bits = 32, 144, 360
    yield 'unchanged', changes()
    yield 'cut', b'\xffportrset\1\0\0\0'
    for number, name in enumerate(['strings', 'lists', 'firsts', 'filter', 'buckets', 'spans', 'nodes']):
        at = sections + 16 * number
        yield name + '-none', changes((at + 8, 0))
        yield name + '-many', changes((at + 8, 0x7fffffff))
        yield name + '-elsewhere', changes((at, 64))
    for number, name in enumerate(['prefixes', 'prefixes6', 'countries', 'countries6', 'asns', 'asns6',
                                   'organisations', 'list-asns', 'list-countries']):
        at = tables + 24 * number
        yield name + '-wide', changes((at + 20, 16), (at + 16, 3))
        yield name + '-elsewhere', changes((at, 0), (at + 8, 0))
    yield 'all-labels', changes(*((bits + 4 * i, 0xffffffff) for i in range(8)))


LISTS = {  # by the number of the format
    'hosts': (1, '# head\r\n127.0.0.1 localhost\r\n0.0.0.0 Ads.Example b.example # why\r\nfe80::1%lo0 localhost\r\n'),
    'domains': (2, '\ufeffads.example\n*.b.example;why\n.c.example\n192.0.2.1\nb\u00fccher.example\na..b\nx y\n'),
    'wildcards': (3, '*.ads.example\nb.example ! why\n.c.example // why\n*\n'),
    'adblock': (4, '[Adblock Plus 2.0]\n! x\n||ads.example^$third-party,important\n@@||ok.ads.example^\n##.banner\n'
                   '||b.example^$script,domain=c.example\n|https://d.example/\n||192.0.2.\n||[2001:db8::1]^$all\n'
                   '!#if x\n||e.example^\n!#endif\n||f.example^\n||f.example^$badfilter\n/re[0-9]/\n0.0.0.0 g.example\n'),
    'rpz': (5, '$TTL 60\n$ORIGIN rpz.example.\n@ IN SOA a. b. (\n 1 2 ; x\n 3 4 5 )\n  NS a.\nads.example CNAME .\n'
               '*.ads.example 300 IN CNAME rpz-passthru.\n24.0.2.0.192.rpz-ip CNAME rpz-drop.\n\tTXT "a;b"\n'
               '48.zz.1.db8.2001.rpz-ip CNAME *.\nx.rpz.example. A 192.0.2.1\ny. CNAME .\n1.rpz-client-ip CNAME .\n'),
    'dnsmasq': (6, 'address=/a.example/b.example/0.0.0.0\nserver=/c.example/#\nlocal=/*.d.example/ # x\n'
                   'bogus-nxdomain=192.0.2.0/24\nipset=/e.example/x\naddress=/#/\n'),
    'addresses': (7, '192.0.2.1\n2001:db8::/32 ; x\n192.0.2.1-192.0.2.6\n192.0.2.0\t192.0.2.255\t24\tx\nx:10.0.0.0-10.0.0.9\n'),
    'asns': (8, 'AS64496 # x\n64497,"x"\nAS0\n'),
    'countries': (9, 'AT\nde # x\nAUT\n'),
    'unbound': (10, 'server:\n  local-zone: "a.example" always_null\n local-zone: \'b.example.\' transparent # x\n'
                    'local-data: "c.example 60 IN A 0.0.0.0"\nlocal-data: "d.example A 192.0.2.1"\nport: 53\n'),
    'addresses-json': (7, '{"cidr":"192.0.2.0/24","sblid":"SBL1"}\n{ "x" : 1, "cidr" : "x" }\n{"type":"metadata"}\n'),
    'asns-json': (8, '{"asn":64496,"asname":"x y"}\n{"type":"metadata"}\n{"asn":\n'),
    'auto': (0, '||a.example^\nb.example\n##.c\n'),
    'auto-none': (0, '<html>\n404 page not found\n'),
}


def lists():
    for name, (number, text) in LISTS.items():
        yield name, bytes([number]) + text.encode()


def provider_answers():
    def dns(rcode, *addresses, authority=b''):
        name = b'\1a\7example\3dbl\7example\0'
        return (b'D' + struct.pack('>HHHHHH', 7, 0x8180 | rcode, 1, len(addresses), bool(authority), 0) + name + b'\0\1\0\1' +
                b''.join(b'\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4' + bytes(one) for one in addresses) + authority)

    soa = b'\xc0\x16\0\6\0\1\0\0\1\x2c\0\x16\0\0' + b'\0\0\0\x3c' * 5
    yield 'listed', dns(0, (127, 0, 0, 2), (127, 0, 0, 4))
    yield 'somebody-else', dns(0, (198, 51, 100, 7))
    yield 'listed-and-somebody-else', dns(0, (127, 0, 0, 2), (198, 51, 100, 7))
    yield 'turned-away', dns(0, (127, 255, 255, 254))
    yield 'not-listed', dns(3, authority=soa)
    yield 'servfail', dns(2)
    yield 'json', b'J{"lists": ["malware", "c2"], "ttl": 300}'
    yield 'json-none', b'J{"lists": []}'
    yield 'json-deep', b'J{"x": ' + b'[' * 30 + b', "lists": []}'
    yield 'json-quotes', b'J{"x": "[[\\"[[", "lists": ["a"]}'
    yield 'html', b'J<html>'


def provider_urls():
    text = ('id=dbl\ntype=0\nasks=1\ndeadline_ms=300\ncache_least_s=0\ncache_most_s=600\nzone=dbl.example\n'
            'test_points=1\ncode=127.0.0.2 spam\n').encode()
    for name, entity in {'domain': b'www.example.com', 'address': b'192.0.2.1', 'address6': b'2001:db8::1',
                         'odd': b'a/../?#%\xff\n.example', 'escaped': b'\\032b.example'}.items():
        yield name, text + b'\0' + entity
    yield 'http', b'id=rep\ntype=1\nasks=3\ndeadline_ms=300\ncache_most_s=1\nurl=https://r.example/{entity}\nheader=K: v\n\0'


TUNNEL_UPSTREAMS = {
    'socks5': 'socks5://127.0.0.1:9050', 'socks5-6': 'socks5://[2001:db8::1]:1080', 'interface': 'interface:wg0',
    'connect': 'connect://Proxy.Example.:443', 'http': 'http://user:pw@10.0.0.1:3128/x',
    'proxy-text': 'id=tor\nkind=socks5\nisolate=domain\nchoose=order\nrenew_s=600\nport=9050\nudp=1\nhost=127.0.0.1\n'
                  'user=u\npassword=a=b\nca=/etc/ca.pem\n',
    'interface-text': 'id=vpn\nkind=interface\ninterface=wg0\nnameserver=10.64.0.1\nnameserver=fd00::1\n',
    'set-text': 'id=any\nkind=set\nchoose=latency\nmember=a\nmember=b\n',
    'chain-text': 'id=three\nkind=chain\nisolate=link\nmember=a\nmember=any\nmember=c\n'}


def heuristic_step(what, seconds, kind, name):
    return struct.pack('>BHHB', what, seconds, kind, len(name)) + name


def heuristic_steps():
    """Generated domains that are answered (rcode 3), and a tunnel; both until they are suspected."""
    names = [bytes(97 + (i * 7919 + k * k * 31 + i * k * 17) % 26 for k in range(12)) for i in range(60)]
    yield 'generated', b''.join(heuristic_step(what, 1, 1, name + b'.com') for name in names[:40] for what in (0, 0x34))
    yield 'tunnel', b''.join(heuristic_step(what, 0, 16, name * 3 + name[:i % 12 + 1] + b'.t.example.net')
                             for i, name in enumerate(names) for what in (1, 5))
    yield 'forgotten', heuristic_step(0, 0, 1, names[0] + b'.org') + heuristic_step(0x34, 65535, 1, names[0] + b'.org')
    yield 'odd-names', b''.join(heuristic_step(0, 1, 10, name) for name in (b'', b'com', b'a.b', b'\\255.example.org'))


def mmdb_text(text):
    return bytes([2 << 5 | len(text)]) + text.encode()


def mmdb_map(*pairs):
    return bytes([7 << 5 | len(pairs)]) + b''.join(mmdb_text(key) + value for key, value in pairs)


def mmdb_number(number):
    return bytes([6 << 5 | 4]) + struct.pack('>I', number)


def mmdb(version, bits, nodes, data, settings=()):
    """A node is two sides: a node's number, None, or ('data', offset)."""
    def record(side):
        if side is None:
            return len(nodes)
        return len(nodes) + 16 + side[1] if isinstance(side, tuple) else side

    def node(left, right):
        if bits == 28:
            return (left & 0xffffff).to_bytes(3, 'big') + bytes([left >> 24 << 4 | right >> 24]) + \
                (right & 0xffffff).to_bytes(3, 'big')
        return left.to_bytes(bits // 8, 'big') + right.to_bytes(bits // 8, 'big')

    metadata = dict({'binary_format_major_version': 2, 'node_count': len(nodes), 'record_size': bits,
                     'ip_version': version}, **dict(settings))
    return b''.join(node(record(left), record(right)) for left, right in nodes) + bytes(16) + data + \
        b'\xab\xcd\xefMaxMind.com' + mmdb_map(*((key, mmdb_number(value)) for key, value in metadata.items()))


def geo_files():
    country, number = mmdb_map(('country', mmdb_map(('iso_code', mmdb_text('AT'))))), mmdb_map(
        ('autonomous_system_number', mmdb_number(64496)), ('autonomous_system_organization', mmdb_text('Somebody')))
    pointing = mmdb_map(('country', b'\x20\x09'), ('asn', mmdb_text('AS64496')), ('as_name', mmdb_text('x')))
    data, path = country + number + pointing, [(i + 1, None) for i in range(95)]
    first, second, third = ('data', 0), ('data', len(country)), ('data', len(country) + len(number))
    four = [(1, second), (first, third)]
    yield 'mmdb-4', b'\1' + mmdb(4, 24, four, data)
    yield 'mmdb-4-wide', b'\1' + mmdb(4, 28, four, data)
    yield 'mmdb-6', b'\0' + mmdb(6, 32, path + [(96, None), (first, second)], data)
    yield 'mmdb-loop', b'\1' + mmdb(6, 24, [(1, 1), (1, first)], data)
    yield 'mmdb-nowhere', b'\1' + mmdb(4, 24, [(('data', -8), ('data', 9999)), (None, first)], data)
    yield 'mmdb-no-nodes', b'\1' + mmdb(4, 24, four, data, [('node_count', 0)])
    yield 'mmdb-many-nodes', b'\1' + mmdb(4, 24, four, data, [('node_count', 0xffffffff)])
    yield 'mmdb-pointer-to-itself', b'\1' + mmdb(4, 24, [(first, None)], b'\x20\x00')
    yield 'mmdb-large-map', b'\1' + mmdb(4, 24, [(first, None)], b'\xff\xff\xff\xff' + data)
    yield 'asn', b'\2# x\n1.0.0.0,1.0.0.255,13335,"The ""Net"", Inc."\n2001:db8::,2001:db8::1,0,x\nx,y,z\n'
    yield 'asn-tabs', b'\x021.0.0.0\t1.0.0.255\t13335\tUS\tNAME\n16777472,16777473,AS1,\xff\n'
    yield 'country', b'\3"1.0.0.0","1.0.0.255","AU"\n2001:db8::,2001:db8::ffff,ZZ\n1.0.0.9,1.0.0.1,AT\n'
    yield 'tor', b'\x0416777216,16777471,AU\n42540766411282592856903984951653826560,' \
        b'42540766411282592856903984951653826561,??\n'
    yield 'auto', b'\0start,end,country\n1.0.0.0,1.0.0.255,AU\n'


CLIENT_HELLO = bytes.fromhex(  # for example.com; RFC 9001, A.2
    '010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302010000c000000010000e00'
    '000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e000500050100000000003300260024'
    '001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e04030503060302'
    '03080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901'
    '100f088394c8f03e51570806048000ffff')
SERVER_HELLO = bytes.fromhex(  # RFC 9001, A.3
    '020000560303eefce7f7b37ba1d1632e96677825ddf73988cfc79825df566dc5430b9a045a1200130100002e00330024001d00209d3c940d89690b'
    '84d08a60993c144eca684d1081287c834d5311bcf32bb9da1a002b00020304')


def quic_packet(what, number, data, v2=False, key=0, server=False, append=False):
    return struct.pack('>BBH', what | v2 << 3 | key << 4 | server << 6 | append << 7, number, len(data)) + data


def quic_conversations():
    def piece(stream, begin, end):
        return struct.pack('>H', begin) + stream[begin:end]

    hello, answer = piece(CLIENT_HELLO, 0, 999), piece(SERVER_HELLO, 0, 999)
    shuffled = b''.join(b'\6' + struct.pack('>HH', 0x4000 | i, 0x4000 | len(CLIENT_HELLO[i:i + 20])) +
                        CLIENT_HELLO[i:i + 20] + b'\1\0' for i in range(240, -1, -20))
    for v2 in (False, True):
        first, name = quic_packet(6, 0, hello, v2), 'v2' if v2 else 'v1'
        yield name, first + quic_packet(1, 0, answer, v2, server=True)
        yield name + '-retry', first + quic_packet(2, 0, b'token', v2, server=True) + quic_packet(6, 1, hello, v2, key=3)
    yield 'two', quic_packet(6, 1, piece(CLIENT_HELLO, 120, 999)) + quic_packet(6, 0, piece(CLIENT_HELLO, 0, 130))
    yield 'shuffled', quic_packet(0, 3, shuffled)
    yield 'compatible', quic_packet(6, 0, hello) + quic_packet(1, 0, answer, True, server=True)
    yield 'anew', quic_packet(6, 0, hello) + quic_packet(6, 0, hello, key=2) + quic_packet(6, 0, hello, key=3)
    yield 'coalesced', quic_packet(6, 0, hello) + quic_packet(4, 1, b'x' * 40, append=True) + \
        quic_packet(0, 1, b'\2\0\0\0\0\x1c\0\0\0', server=True) + quic_packet(4, 2, b'', server=True, append=True)
    yield 'negotiated', quic_packet(6, 0, hello) + quic_packet(3, 0, b'', server=True) + quic_packet(6, 0, hello, True)
    yield 'raw', quic_packet(5, 0, b'\xca\x0a\x1a\x2a\x3a\x08' + b'x' * 1250) + quic_packet(5, 0, b'\x40short')


def datagram_talks():
    def talk(what, *datagrams):
        return bytes([what]) + b''.join(struct.pack('>BH', server, len(data)) + data for server, data in datagrams)

    noise = bytes((i * 167 + i * i * 31 + (i >> 3) * 89) & 0xff for i in range(256))
    initiation = b'\1\0\0\0abcd' + noise[:124] + bytes(16)
    response = b'\2\0\0\0efghabcd' + noise[100:164] + bytes(16)
    binding = bytes.fromhex('000100002112a442000102030405060708090a0b')
    allocate = bytes.fromhex('000300082112a442000102030405060708090a0b0019000411000000')
    ntp = bytes.fromhex('e30006e9') + bytes(36) + b'\xe8\xa1\xb2\xc3\xd4\xe5\xf6\7'
    answer = bytes.fromhex('24020aec000005000000060000000000e8a1b2c0000000002122232425262728e8a1b2c200000000e8a1b2c300000000')
    dhcp = b'\1\1\6' + bytes(233) + bytes.fromhex('63825363350101370401030f06ff')
    dhcp6 = bytes.fromhex('01a1b2c30001000e000100012b3c4d5e0200000000010008000200000006000400170018')
    relayed = b'\x0c\0' + bytes(32) + struct.pack('>HH', 9, len(dhcp6)) + dhcp6
    question = dict(dns_questions())['edns']
    yield 'wireguard', talk(0, (0, initiation), (1, b'\3\0\0\0abcd' + noise[:56]), (0, initiation), (1, response))
    yield 'stun', talk(0, (0, binding), (1, binding), (0, noise))
    yield 'turn', talk(0, (0, allocate), (0, b'\x40\0\0\3abc'))
    yield 'ntp', talk(0, (0, ntp))
    yield 'nts', talk(0, (0, ntp + b'\1\4\0\x14' + bytes(16) + bytes(20)))
    yield 'ntp-answered', talk(0, (0, ntp[:4] + noise[:36] + bytes.fromhex('2122232425262728')), (1, answer))
    yield 'dhcp', talk(0, (0, dhcp))
    yield 'dhcp6', talk(0, (0, dhcp6))
    yield 'dhcp6-relayed', talk(0, (0, relayed))
    yield 'ssdp', talk(1, (0, b'M-SEARCH * HTTP/1.1\r\nMAN: "ssdp:discover"\r\nST: ssdp:all\r\n\r\n'))
    yield 'dns', talk(0, (0, question))
    yield 'mdns', talk(3, (0, question))
    yield 'dns-stream', bytes([4]) + struct.pack('>H', len(question)) + question
    yield 'stun-stream', bytes([4]) + allocate


def main():
    for name, data in quic_conversations():
        write('quic', name, data)
    for name, data in datagram_talks():
        write('datagrams', name, data)
    for name, data in geo_files():
        write('geo', name, data)
    for name, data in lists():
        write('list', name, data)
    for name, data in provider_answers():
        write('provider_answer', name, data)
    for name, data in provider_urls():
        write('provider_url', name, data)
    for name, text in TUNNEL_UPSTREAMS.items():
        write('tunnel_upstream', name, text.encode())
    for name, data in heuristic_steps():
        write('heuristics', name, data)
    ipc()
    write('links', 'fill-and-end', bytes(byte for i in range(12) for byte in (0, i << 4)) +
          bytes(byte for i in range(12) for byte in (1, i << 4)) + bytes([6, 0]) * 4)
    write('links', 'confirm-and-alias', bytes(byte for i in range(12) for byte in (0, i << 4, 3, i << 4 | (i + 5) % 12)) +
          bytes(byte for i in range(12) for byte in (5, i << 4 | (i + 7) % 12, 0, i << 4)))
    write('links', 'held', bytes(byte for i in range(12) for byte in (0, i << 4, 4, i << 4, 6, 0)))
    for name, data in dns_questions():
        write('dns_question', name, data)
    for name, data in dns_answers():
        write('dns_answer', name, data)
        if name in ('a', 'chain', 'nxdomain', 'ede', 'count-lies'):
            write('dns_asked', name, data)
        write('dns_filter', name, b'\0' + data)
        write('dns_filter', name + '-large', b'\7' + data)
        write('dns_cache', name, b'\0' + data)
    write('dns_cache', 'small', b'\5' + dict(dns_answers())['signed'])
    for number, text in enumerate(RESOLV_CONFS):
        write('resolv_conf', 'seed%02d' % number, text.encode())
    for name, data in captures():
        write('capture', name, data)
    for name, data in inspected_captures():
        write('inspect', name, data)
    for number, text in enumerate(ADDRESSES):
        write('address', 'seed%02d' % number, text.encode())
    for number, text in enumerate(NAMES):
        write('name', 'seed%02d' % number, text.encode())
    for name, data in netlink_messages():
        write('netlink', name, data)
    for name, data in intel_sets():
        write('intel_set', name, data)
    for name, data in saved_names():
        write('network_names', name, data)
    for name, data in saved_pools():
        write('pool', name, data)
        write('kept', name, b'PRSAVED1' + struct.pack('!I', 12) + dict(saved_names())['empty'] +
              struct.pack('!I', len(data)) + data)
    two = dict(saved_names())['two']
    write('kept', 'names-alone', two)
    write('kept', 'no-pool', b'PRSAVED1' + struct.pack('!I', len(two)) + two + bytes(4))
    write('kept', 'length-lies', b'PRSAVED1' + struct.pack('!I', 0xffffffff) + two)
    for target, name, data in (*seeds_tls.seeds(), *seeds_tunnel.seeds()):
        write(target, name, data)
    for name, data in packets():
        write('packet', name, b'\x00' + data)
    write('packet', 'tcp4-captured-in-part', b'\x01' + ip4(6, tcp(), length=552))


def attribute(kind, body, nested=False):
    return struct.pack('=HH', 4 + len(body), kind | (0x8000 if nested else 0)) + body + b'\0' * (-len(body) % 4)


def netlink(kind, body, family=2, resource=7, flags=1):
    return struct.pack('=IHHII', 20 + len(body), kind, flags, 1, 0) + struct.pack('>BBH', family, 0, resource) + body


def netlink_messages():
    header = attribute(1, struct.pack('>IHB', 99, 0x800, 3))
    yield 'packet', b'\0' + netlink(0x300, header + attribute(3, b'\0\0\1\2') + attribute(10, ip4(17, udp())))
    yield 'packet-without-header', b'\0' + netlink(0x300, attribute(10, ip4(17, udp())))
    for name, proto, low, high in (('tcp', 6, A4, B4), ('icmp', 1, A4, B4), ('udp6', 17, A6, B6)):
        first = 1 if low == A4 else 3
        ends = attribute(1, attribute(first, low) + attribute(first + 1, high), True)
        ports = attribute(4, b'\0\7') if proto == 1 else attribute(2, b'\4\0') + attribute(3, b'\0\x35')
        tuple_ = ends + attribute(2, attribute(1, bytes([proto])) + ports, True)
        counters = attribute(1, b'\0' * 7 + b'\3') + attribute(2, b'\0' * 7 + b'\x60')
        yield 'entry-' + name, b'\1' + netlink(0x100, attribute(1, tuple_, True) + attribute(2, tuple_, True) +
                                               attribute(8, b'\x09\0\0\0') + attribute(9, counters, True))
    yield 'entry-cut', b'\1' + netlink(0x102, attribute(1, ends[:9], True))


if __name__ == '__main__':
    main()
