# SPDX-License-Identifier: GPL-3.0-or-later
"""SSH, tunnels, time, calls: what is neither web nor mail."""
from portreeve_lab import ADS4, run
from recorder import capture, either, flow


@capture(flow(22, "ssh", version="2.0", n=2))
def ssh(lab):
    """OpenSSH: a client that has no key, over both families"""
    for family in ("-4", "-6"):
        lab.client("ssh", family, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes",
                   "-F", "/dev/null", "nobody@ssh.example", "true", check=False)


@capture(flow(22, "ssh"))
def ssh_keyscan(lab):
    """ssh-keyscan: a connection for each kind of key"""
    lab.client("ssh-keyscan", "-T", 3, "ssh.example", check=False)


@capture(flow(51820, "wireguard"), needs=["wireguard-go", "wg"])
def wireguard(lab):
    """wireguard-go on both ends"""
    lab.alone_with("wireguard")
    keys, started = {}, []
    for namespace in (lab.host, lab.internet):
        private = lab.directory / f"wg-{namespace.role}"
        private.write_text(run("wg", "genkey").stdout)
        private.chmod(0o600)
        keys[namespace.role] = private, run("sh", "-c", f"wg pubkey <{private}").stdout.strip()
    for namespace, address, peer, more in ((lab.host, "10.99.0.1", "internet", ["endpoint", f"{ADS4}:51820"]),
                                           (lab.internet, "10.99.0.2", "host", [])):
        device = f"wg-{namespace.role[:4]}"
        started.append(namespace.start("wireguard-go", "-f", device, env=dict(lab.environment, WG_PROCESS_FOREGROUND="1"),
                        ready=lambda: namespace.ip("link", "show", device, check=False).returncode == 0))
        namespace.run("wg", "set", device, "private-key", keys[namespace.role][0], "listen-port",
                      51820 if namespace is lab.internet else 51821, "peer", keys[peer][1], "allowed-ips", "10.99.0.0/24", *more)
        namespace.ip("addr", "add", f"{address}/24", "dev", device)
        namespace.ip("link", "set", device, "up")
    lab.client("ping", "-c", 3, "-i", 0.2, "10.99.0.2")
    for process in started:
        lab.end(process)


def chronyd(lab, *server):
    lab.client("chronyd", "-Q", "-x", "-d", "-u", "root", "-f", "/dev/null", "-t", 60, f"pidfile {lab.directory}/client.pid", "cmdport 0",
               "bindcmdaddress /", "maxdistance 16", f"server {' '.join(server)} iburst maxsamples 2", *more_of(lab), check=False)


def more_of(lab):
    return [f"ntstrustedcerts {lab.authority[0]}", "nosystemcert"]


@capture(flow(123, "ntp"), needs=["chronyd"])
def ntp(lab):
    """chrony, NTP"""
    chronyd(lab, "time.example")


@capture(flow(4460, "tls", names=["time.example"], alpn=["ntske/1"], version="1.3"), flow(123, "ntp"),
         needs=["chronyd"])
def nts(lab):
    """chrony, NTS: keys over TLS, then NTP"""
    chronyd(lab, "time.example", "nts")


@capture(flow(3478, "stun", proto="udp", n=1), needs=["turnutils_stunclient"])
def stun(lab):
    """coturn's STUN client"""
    lab.client("turnutils_stunclient", "-p", 3478, ADS4)


# What is relayed is somebody else's and not looked into: it may be encrypted by itself.
RELAYED = either("no", "unknown")
# This client draws the version by lot, also such that the server refuses.
BY_CHANCE = {"old": either(False, True), "encrypted": either("yes", "unknown")}


def turn(lab, *words):
    lab.until("start_mclient", "turnutils_uclient", "-u", "me", "-w", "secret", "-n", 3, "-m", 1, "-y", "-c", *words, ADS4)


@capture(flow(3478, "stun", proto="udp", encrypted=RELAYED), needs=["turnutils_uclient"])
def turn_udp(lab):
    """coturn's TURN client, UDP"""
    turn(lab)


@capture(flow(3478, "stun", proto="tcp", encrypted=RELAYED), needs=["turnutils_uclient"])
def turn_tcp(lab):
    """coturn's TURN client, TCP"""
    turn(lab, "-t")


@capture(flow(5349, "tls", nameless=True, **BY_CHANCE), needs=["turnutils_uclient"])
def turn_tls(lab):
    """coturn's TURN client, TLS"""
    turn(lab, "-t", "-S", "-p", 5349)


@capture(flow(5349, "dtls", nameless=True, **BY_CHANCE), needs=["turnutils_uclient"])
def turn_dtls(lab):
    """coturn's TURN client, DTLS"""
    turn(lab, "-S", "-p", 5349)


@capture(flow(4443, "dtls", names=["misc.example"], version="1.2"))
def dtls_openssl(lab):
    """openssl s_client, DTLS 1.2"""
    dtls(lab, 4443, "-dtls1_2")


@capture(flow(4444, "dtls", names=["misc.example"], version="1.0", old=True))
def dtls_openssl_10(lab):
    """openssl s_client, DTLS 1.0"""
    dtls(lab, 4444, "-dtls1", "-cipher", "ALL:@SECLEVEL=0")


def dtls(lab, port, *words):
    lab.fed("hello\n", "openssl", "s_client", *words, "-connect", f"misc.example:{port}", "-servername", "misc.example")


@capture(flow(4445, "dtls", names=["router.example"], version="1.2"), needs=["gnutls-cli"])
def dtls_gnutls(lab):
    """gnutls-cli, DTLS"""
    lab.until("hello", "gnutls-cli", "--udp", "--insecure", "-p", 4445, "router.example", text="hello\n")
