# SPDX-License-Identifier: GPL-3.0-or-later
"""Scans that come from somebody else: by an FTP server that connects where it is told, by a host whose numbers tell what it was
answered; and hping3's own."""
import re

from attack_lab import attacker, nmap, wait_found
from portreeve_lab import ADS4, HOST4, wait_for

ZOMBIE4 = "10.77.0.99"

# A host as printers were: nobody's port, a reset to all that asks for none, and packets that are numbered one by one.
ZOMBIE = """
import socket, struct
own, hardware = socket.inet_aton("%s"), b"\\2\\0\\0\\0\\0\\x63"
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
link.bind(("br0", 0))
promiscuous = struct.pack("iHH8s", socket.if_nametoindex("br0"), 1, 0, b"")
link.setsockopt(263, 1, promiscuous)  # SOL_PACKET, PACKET_ADD_MEMBERSHIP
number = 1000
def checksum(data):
    total = sum(struct.unpack(">%%dH" %% (len(data) // 2), data))
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff
print("ready", flush=True)
while True:
    frame, where = link.recvfrom(2048)
    if where[2] == socket.PACKET_OUTGOING and frame[6:12] == hardware:
        continue
    if frame[12:14] == b"\\x08\\x06" and frame[20:22] == b"\\0\\1" and frame[38:42] == own:
        link.send(frame[6:12] + hardware + frame[12:20] + b"\\0\\2" + hardware + own + frame[22:32])
    elif frame[12:14] == b"\\x08\\0" and frame[23] == 6 and frame[30:34] == own:
        tcp = frame[14 + (frame[14] & 15) * 4:]
        if tcp[13] & 4:
            continue
        number += 1
        # RFC 9293, 3.10.7.1: of a segment with ACK its acknowledgement is the number, of others there is an answer to it.
        if tcp[13] & 16:
            head = tcp[2:4] + tcp[:2] + tcp[8:12] + bytes(4) + b"\\x50\\4" + bytes(6)
        else:
            head = tcp[2:4] + tcp[:2] + bytes(4) + struct.pack(">I", struct.unpack(">I", tcp[4:8])[0] + 1 & 0xffffffff) + b"\\x50\\x14" + bytes(6)
        head = head[:16] + struct.pack(">H", checksum(own + frame[26:30] + b"\\0\\6\\0\\x14" + head)) + head[18:]
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 40, number & 0xffff, 0, 64, 6, 0) + own + frame[26:30]
        ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
        link.send(frame[6:12] + hardware + b"\\x08\\0" + ip + head)
""" % ZOMBIE4


def start_ftp(lab):
    """One that lets its clients name any address (FTP's PORT)."""
    root, empty = lab.directory / "ftp", lab.directory / "ftp-empty"
    root.mkdir()
    empty.mkdir()
    config = lab.directory / "vsftpd.conf"
    config.write_text(f"listen=YES\nlisten_address={ADS4}\nbackground=NO\nanonymous_enable=YES\nanon_root={root}\n"
                      f"secure_chroot_dir={empty}\nport_promiscuous=YES\nseccomp_sandbox=NO\n")
    lab.internet.start("vsftpd", config, ready=lab.internet.listens(21))


def test_a_bounce_by_an_ftp_server(lab, guard):
    """It never connects to ports below 1024 for others. What is told is who was seen: the server."""
    start_ftp(lab)
    lab.start_echo(lab.host, 2010)
    guarded = guard('incoming = [ "+ *" ];')
    with guarded.monitor() as monitor:
        said = nmap(lab.lan, "-b", f"anonymous:x@{ADS4}", "-p", "2000-2040").stdout
        assert "2010/tcp open" in said, said
        attack = wait_found(monitor, "vertical-scan", source=ADS4)
    assert attack["target"] == HOST4 and 2010 not in attack["ports"], attack


def test_an_idle_scan(lab, guard):
    """The scanner writes an idle host's address into its packets, and reads off that one's numbers what came of them."""
    zombie = lab.internet.start("/usr/bin/python3", "-c", ZOMBIE)
    wait_for("the idle host", lambda: "ready" in zombie.log.read_text())
    lab.start_echo(lab.host, 80)
    guarded = guard('incoming = [ "+ *" ];')
    with guarded.monitor() as monitor:
        said = nmap(lab.lan, "-sI", f"{ZOMBIE4}:4321", "-p", "60-100", timeout=180).stdout
        assert re.search(r"^80/tcp +open", said, re.M), (said, zombie.log.read_text())
        attack = wait_found(monitor, "vertical-scan", source=ZOMBIE4)
    assert attack["technique"] == "syn" and attack["target"] == HOST4 and 80 not in attack["ports"], attack


def test_the_scan_of_hping3(lab, guard):
    lab.start_echo(lab.host, 22)
    guarded = guard()
    sources = {flag: attacker(lab.lan, number) for flag, number in (("-S", 90), ("-F", 91), ("-A", 92))}
    with guarded.monitor() as monitor:
        for flag, source in sources.items():
            lab.lan.run("hping3", flag, "-a", source, "--scan", "1-60", HOST4, check=False)
        assert wait_found(monitor, "vertical-scan", source=sources["-S"])["technique"] == "syn"
        assert wait_found(monitor, "flag-scan", source=sources["-F"])["technique"] == "fin"
        assert wait_found(monitor, "flag-scan", source=sources["-A"])["technique"] == "ack"
