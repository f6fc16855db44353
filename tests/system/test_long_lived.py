# SPDX-License-Identifier: GPL-3.0-or-later
"""What lives long across the daemon's life: ssh, a UDP flow, a listener, IPv6 neighbours; started, stopped, kept, killed.
And each end leaves nothing behind."""
import contextlib
import signal
import socket

import pytest

from guard import Guard
from portreeve_lab import HOST4, ROUTER6, SSH4, WEB4, WEB6, wait_for
from test_daemon_life import echo, marks, sysctls, tables


class LongLived:
    """Flows of four kinds, opened now, each asked for a sign of life."""

    def __init__(self, lab):
        self.lab = lab
        lab.start_echo(lab.internet, 7)
        for address in (f"::ffff:{WEB4}", WEB6):
            lab.start_echo(lab.internet, 9, "udp", address)
        lab.start_echo(lab.host, 7000)
        with lab.host.inside():
            self.tcp = [socket.create_connection((address, 7), 20) for address in (WEB4, WEB6)]
            self.udp = [socket.socket(family, socket.SOCK_DGRAM) for family in (socket.AF_INET, socket.AF_INET6)]
            for connection, address in zip(self.udp, (WEB4, WEB6)):
                connection.connect((address, 9))
        with lab.lan.inside():
            self.visitor = socket.create_connection((HOST4, 7000), 20)
        self.ssh = self._start_ssh()
        self.alive("as they are opened")

    def _start_ssh(self):
        """A real session that writes what it is told into a file on the other side, line by line."""
        lab = self.lab
        key, self.fifo, self.far = lab.directory / "key", lab.directory / "fifo", lab.directory / "far"
        lab.host.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        lab.host.run("mkfifo", self.fifo)
        lab.start_ssh(f"AuthorizedKeysFile {key}.pub\nStrictModes no\nPermitRootLogin prohibit-password\n")
        process = lab.host.start(
            "sh", "-c", f"exec 3<>{self.fifo}; exec ssh -i {key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "
            f"-o BatchMode=yes root@{SSH4} 'while read -r line; do echo \"$line\" >> {self.far}; done' <&3")
        self.said = 0
        return process

    def alive(self, when):
        for connection in (*self.tcp, *self.udp, self.visitor):
            echo(connection, when.encode())
        self.said += 1
        with open(self.fifo, "w") as fifo:
            fifo.write(f"{self.said}\n")
        wait_for(f"the ssh session, {when}: {self.ssh.log.read_text()}",
                 lambda: self.far.exists() and self.far.read_text().endswith(f"{self.said}\n"))

    def close(self):
        for connection in (*self.tcp, *self.udp, self.visitor):
            connection.close()


def no_trace(lab, before):
    """Nothing of ours is there any more: tables, marks, sysctls, processes."""
    wait_for("no table", lambda: tables(lab.host) == before[0])
    assert marks(lab.host) == []
    assert sysctls(lab.host) == before[1]
    assert "portreeve" not in lab.host.run("nft", "list", "ruleset").stdout


def everything(lab):
    return tables(lab.host), sysctls(lab.host)


@pytest.mark.parametrize("default", ["permit", "block"])
def test_long_lived_flows(lab, build, default):
    """Start, restart by SIGTERM, restart with what `--on-stop keep` kept; then the end."""
    before = everything(lab)
    flows = LongLived(lab)
    with contextlib.closing(flows):
        config = f'default_action = "{default}";\ndefault_incoming = "{default}";\n'
        guarded = Guard(lab, build, config)
        flows.alive("guarded")
        assert guarded.stop() == 0
        flows.alive("unguarded")
        no_trace(lab, before)
        guarded.arguments = ("--on-stop", "keep")
        guarded.start()
        flows.alive("guarded again")
        assert guarded.stop() == 0
        assert "portreeve" in tables(lab.host)
        # as long as that takes, neighbours too are found anew
        for family in ("-4", "-6"):
            lab.host.ip(family, "neigh", "flush", "all")
        flows.alive("kept")
        guarded.arguments = ()
        guarded.start()
        flows.alive("taken over")
        assert guarded.stop() == 0
        no_trace(lab, before)
        flows.alive("at last")


def test_neighbours_while_the_engine_is_down(lab, build):
    """Neighbour discovery has no conntrack entry and carries no mark: the kernel's rules let it through by themselves."""
    flows = LongLived(lab)
    with contextlib.closing(flows):
        guarded = Guard(lab, build, arguments=())
        flows.alive("guarded")
        engine = guarded.children()["engine"]
        lab.host.run("kill", "-STOP", str(engine))
        for family in ("-4", "-6"):
            lab.host.ip(family, "neigh", "flush", "all")
        assert ROUTER6 not in lab.host.ip("-6", "neigh", "show", "nud", "reachable").stdout
        flows.alive("without an engine")
        wait_for("a new engine", lambda: guarded.children().get("engine", engine) != engine)
        wait_for("it decides", lambda: lab.host.run("curl", "-sS", "--max-time", "1", f"telnet://{WEB4}:7", check=False,
                                                    ).returncode in (0, 28))
        flows.alive("with a new one")


@pytest.mark.parametrize("failure, how", [("open", "TERM"), ("closed", "TERM"), ("closed", "INT"), ("open", "KILL")])
def test_no_end_leaves_a_trace(lab, build, failure, how):
    before = everything(lab)
    lab.start_echo(lab.internet, 7)
    guarded = Guard(lab, build, failure=failure)
    with lab.host.inside():
        connection = socket.create_connection((WEB4, 7), 20)
    echo(connection, b"guarded")
    assert marks(lab.host)
    guarded.process.send_signal(getattr(signal, f"SIG{how}"))
    guarded.process.wait(60)
    wait_for("no table", lambda: tables(lab.host) == before[0])
    echo(connection, b"unguarded")
    if how == "KILL":
        # nobody was there to put sysctls and marks back; the next daemon does
        guarded = guarded.start()
        echo(connection, b"guarded again")
        assert guarded.stop() == 0
    assert marks(lab.host) == []
    assert sysctls(lab.host) == before[1]
    echo(connection, b"at last")
    connection.close()
    assert not guarded.children()
