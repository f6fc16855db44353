# SPDX-License-Identifier: GPL-3.0-or-later
"""portreeved's life: start, READY, reload, stop; what it leaves behind and what it refuses."""
import contextlib
import os
import pathlib
import signal
import socket
import subprocess

import pytest

import portreeve_lab
from portreeve_lab import ADS4, WEB4, Stopwatch

DENY = 'outgoing = ( "- 93.184.215.66" );'
SYSCTLS = ("net.netfilter.nf_conntrack_acct", "net.netfilter.nf_conntrack_events")


def connects(namespace, address, port, seconds=10):
    """The errno of a connect(), 0 when it succeeds."""
    code = ("import socket, sys\ns = socket.socket()\ns.settimeout(float(sys.argv[3]))\n"
            "try: e = s.connect_ex((sys.argv[1], int(sys.argv[2])))\nexcept TimeoutError: e = 110\nprint(e)")
    return int(namespace.python(code, address, port, seconds).stdout)


def tables(namespace):
    return namespace.run("nft", "list", "tables").stdout


def marks(namespace):
    """The conntrack marks that have any of our bits."""
    listing = namespace.run("conntrack", "-L", "-o", "extended", check=False).stdout
    found = [int(word[5:]) for line in listing.splitlines() for word in line.split() if word.startswith("mark=")]
    return [mark for mark in found if mark & 0xff000000]


def sysctls(namespace):
    return [namespace.run("sysctl", "-n", name, check=False).stdout.strip() for name in SYSCTLS]


def test_guards_from_ready_on_and_leaves_no_trace(lab, guard):
    lab.start_web()
    before = tables(lab.host)
    guarded = guard(DENY)
    assert "inet portreeve" in tables(lab.host)
    settings = sysctls(lab.host)
    assert connects(lab.host, WEB4, 80) == 0
    assert connects(lab.host, ADS4, 80) != 0
    assert marks(lab.host)
    took = Stopwatch()
    assert guarded.stop() == 0
    assert took.seconds() < 1
    assert tables(lab.host) == before
    assert marks(lab.host) == []
    assert settings[0] == "1" and sysctls(lab.host)[0] == "0"
    assert connects(lab.host, ADS4, 80) == 0
    assert not (guarded.run_dir / "api.sock").exists()


def test_a_flow_lives_through_start_and_stop(lab, guard):
    """What is open before the daemon, and what it accepted, goes on when it ends."""
    lab.start_echo(lab.internet, 7)
    with lab.host.inside():
        old = socket.create_connection((WEB4, 7), 20)
    echo(old, b"before")
    guarded = guard("default_action = \"block\"; start_grace = true;")
    echo(old, b"guarded")
    guarded.stop()
    echo(old, b"after")
    old.close()


def echo(connection, text):
    connection.settimeout(20)
    connection.sendall(text)
    assert connection.recv(100) == text


def test_a_second_daemon_is_refused(lab, guard):
    guarded = guard()
    second = lab.host.run(guarded.build / "portreeved", "--config", guarded.config, "--state",
                          lab.directory / "s2", "--run", lab.directory / "r2", check=False)
    assert second.returncode == 1
    assert "another portreeved guards this network namespace" in second.stdout
    assert guarded.process.poll() is None
    assert guarded.status()


def test_a_name_that_others_took_does_not_keep_it_from_starting(lab, guard):
    """The lock's name is free for any local program to take; only a daemon's own holder counts."""
    code = ("import os, signal, socket\nos.setuid(65534)\ns = socket.socket(socket.AF_UNIX)\n"
            "s.bind('\\0portreeve/0')\ns.listen(0)\nprint('taken', flush=True)\nsignal.pause()")
    squatter = lab.host.start("/usr/bin/python3", "-c", code)
    portreeve_lab.wait_for("the squatter", lambda: "taken" in squatter.log.read_text())
    assert guard().status()


def test_a_bad_configuration_is_refused_at_the_start(lab, guard):
    with pytest.raises(portreeve_lab.Failed, match=r"portreeve\.conf:2: .*column"):
        guard('default_action = "permit";\noutgoing = ( "+ exa mple" );')
    assert "inet portreeve" not in tables(lab.host)


def test_a_bad_configuration_is_refused_at_reload_and_the_old_one_stays(lab, guard):
    lab.start_web()
    guarded = guard(DENY)
    guarded.configure("outgoing = (\n")
    guarded.reload()
    portreeve_lab.wait_for("the refusal", lambda: "the old one stays in force" in guarded.log())
    assert "portreeve.conf:" in guarded.log()
    assert connects(lab.host, ADS4, 80) != 0
    guarded.configure("")
    guarded.reload()
    portreeve_lab.wait_for("the new configuration", lambda: connects(lab.host, ADS4, 80) == 0)


def test_check_touches_nothing(lab, guard):
    guarded = guard(DENY, start=False)
    checked = lab.host.run(guarded.build / "portreeved", "--check", "--config", guarded.config, "--state",
                           guarded.state)
    assert checked.returncode == 0
    guarded.configure("bogus = 1;")
    checked = lab.host.run(guarded.build / "portreeved", "--check", "--config", guarded.config, "--state",
                           guarded.state, check=False)
    assert checked.returncode == 2 and "portreeve.conf:1" in checked.stdout
    assert "inet portreeve" not in tables(lab.host) and not guarded.state.exists()


def test_without_the_capability_it_says_so(lab, guard):
    guarded = guard(start=False)
    done = lab.host.run("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin",
                        guarded.build / "portreeved", "--run", lab.directory / "r", check=False)
    assert done.returncode == 1 and "CAP_NET_ADMIN is missing" in done.stdout


def test_bad_usage_is_status_2(build):
    for words in (["--nonsense"], ["--failure", "ajar"], ["word"], ["--config"]):
        assert subprocess.run([build / "portreeved", *words], stderr=subprocess.DEVNULL).returncode == 2


def test_stopped_with_keep_denies_and_the_next_start_takes_over(lab, guard):
    lab.start_web()
    lab.start_echo(lab.internet, 7)
    guarded = guard(DENY, arguments=("--on-stop", "keep"))
    with lab.host.inside():
        accepted = socket.create_connection((WEB4, 7), 20)
    echo(accepted, b"accepted")
    assert guarded.stop() == 0
    assert "inet portreeve" in tables(lab.host)
    assert connects(lab.host, WEB4, 80, 0.7) != 0
    echo(accepted, b"still")
    guarded.start()
    assert connects(lab.host, WEB4, 80) == 0
    assert connects(lab.host, ADS4, 80) != 0
    echo(accepted, b"again")


def test_every_child_has_its_own_user_and_only_the_engine_a_capability(lab, guard):
    guarded = guard()
    users, children = set(), guarded.children()
    assert set(children) == {"engine", "resolver", "front"}
    for role, pid in children.items():
        status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
                      if ":\t" in line)
        users.add(status["Uid"].split()[0])
        assert status["CapEff"] == ("0000000000001000" if role == "engine" else "0" * 16)
        assert status["CapBnd"] == "0" * 16 and status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
        assert status["Uid"].split()[0] != "0" and not status["Groups"].strip()
        assert os.readlink(f"/proc/{pid}/fd/0") == "/dev/null"
    assert len(users) == 3


def test_the_engine_holds_no_descriptor_of_the_table(lab, guard):
    """An inherited netlink socket would keep an owned table alive after the supervisor."""
    guarded = guard(failure="open")
    guarded.process.send_signal(signal.SIGKILL)
    guarded.process.wait()
    portreeve_lab.wait_for("the kernel to remove the table", lambda: "inet portreeve" not in tables(lab.host))


def test_names_survive_a_restart(lab, guard):
    """A link to an address that was given for a name before the restart is still a link to that name."""
    lab.start_web()
    lab.start_dns()
    guarded = guard()
    lab.host.run("curl", "-sS", "-m", "20", "http://example.com/")
    guarded.stop()
    guarded.start()
    lab.host.run("curl", "-sS", "-m", "20", f"http://{WEB4}/")
    rows = portreeve_lab.wait_for("the link", lambda: guarded.rows("links", "--ip", WEB4))
    assert rows[-1]["entity"]["domain"] == "example.com"


def kept_names(guarded):
    """What the supervisor would give to another engine."""
    for descriptor in pathlib.Path(f"/proc/{guarded.process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if "memfd:names" in os.readlink(descriptor):
                return descriptor.read_bytes()
    return b""


def test_names_survive_the_engine_s_death(lab, guard):
    """What was given before the engine is killed is known to the next, once the supervisor has it in its memory."""
    lab.start_web()
    lab.start_dns()
    guarded = guard('outgoing = [ "+ example.com" ];\ndefault_action = "block";')
    lab.host.run("curl", "-sS", "-m", "20", "http://example.com/")
    portreeve_lab.wait_for("the supervisor to have it", lambda: b"example" in kept_names(guarded))
    old = guarded.children()["engine"]
    os.kill(old, signal.SIGKILL)
    portreeve_lab.wait_for("a new engine", lambda: guarded.children().get("engine") not in (None, old))
    # By the address: only who was given the name may.
    portreeve_lab.wait_for("the link", lambda: lab.host.run("curl", "-sS", "-m", "1", f"http://{WEB4}/",
                                                           check=False).returncode == 0)
    rows = guarded.rows("links", "--ip", WEB4)
    assert rows[-1]["entity"]["domain"] == "example.com"
    assert connects(lab.host, WEB4, 80) != 0


def test_hosts_are_names_and_a_change_is_seen(lab, guard):
    lab.start_web()
    lab.etc_file(lab.host, "hosts", f"{WEB4} web.from-hosts\n")
    guarded = guard('outgoing = ( "- web.changed" );')
    assert connects(lab.host, WEB4, 80) == 0
    rows = portreeve_lab.wait_for("the link", lambda: guarded.rows("links", "--ip", WEB4))
    assert rows[-1]["entity"]["domain"] == "web.from-hosts"
    lab.etc_file(lab.host, "hosts", f"{WEB4} web.changed\n")
    portreeve_lab.wait_for("the new name's rule", lambda: connects(lab.host, WEB4, 80) != 0, every=0.2)


def test_a_rule_for_a_while_ends_by_itself(lab, guard):
    lab.start_web()
    guarded = guard()
    guarded.portreeve("rule", "add", f"- {WEB4}", "--for", "1s")
    assert connects(lab.host, WEB4, 80) != 0
    portreeve_lab.wait_for("the rule's end", lambda: connects(lab.host, WEB4, 80) == 0, every=0.2)


def test_the_shipped_profiles_are_read(lab, guard):
    guarded = guard()
    names = {row["profile"] for row in guarded.rows("profile", "list")}
    assert {"unbound", "named", "kresd", "pdns", "nsd", "knotd", "systemd-resolved", "nscd", "dnsmasq"} <= names
