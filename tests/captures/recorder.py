# SPDX-License-Identifier: GPL-3.0-or-later
"""What a capture is: real traffic between two namespaces, and beside it what each flow in it is known to be.

    @capture(flow(443, "tls", names=["example.com"]))
    def curl_openssl(lab):
        lab.client("curl", "https://example.com/")

What a client was told to do, and how a server is configured, is the truth that the inspectors are held against.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lab"))

import portreeve_lab  # noqa: E402  (the path is set just above)

CAPTURES = []	# in the order in which they are recorded


def either(*values):
    """Any of these is right."""
    return {"either": list(values)}


def flow(port, protocol, n=None, proto=None, source=None, ports=None, **facts):
    """Flows to `port`, or to one of `ports` (`source`: from that port, whatever they go to), are `protocol`. `facts` are names, encrypted,
    version, alpn, alpn_chosen, upgraded, nameless, old, certificate (its name); what isn't given is not judged.
    `n`: so many of them, exactly."""
    if protocol in ("tls", "dtls", "quic", "ssh", "wireguard"):
        facts.setdefault("encrypted", "yes")
    if protocol in ("http", "dns", "stun", "ntp", "mdns", "ssdp", "dhcp"):
        facts.setdefault("encrypted", "no")
    udp = protocol in ("dtls", "quic", "wireguard", "ntp", "mdns", "ssdp", "dhcp")
    return {"proto": proto or ("udp" if udp else "tcp"), "ports": list(ports or [port]), "source": source, "n": n,
            "expect": {"protocol": protocol, **facts}}


def capture(*flows, device="eth0", needs=()):
    """`needs`: commands; where one isn't installed the capture is left out, and that is said."""
    def made(record):
        CAPTURES.append({"name": record.__name__, "what": (record.__doc__ or "").strip(), "record": record,
                         "flows": list(flows), "device": device, "needs": list(needs)})
        return record
    return made


class CaptureLab(portreeve_lab.Lab):
    """The lab with names in /etc/hosts: no client asks a nameserver but those that are told to."""

    def __init__(self, names, kept):
        super().__init__(prefix="cap", container=False)
        self.kept = pathlib.Path(kept)	# what may stay for the next run
        text = f"127.0.0.1 localhost {socket.gethostname()}\n::1 localhost\n"
        for name, addresses in names.items():
            text += "".join(f"{address} {name}\n" for address in addresses)
        self.etc_file(self.host, "hosts", text)
        self.etc_file(self.internet, "hosts", text)
        self.home = self.directory / "home"
        self.home.mkdir()
        self.environment = {**os.environ, "HOME": str(self.home), "LC_ALL": "C", "XDG_RUNTIME_DIR": str(self.home)}

    def client(self, *words, check=True, timeout=180, **options):
        """Runs a program on the guarded host to its end."""
        options.setdefault("env", self.environment)
        return self.host.run(*words, check=check, timeout=timeout, **options)

    def until(self, said, *words, text=""):
        """A client that doesn't end by itself: it is typed to, and ended as soon as it says what is looked for (an expression)."""
        log = self.directory / "until.log"
        with open(log, "wb") as output:
            client = subprocess.Popen(self.host.command(*words), stdin=subprocess.PIPE, stdout=output, stderr=output, env=self.environment)
        with client:
            client.stdin.write(text.encode())
            client.stdin.flush()
            try:
                portreeve_lab.wait_for(f"{words[0]} to say {said}", lambda: client.poll() is not None or re.search(
                    said, log.read_text(errors="replace")))
            finally:
                client.terminate()

    def fed(self, text, *words, seconds=60):
        """A client that is typed to: ends when it has said all, or after so many seconds."""
        try:
            return subprocess.run(self.host.command(*words), input=text, text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=seconds, env=self.environment, errors="replace")
        except subprocess.TimeoutExpired as late:
            raise portreeve_lab.Failed(f"{' '.join(map(str, words))}: not done in {seconds} s: {late.output}") from late


class Recording:
    """tcpdump with whole packets, on the guarded host; use it as a context manager."""

    def __init__(self, lab, file, device):
        self.lab, self.file = lab, file
        # Each packet takes a place of the snapshot's length in the buffer.
        self.process = lab.host.start("tcpdump", "-i", device, "-Z", "root", "--immediate-mode", "-U", "-n",
                                      "-s", "65535", "-B", "65536", "-w", file, "ip or ip6")
        portreeve_lab.wait_for("tcpdump", lambda: "listening on" in self.process.log.read_text())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        portreeve_lab.wait_until_written(self.process, self.file)
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        self.lab.processes.remove(self.process)
        lost = re.search(r"(\d+) packets? dropped by kernel", self.process.log.read_text())
        if lost and int(lost.group(1)):
            raise portreeve_lab.Failed(f"tcpdump lost {lost.group(1)} packets of {self.file.name}")


def record(lab, made, directory):
    """One capture: NAME.pcap, and NAME.json beside it."""
    file = directory / f"{made['name']}.pcap"
    with Recording(lab, file, made["device"]):
        made["record"](lab)
    described = {key: made[key] for key in ("name", "what", "flows")}
    file.with_suffix(".json").write_text(json.dumps(described, indent=1) + "\n")


def missing(made):
    return [command for command in made["needs"] if not shutil.which(command) and not pathlib.Path(command).exists()]


def scratch():
    return pathlib.Path(tempfile.mkdtemp(prefix="portreeve-captures-"))
