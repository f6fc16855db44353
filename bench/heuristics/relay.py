# SPDX-License-Identifier: GPL-3.0-or-later
"""A DNS relay that notes what passes: one line an answered question, `MICROSECONDS TYPE RCODE ANSWER_BYTES NAME`.

    relay.py LISTEN_ADDRESS UPSTREAM_ADDRESS MANGLE LOG

MANGLE is how the way between client and server treats names, which decides what a tunnel can send up: `raw` lets all
through, `plus` loses "+" (Base64 becomes Base64u), `7bit` the high bit (Base128 becomes Base64), `lower` folds case
(Base32 is left). Names are noted as Portreeve has them: lower case, odd bytes as \\DDD.
"""
import select
import socket
import sys
import time


def labels(message):
    """The question's labels, and where its type stands."""
    at, found = 12, []
    while message[at]:
        found.append((at + 1, message[at]))
        at += 1 + message[at]
    return found, at + 1


def text(message):
    found, at = labels(message)
    name = ".".join("".join(chr(c) if 33 <= c <= 126 and c not in b".\\" else f"\\{c:03d}" for c in message[i:i + n].lower())
                    for i, n in found)
    return name, int.from_bytes(message[at:at + 2], "big")


def mangle(message, how):
    changed = bytearray(message)
    for start, length in labels(message)[0]:
        label = bytes(message[start:start + length])
        if how == "lower":
            label = bytes(c & 0x7F for c in label).lower()
        elif how == "7bit":
            label = bytes(c & 0x7F for c in label)
        elif how == "plus":
            label = bytes(c & 0x7F for c in label).replace(b"+", b"-")
        changed[start:start + length] = label
    return bytes(changed)


def main():
    listen, upstream, how, log = sys.argv[1:]
    inside, outside = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    inside.bind((listen, 53))
    outside.connect((upstream, 53))
    waiting, start = {}, time.monotonic()
    with open(log, "w", buffering=1) as notes:
        print("ready", flush=True)
        while True:
            for ready in select.select([inside, outside], [], [])[0]:
                if ready is inside:
                    message, client = inside.recvfrom(65535)
                    waiting[message[:2]] = client, text(message), int((time.monotonic() - start) * 1e6)
                    outside.send(mangle(message, how))
                    continue
                try:
                    message = outside.recv(65535)
                except ConnectionRefusedError:
                    continue
                if message[:2] not in waiting:
                    continue
                client, (name, kind), us = waiting.pop(message[:2])
                inside.sendto(message, client)
                print(us, kind, message[3] & 15, len(message), name, file=notes)


if __name__ == "__main__":
    main()
