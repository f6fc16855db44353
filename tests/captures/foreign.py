# SPDX-License-Identifier: GPL-3.0-or-later
"""What no inspector knows: to say "unknown" of it is right, anything else is wrong."""
from portreeve_lab import ADS4
from recorder import capture, either, flow


def unknown(port, proto="tcp", encrypted="no", **facts):
    """Whether it is encrypted need not be known; the contrary of what it is would be wrong."""
    return flow(port, "unknown", proto=proto, names=[], encrypted=either("unknown", encrypted), **facts)


@capture(unknown(6379), needs=["redis-cli"])
def redis(lab):
    """redis-cli"""
    lab.client("redis-cli", "-h", ADS4, "ping")
    lab.client("redis-cli", "-h", ADS4, "set", "key", "value")


@capture(unknown(11211), needs=["memcached"])
def memcached(lab):
    """memcached's protocol, as text"""
    lab.fed("set a 0 60 5\r\nhello\r\nget a\r\nquit\r\n", "socat", "-t", 20, "-", f"TCP4:{ADS4}:11211")


@capture(unknown(1883), flow(8883, "tls", version="1.3"), needs=["mosquitto_pub"])
def mqtt(lab):
    """mosquitto: MQTT, and MQTT over TLS"""
    lab.client("mosquitto_pub", "-h", ADS4, "-t", "a/b", "-m", "hello")
    lab.client("mosquitto_pub", "-h", "misc.example", "-p", 8883, "--cafile", lab.authority[0], "--insecure", "-t", "a/b", "-m", "hello",
               check=False)


@capture(unknown(5201), unknown(5201, "udp"))
def iperf3(lab):
    """iperf3, TCP and UDP"""
    lab.client("iperf3", "-c", ADS4, "-n", "200K")
    lab.client("iperf3", "-c", ADS4, "-u", "-n", "20K", "-b", "2M")


@capture(unknown(873), needs=["rsync"])
def rsync(lab):
    """rsync, its own protocol"""
    lab.client("rsync", "-r", f"rsync://{ADS4}/files/", lab.directory / "copy/")


@capture(unknown(514, "udp"))
def syslog(lab):
    """logger, over UDP in both formats"""
    lab.client("logger", "-n", ADS4, "-d", "--rfc3164", "--", "it works")
    lab.client("logger", "-n", ADS4, "-d", "--rfc5424", "--", "it works")


@capture(unknown(1194, "udp", encrypted="yes"), unknown(1195, encrypted="yes"), needs=["openvpn"])
def openvpn(lab):
    """openvpn with certificates, over UDP and TCP"""
    crt, key = lab.person
    for port, proto in ((1194, "udp4"), (1195, "tcp4")):
        common = ["--dev", "null", "--dev-type", "tun", "--ifconfig-noexec", "--route-noexec", "--ca", lab.authority[0], "--verb", "3", "--script-security", "1"]
        server = lab.internet.start("openvpn", *common, "--tls-server", "--dh", "none", "--port", port, "--local", ADS4, "--proto",
                                    proto if proto == "udp4" else "tcp4-server", "--cert", lab.issued[0], "--key", lab.issued[1],
                                    ready=lab.internet.listens(port, proto[:3]))
        lab.until("Peer Connection Initiated", "openvpn", *common, "--tls-client", "--remote", ADS4, port, "--nobind", "--proto",
                   proto if proto == "udp4" else "tcp4-client", "--cert", crt, "--key", key)
        lab.end(server)


NOISE = """
import os, random, socket, sys
for seed in range(20):
    draw = random.Random(seed)
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.create_connection((sys.argv[1], 7777)) if kind == socket.SOCK_STREAM else socket.socket(socket.AF_INET, kind) as end:
            end.settimeout(20)
            if kind == socket.SOCK_DGRAM:
                end.connect((sys.argv[1], 7777))
            noise = draw.randbytes(draw.randint(1, 1200))
            end.send(noise)
            end.recv(2048)
"""


@capture(unknown(7777), unknown(7777, "udp"))
def noise(lab):
    """bytes by chance"""
    lab.client("/usr/bin/python3", "-c", NOISE, ADS4)
