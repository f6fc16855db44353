#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a browser of today sends first, over TCP and over UDP: into a directory, one file a segment or datagram.

    bench/hellos.py DIR        in a network namespace of its own, where nobody answers
"""
import pathlib
import select
import socket
import subprocess
import sys
import tempfile
import time

CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * 127.0.0.1"]
SEGMENT = 1448
SECONDS = 20


def complete(hello):
    return len(hello) >= 5 and len(hello) >= 5 + int.from_bytes(hello[3:5], "big")


def browse(url, done, *options):
    """Runs until done() says that there is enough."""
    with tempfile.TemporaryDirectory() as home:
        browser = subprocess.Popen([*CHROMIUM, f"--user-data-dir={home}/profile", *options, url], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={"HOME": home, "PATH": "/usr/bin:/bin"})
        try:
            until = time.monotonic() + SECONDS
            while not done() and time.monotonic() < until:
                pass
        finally:
            browser.kill()
            browser.wait()


def over_tcp():
    hello, listener = b"", socket.create_server(("127.0.0.1", 443))
    accepted = []

    def read():
        nonlocal hello
        ready, _, _ = select.select([listener, *accepted], [], [], 0.5)
        for one in ready:
            if one is listener:
                accepted.append(listener.accept()[0])
            elif one is accepted[0] or not hello:
                hello += one.recv(65536)
        return complete(hello)

    browse("https://www.example.com/", read)
    return [hello[at:at + SEGMENT] for at in range(0, len(hello), SEGMENT)]


def over_udp():
    datagrams, bound = [], socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind(("127.0.0.1", 443))
    first = None

    def read():
        nonlocal first
        if select.select([bound], [], [], 0.5)[0]:
            datagram, source = bound.recvfrom(65536)
            first = first or source
            if source == first:
                datagrams.append(datagram)
        return len(datagrams) >= 2

    browse("https://quic.example/", read, "--enable-quic", "--origin-to-force-quic-on=quic.example:443")
    return datagrams[:2]


def made():
    """In a namespace of its own: {'tcp': [segments], 'udp': [datagrams]}."""
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"', sys.executable, __file__, directory],
                       check=True, timeout=4 * SECONDS)
        return {way: [path.read_bytes() for path in sorted(pathlib.Path(directory).glob(way + "*"))] for way in ("tcp", "udp")}


def main():
    directory = pathlib.Path(sys.argv[1])
    for way, pieces in (("tcp", over_tcp()), ("udp", over_udp())):
        if not pieces:
            sys.exit(f"the browser sent nothing over {way}")
        for number, piece in enumerate(pieces):
            (directory / f"{way}{number}").write_bytes(piece)


if __name__ == "__main__":
    main()
