# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way around the tunnel that real clients know, tried while captures run on all wires of the host: whatever happens to
upstream, daemon, engine and tunnel, there is nothing on them but the upstream's own connection."""
import os
import re
import signal

import pytest

import portreeve_lab
from clients import CHROMIUM
from portreeve_lab import ADS4, CONTAINER4, DNS4, DNS6, SSH4, WEB4, WEB6, wait_for
from tunnel_lab import PAGE, POOL4, PROXY, Around, asked_upstream, config, fetch, group, nothing_around, upstreams

SECOND_WIRE4, SECOND_ROUTER4 = "10.78.0.2", "10.78.0.1"
ALL = 'tunnel = "way";\nrequire_tunnel = true;\n'
WAY = group("way", f"socks5://{PROXY}:1080")

# Each tries to get something out, and none waits for long but those that are to succeed.
ATTEMPTS = f"""
curl -4 -sS -m 50 http://{WEB4}/ &
curl -6 -sS -m 50 'http://[{WEB6}]/' &
curl -sS -m 50 http://example.com/ &
curl -sS -m 3 --interface eth0 http://{ADS4}/ &
curl -sS -m 3 --interface {portreeve_lab.HOST4} http://{ADS4}/ &
curl -sS -m 3 --interface eth1 http://{ADS4}/ &
curl -sS -m 3 --interface {SECOND_WIRE4} http://{SSH4}/ &
curl -sS -m 3 -k --doh-insecure --doh-url https://{DNS4}/dns-query http://example.com/ &
dig +time=1 +tries=1 @{DNS4} dig-udp.example. A &
dig +time=1 +tries=1 +tcp @{DNS4} dig-tcp.example. A &
dig +time=1 +tries=1 @{DNS6} dig-udp6.example. A &
dig +time=1 +tries=1 -p 5353 @{DNS4} dig-other-port.example. A &
kdig +timeout=1 +retry=0 +tls @{DNS4} kdig-dot.example. A &
kdig +timeout=1 +retry=0 +https @{DNS4} kdig-doh.example. A &
ping -c1 -W1 {WEB4} &
ping -6 -c1 -W1 {WEB6} &
ping -c1 -W1 -I eth1 {WEB4} &
ping -c1 -W1 example.com &
echo datagram | nc -4 -u -w1 {WEB4} 9999 &
echo datagram | nc -6 -u -w1 {WEB6} 9999 &
echo datagram | nc -u -w1 example.com 9999 &
echo datagram | socat -T1 - UDP4-DATAGRAM:{WEB4}:9998,so-bindtodevice=eth0 &
echo datagram | socat -T1 - UDP4-DATAGRAM:{WEB4}:9997,so-bindtodevice=eth1 &
echo raw | socat -T1 - IP4-SENDTO:{WEB4}:99 &
echo raw | socat -T1 - IP6-SENDTO:[{WEB6}]:99 &
ssh -o ConnectTimeout=3 -o BatchMode=yes {SSH4} true &
wait
"""

# Who is behind the host has one wire.
FORWARDED = "\n".join(line for line in ATTEMPTS.splitlines() if "eth1" not in line)


@pytest.fixture
def lab(lab):
    lab.dns = lab.start_dns()
    lab.start_web()
    lab.resolv_conf(lab.internet, f"nameserver {DNS4}\n")
    # A second way to the Internet, which some of it is reached by.
    lab.veth(lab.host, "eth1", lab.internet, "p-second")
    lab.address(lab.host, "eth1", f"{SECOND_WIRE4}/24")
    lab.address(lab.internet, "p-second", f"{SECOND_ROUTER4}/24")
    lab.host.ip("route", "add", SSH4, "via", SECOND_ROUTER4)
    lab.host.ip("route", "add", "default", "via", SECOND_ROUTER4, "metric", 100)
    wait_for("the second wire", lab.host.is_settled)
    lab.proxy = upstreams.start_socks(lab)
    return lab


def around(lab, *allowed):
    return Around(lab, PROXY, *allowed, wires=[(lab.internet, "p-second")], sources=[SECOND_WIRE4])


def try_all(namespace, attempts=ATTEMPTS, seconds=6):
    return namespace.run("timeout", seconds, "sh", "-c", attempts, check=False, timeout=120).stdout


def test_what_clients_try(lab, guard):
    guard(config=config(WAY, more=ALL))
    with around(lab) as captured:
        said = try_all(lab.host, seconds=90)
    nothing_around(captured)
    assert said.count(PAGE) >= 3, said
    for name in ("example.com", "dig-udp.example", "dig-tcp.example", "dig-udp6.example"):
        assert asked_upstream(lab.dns, name) == [], name


def test_what_a_container_tries(lab, guard):
    """It is behind the host, which forwards for it."""
    lab.resolv_conf(lab.container, f"nameserver {DNS4}\n")
    guard(config=config(WAY, more=ALL))
    with around(lab) as captured:
        said = try_all(lab.container, FORWARDED, 90)
    nothing_around(captured)
    assert not any(CONTAINER4 in line for line in captured.packets)
    assert PAGE in said, said


def download(lab, namespace):
    """A transfer that is under way."""
    page = lab.directory / "half"
    page.write_bytes(b"")
    process = namespace.start("curl", "-sS", "-o", page, "--limit-rate", "4M", "http://example.com/big")
    wait_for("the transfer", lambda: page.stat().st_size > 1 << 20)
    return process


def upstream_killed(lab, guarded):
    lab.proxy.kill()
    lab.proxy.wait()


def upstream_hung(lab, guarded):
    lab.proxy.send_signal(signal.SIGSTOP)


def upstream_talks_nonsense(lab, guarded):
    upstream_killed(lab, guarded)
    lab.internet.start("socat", f"TCP4-LISTEN:1080,bind={PROXY},fork,reuseaddr", "SYSTEM:head -c 100000 /dev/urandom",
                       ready=upstreams.listens_at(lab.internet, PROXY, 1080))


def upstream_says_no_more(lab, guarded):
    upstream_killed(lab, guarded)
    lab.internet.start("socat", f"TCP4-LISTEN:1080,bind={PROXY},fork,reuseaddr", "EXEC:sleep 60",
                       ready=upstreams.listens_at(lab.internet, PROXY, 1080))


def tunnel_killed(lab, guarded):
    os.kill(guarded.children()["tunnel"], signal.SIGKILL)


def engine_killed(lab, guarded):
    os.kill(guarded.children()["engine"], signal.SIGKILL)


def daemon_killed(lab, guarded):
    guarded.process.kill()
    guarded.process.wait()


def daemon_stopped_and_kept(lab, guarded):
    guarded.stop()


FAULTS = [upstream_killed, upstream_hung, upstream_talks_nonsense, upstream_says_no_more, tunnel_killed, engine_killed, daemon_killed]


@pytest.mark.parametrize("fault", FAULTS)
def test_in_the_middle_of_a_transfer(lab, guard, fault):
    guarded = guard(config=config(WAY, more=ALL))
    transfer = download(lab, lab.host)
    with around(lab) as captured:
        fault(lab, guarded)
        try_all(lab.host)
    nothing_around(captured)
    lab.proxy.send_signal(signal.SIGCONT)
    if fault in (tunnel_killed, engine_killed):
        wait_for("the next page", lambda: PAGE in fetch(lab, "http://example.com/", seconds=5)[1])
    lab.end(transfer)


@pytest.mark.parametrize("fault", [*FAULTS[4:], *(pytest.param(fault, marks=pytest.mark.long) for fault in FAULTS[:4])])
def test_a_container_while_something_fails(lab, guard, fault):
    """What is forwarded has no owner here to be asked for, and no socket that could be closed."""
    lab.resolv_conf(lab.container, f"nameserver {DNS4}\n")
    guarded = guard(config=config(WAY, more=ALL))
    transfer = download(lab, lab.container)
    with around(lab) as captured:
        fault(lab, guarded)
        try_all(lab.container, FORWARDED)
    nothing_around(captured)
    assert not any(CONTAINER4 in line for line in captured.packets)
    lab.proxy.send_signal(signal.SIGCONT)
    lab.end(transfer)


def test_links_older_than_the_change_are_cut(lab, guard):
    guarded = guard(config=config(WAY))
    direct = lab.host.start("curl", "-4", "-sS", "-o", "/dev/null", "--limit-rate", "2M", f"http://{WEB4}/big")
    sender = lab.host.start("/usr/bin/python3", "-c", SENDER, WEB4)
    wait_for("links", lambda: guarded.rows("links", "--active", "--ip", WEB4, "--verdict", "accept"))
    wait_for("datagrams", lambda: "sent" in sender.log.read_text())
    guarded.configure(config(WAY, more=ALL))
    guarded.reload()
    wait_for("the cut", lambda: direct.poll() is not None)
    wait_for("the datagrams' end", lambda: not guarded.rows("links", "--active", "--ip", WEB4, "--verdict", "accept"))
    with around(lab) as captured:
        before = sender.log.read_text().count("sent")
        wait_for("more datagrams", lambda: sender.log.read_text().count("sent") > before + 10)
        assert PAGE in fetch(lab, f"http://{WEB4}/")[1]
    nothing_around(captured)


# One socket, one datagram after another; what it is told of them doesn't end it.
SENDER = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 9999))
while True:
    try:
        s.send(b"datagram")
    except OSError:
        pass
    print("sent", flush=True)
    time.sleep(0.05)  # the load's pace
"""

WEBRTC = """<!doctype html><title>calls</title><script>
const found = [], peer = new RTCPeerConnection({iceServers: [{urls: ["stun:%s:3478", "stun:example.com:3478"]}]});
const done = () => fetch("/found?" + encodeURIComponent(found.join(" | ")));
peer.createDataChannel("x");
peer.onicecandidate = event => event.candidate ? found.push(event.candidate.candidate) : done();
peer.createOffer().then(offer => peer.setLocalDescription(offer));
setTimeout(done, 4000);
</script>"""


def chromium(lab, *words):
    return [*CHROMIUM, f"--user-data-dir={lab.directory}/chromium-{len(lab.processes)}", *words]


def test_a_browser_s_calls(lab, guard):
    """WebRTC's candidates are looked for by datagrams on all interfaces. Names of candidates are told to neighbours, by mDNS."""
    guard(config=config(WAY, more=ALL))
    (lab.directory / "www" / "calls.html").write_text(WEBRTC % WEB4)
    server = lab.internet.start("/usr/bin/python3", "-u", "-m", "http.server", 8081, "--directory", lab.directory / "www",
                                ready=lab.internet.listens(8081))
    with around(lab, "224.0.0.22", "224.0.0.251", "ff02::fb") as captured:
        browser = lab.host.start(*chromium(lab, "--remote-debugging-port=0", "--force-webrtc-ip-handling-policy=default",
                                           "http://four.example:8081/calls.html"))
        found = wait_for("the candidates", lambda: re.search("GET /found[?](.*) HTTP", server.log.read_text()))[1]
        lab.end(browser)
    nothing_around(captured)
    assert "srflx" not in found, found


def test_a_browser_s_datagrams(lab, guard):
    """QUIC, to an origin that has it."""
    guard(config=config(WAY, more=ALL))
    with around(lab) as captured:
        page = lab.host.run(*chromium(lab, "--enable-quic", "--origin-to-force-quic-on=ads.example:443", "--dump-dom",
                                      "https://example.com/"), check=False).stdout
        lab.host.run(*chromium(lab, "--enable-quic", "--origin-to-force-quic-on=ads.example:443", "--dump-dom",
                               "https://ads.example/"), check=False)
    nothing_around(captured)
    assert PAGE in page, page


def test_a_name_of_the_pool_leads_nowhere_else(lab, guard):
    """What is kept of an address when its tunnel is gone: it is no way to anywhere."""
    guarded = guard(config=config(WAY, more=ALL))
    pool = lab.host.run("dig", "+short", "example.com", "A").stdout.strip()
    assert pool.startswith("198.1"), pool
    guarded.configure(config(WAY))
    guarded.reload()
    wait_for("the other policy", lambda: WEB4 in lab.host.run("dig", "+short", "example.com", "A").stdout)
    capture = lab.internet.capture(f"net {POOL4}", "br0")
    status, text = fetch(lab, f"http://{pool}/", seconds=3)
    assert status in (7, 28), text
    assert capture.stop() == []
