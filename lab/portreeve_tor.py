# SPDX-License-Identifier: GPL-3.0-or-later
"""A Tor network of its own, in a namespace of its own: three authorities, two exits, an onion service. No part of it leaves
the machine. It takes about 15 s until it carries anything; so one serves many labs, one after the other:

    network = TorNetwork()
    with Lab() as lab:
        network.join(lab)             # its exits reach the lab's Internet
        client = network.client(lab)  # tor on the host: SOCKS at 127.0.0.1:9050
"""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

from portreeve_lab import DNS4, Failed, Namespace, run, wait_for

AUTHORITIES = ["204.13.164.1", "204.13.164.2", "204.13.164.3"]
EXITS = ["204.13.164.4", "204.13.164.5"]
ONION = "204.13.164.6"
NETWORK = "204.13.164.0/24"
UPLINK, UPLINK_OF_LAB = "10.88.0.2", "10.88.0.1"
HIDDEN_PAGE = "It works, hidden."
SOCKS_PORT, CONTROL_PORT = 9050, 9051

# Votes: every 10 s, which is as fast as they let themselves be told.
AUTHORITY = """SocksPort 0
ORPort {address}:5000
DirPort {address}:7000
ContactInfo lab@example.com
AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
V3AuthVotingInterval 10
V3AuthVoteDelay 2
V3AuthDistDelay 2
TestingV3AuthInitialVotingInterval 10
TestingV3AuthInitialVoteDelay 2
TestingV3AuthInitialDistDelay 2
TestingDirAuthVoteExit *
TestingDirAuthVoteGuard *
TestingDirAuthVoteHSDir *
ExitPolicy reject *:*
"""
EXIT = """SocksPort 0
ORPort {address}:5000
ExitRelay 1
IPv6Exit 1
ExitPolicyRejectPrivate 0
ExitPolicy accept *:*
ServerDNSResolvConfFile {resolv_conf}
ServerDNSDetectHijacking 0
ServerDNSTestAddresses
"""


class TorNetwork:
    """Also what a Namespace wants of its lab. Use it as a context manager, or close() it."""

    def __init__(self, prefix="prtor"):
        self.prefix = f"{prefix}{os.getpid()}"
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"portreeve-{self.prefix}-"))
        self.processes, self.clients = [], 0
        self.namespace = Namespace(self, "net")
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _start(self):
        for address in [*AUTHORITIES, *EXITS, ONION]:
            self.namespace.ip("addr", "add", f"{address}/32", "dev", "lo")
        self.authorities = "".join(self._authority(f"authority{n}", address) for n, address in enumerate(AUTHORITIES, 1))
        for n, address in enumerate(AUTHORITIES, 1):
            self._tor(self.namespace, f"authority{n}", f"Address {address}\n" + AUTHORITY.format(address=address))
        resolv_conf = self.directory / "resolv.conf"
        resolv_conf.write_text(f"nameserver {DNS4}\n")
        for n, address in enumerate(EXITS, 1):
            self._tor(self.namespace, f"exit{n}", f"Address {address}\n" + EXIT.format(address=address, resolv_conf=resolv_conf))
        wait_for("the network's consensus", self._agreed, 300, 0.1)
        self._serve_onion()

    def _directory(self, name):
        directory = self.directory / name
        directory.mkdir(mode=0o700, exist_ok=True)
        return directory

    def _authority(self, name, address):
        """The line that makes it known: its keys are made, and their fingerprints read."""
        directory = self._directory(name)
        (directory / "keys").mkdir(mode=0o700)
        subprocess.run(["tor-gencert", "--create-identity-key", "-m", "12", "-a", f"{address}:7000", "--passphrase-fd", "0"],
                       cwd=directory / "keys", input=b"lab\n", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       check=True, timeout=300)
        identity = re.search(r"^fingerprint (\w+)", (directory / "keys" / "authority_certificate").read_text(), re.M)[1]
        said = run("tor", "--list-fingerprint", "--quiet", "--ignore-missing-torrc", "-f", directory / "none", "--DataDirectory",
                   directory, "--ORPort", f"{address}:5000", "--Nickname", name, "--DirAuthority",
                   f"x orport=1 v3ident={'A' * 40} {address}:80 {'A' * 40}").stdout
        router = re.findall(r"(?:[0-9A-F]{4} ?){10}", said)[-1].replace(" ", "")
        return f"DirAuthority {name} orport=5000 no-v2 v3ident={identity} {address}:7000 {router}\n"

    def _tor(self, namespace, name, options, directory=None):
        directory = directory or self._directory(name)
        config = directory / "torrc"
        config.write_text("TestingTorNetwork 1\nAssumeReachable 1\nPathsNeededToBuildCircuits 0.25\nShutdownWaitLength 0\n"
                          f"{self.authorities}DataDirectory {directory}\nNickname {name}\nLog notice file {directory}/log\n"
                          f"{options}")
        process = namespace.start("tor", "-f", config, "--quiet")
        process.directory = directory
        return process

    def _agreed(self):
        """The exits are in what the authorities have published."""
        for n in range(1, len(AUTHORITIES) + 1):
            consensus = self.directory / f"authority{n}" / "cached-microdesc-consensus"
            if not consensus.exists() or len(re.findall(r"^s .*\bExit\b.*\bRunning\b", consensus.read_text(), re.M)) < len(EXITS):
                return False
        return True

    def _serve_onion(self):
        page = self._directory("page")
        (page / "index.html").write_text(f"<!doctype html><title>Portreeve lab</title><h1>{HIDDEN_PAGE}</h1>\n")
        self.namespace.start("/usr/bin/python3", "-m", "http.server", 8000, "--bind", "127.0.0.1", "--directory", page,
                             ready=self.namespace.listens(8000))
        hidden = self.directory / "onion" / "service"
        process = self._tor(self.namespace, "onion", f"SocksPort 0\nHiddenServiceDir {hidden}\nHiddenServicePort 80 127.0.0.1:8000\n")
        wait_until_carrying(process)
        self.onion = (hidden / "hostname").read_text().strip()

    def join(self, lab):
        """Links the network and the lab's Internet, until the lab is closed. The link to a lab before may outlive its
        namespace, which goes when the kernel has the time."""
        run("ip", "-n", self.namespace.name, "link", "del", "up0", check=False)
        self.namespace.ip("link", "add", "up0", "type", "veth", "peer", "name", "tor0", "netns", lab.internet.name)
        for namespace, device, address in ((self.namespace, "up0", UPLINK), (lab.internet, "tor0", UPLINK_OF_LAB)):
            namespace.ip("addr", "add", f"{address}/30", "dev", device)
            namespace.ip("link", "set", device, "up")
        self.namespace.ip("route", "replace", "default", "via", UPLINK_OF_LAB)
        lab.internet.ip("route", "add", NETWORK, "via", UPLINK)
        lab.internet.sysctl("net.ipv4.ip_forward", 1)

    def client(self, lab, options="", namespace=None):
        """tor on the lab's host, ready: SOCKS at 127.0.0.1:9050, its control port at 9051. What the last one learnt of the
        network is given to the next."""
        self.clients += 1
        directory = lab.directory / f"tor-client{self.clients}"
        directory.mkdir(mode=0o700)
        process = self._tor(namespace or lab.host, f"client{self.clients}",
                            f"SocksPort 127.0.0.1:{SOCKS_PORT}\nControlPort 127.0.0.1:{CONTROL_PORT}\n"
                            f"ClientRejectInternalAddresses 0\n{options}", directory)
        wait_until_carrying(process)
        return process

    def close(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.kill()
                process.wait()
        self.processes.clear()
        run("ip", "netns", "del", self.namespace.name, check=False)
        if not os.environ.get("PORTREEVE_LAB_KEEP"):
            shutil.rmtree(self.directory, ignore_errors=True)


def wait_until_carrying(process, seconds=300):
    """Until tor says that circuits can be built."""
    log = process.directory / "log"

    def carrying():
        if process.poll() is not None:
            raise Failed(f"tor ended with {process.returncode}: {process.log.read_text()}")
        return log.exists() and "Bootstrapped 100%" in log.read_text()
    wait_for(f"a circuit ({log})", carrying, seconds, 0.05)


def control(namespace, *commands):
    """What tor on the namespace's loopback answers to commands at its control port, as text."""
    with namespace.inside():
        stream = socket.create_connection(("127.0.0.1", CONTROL_PORT), timeout=60)
    with stream:
        stream.sendall("".join(f"{command}\r\n" for command in ("AUTHENTICATE", *commands, "QUIT")).encode())
        return b"".join(iter(lambda: stream.recv(65536), b"")).decode()
