# SPDX-License-Identifier: GPL-3.0-or-later
"""Scans, floods and forged claims with the tools that make them; and ordinary traffic, in which nothing is found."""
import socket
import threading
import time

from attack_lab import ADVERTISEMENT, ARP, attacker, found, nmap, scan_as, scenario_of, wait_found
from portreeve_lab import CONTAINER4, HOST4, HOST6, LAN4, ROUTER4, ROUTER6, WEB4, run, wait_for
from test_story import CHROMIUM, curl

# nmap's words, and what they are found as.
SCANS = [
    (["-sS", "-F"], "vertical-scan", "syn"),
    (["-sS", "-F", "-f"], "vertical-scan", "syn"),
    (["-sS", "-F", "--mtu", "16"], "vertical-scan", "syn"),
    (["-sA", "-F"], "flag-scan", "ack"),
    (["-sW", "-F"], "flag-scan", "ack"),
    (["-sM", "-F"], "flag-scan", "maimon"),
    (["-sN", "-F"], "flag-scan", "null"),
    (["-sF", "-F"], "flag-scan", "fin"),
    (["-sX", "-F"], "flag-scan", "xmas"),
    (["-sS", "-F", "--scanflags", "PSHURG"], "flag-scan", "odd"),
    (["-sU", "-F", "--max-retries", "0"], "udp-scan", "udp"),
    (["-sY", "-F"], "sctp-scan", "sctp"),
    (["-sZ", "-F"], "sctp-scan", "sctp"),
    (["-sO", "--max-retries", "0", "--min-rate", "50"], "protocol-scan", "ip-protocol"),
]


def test_every_scan_of_nmap_is_told_once(lab, guard):
    lab.start_echo(lab.host, 22)
    lab.start_echo(lab.host, 80)
    guarded = guard()
    with guarded.monitor() as monitor:
        sources = [attacker(lab.lan, 100 + i) for i in range(len(SCANS))]
        for source, (words, kind, technique) in zip(sources, SCANS):
            nmap(lab.lan, *words, source=source)
            attack = wait_found(monitor, kind, source=source)
            assert attack["technique"] == technique and attack["target"] == HOST4, attack
            assert attack["targets"] >= 3 and attack["first"] <= attack["last"], attack
        nmap(lab.lan, "-sT", "-F")
        attack = wait_found(monitor, "vertical-scan", source=LAN4)
        assert 22 not in attack["ports"] and 80 not in attack["ports"], attack
        nmap(lab.lan, "-6", "-sS", "-F", target=HOST6)
        wait_found(monitor, "vertical-scan", source="fd77::3")
        told = found(monitor)
        assert len(told) == len(SCANS) + 2, told
    listed = guarded.rows("attacks")
    assert {row["attack"]["source"] for row in listed} == {*sources, LAN4, "fd77::3"}
    assert f"vertical-scan (syn): {LAN4} tries what nobody serves at {HOST4}" in guarded.portreeve("attacks").stdout
    assert [row["attack"]["source"] for row in guarded.rows("attacks", "--ip", LAN4)] == [LAN4]
    assert guarded.counter("attacks_flag_scan") == 7 and guarded.counter("attacks_now") == len(told)
    assert "attacks" in guarded.portreeve("status").stdout


def test_decoys_are_told_and_the_scanner_among_them(lab, guard):
    guarded = guard()
    decoys = [attacker(lab.lan, 200 + i) for i in range(4)]
    with guarded.monitor() as monitor:
        nmap(lab.lan, "-sS", "-F", "-D", ",".join(decoys))
        for source in (LAN4, *decoys):
            wait_found(monitor, "vertical-scan", source=source)


def test_scans_of_what_is_behind_the_host(lab, guard):
    guarded = guard()
    lab.internet.ip("route", "add", "172.29.0.0/24", "via", HOST4)
    lab.start_echo(lab.container, 80)
    with guarded.monitor() as monitor:
        nmap(lab.internet, "-sS", "-F", target=CONTAINER4)
        wait_found(monitor, "vertical-scan", source=ROUTER4, target=CONTAINER4)
        lab.lan.ip("route", "add", "172.29.0.0/24", "via", HOST4)
        # Neighbours that are not there: nobody answers, which the kernel's table shows three seconds later.
        lab.lan.run("nmap", "-n", "-Pn", "-sS", "-p", "22", "--max-retries", "0", "--host-timeout", "60s",
                    "172.29.0.20-60")
        wait_found(monitor, "horizontal-scan", source=LAN4)


def test_a_real_slow_scan(lab, guard):
    """A port every 1.5 seconds, for half a minute: far below any rate, and different ports all the same."""
    guarded = guard()
    with guarded.monitor() as monitor:
        started = time.monotonic()
        nmap(lab.lan, "-sS", "-p", "1-22", "--scan-delay", "1500ms", "--max-retries", "0")
        assert time.monotonic() - started > 30
        attack = wait_found(monitor, "vertical-scan", source=LAN4)
        assert attack["duration_ms"] > 15000, attack


def test_a_real_scan_stretched_over_hours(lab, guard, build):
    """nmap's own packets, in its own order, with the times between them times three thousand: by the engine's fake clock."""
    capture = lab.host.capture("tcp[tcpflags] == tcp-syn", "eth0")
    nmap(lab.lan, "-sS", "-T3", "-F", "--scan-delay", "100ms", "--max-retries", "0")
    capture.stop()
    lines = run("tcpdump", "-nn", "-tt", "-r", capture.file).stdout.splitlines()
    text, n_steps = scenario_of(lines, 3000, found_at=24)
    assert n_steps >= 90, lines
    case = lab.directory / "stretched.txt"
    case.write_text(text)
    run(build / "tests" / "scenario" / "scenario", case)
    # Stretched further, it is less than two dozen ports a day.
    case.write_text(scenario_of(lines, 50000)[0])
    run(build / "tests" / "scenario" / "scenario", case)


def test_floods_of_half_open_connections(lab, guard):
    lab.start_echo(lab.host, 80)
    guarded = guard()
    with guarded.monitor() as monitor:
        # From anywhere: the answers go nowhere.
        lab.internet.run("hping3", "-S", "-q", "-p", "80", "--rand-source", "-i", "u2000", "-c", "1500", HOST4, check=False)
        attack = wait_found(monitor, "half-open-flood")
        assert "source" not in attack and attack["ports"] == [80] and attack["sources"] > 1, attack
        assert attack["target"] == HOST4
    assert guarded.counter("attacks_half_open_flood") == 1


def test_a_flood_from_one_source_is_blocked(lab, guard):
    lab.start_echo(lab.host, 80)
    guarded = guard("block_attackers_s = 30;")
    # Who is not there answers nothing, not even with a reset.
    source = "10.77.0.150"
    with guarded.monitor() as monitor:
        lab.lan.run("hping3", "-S", "-q", "-p", "80", "-a", source, "-i", "u3000", "-c", "1000", HOST4, check=False)
        attack = wait_found(monitor, "half-open-flood")
        assert attack["source"] == source and attack["blocked_until"], attack


def test_xmas_and_more_by_hping3(lab, guard):
    guarded = guard()
    source = attacker(lab.lan, 90)
    with guarded.monitor() as monitor:
        lab.lan.run("hping3", "-q", "-F", "-P", "-U", "-a", source, "-p", "++20", "-i", "u2000", "-c", "20", HOST4,
                    check=False)
        wait_found(monitor, "flag-scan", source=source, technique="xmas")
        # Sources that none can have. The kernel itself drops martians.
        lab.lan.run("hping3", "-q", "-S", "-a", "240.1.2.3", "-p", "80", "-i", "u2000", "-c", "30", HOST4, check=False)
        wait_found(monitor, "spoofed-packets")
        # UDP whose length is a lie.
        lab.lan.python("import socket, struct\n"
                       "raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)\n"
                       "for _ in range(40): raw.sendto(struct.pack('>HHHH', 4000, 53, 4, 0) + b'x' * 8,"
                       f" ('{HOST4}', 0))")
        wait_found(monitor, "malformed-packets", source=LAN4)


def test_claims_of_the_gateway_s_address(lab, guard):
    lab.host.run("ping", "-c", "1", ROUTER4)
    lab.host.run("ping", "-6", "-c", "1", ROUTER6)
    guarded = guard()
    gateway = lab.host.run("ip", "neigh", "show", ROUTER4).stdout.split("lladdr ")[1].split()[0]
    thief = lab.lan.run("cat", "/sys/class/net/eth0/address").stdout.strip()
    with guarded.monitor() as monitor:
        # Its own are none, nor is one of another's address, nor one from off the link.
        lab.internet.run("arping", "-c", "2", "-U", "-I", "br0", ROUTER4, check=False)
        lab.lan.python(ARP, LAN4, HOST4, 3)
        lab.lan.python(ADVERTISEMENT, ROUTER6, 64)
        lab.lan.python(ARP, ROUTER4, HOST4, 50)
        attack = wait_found(monitor, "gateway-claim")
        assert (attack["target"], attack["known_hardware"], attack["claimed_hardware"]) == (ROUTER4, gateway, thief), attack
        lab.lan.python(ADVERTISEMENT, ROUTER6, 255)
        attack = wait_found(monitor, "gateway-claim", target=ROUTER6)
        assert (attack["known_hardware"], attack["claimed_hardware"]) == (gateway, thief), attack
        assert len(found(monitor)) == 2
        # As arping has it.
        lab.lan.ip("addr", "add", f"{ROUTER4}/32", "dev", "eth0")
        lab.lan.run("arping", "-c", "1", "-U", "-I", "eth0", ROUTER4, check=False)
        wait_for("that it is counted", lambda: [row for row in guarded.rows("attacks")
                                                if row["attack"]["packets"] > 50])
        assert len(found(monitor)) == 2


def reaches(namespace, port, source=None, seconds=20):
    words = ["--interface", source] if source else []
    return namespace.run("curl", "-s", "--max-time", seconds, *words, f"http://{HOST4}:{port}/", check=False).returncode == 0


def test_attackers_are_blocked_and_others_are_not(lab, guard):
    lab.host.start("/usr/bin/python3", "-m", "http.server", "8080", ready=lab.host.listens(8080))
    guarded = guard("block_attackers_s = 12;\nincoming = [ \"+ *\" ];")
    source = attacker(lab.lan, 90)
    assert reaches(lab.lan, 8080, source)
    with guarded.monitor() as monitor:
        nmap(lab.lan, "-sS", "-F", source=source)
        attack = wait_found(monitor, "vertical-scan", source=source)
        assert attack["blocked_until"] > attack["last"], attack
        assert not reaches(lab.lan, 8080, source, 2)
        assert reaches(lab.lan, 8080, LAN4)
        assert guarded.counter("attackers_blocked_now") == 1
        assert "its source is blocked for " in guarded.portreeve("attacks").stdout
        wait_for("that it is over", lambda: reaches(lab.lan, 8080, source, 2), every=0.5)


def test_a_scan_in_the_name_of_whom_the_host_needs_cuts_nobody_off(lab, guard):
    lab.start_dns()
    lab.start_web()
    lab.host.start("/usr/bin/python3", "-m", "http.server", "8080", ready=lab.host.listens(8080))
    echo = lab.start_echo(lab.host, 7)
    guarded = guard("block_attackers_s = 60;")
    peer = attacker(lab.lan, 91)
    with lab.lan.inside():
        live = socket.create_connection((HOST4, 7), 20, (peer, 0))
    live.sendall(b"x")
    assert live.recv(1) == b"x" and echo.poll() is None
    curl(lab, "http://example.com/")
    nameserver = guarded.lab.host.run("cat", "/etc/resolv.conf").stdout.split()[1]
    with guarded.monitor() as monitor:
        for source in (ROUTER4, nameserver, peer):
            scan_as(lab.lan, source)
            attack = wait_found(monitor, "vertical-scan", source=source)
            assert attack.get("spared") and "blocked_until" not in attack, attack
        assert reaches(lab.lan, 8080, peer)
        curl(lab, "http://www.example.com/")
    live.close()


# ---- what is no attack ----

def chatter(namespace):
    """mDNS, SSDP, NetBIOS and the like, sent to all."""
    namespace.python("""
import socket, time
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
for i in range(20):
    for port in (137, 138, 1900, 5353, 5355, 3702, 57621, 27036, 10001, 6771, 32412, 32414, 17500, 9956, 20002, 21027):
        out.sendto(b"hello", ("10.77.0.255", port))
        out.sendto(b"hello", ("255.255.255.255", port))
        out.sendto(b"hello", ("224.0.0.251" if port == 5353 else "239.255.255.250", port))
    time.sleep(0.05)  # the load's pace
""")


def look_for_printers(namespace):
    """As desktop programs do on every neighbour."""
    namespace.python("""
import socket
for _ in range(10):
    for port in (631, 9100, 515, 80, 443, 445, 139, 5357, 8009):
        client = socket.socket()
        client.settimeout(0.2)
        client.connect_ex(("%s", port))
        client.close()
    for port in (161, 3702, 137):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.sendto(b"who", ("%s", port))
        client.close()
""" % (HOST4, HOST4))


def retry(namespace, times):
    for _ in range(times):
        namespace.run("curl", "-s", "--max-time", "1", f"http://{HOST4}:8443/", check=False)


def test_ordinary_traffic_is_no_attack(lab, guard):
    lab.start_dns()
    lab.start_web()
    lab.host.start("/usr/bin/python3", "-m", "http.server", "8080", ready=lab.host.listens(8080))
    guarded = guard("block_attackers_s = 60;")
    with guarded.monitor() as monitor:
        others = [threading.Thread(target=work, args=arguments) for work, arguments in (
            (chatter, (lab.lan,)), (look_for_printers, (lab.lan,)), (retry, (lab.lan, 50)))]
        for other in others:
            other.start()
        # Browsers (both families at once), over TCP and QUIC; curl in a loop; dig, also of what does not exist.
        quic = [word for word in CHROMIUM if word != "--disable-quic"]
        for number, words in enumerate((CHROMIUM, [*quic, "--enable-quic", "--origin-to-force-quic-on=example.com:443"])):
            lab.host.run(*words, f"--user-data-dir={lab.directory}/chromium{number}", "--dump-dom", "https://example.com/",
                         check=False, timeout=180)
        for _ in range(60):
            curl(lab, "-o", "/dev/null", "http://example.com/", "https://www.example.com/", "-k", check=False)
        for i in range(60):
            lab.host.run("dig", "+tries=1", "+time=1", f"{i}.example.com", check=False)
        # What fails: closed ports of a server, from here and from behind the host.
        for port in range(9000, 9012):
            curl(lab, "-o", "/dev/null", f"http://{WEB4}:{port}/", check=False)
        for _ in range(30):
            lab.container.run("curl", "-s", "-o", "/dev/null", "--max-time", "2", f"http://{WEB4}/", check=False)
            lab.container.run("curl", "-s", "-o", "/dev/null", "--max-time", "1", f"http://{WEB4}:81/", check=False)
        # A busy server, health checks, a load of short connections, and a path that is looked for.
        run_load(lab.lan, 2000)
        lab.lan.run("/usr/bin/python3", "-c", f"""
import socket
for _ in range(40):
    for port in (8080, 22):
        client = socket.socket()
        client.settimeout(1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\\1\\0\\0\\0\\0\\0\\0\\0")
        client.connect_ex(("{HOST4}", port))
        client.close()
""")
        lab.lan.run("/usr/bin/python3", "-c", f"""
import socket
for port in range(33434, 33534):
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.sendto(b"trace", ("{HOST4}", port))
    out.close()
""")
        lab.lan.run("ping", "-q", "-c", "100", "-i", "0.01", HOST4)
        for other in others:
            other.join()
        time.sleep(4)  # what the kernel is asked about three seconds later
        assert found(monitor) == [], found(monitor)
    assert guarded.counter("attacks_now") == 0 and guarded.counter("packets") > 1000
    assert guarded.counter("attacks_probes") > 50


def run_load(namespace, n):
    """Many connections at once, all of them completed."""
    namespace.python("""
import concurrent.futures, socket
def once(_):
    try:
        with socket.create_connection(("%s", 8080), 5) as client:
            client.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
            while client.recv(4096):
                pass
    except OSError:
        pass
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    list(pool.map(once, range(%d)))
""" % (HOST4, n), timeout=180)


def test_nobody_is_told_where_attacks_are_ignored(lab, guard):
    guarded = guard('attacks = "ignore";\nblock_attackers_s = 60;')
    with guarded.monitor() as monitor:
        nmap(lab.lan, "-sS", "-F")
        lab.lan.python(ARP, ROUTER4, HOST4, 3)
        monitor.wait("a link", event="link", direction="in")
        assert found(monitor) == []
    assert guarded.counter("attacks_probes") == 0
