# SPDX-License-Identifier: GPL-3.0-or-later
"""Beside the host's own nameservers, and what is sent to nameservers but asks for no name. Real unbound, dnsmasq,
systemd-resolved and knot."""
import os
import pathlib

import packages
import pytest

from portreeve_lab import DNS4, HOST4, SSH4, WEB4, wait_for

LOCAL = "nameserver 127.0.0.1\n"
RESOLVED = next((path for path in ("/lib/systemd/systemd-resolved", "/usr/lib/systemd/systemd-resolved")
                 if os.path.exists(path)), None)


def ask(namespace, *words):
    return namespace.run("dig", "+time=20", "+tries=1", *words, check=False).stdout


def start_unbound(lab):
    """It asks the Internet's nameserver for everything, iteratively: no forwarder."""
    config = lab.directory / "own.conf"
    config.write_text("server:\n interface: 127.0.0.1\n do-daemonize: no\n chroot: \"\"\n username: \"\"\n"
                      " pidfile: \"\"\n use-syslog: no\n do-not-query-localhost: no\n access-control: 127.0.0.0/8 allow\n"
                      " module-config: iterator\n" + "".join(
                          f"stub-zone:\n name: \"{zone}\"\n stub-addr: {DNS4}\n" for zone in ("com.", "example.")))
    lab.host.start("unbound", "-d", "-c", config, ready=lab.host.listens(53))


def start_dnsmasq(lab, *options):
    lab.host.start("dnsmasq", "-k", "-C", "/dev/null", "-u", "root", "--pid-file=", "--no-resolv", "--no-hosts",
                   "--listen-address=127.0.0.1", "--bind-interfaces", f"--server={DNS4}", *options,
                   ready=lab.host.listens(53, "udp"))


@pytest.mark.parametrize("order", ["before", "after"])
def test_a_resolver_that_recurses_on_the_guarded_host(lab, guard, order):
    """unbound asks foreign nameservers itself (own_dns). The system names nobody else: it is our upstream."""
    lab.start_dns()
    lab.resolv_conf(lab.host, LOCAL)
    if order == "before":
        start_unbound(lab)
    guarded = guard()
    if order == "after":
        start_unbound(lab)
    capture = lab.internet.capture("port 53", "br0")
    assert WEB4 in ask(lab.host, "+short", "example.com")
    assert any("example.com" in line for line in capture.stop())
    rows = wait_for("the resolver's own links", lambda: guarded.rows("links", "--app", "unbound"))
    assert any(row["verdict"] == "accept" and row["entity"].get("ip") == DNS4 for row in rows), rows


@pytest.mark.parametrize("incoming", ["permit", "block"])
def test_a_forwarder_whose_configuration_nobody_knows(lab, guard, incoming):
    """dnsmasq at 127.0.0.1 is all that the system names: its questions must not come back to it through us."""
    lab.start_dns()
    lab.resolv_conf(lab.host, LOCAL)
    start_dnsmasq(lab, "--address=/printer.home/10.77.0.9")
    guarded = guard(config=f'default_incoming = "{incoming}";\n')
    assert ask(lab.host, "+short", "example.com").strip() == WEB4
    assert ask(lab.host, "+tcp", "+short", "big.example", "TXT").count("xxx") > 8
    assert ask(lab.host, "+short", "printer.home").strip() == "10.77.0.9"
    assert WEB4 in lab.host.run("getent", "ahostsv4", "www.example.com").stdout
    rows = guarded.rows("links", "--app", "/usr/sbin/dnsmasq", "--ip", DNS4)
    assert rows and all(row["verdict"] == "accept" for row in rows), rows
    # nobody else gets there by it
    rows = guarded.rows("links", "--app", "/usr/bin/dig")
    assert rows and all(row["verdict"] == "reroute-nameserver" for row in rows), rows


def test_a_forwarder_that_others_ask_first(lab, guard):
    """A question from the LAN comes to dnsmasq by itself, before any of ours."""
    lab.start_dns()
    lab.resolv_conf(lab.host, LOCAL)
    start_dnsmasq(lab, f"--listen-address={HOST4}")
    guard()
    assert ask(lab.lan, f"@{HOST4}", "+short", "example.com").strip() == WEB4


def test_a_stub_with_known_servers_behind_it(lab, guard):
    """The stub's own questions are rerouted like everybody's; its clients' never get to it."""
    lab.start_dns()
    lab.resolv_conf(lab.host, f"nameserver 127.0.0.1\nnameserver {DNS4}\n")
    start_dnsmasq(lab)
    guarded = guard(config='outgoing = [ "- ads.example" ];\n')
    assert ask(lab.host, "@127.0.0.1", "+short", "example.com").strip() == WEB4
    assert "NXDOMAIN" in ask(lab.host, "@127.0.0.1", "ads.example")
    assert ask(lab.host, "@127.0.0.53", "+short", "example.com").strip() == WEB4
    assert not guarded.rows("links", "--app", "/usr/sbin/dnsmasq", "--ip", DNS4)


@pytest.fixture
def resolved(build):
    """systemd-resolved's program: installed, or taken out of its package (installing that one would make it the
    machine's own resolver)."""
    if RESOLVED:
        return RESOLVED
    root = packages.unpacked(build, "systemd-resolved")
    if not root:
        pytest.skip("systemd-resolved is not installed and its package cannot be fetched")
    return str(root / "lib/systemd/systemd-resolved")


def start_resolved(lab, program):
    """For real, without D-Bus, as it runs at early boot. All programs of the host see a /run/systemd of the lab's, and
    its user."""
    run = lab.directory / "run-systemd"
    (run / "resolved.conf.d").mkdir(parents=True)
    (run / "resolved.conf.d/lab.conf").write_text(
        f"[Resolve]\nDNS={DNS4}\nDNSSEC=no\nLLMNR=no\nMulticastDNS=no\n")
    script = f"mkdir -p /run/systemd; mount --bind {run} /run/systemd;"
    for name, line in (("passwd", "systemd-resolve:x:997:997::/:/usr/sbin/nologin\n"), ("group", "systemd-resolve:x:997:\n")):
        text = pathlib.Path("/etc", name).read_text()
        (lab.directory / name).write_text(text if "systemd-resolve:" in text else text + line)
        script += f"mount --bind {lab.directory / name} /etc/{name};"
    plain = lab.host.command
    lab.host.command = lambda *words: plain("unshare", "-m", "sh", "-ec", script + 'exec "$0" "$@"', *words)
    lab.host.start("env", "DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent", program,
                   ready=lambda: "127.0.0.53%lo:53 " in lab.host.run("ss", "-Hlun").stdout)


def test_systemd_resolved(lab, guard, resolved):
    """Its stub at 127.0.0.53 is all that resolv.conf names; what stands behind it, its own file says."""
    lab.start_dns()
    lab.resolv_conf(lab.host, "nameserver 127.0.0.53\noptions edns0 trust-ad\n")
    start_resolved(lab, resolved)
    assert ask(lab.host, "+short", "example.com").strip() == WEB4
    guarded = guard(config='outgoing = [ "- ads.example" ];\n')
    assert ask(lab.host, "+short", "example.com").strip() == WEB4
    assert WEB4 in lab.host.run("getent", "ahostsv4", "www.example.com").stdout
    assert "NXDOMAIN" in ask(lab.host, "ads.example")
    rows = guarded.rows("links", "--app", "/usr/bin/dig")
    assert rows and all(row["verdict"] == "reroute-nameserver" for row in rows), rows
    assert guarded.stop() == 0
    assert ask(lab.host, "+short", "example.com").strip() == WEB4


# Zone transfers and updates -----------------------------------------------------------------------------------

COMPANY = SSH4  # an address of the lab's Internet that has port 53 to give


def start_knot(lab):
    """The company's nameserver: a zone that may be transferred and updated."""
    directory = lab.directory / "knot"
    directory.mkdir()
    (directory / "company.example.zone").write_text(
        "$ORIGIN company.example.\n$TTL 60\n@ SOA ns admin 1 3600 600 86400 60\n@ NS ns\n"
        f"ns A {COMPANY}\nwww A {WEB4}\n")
    (directory / "knot.conf").write_text(
        f"server:\n  rundir: {directory}\n  user: root\n  listen: {COMPANY}@53\n"
        "log:\n  - target: stderr\n    any: info\n"
        f"database:\n  storage: {directory}\n"
        "acl:\n  - id: all\n    address: 0.0.0.0/0\n    action: [transfer, update]\n"
        f"zone:\n  - domain: company.example\n    storage: {directory}\n    file: company.example.zone\n    acl: all\n")
    lab.internet.start("knotd", "-c", directory / "knot.conf",
                       ready=lambda: "SOA" in lab.internet.run("dig", f"@{COMPANY}", "company.example", "SOA", "+time=1",
                                                               "+tries=1", check=False).stdout.split("ANSWER SECTION")[-1]
                       and lab.internet.run("dig", f"@{COMPANY}", "company.example", "SOA", "+short", "+time=1", "+tries=1",
                                            check=False).stdout.startswith("ns.company"))


def update(lab, name, *options):
    """nsupdate, as an administrator uses it; its exit status and words."""
    commands = lab.directory / "update.txt"
    commands.write_text(f"server {COMPANY}\nzone company.example\nupdate add {name}.company.example 60 A 10.9.8.7\nsend\n")
    return lab.host.run("nsupdate", "-t", "20", *options, commands, check=False)


def has(lab, name):
    return "10.9.8.7" in ask(lab.internet, f"@{COMPANY}", "+short", f"{name}.company.example")


def transfer(lab):
    return ask(lab.host, f"@{COMPANY}", "company.example", "AXFR")


def test_update_and_transfer_by_a_rule_that_names_the_server(lab, guard):
    lab.start_dns(addresses=(DNS4,))
    start_knot(lab)
    guard(config=f'outgoing = [ "+ {COMPANY} UDP/53", "+ {COMPANY} TCP/53" ];\n')
    assert "XFR size" in transfer(lab)
    for name, options in (("udp", ()), ("tcp", ("-v",))):
        done = update(lab, name, *options)
        assert done.returncode == 0 and has(lab, name), done.stdout


def test_update_and_transfer_with_own_dns(lab, guard):
    lab.start_dns(addresses=(DNS4,))
    start_knot(lab)
    guard(profiles={f"{tool}.conf": f'name = "{tool}";\nmatch = ( {{ path = "/usr/bin/{tool}"; }} );\nown_dns = true;\n'
                    for tool in ("dig", "nsupdate")})
    assert "XFR size" in transfer(lab)
    for name, options in (("udp", ()), ("tcp", ("-v",))):
        done = update(lab, name, *options)
        assert done.returncode == 0 and has(lab, name), done.stdout


def test_update_and_transfer_without_any_permission(lab, guard):
    """An update over UDP asks for no name and goes where it is sent; over TCP nothing tells it from a question when it
    begins: it is refused, with words. Questions before, between and behind are rerouted all the same."""
    lab.start_dns(addresses=(DNS4,), extra_data=[f"ns.company.example. 60 IN A {COMPANY}"])
    start_knot(lab)
    guarded = guard()
    done = update(lab, "udp")
    assert done.returncode == 0 and has(lab, "udp"), done.stdout
    refused = transfer(lab)
    assert "Transfer failed" in refused and "XFR size" not in refused
    assert update(lab, "tcp", "-v").returncode != 0 and not has(lab, "tcp")
    # no way around: the same socket, first an update, then a question
    told = lab.host.python("import socket,sys;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);"
                           "s.connect((sys.argv[1],53));s.settimeout(1)\n"
                           "def send(flags):\n"
                           " s.send(bytes([0,1,flags,0,0,1,0,0,0,0,0,0])+b'\\x03www\\x07company\\x07example\\0\\0\\x01\\0\\x01')\n"
                           " try: print('answer',len(s.recv(600)))\n"
                           " except OSError as error: print(type(error).__name__)\n"
                           "send(0x28);send(0);send(0x28)", COMPANY).stdout.split("\n")
    assert told[0].startswith("answer") and not told[1].startswith("answer"), told
    assert any(row["verdict"] == "accept" for row in guarded.rows("links", "--app", "/usr/bin/nsupdate"))
