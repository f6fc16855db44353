# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS in all its ways, and what hosts find each other and their addresses with."""
from portreeve_lab import DNS4, DNS6, wait_for
from recorder import capture, either, flow


def dns(port, proto="udp", **facts):
    """What is asked for is no name of the link."""
    return flow(port, "dns", proto=proto, names=[], **facts)


def kdig(lab, *words):
    return lab.client("kdig", "+time=5", "+retry=0", *words)


@capture(dns(53, n=3))
def dns_udp(lab):
    """kdig, DNS over UDP"""
    for words in (["example.com"], ["-t", "AAAA", "example.com"], ["+dnssec", "+bufsize=4096", "-t", "TXT", "example.com"]):
        kdig(lab, f"@{DNS4}", *words)


@capture(dns(53, proto="tcp"), dns(53))
def dns_tcp(lab):
    """dig, DNS over UDP that has to be asked again over TCP"""
    lab.client("dig", f"@{DNS4}", "+bufsize=512", "-t", "TXT", "big.example")


@capture(dns(5300, n=2), dns(5300, proto="tcp"))
def dns_elsewhere(lab):
    """kdig, DNS over UDP and TCP, both families, on another port"""
    kdig(lab, f"@{DNS4}", "-p", 5300, "example.com")
    kdig(lab, f"@{DNS6}", "-p", 5300, "example.com")
    kdig(lab, f"@{DNS6}", "-p", 5300, "+tcp", "www.example.com")


@capture(dns(53, n=1, proto="tcp"))
def dns_tcp_kept(lab):
    """kdig, several questions on one connection"""
    kdig(lab, f"@{DNS4}", "+tcp", "+keepopen", "example.com", "www.example.com", "ads.example")


@capture(flow(853, "tls", names=["dns.example"], version="1.3"))
def dns_tls(lab):
    """kdig (GnuTLS), DNS over TLS"""
    kdig(lab, f"@{DNS4}", "+tls", "+tls-sni=dns.example", "example.com")


@capture(flow(443, "tls", names=["dns.example"], version="1.3", alpn=["h2"]))
def dns_https(lab):
    """kdig (GnuTLS), DNS over HTTPS"""
    kdig(lab, f"@{DNS4}", "+https", "+tls-sni=dns.example", "example.com")


@capture(flow(443, "quic", names=["example.com"], alpn=["doq", "doq-i12", "doq-i11", "doq-i03"], version="v1",
              encrypted=either("yes", "unknown")))
def dns_quic(lab):
    """kdig (ngtcp2 with GnuTLS), DNS over QUIC: refused by a server that has HTTP/3 alone"""
    lab.client("kdig", "+time=2", "+retry=0", "@example.com", "-p", 443, "+tls-sni=example.com", "+quic", "example.com", check=False)


RESOLVER = "import socket; print(socket.getaddrinfo('asked.example.com', 80))"


@capture(dns(53))
def dns_libc(lab):
    """glibc: both families from one socket"""
    lab.client("/usr/bin/python3", "-c", RESOLVER, check=False)


AVAHI = """[server]
host-name=HOST
use-ipv4=yes
use-ipv6=yes
allow-interfaces=eth0
enable-dbus=no
[publish]
publish-workstation=yes
"""


@capture(flow(5353, "mdns"), needs=["avahi-daemon"])
def mdns(lab):
    """avahi: announces itself, and is asked by mdns-scan"""
    started = []
    for namespace in (lab.lan, lab.host):
        config = lab.directory / f"avahi-{namespace.role}.conf"
        config.write_text(AVAHI.replace("HOST", namespace.role))
        # One a machine, it thinks: each gets a /run of its own.
        started.append(namespace.start("unshare", "-m", "--propagation", "private", "sh", "-ec",
                                       'mount -t tmpfs none /run; exec "$@"', "sh", "avahi-daemon", "--no-drop-root",
                                       "--no-chroot", "--no-rlimits", "-f", config))
        wait_for("avahi", lambda: "Server startup complete" in started[-1].log.read_text())
    lab.client("timeout", 2, "mdns-scan", check=False)
    for process in started:
        lab.end(process)


@capture(flow(1900, "ssdp"), flow(None, "ssdp", source=1900), needs=["upnpc"])
def ssdp(lab):
    """minissdpd and a device's daemon on a neighbour, asked by upnpc"""
    announcing = lab.lan.start("/usr/bin/python3", "-c", DEVICE, "10.77.0.3")
    wait_for("the device", lambda: lab.lan.listens(1900, "udp")())
    lab.client("upnpc", "-m", "eth0", "-l", check=False)
    lab.end(announcing)


DEVICE = '''
import socket, struct, sys
device = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
device.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
device.bind(("", 1900))
device.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("239.255.255.250") + socket.inet_aton(sys.argv[1]))
device.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
def say(first, to, *more):
    device.sendto("\\r\\n".join([first, *more, "CACHE-CONTROL: max-age=1800", "LOCATION: http://10.77.0.3:9/d.xml", "SERVER: lab",
                                 "USN: uuid:1::upnp:rootdevice", "", ""]).encode(), to)
say("NOTIFY * HTTP/1.1", ("239.255.255.250", 1900), "HOST: 239.255.255.250:1900", "NT: upnp:rootdevice", "NTS: ssdp:alive")
while True:
    asked, who = device.recvfrom(4096)
    if asked.startswith(b"M-SEARCH"):
        say("HTTP/1.1 200 OK", who, "ST: upnp:rootdevice", "EXT:")
'''


@capture(flow(67, "dhcp"), flow(68, "dhcp"), needs=["udhcpc", "dhclient"])
def dhcp(lab):
    """udhcpc and dhclient, asking dnsmasq on a neighbour"""
    server = lab.lan.start("dnsmasq", "-k", "-C", "/dev/null", "-p", 0, "-u", "root", "--interface=eth0", "--bind-dynamic",
                           "--dhcp-range=10.77.0.100,10.77.0.150,10m", "--dhcp-authoritative", "--no-ping", f"--dhcp-leasefile={lab.directory / 'leases'}",
                           "--pid-file=", ready=lab.lan.listens(67, "udp"))
    lab.client("udhcpc", "-i", "eth0", "-s", "/bin/true", "-n", "-q", "-f", "-t", 3, "-T", 1)
    script = ["-sf", "/bin/true", "-lf", lab.directory / "dhclient.leases", "-pf", lab.directory / "dhclient.pid"]
    lab.client("timeout", 60, "dhclient", "-1", *script, "eth0")
    lab.client("dhclient", "-r", *script, "eth0")
    lab.end(server)
