# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's Internet has for the tunnel to lead through: SOCKS servers, forward proxies, a VPN's gateway."""
import os

from portreeve_lab import DNS4, run

# Where the proxies are: global addresses of the lab's Internet.
PROXIES4 = ["185.71.66.1", "185.71.66.2", "185.71.66.3"]
PROXIES6 = ["2a0d:5600:7::1", "2a0d:5600:7::2", "2a0d:5600:7::3"]
GATEWAY4, GATEWAY6, INSIDE4, INSIDE6 = "10.66.0.1", "fd66::1", "10.66.0.2", "fd66::2"
VPN4 = "185.71.66.9"
VPN_PORT = 51820


class Authority:
    """A certificate authority of the lab's: `file` is what a client trusts."""

    def __init__(self, lab, name="authority"):
        self.directory = lab.directory / name
        self.directory.mkdir()
        self.file, self.key = self.directory / "ca.pem", self.directory / "ca.key"
        run("openssl", "req", "-x509", *self._new_key(self.key), "-out", self.file, "-days", "2", "-subj", f"/CN=Lab {name}",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")

    @staticmethod
    def _new_key(file):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file]

    def issue(self, *names, days=2):
        """A server's certificate for names and addresses, and its key. `days` 0: one that is over."""
        which = names[0].replace(":", "_")
        certificate, key, request, more = (self.directory / f"{which}.{kind}" for kind in ("pem", "key", "csr", "ext"))
        run("openssl", "req", "-new", *self._new_key(key), "-out", request, "-subj", f"/CN={names[0]}")
        more.write_text("subjectAltName=" + ",".join(f"{'IP' if is_address(name) else 'DNS'}:{name}" for name in names) +
                        "\nextendedKeyUsage=serverAuth\n")
        run("openssl", "x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial", "-days", days,
            "-extfile", more, "-out", certificate)
        return certificate, key


def is_address(text):
    return ":" in text or text.replace(".", "").isdigit()


def add_addresses(lab):
    """Those of the proxies: once for each lab."""
    if not getattr(lab, "has_proxies", False):
        lab.address(lab.internet, "lo", *(f"{a}/32" for a in [*PROXIES4, VPN4]), *(f"{a}/128" for a in PROXIES6))
        lab.has_proxies = True


def listens_at(namespace, address, port, proto="tcp"):
    return namespace.listens_at([address], port, proto)


def start_socks(lab, address=PROXIES4[0], port=1080, user=None, password=None, namespace=None):
    """microsocks: TCP only. It tells each link that it opens."""
    add_addresses(lab)
    namespace = namespace or lab.internet
    account = ["-u", user, "-P", password] if user else []
    return namespace.start("microsocks", "-i", address, "-p", port, *account, ready=listens_at(namespace, address, port))


def start_socks_datagrams(lab, address=PROXIES4[0], port=1080, before=""):
    """danted: TCP, and UDP ASSOCIATE; `before` are rules that go before."""
    add_addresses(lab)
    config = lab.directory / f"danted-{address}-{port}.conf"
    config.write_text(f"logoutput: stderr\ninternal: {address} port = {port}\n" +
                      "".join(f"external: {one}\n" for one in (address, PROXIES6[0])) +
                      "clientmethod: none\nsocksmethod: none\nuser.privileged: root\nuser.unprivileged: nobody\n"
                      f"client pass {{ from: 0/0 to: 0/0 }}\n{before}"
                      "socks pass { from: 0/0 to: 0/0 command: connect udpassociate\n log: connect\n}\n"
                      "socks pass { from: 0/0 to: 0/0 command: bindreply udpreply }\n")
    return lab.internet.start("danted", "-f", config, ready=listens_at(lab.internet, address, port))


def start_datagram_echo(lab, address, port):
    """It answers from where it was asked, unlike one on all addresses."""
    return lab.internet.start("socat", "-t", 60, f"UDP4-LISTEN:{port},fork,reuseaddr,bind={address}", "PIPE",
                              ready=listens_at(lab.internet, address, port, "udp"))


def start_connect(lab, address=PROXIES4[0], port=3128, user=None, password=None, before=""):
    """squid: CONNECT over plain HTTP/1.1, with an account if one is given; `before` are rules that go before."""
    add_addresses(lab)
    directory = lab.directory / f"squid-{address}-{port}"
    directory.mkdir()
    access = "http_access allow all\n"
    if user:
        hashed = run("openssl", "passwd", "-apr1", password).stdout.strip()
        (directory / "users").write_text(f"{user}:{hashed}\n")
        access = (f"auth_param basic program /usr/lib/squid/basic_ncsa_auth {directory}/users\n"
                  "acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all\n")
    run("chown", "-R", "proxy:proxy", directory)
    config = directory / "squid.conf"
    config.write_text(f"http_port {address}:{port}\n{before}{access}pid_filename {directory}/pid\ncache deny all\ncache_mem 1 MB\n"
                      f"access_log stdio:{directory}/access.log\ncache_log {directory}/cache.log\nshutdown_lifetime 0 seconds\n"
                      f"coredump_dir {directory}\nvisible_hostname proxy.example\npinger_enable off\nhosts_file none\n"
                      f"dns_nameservers {DNS4}\nmax_filedescriptors 8192\n")
    process = lab.internet.start("squid", "-N", "-f", config, ready=listens_at(lab.internet, address, port))
    process.access = directory / "access.log"
    process.terminate = process.kill  # asked politely it takes two seconds
    return process


def start_connect_small(lab, address=PROXIES4[0], port=8888, user=None, password=None):
    """tinyproxy: CONNECT over plain HTTP/1.1."""
    add_addresses(lab)
    config = lab.directory / f"tinyproxy-{address}-{port}.conf"
    account = f"BasicAuth {user} {password}\n" if user else ""
    config.write_text(f"Port {port}\nListen {address}\nTimeout 600\nMaxClients 200\nLogLevel Connect\nConnectPort 443\n"
                      f"ConnectPort 80\nConnectPort 22\nConnectPort 7000\n{account}")
    return lab.internet.start("tinyproxy", "-d", "-c", config, ready=listens_at(lab.internet, address, port))


def start_connect_tls(lab, certificate, key, address=PROXIES4[0], port=8443, alpn="h2,http/1.1", behind=None, **account):
    """nghttpx: CONNECT over TLS, HTTP/2 or HTTP/1.1, by squid behind it."""
    behind_port = behind or 3100 + PROXIES4.index(address)
    squid = start_connect(lab, address, behind_port, **account)
    process = lab.internet.start("nghttpx", "--conf=/dev/null", "-f", f"{address},{port}", "-b", f"{address},{behind_port}",
                                 "--http2-proxy", "--backend-connections-per-host=10000", f"--npn-list={alpn}", "--workers=1",
                                 "-L", "WARN", "--errorlog-file=/dev/stderr", "--accesslog-file=/dev/stdout", key, certificate,
                                 ready=listens_at(lab.internet, address, port))
    process.access = squid.access
    return process


def start_wireguard(lab, namespace=None, device="wg0", default_metric=5000):
    """wireguard-go on the host, to a gateway of the lab's Internet that all of it is behind. The device's default route is one
    that nothing takes by itself. What comes out at the gateway comes from INSIDE4 and INSIDE6."""
    add_addresses(lab)
    host = namespace or lab.host
    # The names differ: wireguard-go's sockets in /run do not know namespaces.
    lab.alone_with("wireguard")
    ends = {lab.internet: ("gateway", GATEWAY4, GATEWAY6, f"{device}-gateway"), host: ("host", INSIDE4, INSIDE6, device)}
    keys, processes = {}, []
    for end, (role, *_) in ends.items():
        private = run("wg", "genkey").stdout.strip()
        keys[end] = run("sh", "-c", f"echo {private} | wg pubkey").stdout.strip()
        file = lab.directory / f"wireguard-{role}.key"
        file.write_text(private + "\n")
    environment = dict(os.environ, WG_PROCESS_FOREGROUND="1", LOG_LEVEL="error")
    for end, (role, address4, address6, name) in ends.items():
        other = next(one for one in ends if one is not end)
        processes.append(end.start("wireguard-go", "-f", name, env=environment, ready=lambda end=end, name=name:
                                   end.run("wg", "show", name, check=False).returncode == 0))
        there = ["endpoint", f"{VPN4}:{VPN_PORT}"] if other is lab.internet else []
        port = ["listen-port", VPN_PORT] if end is lab.internet else []
        allowed = "0.0.0.0/0,::/0" if other is lab.internet else f"{INSIDE4}/32,{INSIDE6}/128"
        end.run("wg", "set", name, "private-key", lab.directory / f"wireguard-{role}.key", *port, "peer", keys[other], *there,
                "allowed-ips", allowed)
        lab.address(end, name, f"{address4}/24", f"{address6}/64")
        end.ip("link", "set", name, "mtu", 1420, "up")
    host.ip("route", "add", "default", "dev", device, "metric", default_metric)
    host.ip("-6", "route", "add", "default", "dev", device, "metric", default_metric)
    host.run("ping", "-c1", "-W20", "-I", device, GATEWAY4)
    return processes
