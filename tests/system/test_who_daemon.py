# SPDX-License-Identifier: GPL-3.0-or-later
"""Who, through the whole daemon: a profile is met by the program that it names, and by no other."""
import pathlib
import shutil

from portreeve_lab import WEB4, WEB6, wait_for

SEND = ("import socket, sys; s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET, "
        "socket.SOCK_DGRAM); s.sendto(b'x', (sys.argv[1], 9999))")
REFUSED = 'default_action = "block";'


def real(program):
    return str(pathlib.Path(shutil.which(program)).resolve())


def test_a_forged_path_does_not_meet_the_profile(lab, guard):
    """In a mount namespace of its own, an unprivileged program shows itself as curl."""
    lab.start_web()
    curl, python = real("curl"), real("/usr/bin/python3")
    guarded = guard(config=REFUSED, profiles={"curl.conf": f"""
        name = "Curl"; match = ( {{ path = "{curl}"; }} ); default_action = "permit";"""})
    capture = lab.internet.capture("udp port 9999", "br0")
    with guarded.monitor() as monitor:
        assert lab.host.run("curl", "-sS", "--max-time", "20", "-o", "/dev/null", f"http://{WEB4}/").returncode == 0
        honest = monitor.wait("curl's link", event="link", entity__ip=WEB4)
        assert honest["app"]["profile"] == "Curl" and honest["verdict"] == "accept", honest
        lab.host.run("setpriv", "--reuid=65534", "--clear-groups", "unshare", "-Urm", "sh", "-c",
                     'mount --bind "$1" "$2" && exec "$2" -c "$3" "$4"', "sh", python, curl, SEND, WEB4, check=False)
        forged = monitor.wait("the forged link", event="link", entity__port=9999)
        assert forged["verdict"] == "block", forged
        assert forged["app"].get("profile") != "Curl", forged
        # It is shown as what it says, and by what it can't forge.
        assert forged["app"]["uid"] == 65534, forged
    assert capture.stop() == []


def test_one_that_sends_and_exits_is_known(lab, guard):
    guarded = guard()
    with guarded.monitor() as monitor:
        for address in (WEB4, WEB6):
            lab.host.python(SEND, address)
            event = monitor.wait("the link", event="link", entity__ip=address, entity__port=9999)
            assert event["app"]["path"] == real("/usr/bin/python3"), event
            assert "9999" in event["app"]["cmdline"], event


def test_a_container_s_traffic_is_its_process_s(lab, guard):
    guarded = guard()
    with guarded.monitor() as monitor:
        lab.container.python(SEND, WEB4)
        event = monitor.wait("the link", event="link", direction="forward", entity__port=9999)
        assert event["app"]["path"] == real("/usr/bin/python3"), event
        lab.start_web()
        lab.container.run("curl", "-sS", "--max-time", "20", "-o", "/dev/null", f"http://{WEB4}/")
        event = monitor.wait("the link", event="link", direction="forward", entity__port=80)
        assert event["app"]["path"] == real("curl"), event


def test_others_are_watched_where_packets_are_handed_on(lab, guard):
    """What other namespaces send costs every packet of the machine: not before this one forwards, or has a bridge."""
    host = lab.host
    every = [f"net.{family}.conf.{device}.forwarding" for family in ("ipv4", "ipv6") for device in ("all", "lo", "eth0", "ct0")]
    before = {key: host.run("sysctl", "-n", key).stdout.strip() for key in every}

    def watched(guarded):
        return guarded.status()["who"]["others"]

    try:
        for key in every:
            host.sysctl(key, 0)
        guarded = guard()
        assert watched(guarded) is False
        host.ip("link", "add", "name", "br9", "type", "bridge")
        wait_for("the bridge to be seen", lambda: watched(guarded))
        host.ip("link", "del", "br9")
        wait_for("its end to be seen", lambda: not watched(guarded))
        host.sysctl("net.ipv6.conf.ct0.forwarding", 1)
        wait_for("IPv6 to be forwarded by one device", lambda: watched(guarded))
        host.sysctl("net.ipv6.conf.ct0.forwarding", 0)
        wait_for("no forwarding", lambda: not watched(guarded))
        host.sysctl("net.ipv4.ip_forward", 1)
        wait_for("IPv4 to be forwarded", lambda: watched(guarded))
        with guarded.monitor() as monitor:
            lab.container.python(SEND, WEB4)
            event = monitor.wait("the link", event="link", direction="forward", entity__port=9999)
            assert event["app"]["path"] == real("/usr/bin/python3"), event
    finally:
        for key, value in before.items():
            host.sysctl(key, value)


def test_a_profile_by_package(lab, guard):
    """Packages are looked up only while some profile wants them, from the reload on that brought it."""
    lab.start_web()
    get = ("curl", "-sS", "--max-time", "20", "-o", "/dev/null", f"http://{WEB4}/")
    guarded = guard()
    with guarded.monitor() as monitor:
        lab.host.run(*get)
        assert monitor.wait("curl's link", event="link", entity__port=80)["app"].get("profile") != "Transfers"
    guarded.configure(profiles={"transfers.conf": 'name = "Transfers"; match = ( { package = "curl"; } );'})
    guarded.portreeve("reload")
    with guarded.monitor() as monitor:
        lab.host.run(*get)
        event = monitor.wait("curl's link", event="link", entity__port=80)
        assert event["app"]["profile"] == "Transfers", event
