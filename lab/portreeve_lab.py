# SPDX-License-Identifier: GPL-3.0-or-later
"""A small Internet of network namespaces with real servers, on one machine.

    host       the machine that Portreeve guards (eth0, 10.77.0.2, fd77::2)
    internet   the router 10.77.0.1 and, behind it, everything with a global address
    lan        a neighbour of the host, 10.77.0.3
    container  a namespace behind the host, 172.29.0.2, masqueraded by it

Nothing of the machine's own network namespace is touched: no address, no route, no rule. Everything is
taken down by close(), also when the process ends by an exception or a signal that Python sees.
"""
import atexit
import contextlib
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HOST4, HOST6 = "10.77.0.2", "fd77::2"
ROUTER4, ROUTER6 = "10.77.0.1", "fd77::1"
LAN4, LAN6 = "10.77.0.3", "fd77::3"
CONTAINER4, CONTAINER6 = "172.29.0.2", "fd79::2"
CONTAINER_GATEWAY4, CONTAINER_GATEWAY6 = "172.29.0.1", "fd79::1"
# Addresses of the lab's Internet. They are global ones: documentation addresses have no scope.
DNS4, DNS6 = "45.90.28.53", "2a07:a8c0::53"
WEB4, WEB6 = "93.184.215.14", "2606:2800:21f::14"
ADS4, ADS6 = "93.184.215.66", "2606:2800:21f::66"
SSH4, SSH6 = "93.184.215.22", "2606:2800:21f::22"
INTERNET_ADDRESSES = [DNS4, DNS6, WEB4, WEB6, ADS4, ADS6, SSH4, SSH6]


class Failed(Exception):
    pass


def run(*command, check=True, **options):
    """Runs a command to its end; its output comes back as text."""
    options.setdefault("timeout", 180)
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if check and done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}")
    return done


def wait_for(what, predicate, seconds=60.0, every=0.02):
    """Waits until the predicate is true; what it returned comes back. `seconds` is when to give up, and no claim: a busy machine
    takes its time (what must happen within a time is taken by a Stopwatch)."""
    deadline = time.monotonic() + seconds
    while True:
        result = predicate()
        if result:
            return result
        if time.monotonic() > deadline:
            raise Failed(f"waited {seconds} s in vain for {what}")
        time.sleep(every)


def _stalled_s():
    """How long so far some process waited for a CPU that another had (kernel: Documentation/accounting/psi.rst)."""
    with contextlib.suppress(OSError), open("/proc/pressure/cpu", encoding="ascii") as file:
        return int(re.search(r"^some .*total=(\d+)", file.read())[1]) / 1e6
    return 0.0  # this kernel doesn't tell


class Stopwatch:
    """How long something takes, less the time in which the machine had more to do than CPUs: what is claimed of a duration
    can be seen only where there is somebody to do it. On an idle machine it is the time."""

    def __init__(self):
        self.stalled, self.began = _stalled_s(), time.monotonic()

    def seconds(self):
        return max(0.0, time.monotonic() - self.began - self.waited())

    def waited(self):
        """The time that doesn't count."""
        return _stalled_s() - self.stalled

    def ms(self):
        return self.seconds() * 1000


def whole_lines(file):
    """Of a file that somebody writes: without the last line, while it isn't complete."""
    text = file.read_text()
    return text[:text.rfind("\n") + 1].splitlines()


def state_of(pid):
    """As proc(5) has it: S sleeps, R runs or would if it had a CPU, T is stopped; None: there is no such process."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rsplit(")", 1)[1].split()[0]
    return None


def _on_its_way():
    """Packets between two devices (/proc/net/softnet_stat: the twelfth number of each CPU)."""
    with open("/proc/net/softnet_stat", encoding="ascii") as file:
        return sum(int((line.split() + ["0"] * 12)[11], 16) for line in file)


def wait_until_written(tcpdump, file):
    """Until tcpdump has written all that passed by now: at its end it leaves unread what is in its ring, and on a busy machine it
    is late. It sleeps only where there is nothing to read; and for a moment more nothing comes."""
    wait_for("what is on its way", lambda: _on_its_way() == 0, every=0.001)
    size, since = -1, time.monotonic()

    def still():
        nonlocal size, since
        if file.stat().st_size != size or state_of(tcpdump.pid) in ("R", "D"):
            size, since = file.stat().st_size, time.monotonic()
        return time.monotonic() - since > 0.1
    wait_for("tcpdump to read all", still, 300)


class Namespace:
    """A network namespace that the lab made. `name` is what ip-netns(8) calls it."""

    def __init__(self, lab, role):
        self.lab, self.role = lab, role
        self.name = f"{lab.prefix}-{role}"
        run("ip", "netns", "add", self.name)
        # No search for others with the same address: it lasts seconds, and browsers abort what they load when its end
        # makes an address usable. `all` counts for some of it, `default` for the devices to come.
        for which in ("all", "default"):
            self.sysctl(f"net.ipv6.conf.{which}.accept_dad", 0)
            self.sysctl(f"net.ipv6.conf.{which}.dad_transmits", 0)
        self.ip("link", "set", "lo", "up")

    def command(self, *words):
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def run(self, *words, **options):
        return run(*self.command(*words), **options)

    def ip(self, *words, **options):
        return run("ip", "-n", self.name, *words, **options)

    def python(self, code, *arguments, **options):
        return self.run("/usr/bin/python3", "-c", code, *arguments, **options)

    def is_settled(self):
        """Each device runs and has its link-local address, and no address is still being tried: nothing changes by itself."""
        devices = [device for device in json.loads(self.ip("-json", "addr").stdout) if "LOOPBACK" not in device["flags"]]
        return all(device["operstate"] in ("UP", "UNKNOWN") and "link" in [a["scope"] for a in device["addr_info"]] and
                   not any(a.get("tentative") for a in device["addr_info"]) for device in devices)

    def sysctl(self, key, value):
        self.run("sysctl", "-qw", f"{key}={value}")

    def nft(self, rules):
        """Loads rules of somebody else's (ufw, Docker, …) into this namespace."""
        done = subprocess.run(self.command("nft", "-f", "-"), input=rules, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=180)
        if done.returncode:
            raise Failed(f"nft: {done.stdout}\n{rules}")

    def start(self, *words, ready=None, seconds=60.0, env=None, cwd=None, user=None):
        """Starts a process that the lab ends; with `ready`, waits until the predicate holds."""
        program = pathlib.Path(str(words[0])).name
        log = self.lab.directory / f"{self.role}-{program}-{len(self.lab.processes)}.log"
        with open(log, "wb") as output:
            process = subprocess.Popen(self.command(*words), stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=output, env=env, cwd=cwd, user=user)
        process.log = log
        self.lab.processes.append(process)
        if ready:
            def alive_and_ready():
                if process.poll() is not None:
                    raise Failed(f"{words[0]} ended with {process.returncode}: {log.read_text()[-2000:]}")
                return ready()
            wait_for(f"{words[0]} ({log})", alive_and_ready, seconds)
        return process

    def listens(self, port, proto="tcp"):
        flag = "-Hltn" if proto == "tcp" else "-Hlun"
        return lambda: f":{port} " in self.run("ss", flag, check=False).stdout

    def listens_at(self, addresses, port, *protocols):
        """At each of the addresses; a server opens one after the other."""
        def all_of_them():
            there = {proto: self.run("ss", "-Hltn" if proto == "tcp" else "-Hlun", check=False).stdout for proto in protocols}
            return all(f" [{address}]:{port} " in shown or f" {address}:{port} " in shown
                       for shown in there.values() for address in addresses)
        return all_of_them

    def capture(self, expression="", device="any"):
        """Starts a packet capture and waits until it is in force."""
        return Capture(self, expression, device)

    @contextlib.contextmanager
    def inside(self):
        """Puts the calling thread into the namespace for a while (sockets made there stay there)."""
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            _setns(there)
            yield self
        finally:
            _setns(own)
            os.close(own)
            os.close(there)


def _setns(fd):
    import ctypes
    if ctypes.CDLL(None, use_errno=True).setns(fd, 0x40000000) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Capture:
    """What really was on a wire: tcpdump, the judge of the tests."""

    def __init__(self, namespace, expression, device):
        lab = namespace.lab
        self.file = lab.directory / f"capture-{namespace.role}-{len(lab.processes)}.pcap"
        self.process = namespace.start("tcpdump", "-i", device, "-Z", "root", "--immediate-mode", "-U", "-n", "-B", "8192",
                                       "-s", "256", "-w", self.file, *([expression] if expression else []))
        wait_for("tcpdump", lambda: "listening on" in self.process.log.read_text())

    def stop(self):
        """Ends the capture; one line a packet. Domains stand in lower case: who asks draws the case of each letter."""
        if self.process.poll() is None:
            wait_until_written(self.process, self.file)
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
        text = re.sub(r"(?:[\w-]+\.)+[\w-]+\.(?=\W|$)", lambda match: match.group().lower(),
                      run("tcpdump", "-nn", "-r", self.file).stdout)
        return [line for line in text.splitlines() if " IP" in line or " ARP" in line]


class Lab:
    """Makes the namespaces asked for and joins them. Use it as a context manager."""

    def __init__(self, prefix="pr", container=True, lan=True):
        self.prefix = f"{prefix}{os.getpid()}"
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"portreeve-lab-{self.prefix}-"))
        self.directory.chmod(0o755)
        self.processes, self.namespaces = [], []
        self.etc, self.locks = [], {}
        atexit.register(self.close)
        try:
            self.host, self.internet = self._add("host"), self._add("internet")
            self.lan = self._add("lan") if lan else None
            self.container = self._add("container") if container else None
            self._join()
            for namespace in self.namespaces:
                wait_for(f"the devices of {namespace.name}", namespace.is_settled)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _add(self, role):
        namespace = Namespace(self, role)
        self.namespaces.append(namespace)
        return namespace

    def veth(self, a, device_a, b, device_b):
        a.ip("link", "add", device_a, "type", "veth", "peer", "name", device_b, "netns", b.name)
        a.ip("link", "set", device_a, "up")
        b.ip("link", "set", device_b, "up")

    @staticmethod
    def address(namespace, device, *addresses):
        for address in addresses:
            namespace.ip("addr", "add", address, "dev", device, *(["nodad"] if ":" in address else []))

    def _join(self):
        internet, host = self.internet, self.host
        internet.ip("link", "add", "br0", "type", "bridge")
        internet.ip("link", "set", "br0", "up")
        self._plug(host, HOST4, HOST6)
        if self.lan:
            self._plug(self.lan, LAN4, LAN6)
        self.address(internet, "br0", f"{ROUTER4}/24", f"{ROUTER6}/64")
        for address in INTERNET_ADDRESSES:
            self.address(internet, "lo", f"{address}/{128 if ':' in address else 32}")
        if self.container:
            self._contain()

    def _plug(self, namespace, address4, address6):
        port = f"p-{namespace.role}"
        self.veth(namespace, "eth0", self.internet, port)
        self.internet.ip("link", "set", port, "master", "br0")
        self.address(namespace, "eth0", f"{address4}/24", f"{address6}/64")
        namespace.ip("route", "add", "default", "via", ROUTER4)
        namespace.ip("-6", "route", "add", "default", "via", ROUTER6)

    def _contain(self):
        host, container = self.host, self.container
        self.veth(host, "ct0", container, "eth0")
        self.address(host, "ct0", f"{CONTAINER_GATEWAY4}/24", f"{CONTAINER_GATEWAY6}/64")
        self.address(container, "eth0", f"{CONTAINER4}/24", f"{CONTAINER6}/64")
        container.ip("route", "add", "default", "via", CONTAINER_GATEWAY4)
        container.ip("-6", "route", "add", "default", "via", CONTAINER_GATEWAY6)
        host.sysctl("net.ipv4.ip_forward", 1)
        host.sysctl("net.ipv6.conf.all.forwarding", 1)
        host.nft("""table inet lab_container {
            chain postrouting { type nat hook postrouting priority 100;
                ip saddr 172.29.0.0/24 oifname "eth0" masquerade
                ip6 saddr fd79::/64 oifname "eth0" masquerade
            }
            }""")

    def resolv_conf(self, namespace, text):
        """What programs in the namespace see as /etc/resolv.conf (ip-netns(8) binds it)."""
        self.etc_file(namespace, "resolv.conf", text)

    def etc_file(self, namespace, name, text):
        directory = pathlib.Path("/etc/netns") / namespace.name
        directory.mkdir(parents=True, exist_ok=True)
        if directory not in self.etc:
            self.etc.append(directory)
        (directory / name).write_text(text)

    # Servers of the Internet ------------------------------------------------------------------------

    def start_dns(self, extra_data=(), options="", addresses=(DNS4, DNS6)):
        """unbound as the Internet's nameserver: example.com, ads.example and what is given."""
        data = [f"example.com. 60 IN A {WEB4}", f"example.com. 60 IN AAAA {WEB6}",
                f"www.example.com. 60 IN CNAME example.com.",
                f"ads.example. 60 IN A {ADS4}", f"ads.example. 60 IN AAAA {ADS6}",
                f"ssh.example. 60 IN A {SSH4}", f"ssh.example. 60 IN AAAA {SSH6}",
                f"lan.example. 60 IN A {LAN4}", f"four.example. 60 IN A {WEB4}",
                "big.example. 60 IN TXT " + " ".join(f'"{"x" * 250}"' for _ in range(8)), *extra_data]
        config = self.directory / "unbound.conf"
        config.write_text("server:\n" + "".join(f" interface: {a}\n" for a in addresses) +
                          ' access-control: 0.0.0.0/0 allow\n access-control: ::/0 allow\n'
                          ' chroot: ""\n username: ""\n pidfile: ""\n use-syslog: no\n do-daemonize: no\n'
                          ' module-config: "iterator"\n log-queries: yes\n verbosity: 1\n' + options + "\n" +
                          "".join(self._zone(zone, data) for zone in
                                  sorted({line.split()[0].rstrip(".").split(".")[-1] for line in data})))
        self.resolv_conf(self.host, "".join(f"nameserver {a}\n" for a in addresses))
        return self.internet.start("unbound", "-d", "-c", config, ready=self.internet.listens_at(addresses, 53, "tcp", "udp"))

    def _zone(self, name, data):
        """unbound's clause for a top-level zone with those of the records that are in it; it follows aliases."""
        file = self.directory / f"{name}.zone"
        file.write_text(f"{name}. 60 IN SOA ns.{name}. root.{name}. 1 60 60 60 0\n{name}. 60 IN NS ns.{name}.\n" +
                        "".join(f"{line}\n" for line in data if line.split()[0].rstrip(".").split(".")[-1] == name))
        return (f"auth-zone:\n name: {name}.\n zonefile: {file}\n for-downstream: yes\n for-upstream: yes\n"
                " fallback-enabled: no\n")

    def certificate(self, *names):
        """A certificate of the lab's own: (certificate file, key file)."""
        certificate, key = self.directory / "lab.crt", self.directory / "lab.key"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=Portreeve lab", "-addext",
            "subjectAltName=" + ",".join(f"DNS:{name}" for name in names))
        return certificate, key

    def start_web(self, names=("example.com", "www.example.com", "ads.example"), ports=(80, 8080), at=()):
        """caddy with HTTP/1.1, 2 and 3 on 443, plain HTTP on the ports; /big is 64 MiB. `at`: on 443 at these addresses alone. Without them
        HTTP/3 over IPv4 isn't had at WEB4: caddy is bound to no address then, and its datagrams leave with ROUTER4."""
        certificate, key = self.certificate(*names)
        root = self.directory / "www"
        root.mkdir(exist_ok=True)
        (root / "index.html").write_text("<!doctype html><title>Portreeve lab</title><h1>It works.</h1>\n")
        with open(root / "big", "wb") as file:
            file.truncate(64 << 20)
        caddyfile = self.directory / "Caddyfile"
        plain = ", ".join(f"http://:{port}" for port in ports)
        bound = f" bind {' '.join(at)}\n" if at else ""
        caddyfile.write_text("{\n auto_https off\n admin off\n}\n"
                             f"{plain} {{\n root * {root}\n file_server\n}}\n"
                             f"https://:443 {{\n{bound} tls {certificate} {key}\n root * {root}\n file_server\n}}\n")
        env = dict(os.environ, HOME=str(self.directory), XDG_DATA_HOME=str(self.directory))
        return self.internet.start("caddy", "run", "--config", caddyfile, "--adapter", "caddyfile", env=env,
                                   ready=lambda: all(self.internet.listens(p)() for p in (443, *ports)) and self.internet.listens(443, "udp")())

    def start_ssh(self, options=""):
        """OpenSSH's server on port 22 of the Internet."""
        key, config = self.directory / "ssh_host_key", self.directory / "sshd_config"
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        config.write_text(f"HostKey {key}\nPidFile none\nUsePAM no\nListenAddress {SSH4}\n"
                          f"ListenAddress [{SSH6}]\n{options}")
        os.makedirs("/run/sshd", exist_ok=True)
        return self.internet.start("/usr/sbin/sshd", "-D", "-e", "-f", config, ready=self.internet.listens_at((SSH4, SSH6), 22, "tcp"))

    def start_echo(self, namespace, port, proto="tcp", address="::"):
        """socat that sends back what it gets, IPv4 and IPv6. More than a page at once would make it wait for room in its pipe, which
        nobody but itself makes: it would stand still where a client sends and doesn't read (pipe(7))."""
        kind = f"{proto.upper()}6-LISTEN:{port},fork,reuseaddr,ipv6only=0,bind=[{address}]"
        size = ["-b", 4096] if proto == "tcp" else []
        return namespace.start("socat", "-t", 60, *size, kind, "PIPE", ready=namespace.listens(port, proto))

    def alone_with(self, what):
        """Waits until no other lab of this machine has it, and keeps it until the end: a name that namespaces don't part."""
        if what not in self.locks:
            self.locks[what] = open(f"/run/lock/portreeve-lab-{what}", "w", encoding="ascii")
            fcntl.flock(self.locks[what], fcntl.LOCK_EX)

    def end(self, process, seconds=20.0):
        """Ends a process that this lab started, politely first."""
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return process.returncode

    def close(self):
        atexit.unregister(self.close)
        for process in reversed(self.processes):
            self.end(process)
        self.processes.clear()
        for namespace in reversed(self.namespaces):
            self._end_inhabitants(namespace)
            run("ip", "netns", "del", namespace.name, check=False)
        self.namespaces.clear()
        for lock in self.locks.values():
            lock.close()
        for directory in self.etc:
            shutil.rmtree(directory, ignore_errors=True)
        if not os.environ.get("PORTREEVE_LAB_KEEP"):
            shutil.rmtree(self.directory, ignore_errors=True)

    @staticmethod
    def _end_inhabitants(namespace):
        """Only processes in a namespace that this lab made itself."""
        for pid in run("ip", "netns", "pids", namespace.name, check=False).stdout.split():
            with contextlib.suppress(ProcessLookupError, ValueError):
                os.kill(int(pid), signal.SIGKILL)
